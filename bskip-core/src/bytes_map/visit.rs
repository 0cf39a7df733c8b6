//! Visits to the pairs of a range of byte strings.

use core::convert::Infallible;
use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::mem;
use core::ops::{Bound, ControlFlow, RangeBounds};

use super::encoded::{Owned, bounds, decoded};
use super::{BSkipBytesMap, NAME};
use crate::arena::{BlockArena, GlobalArena};
use crate::index::{Extract, Step};
use crate::key::{ByteKeys, BytesKey};

/// # Visiting values in place
///
/// These are the methods of [`BSkipMap`](crate::BSkipMap#visiting-values-in-place), with the same consistency
/// and complexity. A closure gets a copy of the key.
impl<K: BytesKey + ?Sized, V, A: BlockArena> BSkipBytesMap<K, V, A> {
    /// Calls `f` with each pair whose key is in `range`, in order, under its leaf's lock. `f`
    /// [must not use the map](crate::BSkipMap#closures).
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    ///
    /// let map: BSkipBytesMap<str, Vec<u8>> = [("a", vec![1]), ("b", vec![2, 3])].into_iter().collect();
    /// let mut bytes = 0;
    /// map.for_each_with("b".., |_, value| bytes += value.len());
    /// assert_eq!(bytes, 2);
    /// ```
    ///
    /// # Panics
    /// As [`range`](Self::range).
    pub fn for_each_with<Q>(&self, range: impl RangeBounds<Q>, mut f: impl FnMut(&K::Owned, &V))
    where
        Q: BytesKey<Form = K::Form>,
    {
        let ControlFlow::Continue(()) = self.try_for_each_with(range, |key, value| {
            f(key, value);
            ControlFlow::<Infallible>::Continue(())
        });
    }

    /// As [`for_each_with`](Self::for_each_with), until `f` breaks. Returns what `f` broke off with.
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    /// use std::ops::ControlFlow;
    ///
    /// let map: BSkipBytesMap<str, Vec<u8>> = [("a", vec![]), ("b", vec![2])].into_iter().collect();
    /// let full = map.try_for_each_with("a".., |key, value| match value.is_empty() {
    ///     true => ControlFlow::Continue(()),
    ///     false => ControlFlow::Break(key.clone()),
    /// });
    /// assert_eq!(full, ControlFlow::Break("b".to_string()));
    /// ```
    ///
    /// # Panics
    /// As [`range`](Self::range).
    pub fn try_for_each_with<Q, B>(
        &self,
        range: impl RangeBounds<Q>,
        mut f: impl FnMut(&K::Owned, &V) -> ControlFlow<B>,
    ) -> ControlFlow<B>
    where
        Q: BytesKey<Form = K::Form>,
    {
        let (lower, upper) = bounds(&range, NAME);
        let each = |key: &K::Owned, value: &mut V| (Step::Keep, f(key, value));
        self.index.visit(lower, upper, |bytes| decoded::<K>(bytes), each, |_, _| ControlFlow::Continue(()))
    }

    /// Calls `f` with each pair whose key is in `range`, in order, under its leaf's lock. `f` may change the
    /// value, and [must not use the map](crate::BSkipMap#closures).
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    ///
    /// let map: BSkipBytesMap<str, u64> = [("a", 1), ("b", 2)].into_iter().collect();
    /// map.range_update("b".., |_, value| *value *= 10);
    /// assert_eq!((map.get("a"), map.get("b")), (Some(1), Some(20)));
    /// ```
    ///
    /// # Panics
    /// As [`range`](Self::range). If `f` panics, its changes to that value so far stay.
    pub fn range_update<Q>(&self, range: impl RangeBounds<Q>, mut f: impl FnMut(&K::Owned, &mut V))
    where
        Q: BytesKey<Form = K::Form>,
    {
        let (lower, upper) = bounds(&range, NAME);
        self.visit(lower, upper, |key, value| {
            f(key, value);
            Step::Changed
        });
    }

    /// Removes each pair for which `keep` returns false. `keep` may change the value. O(n), and O(log n) for
    /// each removal from a leaf that is then at most a quarter full.
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    ///
    /// let map: BSkipBytesMap<str, u64> = [("a", 1), ("b", 2)].into_iter().collect();
    /// map.retain(|key, _| key == "b");
    /// assert_eq!(map.iter().collect::<Vec<_>>(), [("b".to_string(), 2)]);
    /// ```
    pub fn retain(&self, mut keep: impl FnMut(&K::Owned, &mut V) -> bool) {
        self.visit(Bound::Unbounded, Bound::Unbounded, |key, value| {
            if keep(key, value) { Step::Changed } else { Step::Remove }
        });
    }

