//! Removal of one pair.

use crate::arena::BlockPool;
use crate::index::engine::Index;
use crate::node::NodeKeys;

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Takes out the pair of `key`.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn remove(&self, key: K::Ref<'_>) -> Option<V> {
        let (mut leaf, slot) = self.lock_pair(key)?;
        let value = leaf.remove(slot);
        let underfull = leaf.is_underfull();
        drop(leaf);
        self.pairs.take_one();
        if underfull {
            self.compact(key);
        }
        Some(value)
    }
}
