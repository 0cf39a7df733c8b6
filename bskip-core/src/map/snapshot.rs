//! A range at one moment.

use alloc::vec::Vec;
use core::ops::RangeBounds;

use super::{BSkipMap, bounds};
use crate::arena::BlockArena;
use crate::key::Key;

impl<K: Key, V: Copy, A: BlockArena> BSkipMap<K, V, A> {
    /// The pairs whose keys are in `range`, all as they were at one moment between the call and its return. So the
    /// call is [linearizable](Self#consistency).
    ///
    /// Expected O(log n + m) for m pairs. The call first reads the leaves of the range without a lock, writes no
    /// shared memory, and checks at the end that none of them has changed. If one has, it starts again. After eight
    /// vain tries it locks all leaves of the range, so it delays their readers and writers until it has copied the
    /// pairs. Each of these tries takes longer the longer the range is: for a long range that others write to all
    /// the time, expect the locks. If a consistent picture is not needed, [`range`](Self::range) is cheaper.
    ///
    /// # Panics
    /// If the [bounds](Self#bounds-of-ranges) make no sense.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// // Ten accounts with 100 each. A transfer takes from one, then gives to another.
    /// let accounts: BSkipMap<u64, u64> = (0..10).map(|k| (k, 100)).collect();
    /// std::thread::scope(|threads| {
    ///     threads.spawn(|| {
    ///         for _ in 0..1000 {
    ///             accounts.update(&2, |balance| *balance -= 1);
    ///             accounts.update(&7, |balance| *balance += 1);
    ///             accounts.update(&7, |balance| *balance -= 1);
    ///             accounts.update(&2, |balance| *balance += 1);
    ///         }
    ///     });
    ///     // At no moment is more than one unit on its way.
    ///     for _ in 0..100 {
    ///         let total: u64 = accounts.range_snapshot(..).iter().map(|(_, balance)| balance).sum();
    ///         assert!((999..=1000).contains(&total));
    ///     }
    /// });
    /// ```
    #[must_use]
    pub fn range_snapshot(&self, range: impl RangeBounds<K>) -> Vec<(K, V)> {
        let (lower, upper) = bounds(&range);
        let pairs = self.index.snapshot(lower, upper);
        pairs.into_iter().map(|(words, value)| (K::from_words(words), value)).collect()
    }
}
