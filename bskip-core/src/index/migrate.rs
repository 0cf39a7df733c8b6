//! Moving leaves to other blocks, which lie on other NUMA nodes: a copy under locks, in place of the kernel's moving of
//! pages, so that a leaf moves and not its neighbours in the page.
//!
//! To move R, a thread locks the level-1 node that covers R's low fence, then the left neighbour L, then R, as a merge
//! does. A fresh block F becomes an empty node that starts where R does, and absorbs R; L and R's entry name F instead.

use super::descend::{At, Before};
use super::merge::lock_neighbours;
use super::{Index, placement};
use crate::arena::{BlockPool, Numa, NumaNodeId, Placement};
use crate::backoff::Backoff;
use crate::chaos;
use crate::key::KeyWords;
use crate::lock::Version;
use crate::node::{Leaf, LeafShape, LevelMark};
use crate::stats;

/// How often a leaf that others are changing is tried before it is left where it is.
const TRIES: usize = 16;

/// What became of one leaf.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Moved {
    /// It is on the node that it was wanted on.
    Yes,
    /// It was to stay: already there, or not wanted anywhere.
    Stays,
    /// It is still where it was: the wanted node had no room, other threads kept changing it, or it is the first leaf or
    /// one without an entry.
    No,
}

enum Attempt {
    Moved,
    Contended,
    Refused,
}

impl<K: KeyWords, V, P: BlockPool> Index<K, V, P> {
    /// Looks at the leaf at `at`, or the first one, and moves it to the node that `wanted` names, which is given the least
    /// key that the leaf may hold and the node that it is on. Gives what became of it, and where the next leaf starts.
    pub(crate) fn migrate_step(
        &self,
        at: Option<K>,
        wanted: impl FnOnce(Option<K>, NumaNodeId) -> Option<NumaNodeId>,
    ) -> (Moved, Option<K>) {
        let (leaf, version, low, high) = self.leaf_with_range(at);
        // SAFETY: the pool has issued the block, as for `node`.
        let Some(home) = (unsafe { self.leaves.home(leaf.id()) }) else { return (Moved::Stays, high) };
        match wanted(low, home).filter(|&wanted| wanted != home) {
            None => (Moved::Stays, high),
            Some(wanted) => (self.move_leaf((leaf, version), low, wanted), high),
        }
    }

    /// Where the pool would place a leaf that starts at `low`.
    pub(crate) fn wanted(&self, low: Option<K>) -> Option<NumaNodeId> {
        self.leaves.wanted(placement(low))
    }

    /// The leaf at `at`, where it starts (`None`: it is the first) and where the next one does (`None`: it is the last).
    fn leaf_with_range(&self, at: Option<K>) -> (Leaf<'_, K, V>, Version, Option<K>, Option<K>) {
        let mut backoff = Backoff::<P::Relax>::new();
        loop {
            let (leaf, version) = self.node_or_first::<LeafShape<K, V>>(at, 0);
            let low = (leaf.id() != self.head(0)).then(|| leaf.low());
            let high = leaf.next().map(|_| leaf.high());
            if leaf.validate(version) {
                return (leaf, version, low, high);
            }
            backoff.wait();
        }
    }

    /// The first leaf, which starts nowhere, stays.
    fn move_leaf(&self, found: (Leaf<'_, K, V>, Version), low: Option<K>, wanted: NumaNodeId) -> Moved {
        let Some(low) = low else { return Moved::No };
        let mut backoff = Backoff::<P::Relax>::new();
        let mut found = Some(found);
        for _ in 0..TRIES {
            match self.try_move_leaf(found.take().unwrap_or_else(|| self.leaf_at(At(low))), low, wanted) {
                Attempt::Moved => return Moved::Yes,
                Attempt::Refused => return Moved::No,
                Attempt::Contended => backoff.wait(),
            }
        }
        Moved::No
    }

    fn try_move_leaf(
        &self,
        (leaf, version): (Leaf<'_, K, V>, Version),
        low: K,
        wanted: NumaNodeId,
    ) -> Attempt {
        let starts_here = leaf.compare_low(low).is_eq();
        if !leaf.validate(version) {
            return Attempt::Contended;
        }
        // It has been merged, or the seam moved; or there is no level above to name another block.
        let Some(before) = Before::new(low).filter(|_| starts_here && self.root().0 > 0) else {
            return Attempt::Refused;
        };
        let (left, left_version) = self.leaf_at(before);
        let (parent, parent_version) = self.inner_at(At(low), 1);
        let (rank, listed) = parent.find(low);
        if !parent.validate(parent_version) {
            return Attempt::Contended;
        }
        // Whoever is about to enter it knows the old block.
        if !listed && self.heights.posts {
            return Attempt::Refused;
        }
        let Some(block) = self.block_on(wanted) else { return Attempt::Refused };
        let give_back = || {
            self.release::<LeafShape<K, V>>(block);
            Attempt::Contended
        };
        let Some(mut parent) = parent.try_lock(parent_version) else { return give_back() };
        let Some((mut left, mut leaf)) = lock_neighbours((left, left_version), (leaf, version)) else {
            parent.unlock_unchanged();
            return give_back();
        };
        // Both hold by the invariants of a map at rest: all three nodes are locked in states that stood side by side.
        let is_listed = listed && parent.child(rank - 1) == Some(leaf.id());
        if left.next() != Some(leaf.id()) || is_listed != listed {
            leaf.unlock_unchanged();
            left.unlock_unchanged();
            parent.unlock_unchanged();
            return give_back();
        }
        let mut fresh = self.leaf(block).lock_unshared();
        fresh.format(LevelMark::of(0), Some(low));
        fresh.set_next(Some(leaf.id()));
        let ended = leaf.id();
        fresh.absorb(&mut leaf);
        drop(leaf);
        left.set_next(Some(block));
        if listed {
            parent.set_child(rank - 1, block);
        }
        self.note_leaf(*fresh);
        drop(fresh);
        drop(left);
        self.finish(parent);
        chaos::window();
        self.release::<LeafShape<K, V>>(ended);
        Attempt::Moved
    }

    /// A leaf's block on this node; `None` if the pool does not have it, or it has no room.
    fn block_on(&self, wanted: NumaNodeId) -> Option<crate::arena::BlockId> {
        if self.leaves.wanted(Placement::NumaNode(wanted)) != Some(wanted) {
            return None;
        }
        stats::called_pool();
        let block = self.leaves.acquire(Placement::NumaNode(wanted)).ok()?;
        // SAFETY: the pool has issued the block.
        if unsafe { self.leaves.home(block) } == Some(wanted) {
            return Some(block);
        }
        self.release::<LeafShape<K, V>>(block);
        None
    }
}
