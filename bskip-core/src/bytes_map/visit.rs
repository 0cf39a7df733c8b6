//! Visits to the pairs of a range of byte strings.

use core::convert::Infallible;
use core::mem;
use core::ops::{Bound, ControlFlow, RangeBounds};

use super::BSkipBytesMap;
use super::encoded::{Owned, bounds, decoded};
use crate::arena::BlockArena;
use crate::index::Step;
use crate::key::BytesKey;

/// # Visiting values in place
///
/// `for_each_with`, `range_update` and `retain` are those of
/// [`BSkipMap`](crate::BSkipMap#visiting-values-in-place), with the same consistency and complexity. A
/// closure gets a copy of the key. `try_for_each_with` and `extract_if` are missing here.
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
        let (lower, upper) = bounds(&range, "BSkipBytesMap");
        self.visit(lower, upper, |key, value| {
            f(key, value);
            Step::Keep
        });
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
        let (lower, upper) = bounds(&range, "BSkipBytesMap");
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
        let (lower, upper) = bounds(&range, "BSkipBytesMap");
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
        let (lower, upper) = bounds(&range, "BSkipBytesMap");
        self.index().remove_range(lower, upper, mem::needs_drop::<V>(), drop)
    }
}
