//! Looking up one key.

use crate::arena::BlockPool;
use crate::index::engine::Index;
use crate::index::search::probe::At;
use crate::node::NodeKeys;

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Whether `key` is in the map. Writes nothing.
    pub(crate) fn contains(&self, key: K::Ref<'_>) -> bool {
        loop {
            let (leaf, version) = self.leaf_at(At(key));
            let (_, found) = leaf.find_within(key);
            if leaf.validate(version) {
                return found;
            }
        }
    }

    /// A copy of the value of `key`. Writes nothing.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) fn get(&self, key: K::Ref<'_>) -> Option<V>
    where
        V: Copy,
    {
        loop {
            let (leaf, version) = self.leaf_at(At(key));
            let (rank, found) = leaf.find_within(key);
            let value = leaf.value(rank.saturating_sub(1));
            if leaf.validate(version) {
                // SAFETY: the slot held a value in the state that was validated, so all of its words were
                // read from that state. `V` is `Copy`, so a copy is as good.
                return found.then(|| unsafe { value.assume_init() });
            }
        }
    }

    /// Runs `f` on the value of `key` under the leaf's lock.
    ///
    /// The version stays. If `V` is `Copy`, no thread can change it through a `&V`. If it is not, `f` may
    /// change the value, and the change is kept; no optimistic reader looks at such a value.
    pub(crate) fn with<R>(&self, key: K::Ref<'_>, f: impl FnOnce(&V) -> R) -> Option<R> {
        let (mut leaf, slot) = self.lock_pair(key)?;
        let result = leaf.with_value(slot, |value| f(value));
        leaf.unlock_unchanged();
        Some(result)
    }

    /// Calls `f` with the value of `key`, which `f` may change, under the leaf's lock.
    pub(crate) fn update<R>(&self, key: K::Ref<'_>, f: impl FnOnce(&mut V) -> R) -> Option<R> {
        let (mut leaf, slot) = self.lock_pair(key)?;
        Some(leaf.with_value(slot, f))
    }
}
