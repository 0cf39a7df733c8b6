//! The pairs of a range as they were at one moment.
//!
//! First without a lock: the reader walks the leaves of the range and remembers each one with its version. Then
//! it validates all of them once more. If none has changed, there was a moment at which the leaves held exactly
//! what was read. After some vain tries the reader locks the leaves, from left to right, and reads them under
//! their locks.

use alloc::vec::Vec;
use core::ops::Bound;

use crate::arena::BlockPool;
use crate::index::engine::Index;
use crate::index::read::cursor::{Copied, LeafCursor, Next};
use crate::lock::Version;
use crate::node::{Leaf, LockedLeaf, NodeKeys};
use crate::section::Section;

/// How often a reader tries without locks.
const TRIES: usize = 8;

/// How often a reader that has leaves locked tries to lock the next one. Then it unlocks them all.
const PATIENCE: usize = 256;

impl<K: NodeKeys, V: Copy, P: BlockPool> Index<K, V, P> {
    /// The pairs between the bounds at one moment, in order.
    pub(crate) fn snapshot(&self, lower: Bound<K::Ref<'_>>, upper: Bound<K::Ref<'_>>) -> Vec<(K::Owned, V)> {
        let mut pairs = Vec::new();
        let mut backoff = self.tree.backoff();
        for _ in 0..TRIES {
            if self.read_unlocked(lower, upper, &mut pairs) {
                return pairs;
            }
            pairs.clear();
            backoff.wait();
        }
        while let Err(held) = self.read_locked(lower, upper, &mut pairs) {
            pairs.clear();
            match held {
                // Now this thread holds no lock, so it may wait for another one's.
                Some(leaf) => _ = self.tree.read_begin(leaf),
                None => backoff.wait(),
            }
        }
        pairs
    }

    /// Reads the pairs; false if a leaf changed meanwhile.
    fn read_unlocked(
        &self,
        lower: Bound<K::Ref<'_>>,
        upper: Bound<K::Ref<'_>>,
        pairs: &mut Vec<(K::Owned, V)>,
    ) -> bool {
        let mut leaves = Vec::new();
        let (mut leaf, mut version, mut start) = self.first_from(lower);
        loop {
            let Some(is_last) = self.read_leaf(leaf, version, start, upper, pairs) else { return false };
            leaves.push((leaf, version));
            if is_last {
                // All leaves were read before the first of them is validated again.
                return leaves.iter().all(|(leaf, version)| leaf.validate(*version));
            }
            let Some(next) = self.leaf_behind(leaf, version) else { return false };
            ((leaf, version), start) = (next, 0);
        }
    }

