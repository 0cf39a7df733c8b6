//! Visits to the pairs of a range: closures see values of any type, and may change or remove them.

use core::convert::Infallible;
use core::fmt;
use core::iter::FusedIterator;
use core::ops::{Bound, ControlFlow, RangeBounds};

use super::{BSkipMap, bounds};
use crate::arena::{BlockArena, GlobalArena};
use crate::index::{Extract, Step};
use crate::key::Key;

/// # Visiting values in place
///
/// A closure sees each value under its leaf's lock, so it gets a reference, and values need neither `Copy`
/// nor `Clone`. The lock is held for one pair at a time. Each visit is linearizable by itself; all together
/// are [no snapshot](Self#consistency). The closures [must not use the map](Self#closures). If one panics,
/// the visits so far stay, and the map can be used.
///
/// Expected O(log n) to begin, then O(1) for each pair. Two things take O(log n) more, for a search: another
/// thread changes the leaf in between; or a removal leaves the leaf at most a quarter full, and may merge
/// leaves.
impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    /// Calls `f` with each pair whose key is in `range`, in order.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map: BSkipMap<u64, Vec<u8>> = [(1, vec![1, 2]), (5, vec![3]), (9, vec![])].into_iter().collect();
    /// let mut bytes = 0;
    /// map.for_each_with(2.., |_, value| bytes += value.len());
    /// assert_eq!(bytes, 1);
    /// ```
    ///
    /// # Panics
    /// If the [bounds](Self#bounds-of-ranges) make no sense.
    pub fn for_each_with(&self, range: impl RangeBounds<K>, mut f: impl FnMut(&K, &V)) {
        let ControlFlow::Continue(()) = self.try_for_each_with(range, |key, value| {
            f(key, value);
            ControlFlow::<Infallible>::Continue(())
        });
    }

    /// As [`for_each_with`](Self::for_each_with), until `f` breaks.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    /// use std::ops::ControlFlow;
    ///
    /// let map: BSkipMap<u64, String> = [(1, String::new()), (5, "five".to_string())].into_iter().collect();
    /// let first_full = map.try_for_each_with(.., |&key, value| match value.is_empty() {
    ///     true => ControlFlow::Continue(()),
    ///     false => ControlFlow::Break(key),
    /// });
    /// assert_eq!(first_full, ControlFlow::Break(5));
    /// ```
    ///
    /// # Panics
    /// If the [bounds](Self#bounds-of-ranges) make no sense.
    pub fn try_for_each_with<B>(
        &self,
        range: impl RangeBounds<K>,
        mut f: impl FnMut(&K, &V) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let (lower, upper) = bounds(&range);
        let each = |key: &K, value: &mut V| (Step::Keep, f(key, value));
        self.index.visit(lower, upper, |&words| K::from_words(words), each, |_, _| ControlFlow::Continue(()))
    }

    /// Calls `f` with each pair whose key is in `range`, in order. `f` may change the value. This stands for std's
    /// `range_mut`, `iter_mut` and `values_mut`.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map: BSkipMap<u64, u64> = (0..5).map(|key| (key, 0)).collect();
    /// map.range_update(2..4, |key, value| *value = 10 * key);
    /// assert_eq!(map.values().collect::<Vec<_>>(), [0, 0, 20, 30, 0]);
    /// ```
    ///
    /// # Panics
    /// If the [bounds](Self#bounds-of-ranges) make no sense. If `f` panics, its changes to that value so far stay.
    pub fn range_update(&self, range: impl RangeBounds<K>, mut f: impl FnMut(&K, &mut V)) {
        let (lower, upper) = bounds(&range);
        let each = |key: &K, value: &mut V| {
            f(key, value);
            (Step::Changed, ControlFlow::<Infallible>::Continue(()))
        };
        let ControlFlow::Continue(()) = self.index.visit(
            lower,
            upper,
            |&words| K::from_words(words),
            each,
            |_, _| ControlFlow::Continue(()),
        );
    }

    /// Removes each pair for which `keep` returns false. `keep` may change the value.
    ///
    /// O(n), and O(log n) for each removal from a leaf that is then at most a quarter full. Each pair is
    /// tested and removed in one step: no other thread can change it in between.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map: BSkipMap<u64, u64> = (0..8).map(|key| (key, key * 10)).collect();
    /// map.retain(|key, _| key % 2 == 0);
    /// assert_eq!(map.keys().collect::<Vec<_>>(), [0, 2, 4, 6]);
    /// ```
    ///
    /// # Panics
    /// If `keep` panics, that pair stays, with its value as `keep` has left it. If the drop of a value panics, the
    /// later pairs stay.
    pub fn retain(&self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        let each = |key: &K, value: &mut V| {
            let step = if keep(key, value) { Step::Changed } else { Step::Remove };
            (step, ControlFlow::<Infallible>::Continue(()))
        };
        let drop_value = |_, value| {
            drop(value);
            ControlFlow::Continue(())
        };
        let (lower, upper) = (Bound::Unbounded, Bound::Unbounded);
        let ControlFlow::Continue(()) =
            self.index.visit(lower, upper, |&words| K::from_words(words), each, drop_value);
    }

    /// An iterator that removes the pairs in `range` for which `pred` returns true, in order, and yields them.
    ///
    /// It works on demand: pairs that the iterator has not come to stay, if it is dropped early. `pred` may
    /// change the value, also of a pair that stays. Each call of `next` takes expected O(log n), and O(1) for
    /// each pair that stays.
    ///
    /// If `pred` panics, its changes to that value so far stay. The next call of `next` goes on behind the
    /// last key that the iterator has yielded, so `pred` may see pairs again.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map: BSkipMap<u64, u64> = (0..8).map(|key| (key, key * 10)).collect();
    /// let odd: Vec<_> = map.extract_if(..6, |key, _| key % 2 == 1).collect();
    /// assert_eq!(odd, [(1, 10), (3, 30), (5, 50)]);
    /// assert_eq!(map.keys().collect::<Vec<_>>(), [0, 2, 4, 6, 7]);
    /// ```
    ///
    /// # Panics
    /// If the [bounds](Self#bounds-of-ranges) make no sense.
    pub fn extract_if<F: FnMut(&K, &mut V) -> bool>(
        &self,
        range: impl RangeBounds<K>,
        pred: F,
    ) -> ExtractIf<'_, K, V, F, A> {
        let (lower, upper) = bounds(&range);
        ExtractIf { pairs: Extract::new(&self.index, lower, upper), pred }
    }
}

/// Removes pairs and yields them. Of [`BSkipMap::extract_if`].
///
/// After a panic of `pred`, `next` goes on behind the last key that was yielded, so `pred` may see pairs
/// again.
#[must_use = "it removes nothing before it is used"]
pub struct ExtractIf<'a, K: Key, V, F, A: BlockArena = GlobalArena> {
    pairs: Extract<'a, K::Words, V, A::Pool>,
    pred: F,
}

impl<K: Key, V, F: FnMut(&K, &mut V) -> bool, A: BlockArena> Iterator for ExtractIf<'_, K, V, F, A> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        self.pairs.next(|&words| K::from_words(words), &mut self.pred)
    }
}

impl<K: Key, V, F: FnMut(&K, &mut V) -> bool, A: BlockArena> FusedIterator for ExtractIf<'_, K, V, F, A> {}

impl<K: Key, V, F, A: BlockArena> fmt::Debug for ExtractIf<'_, K, V, F, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtractIf").finish_non_exhaustive()
    }
}
