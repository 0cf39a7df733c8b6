//! Posting: giving a node that an overflow split made its entry in the level above.

use super::Index;
use super::descend::{At, Found};
use super::insert::{SplitOff, split_key};
use crate::arena::{BlockId, BlockKind, BlockPool};
use crate::backoff::Backoff;
use crate::chaos;
use crate::height::LEVELS;
use crate::key::KeyWords;
use crate::node::{Inner, InnerShape, LeafShape, LevelMark, Locked, LockedLeaf, Shape};

impl<K: KeyWords, V, P: BlockPool> Index<K, V, P> {
    /// Enters the node `split` of level `level - 1` into `level`, and so on upwards while that splits nodes.
    ///
    /// Without memory for that it stays undone: searches then take a step to the right more.
    pub(super) fn post(&self, mut level: usize, mut split: SplitOff<K>) {
        if !self.heights.posts {
            return;
        }
        while level < LEVELS && self.raise(level).is_ok() {
            // The node is there, its entry is not.
            chaos::window();
            let posted = if level == 1 {
                self.post_one::<LeafShape<K, V>>(level, split)
            } else {
                self.post_one::<InnerShape<K>>(level, split)
            };
            let Some(above) = posted else { return };
            if level == 2 {
                self.note_entry_of_level_2(split.0, split.1);
            }
            match above {
                Some(above) => (level, split) = (level + 1, above),
                None => return,
            }
        }
    }

    /// Where a leaf that will start at `low` is to get its entry, as it is now. `None` if there is no such level or no room,
    /// the policy does not post, or something is changing there. To be called with nothing locked: it may wait.
    pub(super) fn to_post_in(&self, low: K) -> Option<Found<'_, InnerShape<K>>> {
        if !self.heights.posts || self.root().0 == 0 {
            return None;
        }
        let above = self.hinted(At(low)).or_else(|| self.try_inner_at(At(low), 1));
        above.filter(|(node, _)| node.count() < Inner::<K>::CAPACITY)
    }

    /// Enters `leaf`, which was split off just now and has been locked since, into the node `above` if that has not changed:
    /// nobody has to lock the leaf again. Else the leaf is unlocked, and gets its entry as any node.
    pub(super) fn post_locked(&self, leaf: LockedLeaf<'_, K, V>, above: Option<Found<'_, InnerShape<K>>>) {
        // The leaf is there, its entry is not.
        chaos::window();
        let (low, id) = (leaf.low(), leaf.id());
        if let Some(mut node) = above.and_then(|(node, version)| node.try_lock(version)) {
            let (rank, is_there) = node.find(low);
            if !is_there && node.count() < Inner::<K>::CAPACITY {
                node.insert(rank, low, id);
                self.finish(leaf);
                self.finish(node);
                return;
            }
            node.unlock_unchanged();
        }
        self.finish(leaf);
        self.post(1, (low, id));
    }

    /// Enters one node of shape `S`; `None` if it needs none or there is no memory. With it the node that this
    /// split off in turn.
    fn post_one<S: Shape<Key = K>>(
        &self,
        level: usize,
        (low, id): SplitOff<K>,
    ) -> Option<Option<SplitOff<K>>> {
        let mut backoff = Backoff::<P::Relax>::new();
        loop {
            let (node, version) = self.inner_at(At(low), level);
            let Some(mut node) = node.try_lock(version) else {
                backoff.wait();
                continue;
            };
            let (rank, found) = node.find(low);
            if found {
                node.unlock_unchanged();
                return None;
            }
            if S::KIND == BlockKind::Inner && id == node.id() {
                // A merge has ended the child, and its block has come back as the very node that we hold (all inner
                // levels share a pool): it would look as if another thread held it, for ever.
                node.unlock_unchanged();
                return None;
            }
            let child = match self.lock_child::<S>(id, LevelMark::of(level - 1), low) {
                Child::Locked(child) => child,
                Child::Gone => {
                    node.unlock_unchanged();
                    return None;
                }
                Child::Contended => {
                    node.unlock_unchanged();
                    backoff.wait();
                    continue;
                }
            };
            if node.count() < Inner::<K>::CAPACITY {
                node.insert(rank, low, id);
                self.finish(child);
                self.finish(node);
                return Some(None);
            }
            let Ok(spare) = self.acquire::<InnerShape<K>>(Some(split_key(&node, rank, low))) else {
                node.unlock_unchanged();
                child.unlock_unchanged();
                return None;
            };
            let fresh = self.split_and_insert(&mut node, rank, low, id, spare);
            let split = (fresh.low(), spare);
            self.finish(fresh);
            self.finish(child);
            self.finish(node);
            return Some(Some(split));
        }
    }

    /// Locks the node in block `id` if it (still, or again) is the one of that level that starts at `low`;
    /// a merge may have ended it since it was split off, and a spill moved what the block has become since then.
    ///
    /// The lock keeps a merge from ending it before the entry is there, and the new version that the unlock
    /// brings sends a merge back that found no parent level: see `merge`.
    fn lock_child<S: Shape<Key = K>>(&self, id: BlockId, mark: LevelMark, low: K) -> Child<'_, S> {
        let child = self.node::<S>(id);
        let Some(version) = child.try_read_begin() else { return Child::Contended };
        let is_it = child.level() == mark && child.compare_low(low).is_eq();
        if !is_it {
            return if child.validate(version) { Child::Gone } else { Child::Contended };
        }
        child.try_lock(version).map_or(Child::Contended, Child::Locked)
    }
}

/// What became of a node that is to be posted.
enum Child<'a, S: Shape> {
    Locked(Locked<'a, S>),
    Gone,
    /// Another thread holds it: it must not be waited for with the parent locked.
    Contended,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::{GlobalArena, GlobalPool};
    use crate::config::{Config, Promotion};
    use crate::index::Existing;

    /// Without a look at whose block it is, this waits for ever.
    #[test]
    fn a_node_whose_block_has_become_its_parent_is_gone() {
        let config = Config::new().promotion(Promotion::Overflow).seed(1);
        let index: Index<u64, u64, GlobalPool> = Index::new(&GlobalArena::new(), &config).expect("memory");
        let mut keys = (0..).step_by(2);
        while index.root().0 < 2 {
            let key = keys.next().expect("endless");
            assert!(index.insert(key, key, Existing::Replace).is_ok());
        }
        // No odd key has an entry.
        let (parent, version) = index.inner_at(At(7), 2);
        index.post(2, (7, parent.id()));
        assert!(parent.validate(version), "nothing was entered");
    }
}
