//! Removal of one pair.

use crate::arena::BlockPool;
use crate::index::engine::Index;
use crate::node::{GuardedLeaf, NodeKeys};

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Takes out the pair of `key`.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) fn remove(&self, key: K::Ref<'_>) -> Option<V> {
        let (mut leaf, slot) = self.lock_pair(key)?;
        let value = leaf.remove(slot);
        self.end_removal(leaf, 1, key);
        Some(value)
    }

    /// Unlocks a leaf that has lost this many pairs, counts them, and merges the leaf, which `key` leads to, if it is
    /// underfull. The last step of every removal of pairs.
    #[inline(always)]
    pub(in crate::index) fn end_removal(
        &self,
        leaf: GuardedLeaf<'_, K, V, P>,
        removed: usize,
        key: K::Ref<'_>,
    ) {
        let underfull = leaf.is_underfull();
        drop(leaf);
        self.pairs.take(removed);
        if underfull {
            self.compact(key);
        }
    }
}
