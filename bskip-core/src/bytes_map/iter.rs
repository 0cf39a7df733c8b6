//! Iterators over the pairs of a map of byte strings.

use core::fmt;
use core::iter::FusedIterator;
use core::ops::Bound;

use super::encoded::{Owned, pair};
use crate::arena::{BlockArena, GlobalArena};
use crate::index::{Cloned, Copied, Index};
use crate::iter::Pairs;
use crate::key::{ByteKeys, BytesKey};

/// A double-ended iterator over the pairs of a range, in key order, for values that are `Copy`.
/// [Consistency](crate::BSkipMap#consistency) says what it promises while other threads write.
pub struct BytesRange<'a, K: BytesKey + ?Sized, V, A: BlockArena = GlobalArena>(
    Pairs<'a, ByteKeys, V, A::Pool, Copied>,
    core::marker::PhantomData<fn(&K)>,
);

/// A [`BytesRange`] over values of any `Clone` type; see [`BytesRange::cloned`].
pub struct ClonedBytesRange<'a, K: BytesKey + ?Sized, V, A: BlockArena = GlobalArena>(
    Pairs<'a, ByteKeys, V, A::Pool, Cloned<A::Pool>>,
    core::marker::PhantomData<fn(&K)>,
);

impl<'a, K: BytesKey + ?Sized, V, A: BlockArena> BytesRange<'a, K, V, A> {
    pub(super) fn new(
        index: &'a Index<ByteKeys, V, A::Pool>,
        lower: Bound<Owned>,
        upper: Bound<Owned>,
    ) -> Self {
        Self(Pairs::new(index, lower, upper), core::marker::PhantomData)
    }

    /// The rest of this range, for values that are not `Copy`: each is cloned under its leaf's lock.
    /// `V::clone` [must not use the map](crate::BSkipMap#closures).
    #[must_use]
    pub fn cloned(self) -> ClonedBytesRange<'a, K, V, A> {
        ClonedBytesRange(self.0.cloned(), core::marker::PhantomData)
    }
}

macro_rules! iterator {
    ($range:ident, $bound:ident) => {
        impl<K: BytesKey + ?Sized, V: $bound, A: BlockArena> Iterator for $range<'_, K, V, A> {
            type Item = (K::Owned, V);
            #[inline]
            fn next(&mut self) -> Option<(K::Owned, V)> {
                self.0.next().map(pair::<K, V>)
            }
        }

        impl<K: BytesKey + ?Sized, V: $bound, A: BlockArena> DoubleEndedIterator for $range<'_, K, V, A> {
            #[inline]
            fn next_back(&mut self) -> Option<(K::Owned, V)> {
                self.0.next_back().map(pair::<K, V>)
            }
        }

        impl<K: BytesKey + ?Sized, V: $bound, A: BlockArena> FusedIterator for $range<'_, K, V, A> {}

        impl<K: BytesKey + ?Sized, V, A: BlockArena> fmt::Debug for $range<'_, K, V, A> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($range)).finish_non_exhaustive()
            }
        }
    };
}
iterator!(BytesRange, Copy);
iterator!(ClonedBytesRange, Clone);
