//! Operations on two sets of byte strings.

use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::ops::{BitAnd, BitOr, BitXor, Sub};

use super::BSkipBytesSet;
use crate::arena::{BlockArena, GlobalArena};
use crate::bytes_map::encoded::decoded;
use crate::key::{ByteKeys, BytesKey};
use crate::merge::{self, Merge, Wanted};

/// # Two sets
/// As for [`BSkipSet`](crate::BSkipSet#two-sets). Keys are compared by their encodings.
impl<K: BytesKey + ?Sized, A: BlockArena> BSkipBytesSet<K, A> {
    fn merge<'a, B: BlockArena>(
        &'a self,
        other: &'a BSkipBytesSet<K, B>,
        wanted: Wanted,
    ) -> BytesMerged<'a, K, A, B> {
        BytesMerged(Merge::new(self.map.index(), other.map.index(), wanted), PhantomData)
    }

    /// The keys that are in one of the sets or in both, in order.
    pub fn union<'a, B: BlockArena>(&'a self, other: &'a BSkipBytesSet<K, B>) -> BytesMerged<'a, K, A, B> {
        self.merge(other, merge::UNION)
    }

    /// The keys that are in both sets, in order.
    pub fn intersection<'a, B: BlockArena>(
        &'a self,
        other: &'a BSkipBytesSet<K, B>,
    ) -> BytesMerged<'a, K, A, B> {
        self.merge(other, merge::INTERSECTION)
    }

    /// The keys that are in this set and not in `other`, in order.
    pub fn difference<'a, B: BlockArena>(
        &'a self,
        other: &'a BSkipBytesSet<K, B>,
    ) -> BytesMerged<'a, K, A, B> {
        self.merge(other, merge::DIFFERENCE)
    }

    /// The keys that are in exactly one of the sets, in order.
    pub fn symmetric_difference<'a, B: BlockArena>(
        &'a self,
        other: &'a BSkipBytesSet<K, B>,
    ) -> BytesMerged<'a, K, A, B> {
        self.merge(other, merge::SYMMETRIC_DIFFERENCE)
    }

    /// Whether `other` has all keys of this set.
    pub fn is_subset<B: BlockArena>(&self, other: &BSkipBytesSet<K, B>) -> bool {
        self.difference(other).next().is_none()
    }

    /// Whether this set has all keys of `other`.
    pub fn is_superset<B: BlockArena>(&self, other: &BSkipBytesSet<K, B>) -> bool {
        other.is_subset(self)
    }

    /// Whether no key is in both sets.
    pub fn is_disjoint<B: BlockArena>(&self, other: &BSkipBytesSet<K, B>) -> bool {
        self.intersection(other).next().is_none()
    }
}

/// Keys of two sets in order: of [`union`](BSkipBytesSet::union), [`intersection`](BSkipBytesSet::intersection),
/// [`difference`](BSkipBytesSet::difference) and [`symmetric_difference`](BSkipBytesSet::symmetric_difference).
pub struct BytesMerged<'a, K: BytesKey + ?Sized, A: BlockArena = GlobalArena, B: BlockArena = A>(
    Merge<'a, ByteKeys, A::Pool, B::Pool>,
    PhantomData<fn(&K)>,
);

impl<K: BytesKey + ?Sized, A: BlockArena, B: BlockArena> Iterator for BytesMerged<'_, K, A, B> {
    type Item = K::Owned;
    fn next(&mut self) -> Option<K::Owned> {
        self.0.next().map(|key| decoded::<K>(&key))
    }
}

impl<K: BytesKey + ?Sized, A: BlockArena, B: BlockArena> FusedIterator for BytesMerged<'_, K, A, B> {}

impl<K: BytesKey + ?Sized, A: BlockArena, B: BlockArena> fmt::Debug for BytesMerged<'_, K, A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BytesMerged").finish_non_exhaustive()
    }
}

macro_rules! operator {
    ($trait:ident, $operator:ident, $method:ident) => {
        /// A new set, on the global allocator.
        ///
        /// # Panics
        /// If there is no memory.
        impl<K, A, B> $trait<&BSkipBytesSet<K, B>> for &BSkipBytesSet<K, A>
        where
            K: BytesKey<Owned: BytesKey<Form = K::Form>> + ?Sized,
            A: BlockArena,
            B: BlockArena,
        {
            type Output = BSkipBytesSet<K>;
            fn $operator(self, other: &BSkipBytesSet<K, B>) -> BSkipBytesSet<K> {
                let mut set = BSkipBytesSet::new();
                set.extend(self.$method(other));
                set
            }
        }
    };
}
operator!(BitOr, bitor, union);
operator!(BitAnd, bitand, intersection);
operator!(Sub, sub, difference);
operator!(BitXor, bitxor, symmetric_difference);
