//! Iterators that take pairs out: `into_iter` and its relatives, and `drain`.

use core::fmt;
use core::iter::FusedIterator;

use super::{BSkipMap, pair};
use crate::arena::{BlockArena, GlobalArena};
use crate::index::Taking;
use crate::iter::Range;
use crate::key::Key;

/// An owning iterator over the pairs of a map, in order, from both ends. Of `into_iter`.
///
/// When it drops, it drops the pairs that are left.
pub struct IntoIter<K: Key, V, A: BlockArena = GlobalArena> {
    map: BSkipMap<K, V, A>,
    taking: Taking,
    left: usize,
}

/// Takes all pairs out of a map, in order, from both ends. Of [`BSkipMap::drain`].
pub struct Drain<'a, K: Key, V, A: BlockArena = GlobalArena> {
    map: &'a mut BSkipMap<K, V, A>,
    taking: Taking,
    left: usize,
}

impl<K: Key, V, A: BlockArena> Drop for Drain<'_, K, V, A> {
    fn drop(&mut self) {
        self.map.clear();
    }
}

/// An owning iterator over the keys of a map, in order. Of [`BSkipMap::into_keys`].
pub struct IntoKeys<K: Key, V, A: BlockArena = GlobalArena>(IntoIter<K, V, A>);

/// An owning iterator over the values of a map, in the order of their keys. Of [`BSkipMap::into_values`].
pub struct IntoValues<K: Key, V, A: BlockArena = GlobalArena>(IntoIter<K, V, A>);

/// The pairs in order, without `Clone`. O(n) for all; the nodes' memory goes back when the iterator drops.
///
/// ```
/// use bskip_core::BSkipMap;
///
/// let map: BSkipMap<u64, String> = [(2, "b".to_string()), (1, "a".to_string())].into_iter().collect();
/// let pairs: Vec<(u64, String)> = map.into_iter().collect();
/// assert_eq!(pairs, [(1, "a".to_string()), (2, "b".to_string())]);
/// ```
impl<K: Key, V, A: BlockArena> IntoIterator for BSkipMap<K, V, A> {
    type Item = (K, V);
    type IntoIter = IntoIter<K, V, A>;

    fn into_iter(self) -> IntoIter<K, V, A> {
        IntoIter { left: self.len(), map: self, taking: Taking::new() }
    }
}

impl<'a, K: Key, V: Copy, A: BlockArena> IntoIterator for &'a BSkipMap<K, V, A> {
    type Item = (K, V);
    type IntoIter = Range<'a, K, V, A>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    /// The keys in order. The values drop when the iterator comes to their keys or drops. O(n) for all.
    ///
    /// ```
    /// let map: bskip_core::BSkipMap<u64, char> = [(2, 'b'), (1, 'a')].into_iter().collect();
    /// assert_eq!(map.into_keys().collect::<Vec<_>>(), [1, 2]);
    /// ```
    pub fn into_keys(self) -> IntoKeys<K, V, A> {
        IntoKeys(self.into_iter())
    }

    /// The values in the order of their keys. O(n) for all.
    ///
    /// ```
    /// let map: bskip_core::BSkipMap<u64, char> = [(2, 'b'), (1, 'a')].into_iter().collect();
    /// assert_eq!(map.into_values().collect::<String>(), "ab");
    /// ```
    pub fn into_values(self) -> IntoValues<K, V, A> {
        IntoValues(self.into_iter())
    }

    /// Takes all pairs out, in order, from both ends. The map is empty afterwards, also if the iterator is dropped
    /// early, and can be used again. O(n) for all.
    ///
    /// If the iterator is leaked, the pairs that it has not yielded stay in the map.
    ///
    /// ```
    /// let mut map: bskip_core::BSkipMap<u64, char> = [(1, 'a'), (2, 'b'), (3, 'c')].into_iter().collect();
    /// assert_eq!(map.drain().next_back(), Some((3, 'c')));
    /// assert!(map.is_empty());
    /// ```
    pub fn drain(&mut self) -> Drain<'_, K, V, A> {
        Drain { left: self.len(), map: self, taking: Taking::new() }
    }
}

macro_rules! taking {
    ($name:ident $(<$a:lifetime>)?) => {
        impl<K: Key, V, A: BlockArena> Iterator for $name<$($a,)? K, V, A> {
            type Item = (K, V);

            #[inline]
            fn next(&mut self) -> Option<(K, V)> {
                let taken = self.map.index.take_first(&mut self.taking)?;
                self.left -= 1;
                pair(Some(taken))
            }

            fn size_hint(&self) -> (usize, Option<usize>) {
                (self.left, Some(self.left))
            }
        }

        impl<K: Key, V, A: BlockArena> DoubleEndedIterator for $name<$($a,)? K, V, A> {
            #[inline]
            fn next_back(&mut self) -> Option<(K, V)> {
                let taken = self.map.index.take_last(&mut self.taking)?;
                self.left -= 1;
                pair(Some(taken))
            }
        }

        impl<K: Key, V, A: BlockArena> ExactSizeIterator for $name<$($a,)? K, V, A> {}
        impl<K: Key, V, A: BlockArena> FusedIterator for $name<$($a,)? K, V, A> {}

        impl<K: Key, V, A: BlockArena> fmt::Debug for $name<$($a,)? K, V, A> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("left", &self.left).finish_non_exhaustive()
            }
        }
    };
}
taking!(IntoIter);
taking!(Drain<'_>);

macro_rules! column {
    ($name:ident, $item:ident, $place:tt) => {
        impl<K: Key, V, A: BlockArena> Iterator for $name<K, V, A> {
            type Item = $item;

            #[inline]
            fn next(&mut self) -> Option<$item> {
                self.0.next().map(|pair| pair.$place)
            }

            fn size_hint(&self) -> (usize, Option<usize>) {
                self.0.size_hint()
            }
        }

        impl<K: Key, V, A: BlockArena> DoubleEndedIterator for $name<K, V, A> {
            #[inline]
            fn next_back(&mut self) -> Option<$item> {
                self.0.next_back().map(|pair| pair.$place)
            }
        }

        impl<K: Key, V, A: BlockArena> ExactSizeIterator for $name<K, V, A> {}
        impl<K: Key, V, A: BlockArena> FusedIterator for $name<K, V, A> {}

        impl<K: Key, V, A: BlockArena> fmt::Debug for $name<K, V, A> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("left", &self.0.left).finish_non_exhaustive()
            }
        }
    };
}
column!(IntoKeys, K, 0);
column!(IntoValues, V, 1);
