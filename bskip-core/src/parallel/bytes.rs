//! Parallel iterators over maps and sets of byte strings.

use core::fmt;
use core::iter;
use core::marker::PhantomData;
use core::ops::{Bound, RangeBounds};

use rayon::iter::plumbing::{Folder, UnindexedConsumer, UnindexedProducer, bridge_unindexed};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::Part;
use crate::arena::{BlockArena, GlobalArena};
use crate::bytes_map::BSkipBytesMap;
use crate::bytes_map::encoded::{bounds, pair};
use crate::bytes_set::BSkipBytesSet;
use crate::index::{Cloned, Copied};
use crate::iter::Pairs;
use crate::key::{ByteKeys, BytesKey};

/// # In parallel
/// With the feature `rayon`: as for [`BSkipMap`](crate::BSkipMap#in-parallel).
impl<K: BytesKey + ?Sized, V, A: BlockArena> BSkipBytesMap<K, V, A> {
    /// The pairs whose keys are in `range`, for a parallel iterator: see
    /// [`BSkipMap::par_range`](crate::BSkipMap::par_range). For values that are not `Copy`, add
    /// [`.cloned()`](ParBytesRange::cloned).
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    /// use rayon::prelude::*;
    ///
    /// let map: BSkipBytesMap<str, u64> = (0..10_000).into_par_iter().map(|i| (i.to_string(), i)).collect();
    /// assert_eq!(map.par_range("9".."90").count(), 1);
    /// assert_eq!(map.par_iter().map(|(_, value)| value).sum::<u64>(), 49_995_000);
    /// ```
    ///
    /// # Panics
    /// As [`range`](Self::range).
    pub fn par_range<Q>(&self, range: impl RangeBounds<Q>) -> ParBytesRange<'_, K, V, A>
    where
        Q: BytesKey<Form = K::Form>,
    {
        let (lower, upper) = bounds(&range, "BSkipBytesMap");
        ParBytesRange(Part::new(self.index(), lower, upper), PhantomData)
    }
}

impl<K: BytesKey + ?Sized, A: BlockArena> BSkipBytesSet<K, A> {
    /// The keys in `range`, for a parallel iterator: see [`BSkipMap::par_range`](crate::BSkipMap::par_range). With the
    /// feature `rayon`.
    ///
    /// # Panics
    /// As [`range`](Self::range).
    pub fn par_range<Q>(&self, range: impl RangeBounds<Q>) -> ParBytesSetRange<'_, K, A>
    where
        Q: BytesKey<Form = K::Form>,
    {
        ParBytesSetRange(self.as_map().par_range(range))
    }
}

/// A parallel iterator over the pairs of a range, for `Copy` values: of [`BSkipBytesMap::par_range`].
pub struct ParBytesRange<'a, K: BytesKey + ?Sized, V, A: BlockArena = GlobalArena>(
    Part<'a, ByteKeys, V, A::Pool>,
    PhantomData<fn(&K)>,
);

/// A [`ParBytesRange`] over values of any `Clone` type; see [`ParBytesRange::cloned`].
pub struct ClonedParBytesRange<'a, K: BytesKey + ?Sized, V, A: BlockArena = GlobalArena>(
    Part<'a, ByteKeys, V, A::Pool>,
    PhantomData<fn(&K)>,
);

/// A parallel iterator over the keys of a range: of [`BSkipBytesSet::par_range`].
pub struct ParBytesSetRange<'a, K: BytesKey + ?Sized, A: BlockArena = GlobalArena>(
    ParBytesRange<'a, K, (), A>,
);

impl<'a, K: BytesKey + ?Sized, V, A: BlockArena> ParBytesRange<'a, K, V, A> {
    /// The same range, for values that are not `Copy`: each is cloned under its leaf's lock.
    /// `V::clone` [must not use the map](crate::BSkipMap#closures).
    #[must_use]
    pub fn cloned(self) -> ClonedParBytesRange<'a, K, V, A> {
        ClonedParBytesRange(self.0, PhantomData)
    }
}

macro_rules! iterator {
    ($($range:ident, $bound:ident, $read:ty;)*) => {$(
        impl<K, V, A> UnindexedProducer for $range<'_, K, V, A>
        where
            K: BytesKey<Owned: Send> + ?Sized,
            V: $bound + Send + Sync,
            A: BlockArena,
        {
            type Item = (K::Owned, V);

            fn split(self) -> (Self, Option<Self>) {
                let (left, right) = self.0.split();
                (Self(left, PhantomData), right.map(|right| Self(right, PhantomData)))
            }

            fn fold_with<F: Folder<Self::Item>>(self, folder: F) -> F {
                let Part { index, lower, upper } = self.0;
                let mut pairs = Pairs::<_, _, _, $read>::new(index, lower, upper);
                folder.consume_iter(iter::from_fn(|| pairs.next().map(pair::<K, V>)))
            }
        }

        impl<K, V, A> ParallelIterator for $range<'_, K, V, A>
        where
            K: BytesKey<Owned: Send> + ?Sized,
            V: $bound + Send + Sync,
            A: BlockArena,
        {
            type Item = (K::Owned, V);
            fn drive_unindexed<C: UnindexedConsumer<Self::Item>>(self, consumer: C) -> C::Result {
                bridge_unindexed(self, consumer)
            }
        }

        impl<K: BytesKey + ?Sized, V, A: BlockArena> Clone for $range<'_, K, V, A> {
            fn clone(&self) -> Self {
                Self(self.0.clone(), PhantomData)
            }
        }

        impl<K: BytesKey + ?Sized, V, A: BlockArena> fmt::Debug for $range<'_, K, V, A> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($range)).finish_non_exhaustive()
            }
        }
    )*};
}
iterator!(ParBytesRange, Copy, Copied; ClonedParBytesRange, Clone, Cloned<A::Pool>;);

impl<K: BytesKey<Owned: Send> + ?Sized, A: BlockArena> ParallelIterator for ParBytesSetRange<'_, K, A> {
    type Item = K::Owned;
    fn drive_unindexed<C: UnindexedConsumer<K::Owned>>(self, consumer: C) -> C::Result {
        self.0.map(|(key, ())| key).drive_unindexed(consumer)
    }
}

impl<K: BytesKey + ?Sized, A: BlockArena> Clone for ParBytesSetRange<'_, K, A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K: BytesKey + ?Sized, A: BlockArena> fmt::Debug for ParBytesSetRange<'_, K, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParBytesSetRange").finish_non_exhaustive()
    }
}

impl<'a, K, V, A> IntoParallelIterator for &'a BSkipBytesMap<K, V, A>
where
    K: BytesKey<Owned: Send> + ?Sized,
    V: Copy + Send + Sync,
    A: BlockArena,
{
    type Item = (K::Owned, V);
    type Iter = ParBytesRange<'a, K, V, A>;
    fn into_par_iter(self) -> Self::Iter {
        ParBytesRange(Part::new(self.index(), Bound::Unbounded, Bound::Unbounded), PhantomData)
    }
}

impl<'a, K: BytesKey<Owned: Send> + ?Sized, A: BlockArena> IntoParallelIterator for &'a BSkipBytesSet<K, A> {
    type Item = K::Owned;
    type Iter = ParBytesSetRange<'a, K, A>;
    fn into_par_iter(self) -> Self::Iter {
        ParBytesSetRange(self.as_map().into_par_iter())
    }
}