    fn visit(
        &self,
        lower: Bound<Owned>,
        upper: Bound<Owned>,
        mut f: impl FnMut(&K::Owned, &mut V) -> Step<V>,
    ) {
        let each = |key: &K::Owned, value: &mut V| (f(key, value), ControlFlow::<Infallible>::Continue(()));
        let drop_value = |_, value| {
            drop(value);
            ControlFlow::Continue(())
        };
        let ControlFlow::Continue(()) =
            self.index.visit(lower, upper, |bytes| decoded::<K>(bytes), each, drop_value);
    }

    /// The number of keys in `range`: exact while no thread writes, otherwise as [`len`](Self::len). It
    /// counts leaf by leaf.
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    ///
    /// let map: BSkipBytesMap<str, u64> = [("a", 1), ("b", 2), ("c", 3)].into_iter().collect();
    /// assert_eq!(map.range_count("b"..), 2);
    /// ```
    ///
    /// # Panics
    /// As [`range`](Self::range).
    #[must_use]
    pub fn range_count<Q>(&self, range: impl RangeBounds<Q>) -> usize
    where
        Q: BytesKey<Form = K::Form>,
    {
        let (lower, upper) = bounds(&range, NAME);
        self.index.count_range(lower, upper)
    }

    /// Removes all pairs whose keys are in `range`, whole leaves at a time, and returns their number. Values drop
    /// without a lock. See [`BSkipMap::remove_range`](crate::BSkipMap::remove_range).
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    ///
    /// let map: BSkipBytesMap<str, u64> = [("a", 1), ("b", 2), ("c", 3)].into_iter().collect();
    /// assert_eq!(map.remove_range("b"..), 2);
    /// assert_eq!(map.len(), 1);
    /// ```
    ///
    /// # Panics
    /// As [`range`](Self::range). If the drop of a value panics, all values that have left the map by then are
    /// dropped, and later pairs stay.
    pub fn remove_range<Q>(&self, range: impl RangeBounds<Q>) -> usize
    where
        Q: BytesKey<Form = K::Form>,
    {
        let (lower, upper) = bounds(&range, NAME);
        self.index.remove_range(lower, upper, mem::needs_drop::<V>(), drop)
    }

    /// An iterator that removes the pairs in `range` for which `pred` returns true, in order, and yields
    /// them: as [`BSkipMap::extract_if`](crate::BSkipMap::extract_if).
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    ///
    /// let map: BSkipBytesMap<str, u64> = [("a", 1), ("b", 2), ("c", 3)].into_iter().collect();
    /// let odd: Vec<_> = map.extract_if("a".., |_, value| *value % 2 == 1).map(|pair| pair.0).collect();
    /// assert_eq!((odd, map.len()), (vec!["a".to_string(), "c".to_string()], 1));
    /// ```
    ///
    /// # Panics
    /// As [`range`](Self::range).
    pub fn extract_if<Q, F: FnMut(&K::Owned, &mut V) -> bool>(
        &self,
        range: impl RangeBounds<Q>,
        pred: F,
    ) -> BytesExtractIf<'_, K, V, F, A>
    where
        Q: BytesKey<Form = K::Form>,
    {
        let (lower, upper) = bounds(&range, NAME);
        BytesExtractIf { pairs: Extract::new(&self.index, lower, upper), pred, _keys: PhantomData }
    }
}

/// Removes pairs and yields them. Of [`BSkipBytesMap::extract_if`].
///
/// After a panic of `pred`, `next` goes on behind the last key that was yielded, so `pred` may see pairs
/// again.
#[must_use = "it removes nothing before it is used"]
pub struct BytesExtractIf<'a, K: BytesKey + ?Sized, V, F, A: BlockArena = GlobalArena> {
    pairs: Extract<'a, ByteKeys, V, A::Pool>,
    pred: F,
    _keys: PhantomData<fn(&K)>,
}

impl<K, V, F, A> Iterator for BytesExtractIf<'_, K, V, F, A>
where
    K: BytesKey + ?Sized,
    F: FnMut(&K::Owned, &mut V) -> bool,
    A: BlockArena,
{
    type Item = (K::Owned, V);

    fn next(&mut self) -> Option<(K::Owned, V)> {
        self.pairs.next(|bytes| decoded::<K>(bytes), &mut self.pred)
    }
}

impl<K, V, F, A> FusedIterator for BytesExtractIf<'_, K, V, F, A>
where
    K: BytesKey + ?Sized,
    F: FnMut(&K::Owned, &mut V) -> bool,
    A: BlockArena,
{
}

impl<K: BytesKey + ?Sized, V, F, A: BlockArena> fmt::Debug for BytesExtractIf<'_, K, V, F, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BytesExtractIf").finish_non_exhaustive()
    }
}
