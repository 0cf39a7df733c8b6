//! Iterators over keys alone and over values alone.

use core::fmt;
use core::iter::FusedIterator;
use core::ops::Bound;

use super::BSkipMap;
use crate::arena::{BlockArena, GlobalArena};
use crate::index::Skipped;
use crate::iter::{ClonedRange, Pairs, Range};
use crate::key::Key;

/// A double-ended iterator over the keys of a map, in order. Of [`BSkipMap::keys`].
pub struct Keys<'a, K: Key, V, A: BlockArena = GlobalArena>(Pairs<'a, K::Words, V, A::Pool, Skipped>);

/// A double-ended iterator over the values of a map, in the order of their keys, for values that are `Copy`. Of
/// [`BSkipMap::values`].
pub struct Values<'a, K: Key, V, A: BlockArena = GlobalArena>(Range<'a, K, V, A>);

/// [`Values`] of any `Clone` type; see [`Values::cloned`].
pub struct ClonedValues<'a, K: Key, V, A: BlockArena = GlobalArena>(ClonedRange<'a, K, V, A>);

impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    /// The keys in order, from both ends. Values are not read, so they need not be `Copy`. Consistency and complexity
    /// are those of [`range`](Self::range).
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map: BSkipMap<u64, String> = [(2, "b".to_string()), (1, "a".to_string())].into_iter().collect();
    /// assert_eq!(map.keys().collect::<Vec<_>>(), [1, 2]);
    /// assert_eq!(map.keys().next_back(), Some(2));
    /// ```
    pub fn keys(&self) -> Keys<'_, K, V, A> {
        Keys(Pairs::new(&self.index, Bound::Unbounded, Bound::Unbounded))
    }

    /// The values in the order of their keys, from both ends. Consistency and complexity are those of
    /// [`range`](Self::range). For values that are not `Copy`, add [`.cloned()`](Values::cloned), or visit them with
    /// [`for_each_with`](Self::for_each_with).
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map: BSkipMap<u64, char> = [(2, 'b'), (1, 'a')].into_iter().collect();
    /// assert_eq!(map.values().collect::<String>(), "ab");
    /// ```
    pub fn values(&self) -> Values<'_, K, V, A> {
        Values(self.iter())
    }
}

impl<'a, K: Key, V, A: BlockArena> Values<'a, K, V, A> {
    /// The rest of the values, for types that are not `Copy`: each is cloned under its leaf's lock. `V::clone`
    /// [must not use the map](BSkipMap#closures).
    ///
    /// ```
    /// let map: bskip_core::BSkipMap<u64, String> = [(1, "a".to_string())].into_iter().collect();
    /// assert_eq!(map.values().cloned().collect::<Vec<_>>(), ["a"]);
    /// ```
    #[must_use]
    pub fn cloned(self) -> ClonedValues<'a, K, V, A> {
        ClonedValues(self.0.cloned())
    }
}

macro_rules! column {
    ($name:ident, $item:ty, $take:expr $(, $bound:ident)?) => {
        impl<K: Key, V $(: $bound)?, A: BlockArena> Iterator for $name<'_, K, V, A> {
            type Item = $item;
            #[inline]
            fn next(&mut self) -> Option<$item> {
                self.0.next().map($take)
            }
        }

        impl<K: Key, V $(: $bound)?, A: BlockArena> DoubleEndedIterator for $name<'_, K, V, A> {
            #[inline]
            fn next_back(&mut self) -> Option<$item> {
                self.0.next_back().map($take)
            }
        }

        impl<K: Key, V $(: $bound)?, A: BlockArena> FusedIterator for $name<'_, K, V, A> {}

        impl<K: Key, V, A: BlockArena> fmt::Debug for $name<'_, K, V, A> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}
column!(Keys, K, |(words, ())| K::from_words(words));
column!(Values, V, |(_, value)| value, Copy);
column!(ClonedValues, V, |(_, value)| value, Clone);
