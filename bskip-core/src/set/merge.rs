//! Operations on two sets.

use core::fmt;
use core::iter::FusedIterator;
use core::ops::{BitAnd, BitOr, BitXor, Sub};

use super::BSkipSet;
use crate::arena::{BlockArena, GlobalArena};
use crate::key::Key;
use crate::merge::{self, Merge, Wanted};

/// # Two sets
/// Both sets are read in order, side by side, as [`iter`](Self::iter) reads: O(n + m), and no snapshot of either
/// while other threads write. Where a long part of one set is not wanted, it is skipped by a search. So the
/// intersection of a small set and a large one does not read all of the large one. The sets may be in different
/// arenas.
///
/// ```
/// use bskip_core::BSkipSet;
///
/// let (odd, prime) = (BSkipSet::from([1, 3, 5, 7]), BSkipSet::from([2, 3, 5, 7]));
/// assert!(odd.union(&prime).eq([1, 2, 3, 5, 7]));
/// assert!(odd.intersection(&prime).eq([3, 5, 7]));
/// assert!(odd.difference(&prime).eq([1]));
/// assert!(odd.symmetric_difference(&prime).eq([1, 2]));
/// assert!(!odd.is_subset(&prime) && !odd.is_disjoint(&prime));
/// assert_eq!(&odd & &prime, BSkipSet::from([3, 5, 7]));
/// ```
impl<K: Key, A: BlockArena> BSkipSet<K, A> {
    fn merge<'a, B: BlockArena>(&'a self, other: &'a BSkipSet<K, B>, wanted: Wanted) -> Merged<'a, K, A, B> {
        Merged(Merge::new(self.map.index(), other.map.index(), wanted))
    }

    /// The keys that are in one of the sets or in both, in order.
    pub fn union<'a, B: BlockArena>(&'a self, other: &'a BSkipSet<K, B>) -> Merged<'a, K, A, B> {
        self.merge(other, merge::UNION)
    }

    /// The keys that are in both sets, in order.
    pub fn intersection<'a, B: BlockArena>(&'a self, other: &'a BSkipSet<K, B>) -> Merged<'a, K, A, B> {
        self.merge(other, merge::INTERSECTION)
    }

    /// The keys that are in this set and not in `other`, in order.
    pub fn difference<'a, B: BlockArena>(&'a self, other: &'a BSkipSet<K, B>) -> Merged<'a, K, A, B> {
        self.merge(other, merge::DIFFERENCE)
    }

    /// The keys that are in exactly one of the sets, in order.
    pub fn symmetric_difference<'a, B: BlockArena>(
        &'a self,
        other: &'a BSkipSet<K, B>,
    ) -> Merged<'a, K, A, B> {
        self.merge(other, merge::SYMMETRIC_DIFFERENCE)
    }

    /// Whether `other` has all keys of this set.
    pub fn is_subset<B: BlockArena>(&self, other: &BSkipSet<K, B>) -> bool {
        self.difference(other).next().is_none()
    }

    /// Whether this set has all keys of `other`.
    pub fn is_superset<B: BlockArena>(&self, other: &BSkipSet<K, B>) -> bool {
        other.is_subset(self)
    }

    /// Whether no key is in both sets.
    pub fn is_disjoint<B: BlockArena>(&self, other: &BSkipSet<K, B>) -> bool {
        self.intersection(other).next().is_none()
    }
}

/// Keys of two sets in order: of [`union`](BSkipSet::union), [`intersection`](BSkipSet::intersection),
/// [`difference`](BSkipSet::difference) and [`symmetric_difference`](BSkipSet::symmetric_difference).
pub struct Merged<'a, K: Key, A: BlockArena = GlobalArena, B: BlockArena = A>(
    Merge<'a, K::Words, A::Pool, B::Pool>,
);

impl<K: Key, A: BlockArena, B: BlockArena> Iterator for Merged<'_, K, A, B> {
    type Item = K;
    fn next(&mut self) -> Option<K> {
        self.0.next().map(K::from_words)
    }
}

impl<K: Key, A: BlockArena, B: BlockArena> FusedIterator for Merged<'_, K, A, B> {}

impl<K: Key, A: BlockArena, B: BlockArena> fmt::Debug for Merged<'_, K, A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Merged").finish_non_exhaustive()
    }
}

macro_rules! operator {
    ($trait:ident, $operator:ident, $method:ident) => {
        /// A new set, on the global allocator.
        ///
        /// # Panics
        /// If there is no memory.
        impl<K: Key, A: BlockArena, B: BlockArena> $trait<&BSkipSet<K, B>> for &BSkipSet<K, A> {
            type Output = BSkipSet<K>;
            fn $operator(self, other: &BSkipSet<K, B>) -> BSkipSet<K> {
                let mut set = BSkipSet::new();
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
