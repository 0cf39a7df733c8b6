//! Parallel iterators over maps and sets of keys of fixed width.

use core::fmt;
use core::ops::{ControlFlow, RangeBounds};

use rayon::iter::plumbing::{Folder, UnindexedConsumer, UnindexedProducer, bridge_unindexed};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::Part;
use crate::arena::{BlockArena, GlobalArena};
use crate::index::Cloned;
use crate::iter::Pairs;
use crate::key::Key;
use crate::map::{BSkipMap, bounds};
use crate::set::BSkipSet;

/// # In parallel
/// With the feature `rayon`. `map.par_iter()` is the parallel form of [`iter`](Self::iter), for `Copy` values, by
/// rayon's `IntoParallelRefIterator`. Maps can be collected from parallel iterators, and extended by them.
impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    /// The pairs whose keys are in `range`, for a parallel iterator, which threads divide among them where a node of
    /// the tree starts. For values that are not `Copy`, add [`.cloned()`](ParRange::cloned).
    ///
    /// It promises what [`range`](Self::range) does, but pairs come in no order. A method of rayon that gives results
    /// in order, such as `collect`, gives them in the order of the keys.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    /// use rayon::prelude::*;
    ///
    /// let map: BSkipMap<u64, u64> = (0..100_000u64).into_par_iter().map(|key| (key, 1)).collect();
    /// assert_eq!(map.par_range(50..).map(|(_, value)| value).sum::<u64>(), 99_950);
    /// let even: Vec<u64> = map.par_iter().map(|(key, _)| key).filter(|key| key % 2 == 0).collect();
    /// assert!(even.into_iter().eq((0..100_000).step_by(2)));
    /// ```
    ///
    /// # Panics
    /// If the [bounds](Self#bounds-of-ranges) make no sense.
    pub fn par_range(&self, range: impl RangeBounds<K>) -> ParRange<'_, K, V, A> {
        let (lower, upper) = bounds(&range);
        ParRange(Part::new(self.index(), lower, upper))
    }
}

impl<K: Key, A: BlockArena> BSkipSet<K, A> {
    /// The keys in `range`, for a parallel iterator: see [`BSkipMap::par_range`]. With the feature `rayon`.
    ///
    /// ```
    /// use bskip_core::BSkipSet;
    /// use rayon::prelude::*;
    ///
    /// let set: BSkipSet<u64> = (0..100_000u64).into_par_iter().collect();
    /// assert_eq!(set.par_range(..1000).sum::<u64>(), 499_500);
    /// assert_eq!(set.par_iter().max(), Some(99_999));
    /// ```
    ///
    /// # Panics
    /// If the [bounds](BSkipMap#bounds-of-ranges) make no sense.
    pub fn par_range(&self, range: impl RangeBounds<K>) -> ParSetRange<'_, K, A> {
        ParSetRange(self.as_map().par_range(range))
    }
}

/// A parallel iterator over the pairs of a range, for `Copy` values: of [`BSkipMap::par_range`].
pub struct ParRange<'a, K: Key, V, A: BlockArena = GlobalArena>(Part<'a, K::Words, V, A::Pool>);

/// A [`ParRange`] over values of any `Clone` type; see [`ParRange::cloned`].
pub struct ClonedParRange<'a, K: Key, V, A: BlockArena = GlobalArena>(Part<'a, K::Words, V, A::Pool>);

/// A parallel iterator over the keys of a range: of [`BSkipSet::par_range`].
pub struct ParSetRange<'a, K: Key, A: BlockArena = GlobalArena>(ParRange<'a, K, (), A>);

impl<'a, K: Key, V, A: BlockArena> ParRange<'a, K, V, A> {
    /// The same range, for values that are not `Copy`: each is cloned under its leaf's lock.
    /// `V::clone` [must not use the map](BSkipMap#closures).
    #[must_use]
    pub fn cloned(self) -> ClonedParRange<'a, K, V, A> {
        ClonedParRange(self.0)
    }
}

impl<K: Key, V: Copy + Send + Sync, A: BlockArena> UnindexedProducer for ParRange<'_, K, V, A> {
    type Item = (K, V);

    fn split(self) -> (Self, Option<Self>) {
        let (left, right) = self.0.split();
        (Self(left), right.map(Self))
    }

    /// A leaf at a time.
    fn fold_with<F: Folder<(K, V)>>(self, folder: F) -> F {
        let Part { index, lower, upper } = self.0;
        let mut place = Some(folder);
        let _ = index.chunks(lower, upper, |words, values| {
            let folder = place.take().expect("the closure puts it back");
            let pairs = words.iter().zip(values).map(|(&words, &value)| (K::from_words(words), value));
            let folder = place.insert(folder.consume_iter(pairs));
            if folder.full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        place.expect("the closure puts it back")
    }
}

impl<K: Key, V: Clone + Send + Sync, A: BlockArena> UnindexedProducer for ClonedParRange<'_, K, V, A> {
    type Item = (K, V);

    fn split(self) -> (Self, Option<Self>) {
        let (left, right) = self.0.split();
        (Self(left), right.map(Self))
    }

    fn fold_with<F: Folder<(K, V)>>(self, folder: F) -> F {
        let mut pairs = Pairs::<_, _, _, Cloned<A::Pool>>::new(self.0.index, self.0.lower, self.0.upper);
        folder.consume_iter(core::iter::from_fn(|| {
            pairs.next().map(|(words, value)| (K::from_words(words), value))
        }))
    }
}

impl<K: Key, V: Copy + Send + Sync, A: BlockArena> ParallelIterator for ParRange<'_, K, V, A> {
    type Item = (K, V);
    fn drive_unindexed<C: UnindexedConsumer<(K, V)>>(self, consumer: C) -> C::Result {
        bridge_unindexed(self, consumer)
    }
}

impl<K: Key, V: Clone + Send + Sync, A: BlockArena> ParallelIterator for ClonedParRange<'_, K, V, A> {
    type Item = (K, V);
    fn drive_unindexed<C: UnindexedConsumer<(K, V)>>(self, consumer: C) -> C::Result {
        bridge_unindexed(self, consumer)
    }
}

impl<K: Key, A: BlockArena> ParallelIterator for ParSetRange<'_, K, A> {
    type Item = K;
    fn drive_unindexed<C: UnindexedConsumer<K>>(self, consumer: C) -> C::Result {
        self.0.map(|(key, ())| key).drive_unindexed(consumer)
    }
}

impl<'a, K: Key, V: Copy + Send + Sync, A: BlockArena> IntoParallelIterator for &'a BSkipMap<K, V, A> {
    type Item = (K, V);
    type Iter = ParRange<'a, K, V, A>;
    fn into_par_iter(self) -> Self::Iter {
        self.par_range(..)
    }
}

impl<'a, K: Key, A: BlockArena> IntoParallelIterator for &'a BSkipSet<K, A> {
    type Item = K;
    type Iter = ParSetRange<'a, K, A>;
    fn into_par_iter(self) -> Self::Iter {
        self.par_range(..)
    }
}

macro_rules! common {
    ($($range:ident<$($v:ident)?>)*) => {$(
        impl<K: Key, $($v,)? A: BlockArena> Clone for $range<'_, K, $($v,)? A> {
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }

        impl<K: Key, $($v,)? A: BlockArena> fmt::Debug for $range<'_, K, $($v,)? A> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($range)).finish_non_exhaustive()
            }
        }
    )*};
}
common!(ParRange<V> ClonedParRange<V> ParSetRange<>);
