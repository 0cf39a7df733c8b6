//! Moves leaves to blocks on other NUMA nodes. It copies a leaf under locks. If the kernel moved the leaf, it
//! would move the whole page, and other leaves with it.
//!
//! To move R, a thread locks the level-1 node that covers R's low fence, then the left neighbour L, then R,
//! as for a merge. A fresh block F becomes an empty node that starts where R does, and absorbs R. L and R's
//! entry then name F instead.

use crate::arena::{BlockPool, NumaNodeId};
use crate::index::engine::Index;
use crate::index::search::lock::lock_three;
use crate::index::search::probe::{At, Before};
use crate::index::search::settle::Versioned;
use crate::index::write::commit::Commit;
use crate::key::KeyKind;
use crate::lock::Version;
use crate::node::{Leaf, LeafShape, LevelMark, NodeKeys};
use crate::section::Section;

/// How often to try a leaf that other threads are changing.
const TRIES: usize = 16;

/// What became of one leaf.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Moved {
    /// It is on the NUMA node that it was wanted on.
    Yes,
    /// It should stay: it is there already, or no NUMA node was named.
    Stays,
    /// It is still where it was: the NUMA node had no room, other threads kept changing it, or it is the
    /// first leaf or one without an entry.
    No,
}

/// How far a thread has come, and what it has done.
#[derive(Clone, Debug)]
pub(crate) struct Migrating<O> {
    /// Where the next leaf to look at starts; `None` for the first leaf.
    at: Option<O>,
    pub(crate) done: bool,
    pub(crate) moved: usize,
    pub(crate) refused: usize,
}

impl<O> Migrating<O> {
    pub(crate) const fn new() -> Self {
        Self { at: None, done: false, moved: 0, refused: 0 }
    }
}

enum Attempt {
    Moved,
    Contended,
    Refused,
}

/// A leaf, where it starts (`None` for the first), and where the next one starts (`None` if there is none).
type Range<'a, K, V> =
    (Leaf<'a, K, V>, Version, Option<<K as KeyKind>::Owned>, Option<<K as KeyKind>::Owned>);

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Looks at no more than `leaves` leaves, each as [`migrate_step`](Self::migrate_step) does. Returns whether
    /// there are more.
    pub(crate) fn migrate(
        &self,
        migrating: &mut Migrating<K::Owned>,
        leaves: usize,
        mut wanted: impl FnMut(Option<K::Ref<'_>>, NumaNodeId) -> Option<NumaNodeId>,
    ) -> bool {
        for _ in 0..leaves {
            if migrating.done {
                break;
            }
            let (moved, next) = self.migrate_step(migrating.at.as_ref().map(K::borrow), &mut wanted);
            match moved {
                Moved::Yes => migrating.moved += 1,
                Moved::No => migrating.refused += 1,
                Moved::Stays => {}
            }
            migrating.done = next.is_none();
            migrating.at = next;
        }
        !migrating.done
    }

    /// As [`migrate`](Self::migrate), to where the pool's policy would place each leaf now.
    pub(crate) fn rebalance(&self, migrating: &mut Migrating<K::Owned>, leaves: usize) -> bool {
        self.migrate(migrating, leaves, |low, _| self.tree.wanted(low))
    }

    /// Looks at the leaf at `at` (or the first one), and moves it to the NUMA node that `wanted` names.
    /// `wanted` gets the least key that the leaf may hold, and the NUMA node where the leaf is. Returns what
    /// happened to the leaf, and where the next leaf starts.
    fn migrate_step(
        &self,
        at: Option<K::Ref<'_>>,
        wanted: impl FnOnce(Option<K::Ref<'_>>, NumaNodeId) -> Option<NumaNodeId>,
    ) -> (Moved, Option<K::Owned>) {
        let (leaf, version, low, high) = self.leaf_with_range(at);
        let Some(home) = self.tree.home(leaf.id()) else { return (Moved::Stays, high) };
        let low = low.as_ref().map(K::borrow);
        match wanted(low, home).filter(|&wanted| wanted != home) {
            None => (Moved::Stays, high),
            Some(wanted) => (self.move_leaf((leaf, version), low, wanted), high),
        }
    }

    /// The leaf at `at`, or the first one.
    fn leaf_with_range(&self, at: Option<K::Ref<'_>>) -> Range<'_, K, V> {
        let mut backoff = self.tree.backoff();
        loop {
            let (leaf, version) = self.node_or_first::<LeafShape<K, V>>(at, 0);
            let low = (leaf.id() != self.tree.head(0)).then(|| leaf.low());
            let high = leaf.next().map(|_| leaf.high());
            if leaf.validate(version) {
                return (leaf, version, low, high);
            }
            backoff.wait();
        }
    }

    /// The first leaf (`low` is `None`) stays.
    fn move_leaf(
        &self,
        found: Versioned<'_, LeafShape<K, V>>,
        low: Option<K::Ref<'_>>,
        wanted: NumaNodeId,
    ) -> Moved {
        let Some(low) = low else { return Moved::No };
        let mut backoff = self.tree.backoff();
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
        (leaf, version): Versioned<'_, LeafShape<K, V>>,
        low: K::Ref<'_>,
        wanted: NumaNodeId,
    ) -> Attempt {
        let starts_here = leaf.compare_low(low).is_eq();
        if !leaf.validate(version) {
            return Attempt::Contended;
        }
        // The leaf has been merged, or its boundary has moved, or there is no level above that could name
        // another block.
        let Some(before) = Before::<K>::new(low).filter(|_| starts_here && self.tree.root().0 > 0) else {
            return Attempt::Refused;
        };
        let (left, left_version) = self.leaf_at(before);
        let (parent, parent_version) = self.inner_at(At(low), 1);
        let (rank, listed) = parent.find(low);
        if !parent.validate(parent_version) {
            return Attempt::Contended;
        }
        // The thread that is about to enter it knows the old block.
        if !listed && self.heights.posts {
            return Attempt::Refused;
        }
        let Some(block) = self.tree.acquire_leaf_on(wanted) else { return Attempt::Refused };
        let (found_left, found_leaf) = ((left, left_version), (leaf, version));
        let section = Section::<P::Platform>::enter();
        let Some((parent, left, leaf)) = lock_three((parent, parent_version), found_left, found_leaf) else {
            return Attempt::Contended;
        };
        // Both hold by the invariants of a map at rest: all three nodes are locked, in states that they had
        // at one moment.
        let is_listed = listed && parent.child(rank - 1) == Some(leaf.id());
        if left.next() != Some(leaf.id()) || is_listed != listed {
            leaf.unlock_unchanged();
            left.unlock_unchanged();
            parent.unlock_unchanged();
            return Attempt::Contended;
        }
        let commit = Commit::new(self);
        let mut fresh = block.make(&commit);
        let mut parent = parent.reshape(&commit);
        let mut left = left.reshape(&commit);
        fresh.format(LevelMark::of(0), Some(K::kept(low, leaf.low_number())));
        fresh.set_next(Some(leaf.id()));
        fresh.absorb(leaf.reshape(&commit));
        left.set_next(Some(fresh.id()));
        if listed {
            parent.set_child(rank - 1, fresh.id());
        }
        drop(fresh);
        drop(left);
        drop(parent);
        drop(section);
        Attempt::Moved
    }
}
