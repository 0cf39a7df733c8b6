//! Looking up one key.

use super::Index;
use super::descend::At;
use crate::arena::BlockPool;
use crate::backoff::Backoff;
use crate::key::KeyWords;
use crate::node::LockedLeaf;

impl<K: KeyWords, V, P: BlockPool> Index<K, V, P> {
    /// Whether `key` is there. Writes nothing.
    pub(crate) fn contains(&self, key: K) -> bool {
        loop {
            let (leaf, version) = self.leaf_at(At(key));
            let (_, found) = leaf.find(key);
            if leaf.validate(version) {
                return found;
            }
        }
    }

    /// A copy of the value of `key`. Writes nothing.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn get(&self, key: K) -> Option<V>
    where
        V: Copy,
    {
        loop {
            let (leaf, version) = self.leaf_at(At(key));
            let (rank, found) = leaf.find(key);
            let value = leaf.value(rank.saturating_sub(1));
            if leaf.validate(version) {
                // SAFETY: the slot held a value in the state that was validated, so all of its words were
                // read from that state; and `V` is `Copy`, so a copy of it is as good.
                return found.then(|| unsafe { value.assume_init() });
            }
        }
    }

    /// Runs `f` on the value of `key` under the leaf's lock.
    ///
    /// The version stays: if `V` is `Copy`, a `&V` lets nobody change it; if not, `f` may change it, which is
    /// kept, and no optimistic reader looks at it.
    pub(crate) fn with<R>(&self, key: K, f: impl FnOnce(&V) -> R) -> Option<R> {
        let (mut leaf, slot) = self.lock_pair(key)?;
        let result = leaf.with_value(slot, |value| f(value));
        leaf.unlock_unchanged();
        Some(result)
    }

    /// Runs `f` on the value of `key`, to change it, under the leaf's lock.
    pub(crate) fn update(&self, key: K, f: impl FnOnce(&mut V)) -> bool {
        let Some((mut leaf, slot)) = self.lock_pair(key) else { return false };
        leaf.with_value(slot, f);
        true
    }

    /// Locks the leaf that holds `key` and gives the key's slot; `None` if the key is not there.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn lock_pair(&self, key: K) -> Option<(LockedLeaf<'_, K, V>, usize)> {
        let mut backoff = Backoff::<P::Relax>::new();
        loop {
            let (leaf, version) = self.leaf_at(At(key));
            let (rank, found) = leaf.find(key);
            if !found {
                if leaf.validate(version) {
                    return None;
                }
                continue;
            }
            if let Some(leaf) = leaf.try_lock(version) {
                return Some((leaf, rank - 1));
            }
            backoff.wait();
        }
    }

    /// The number of keys: the sum of every leaf's count, each as it was when the walk came by.
    pub(crate) fn len(&self) -> usize {
        let mut total = 0;
        let mut from = None;
        'restart: loop {
            let (mut leaf, mut version) = match from {
                None => {
                    let head = self.leaf(self.head(0));
                    (head, head.read_begin())
                }
                Some(key) => self.leaf_at(At(key)),
            };
            loop {
                // After a restart the leaf may begin before the place that was reached.
                let skip = from.map_or(0, |key| {
                    let (rank, found) = leaf.find(key);
                    rank - usize::from(found)
                });
                let (count, next, high) = (leaf.count(), leaf.next(), leaf.high());
                if !leaf.validate(version) {
                    continue 'restart;
                }
                total += count.saturating_sub(skip);
                let Some(next) = next else { return total };
                from = Some(high);
                match self.settle(self.leaf(next), crate::node::LevelMark::of(0), At(high)) {
                    Some(found) => (leaf, version) = found,
                    None => continue 'restart,
                }
            }
        }
    }
}