    /// The leaf that follows `leaf`; `None` if something has changed.
    fn leaf_behind<'a>(
        &'a self,
        leaf: Leaf<'a, K, V>,
        version: Version,
    ) -> Option<(Leaf<'a, K, V>, Version)> {
        let (next, high) = (leaf.next(), leaf.high());
        if !leaf.validate(version) {
            return None;
        }
        self.leaf_that_starts(self.tree.leaf(next?), K::borrow(&high))
    }

    /// Reads the pairs under the locks of their leaves, within one section. The error is `None` if the first leaf has
    /// changed, or else a leaf that other threads hold for long.
    pub(in crate::index) fn read_locked<'a>(
        &'a self,
        lower: Bound<K::Ref<'_>>,
        upper: Bound<K::Ref<'_>>,
        pairs: &mut Vec<(K::Owned, V)>,
    ) -> Result<(), Option<Leaf<'a, K, V>>> {
        // The sentinel always validates, so `read_unlocked` has answered if there was no leaf.
        debug_assert!(!self.tree.has_no_leaf(), "no thread may lock the sentinel");
        let (leaf, version, mut start) = self.first_from(lower);
        // Outlives the locks, also when a panic unwinds.
        let _section = Section::<P::Platform>::enter();
        let mut locked = Vec::new();
        let mut here = leaf.try_lock(version).ok_or(None);
        let outcome = loop {
            let leaf = match here {
                Ok(leaf) => leaf,
                Err(held) => break Err(held),
            };
            for slot in start..leaf.rank_of_end(upper) {
                // SAFETY: the slot is in use, and no other thread changes it while this thread has the lock. `V`
                // is `Copy`, so a copy is as good.
                pairs.push((leaf.key(slot), unsafe { leaf.value(slot).assume_init() }));
            }
            let next = if Self::ends_in(*leaf, upper) { None } else { leaf.next() };
            locked.push(leaf);
            let Some(next) = next else { break Ok(()) };
            let next = self.tree.leaf(next);
            (here, start) = (self.lock_behind(next).ok_or(Some(next)), 0);
        };
        locked.into_iter().for_each(LockedLeaf::<K, V>::unlock_unchanged);
        outcome
    }

    /// Locks the leaf behind one that this thread has locked, so it stays there; `None` if other threads hold it
    /// for long.
    fn lock_behind<'a>(&self, leaf: Leaf<'a, K, V>) -> Option<LockedLeaf<'a, K, V>> {
        let mut backoff = self.tree.backoff();
        (0..PATIENCE).find_map(|_| {
            let locked = leaf.try_read_begin().and_then(|version| leaf.try_lock(version));
            if locked.is_none() {
                backoff.wait();
            }
            locked
        })
    }

    /// Reads the pairs from `start` on that are within `upper`, and loads the next leaf if the range goes on there.
    /// Says whether the range ends in this leaf; `None` if the leaf has changed.
    fn read_leaf(
        &self,
        leaf: Leaf<'_, K, V>,
        version: Version,
        start: usize,
        upper: Bound<K::Ref<'_>>,
        pairs: &mut Vec<(K::Owned, V)>,
    ) -> Option<bool> {
        let (end, next, is_last) = (leaf.rank_of_end(upper), leaf.next(), Self::ends_in(leaf, upper));
        let mut slots = LeafCursor::<K, V>::of(leaf, version, start..end)?;
        if let Some(next) = next.filter(|_| !is_last) {
            self.tree.leaf(next).prefetch_pairs();
        }
        pairs.reserve(end.saturating_sub(start));
        loop {
            match slots.next::<Copied>() {
                Next::Pair(key, value) => pairs.push((key, value)),
                Next::End => return leaf.validate(version).then_some(is_last),
                Next::Changed => return None,
            }
        }
    }

    /// Whether no leaf behind this one can have a key within `upper`.
    fn ends_in(leaf: Leaf<'_, K, V>, upper: Bound<K::Ref<'_>>) -> bool {
        leaf.next().is_none()
            || match upper {
                Bound::Unbounded => false,
                Bound::Included(key) => leaf.compare_high(key).is_lt(),
                Bound::Excluded(key) => leaf.compare_high(key).is_le(),
            }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use alloc::vec::Vec;
    use core::ops::Bound;

    use crate::arena::{GlobalArena, GlobalPool};
    use crate::backoff::DefaultPlatform;
    use crate::config::Config;
    use crate::index::engine::Index;
    use crate::index::write::existing::Existing;

    type Map = Index<[u64; 1], u64, GlobalPool<DefaultPlatform>>;

    /// Threads come to the locks only when eight tries were in vain, so here is a test of them alone.
    #[test]
    fn both_ways_read_the_same() {
        let map = Map::new(&GlobalArena::new(), &Config::new()).expect("memory");
        (0..1000).for_each(|k| _ = map.insert([2 * k], k, Existing::Replace));
        // Some leaves are empty.
        (100..400).for_each(|k| _ = map.remove([2 * k]));
        let bounds = [[0], [1], [200], [201], [500], [799], [1998], [5000]];
        for lower in bounds {
            for upper in bounds.into_iter().filter(|upper| *upper > lower) {
                let (lower, upper) = (Bound::Excluded(lower), Bound::Included(upper));
                let (mut unlocked, mut locked) = (Vec::new(), Vec::new());
                assert!(map.read_unlocked(lower, upper, &mut unlocked));
                assert!(map.read_locked(lower, upper, &mut locked).is_ok());
                assert_eq!(unlocked, locked);
                // Nothing stays locked, and the leaves have no new versions.
                assert_eq!(map.snapshot(lower, upper), locked);
            }
        }
    }
}
