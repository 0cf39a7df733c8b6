//! Taking pairs out of a map one by one, from both ends, with exclusive access.
//!
//! Each pair leaves its leaf at once. So a `Taking` may be forgotten at any time: the map has the pairs that were not
//! taken. Leaves that become empty stay until the map is cleared, dropped or compacted.

use crate::arena::{BlockId, BlockPool};
use crate::index::engine::Index;
use crate::index::search::probe::{At, Before, Rightmost};
use crate::node::NodeKeys;

/// Where the taking is. It belongs to one map: callers must not use it with another one.
pub struct Taking {
    /// The leaf of the next pair from the front, if any was taken from there.
    front: Option<BlockId>,
    /// The leaf of the next pair from the back, if any was taken from there.
    back: Option<BlockId>,
}

impl Taking {
    /// Nothing is taken yet.
    pub(crate) const fn new() -> Self {
        Self { front: None, back: None }
    }
}

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Takes out the pair with the least key.
    pub(crate) fn take_first(&mut self, taking: &mut Taking) -> Option<(K::Owned, V)> {
        let mut at = taking.front.unwrap_or_else(|| self.tree.head(0));
        loop {
            let leaf = self.tree.leaf(at);
            if leaf.count() > 0 {
                taking.front = Some(at);
                let key = leaf.key(0);
                let value = leaf.lock_unshared().remove(0);
                self.pairs.take_one();
                return Some((key, value));
            }
            let Some(next) = leaf.next() else {
                taking.front = Some(at);
                return None;
            };
            at = next;
        }
    }

    /// Takes out the pair with the greatest key.
    pub(crate) fn take_last(&mut self, taking: &mut Taking) -> Option<(K::Owned, V)> {
        let mut at = taking.back.unwrap_or_else(|| self.leaf_at(Rightmost).0.id());
        loop {
            let leaf = self.tree.leaf(at);
            taking.back = Some(at);
            if let Some(slot) = leaf.count().checked_sub(1) {
                let key = leaf.key(slot);
                let value = leaf.lock_unshared().remove(slot);
                self.pairs.take_one();
                return Some((key, value));
            }
            if at == self.tree.head(0) {
                return None;
            }
            let low = leaf.low();
            at = self.leaf_at(Before::<K>::new(K::borrow(&low))?).0.id();
        }
    }

    /// Takes out the pair with the least key that is at least `from`.
    pub(crate) fn take_from(&mut self, taking: &mut Taking, from: K::Ref<'_>) -> Option<(K::Owned, V)> {
        if taking.front.is_none() {
            let (leaf, _) = self.leaf_at(At(from));
            let slot = leaf.rank_before(from);
            if slot < leaf.count() {
                let key = leaf.key(slot);
                let value = leaf.lock_unshared().remove(slot);
                self.pairs.take_one();
                return Some((key, value));
            }
            taking.front = Some(leaf.next()?);
        }
        self.take_first(taking)
    }

    /// Gives back the leaves from `from` on, which are all empty but perhaps the first one.
    pub(crate) fn drop_empty_from(&mut self, from: K::Ref<'_>) {
        let mut at = Some(self.leaf_at(At(from)).0.low());
        while let Some(low) = at {
            self.compact(K::borrow(&low));
            let (leaf, _) = self.leaf_at(At(K::borrow(&low)));
            // What could not merge stays.
            at = leaf.next().map(|_| leaf.high());
        }
    }
}
