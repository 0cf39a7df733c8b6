//! Posting: enters a node that an overflow split made into the level above.

use crate::arena::{AllocError, BlockId, BlockKind, BlockPool};
use crate::chaos;
use crate::height::LEVELS;
use crate::index::engine::Index;
use crate::index::search::probe::{At, Probe};
use crate::index::search::settle::Versioned;
use crate::index::tree::{Fresh, Held};
use crate::index::write::commit::{Change, Commit};
use crate::index::write::split::{SplitOff, split_and_insert};
use crate::key::KeyKind;
use crate::node::{InnerShape, LeafShape, LevelMark, Locked, LockedInner, NodeKeys, Shape, ShapeOf, Split};
use crate::section::Section;

/// Where a node splits, a reference to the key there if it is long, and the block for the part to the right.
type Parts<'t, K, V, P> =
    (Split<<K as KeyKind>::Owned>, Held<'t, K, V, P>, Fresh<'t, InnerShape<K>, K, V, P>);

/// The result of posting one node.
enum Posted<O> {
    /// It has its entry.
    Entered,
    /// The node has its entry. The node above has split, and the new one must be posted next.
    Split(SplitOff<O>),
    /// The node needs no entry, or there is no memory for one.
    Nothing,
}

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Enters the node `split` of level `level - 1` into `level`. Continues upwards as long as that splits
    /// nodes.
    ///
    /// Without memory, the entry stays missing. Searches then take one more step to the right.
    pub(in crate::index) fn post(&self, mut level: usize, mut split: SplitOff<K::Owned>) {
        if !self.heights.posts {
            return;
        }
        while level < LEVELS && self.raise(level).is_ok() {
            // The node is there, its entry is not.
            chaos::window();
            let posted = if level == 1 {
                self.post_one::<LeafShape<K, V>>(level, &split)
            } else {
                self.post_one::<InnerShape<K>>(level, &split)
            };
            match posted {
                Posted::Split(above) => (level, split) = (level + 1, above),
                Posted::Entered | Posted::Nothing => return,
            }
        }
    }

    /// The node, as it is now, that is to hold the entry of a leaf that will start at `low`. `None` if there
    /// is no such level, the node has no room, the policy does not post, or something is changing there. The
    /// search may wait, so the caller must hold no lock.
    /// If there is a limit of `STEPS`, it does not wait.
    pub(in crate::index) fn to_post_in<const STEPS: usize>(
        &self,
        low: K::Ref<'_>,
    ) -> Option<Versioned<'_, InnerShape<K>>> {
        if !self.heights.posts || self.tree.root().0 == 0 {
            return None;
        }
        let place = At(low).any();
        let above = self.hinted(place).or_else(|| self.try_inner_within::<STEPS>(place, 1));
        above.filter(|(node, _)| node.has_room_for_entry(low))
    }

    /// Enters `leaf` into the node `above`, if that has not changed and has room. `leaf` has just been split
    /// off, starts at `low`, and is still locked within `section`, so no thread has to lock it again. This unlocks
    /// the leaf and leaves the section. Returns the leaf if it is still to be posted, like any other node.
    pub(in crate::index) fn post_locked<'c>(
        &self,
        commit: &'c Commit<'c, K, V, P>,
        leaf: Change<'c, LeafShape<K, V>, K, V, P>,
        low: K::Owned,
        above: Option<Versioned<'c, InnerShape<K>>>,
        section: Section<P::Platform>,
    ) -> Option<SplitOff<K::Owned>> {
        // The leaf is there, its entry is not.
        chaos::window();
        let id = leaf.id();
        if let Some(node) = above.and_then(|(node, version)| node.try_lock(version)) {
            let key = K::borrow(&low);
            let (rank, is_there) = node.find(key);
            if !is_there && node.has_room(key) {
                let mut node = node.reshape(commit);
                node.insert(rank, K::kept(key, leaf.low_number()), id);
                drop(leaf);
                drop(node);
                drop(section);
                return None;
            }
            node.unlock_unchanged();
        }
        drop(leaf);
        drop(section);
        Some((low, id))
    }

    /// Enters one node of shape `S`.
    fn post_one<S: ShapeOf<K>>(&self, level: usize, (low, id): &SplitOff<K::Owned>) -> Posted<K::Owned> {
        let (low, id) = (K::borrow(low), *id);
        let mut backoff = self.tree.backoff();
        loop {
            let (node, version) = self.inner_at(At(low), level);
            let section = Section::<P::Platform>::enter();
            let Some(node) = node.try_lock(version) else {
                drop(section);
                backoff.wait();
                continue;
            };
            let (rank, found) = node.find(low);
            if found {
                node.unlock_unchanged();
                return Posted::Nothing;
            }
            if S::KIND == BlockKind::Inner && id == node.id() {
                // A merge has ended the child, and its block now holds the very node that we have locked (all
                // inner levels share a pool). Without this check, it would always look as if another thread
                // held the child.
                node.unlock_unchanged();
                return Posted::Nothing;
            }
            let child = match self.lock_child::<S>(id, LevelMark::of(level - 1), low) {
                Child::Locked(child) => child,
                Child::Gone => {
                    node.unlock_unchanged();
                    return Posted::Nothing;
                }
                Child::Contended => {
                    node.unlock_unchanged();
                    drop(section);
                    backoff.wait();
                    continue;
                }
            };
            let commit = Commit::new(self);
            let kept = K::kept(low, child.low_number());
            if node.has_room(low) {
                let mut node = node.reshape(&commit);
                node.insert(rank, kept, id);
                drop(child.reshape(&commit));
                drop(node);
                drop(section);
                return Posted::Entered;
            }
            let Ok((split, held, spare)) = self.parts_of_split(&node, rank, low) else {
                node.unlock_unchanged();
                child.unlock_unchanged();
                return Posted::Nothing;
            };
            let mut fresh = spare.make(&commit);
            let mut node = node.reshape(&commit);
            let start = K::kept(K::borrow(&split.low), held.number());
            split_and_insert(&mut node, (split.at, start), rank, kept, id, &mut fresh);
            let above = (split.low, fresh.id());
            drop(fresh);
            drop(child.reshape(&commit));
            drop(node);
            drop(section);
            return Posted::Split(above);
        }
    }

    /// What it takes to split `node`, which this thread has locked, to take in an entry at `low`.
    #[inline(always)]
    fn parts_of_split(
        &self,
        node: &LockedInner<'_, K>,
        rank: usize,
        low: K::Ref<'_>,
    ) -> Result<Parts<'_, K, V, P>, AllocError> {
        let split = node.split_for(rank, low)?;
        let held = self.tree.hold(K::borrow(&split.low))?;
        let spare = self.tree.acquire::<InnerShape<K>>(Some(K::borrow(&split.low)))?;
        Ok((split, held, spare))
    }

    /// Locks the node in block `id`, if it is (still, or again) the node of that level that starts at `low`.
    /// Since it was split off, a merge may have ended it. Then its block may have become another node, whose
    /// boundary may have moved.
    ///
    /// The lock keeps a merge from ending the node before the entry exists. The unlock changes the version,
    /// which turns away a merge that had found no level above: see `absorb`.
    fn lock_child<S: ShapeOf<K>>(&self, id: BlockId, mark: LevelMark, low: K::Ref<'_>) -> Child<'_, S> {
        let child = self.tree.node::<S>(id);
        let Some(version) = child.try_read_begin() else { return Child::Contended };
        let is_it = child.level() == mark && child.compare_low(low).is_eq();
        if !is_it {
            return if child.validate(version) { Child::Gone } else { Child::Contended };
        }
        child.try_lock(version).map_or(Child::Contended, Child::Locked)
    }
}

/// What was found of a node that is to be posted.
enum Child<'a, S: Shape> {
    Locked(Locked<'a, S>),
    Gone,
    /// Another thread has locked it. This thread holds the parent's lock, so it must not wait.
    Contended,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::{GlobalArena, GlobalPool};
    use crate::config::{Config, Promotion};
    use crate::index::write::existing::Existing;

    /// Without the check that the block is not the parent itself, this never ends.
    #[test]
    fn a_node_whose_block_has_become_its_parent_is_gone() {
        let config = Config::new().promotion(Promotion::Overflow).seed(1);
        let index: Index<u64, u64, GlobalPool> = Index::new(&GlobalArena::new(), &config).expect("memory");
        let mut keys = (0..).step_by(2);
        while index.tree.root().0 < 2 {
            let key = keys.next().expect("endless");
            assert!(index.insert(key, key, Existing::Replace).is_ok());
        }
        // No odd key has an entry.
        let (parent, version) = index.inner_at(At(7), 2);
        index.post(2, (7, parent.id()));
        assert!(parent.validate(version), "nothing was entered");
    }
}
