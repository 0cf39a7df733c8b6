//! Ranges as a whole: how many keys are in one, and removing them all.

use core::mem;
use core::ops::RangeBounds;

use super::{BSkipMap, bounds};
use crate::arena::BlockArena;
use crate::key::Key;

impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    /// The number of keys in `range`: exact while no thread writes, otherwise as [`len`](Self::len).
    ///
    /// Expected O(log n + k / 45) for k keys: it counts leaf by leaf. Writes no shared memory.
    ///
    /// ```
    /// let map: bskip_core::BSkipMap<u64, u64> = (0..1000).map(|key| (key, key)).collect();
    /// assert_eq!((map.range_count(10..20), map.range_count(..), map.range_count(2000..)), (10, 1000, 0));
    /// ```
    ///
    /// # Panics
    /// If the [bounds](Self#bounds-of-ranges) make no sense.
    #[must_use]
    pub fn range_count(&self, range: impl RangeBounds<K>) -> usize {
        let (lower, upper) = bounds(&range);
        self.index.count_range(lower, upper)
    }

    /// Removes all pairs whose keys are in `range`, and returns their number.
    ///
    /// This removes whole leaves, some dozens at a time: O(log n + k / 45) for k keys, if values need no drop.
    /// Otherwise it takes the values out of their leaves, O(k), and drops them without a lock. They are in a list
    /// meanwhile; if there is no memory for one of a single leaf, it removes pair by pair. The pairs of one leaf go
    /// at one moment. As a whole the call is not atomic: other threads may see a part of it, and a key that another
    /// thread inserts behind the place that this has reached stays.
    ///
    /// ```
    /// let map: bskip_core::BSkipMap<u64, u64> = (0..1000).map(|key| (key, key)).collect();
    /// assert_eq!(map.remove_range(10..), 990);
    /// assert_eq!(map.len(), 10);
    /// ```
    ///
    /// # Panics
    /// If the [bounds](Self#bounds-of-ranges) make no sense. If the drop of a value panics, all values that have left
    /// the map by then are dropped, and later pairs stay.
    pub fn remove_range(&self, range: impl RangeBounds<K>) -> usize {
        let (lower, upper) = bounds(&range);
        self.index.remove_range(lower, upper, mem::needs_drop::<V>(), drop)
    }
}
