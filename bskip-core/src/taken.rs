//! Iterators that take pairs out of any of the maps: `into_iter` and its relatives, and `drain`.

use core::fmt;
use core::iter::FusedIterator;

use crate::index::Taking;

/// A map whose pairs can be taken out one by one.
pub trait TakePairs {
    /// The keys that come out.
    type Key;
    /// The values that come out.
    type Value;

    /// Takes out the pair with the least key.
    fn take_first(&mut self, taking: &mut Taking) -> Option<(Self::Key, Self::Value)>;

    /// Takes out the pair with the greatest key.
    fn take_last(&mut self, taking: &mut Taking) -> Option<(Self::Key, Self::Value)>;

    /// The number of pairs.
    fn pairs(&self) -> usize;

    /// Drops all pairs and gives the nodes back.
    fn drop_pairs(&mut self);
}

/// An owning iterator over the pairs of a map of the type `M`, in order, from both ends. `into_iter` returns it.
///
/// When it drops, it drops the pairs that are left.
pub struct IntoIter<M> {
    map: M,
    taking: Taking,
    left: usize,
}

impl<M: TakePairs> IntoIter<M> {
    pub(crate) fn new(map: M) -> Self {
        Self { left: map.pairs(), map, taking: Taking::new() }
    }
}

/// Takes all pairs out of a map of the type `M`, in order, from both ends. `drain` returns it.
pub struct Drain<'a, M: TakePairs> {
    map: &'a mut M,
    taking: Taking,
    left: usize,
}

impl<'a, M: TakePairs> Drain<'a, M> {
    pub(crate) fn new(map: &'a mut M) -> Self {
        Self { left: map.pairs(), map, taking: Taking::new() }
    }
}

impl<M: TakePairs> Drop for Drain<'_, M> {
    fn drop(&mut self) {
        self.map.drop_pairs();
    }
}

macro_rules! taking {
    ($name:ident<$($a:lifetime,)? M>) => {
        impl<M: TakePairs> Iterator for $name<$($a,)? M> {
            type Item = (M::Key, M::Value);

            #[inline]
            fn next(&mut self) -> Option<(M::Key, M::Value)> {
                let pair = self.map.take_first(&mut self.taking)?;
                self.left -= 1;
                Some(pair)
            }

            fn size_hint(&self) -> (usize, Option<usize>) {
                (self.left, Some(self.left))
            }
        }

        impl<M: TakePairs> DoubleEndedIterator for $name<$($a,)? M> {
            #[inline]
            fn next_back(&mut self) -> Option<(M::Key, M::Value)> {
                let pair = self.map.take_last(&mut self.taking)?;
                self.left -= 1;
                Some(pair)
            }
        }

        impl<M: TakePairs> ExactSizeIterator for $name<$($a,)? M> {}
        impl<M: TakePairs> FusedIterator for $name<$($a,)? M> {}

        impl<M: TakePairs> fmt::Debug for $name<$($a,)? M> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("left", &self.left).finish_non_exhaustive()
            }
        }
    };
}
taking!(IntoIter<M>);
taking!(Drain<'_, M>);

/// An owning iterator over the keys of a map of the type `M`, in order, from both ends. `into_keys` returns it.
pub struct IntoKeys<M>(IntoIter<M>);

/// An owning iterator over the values of a map of the type `M`, in the order of their keys, from both ends.
/// `into_values` returns it.
pub struct IntoValues<M>(IntoIter<M>);

macro_rules! column {
    ($name:ident, $item:ident, $place:tt) => {
        impl<M: TakePairs> $name<M> {
            pub(crate) fn new(map: M) -> Self {
                Self(IntoIter::new(map))
            }
        }

        impl<M: TakePairs> Iterator for $name<M> {
            type Item = M::$item;

            #[inline]
            fn next(&mut self) -> Option<M::$item> {
                self.0.next().map(|pair| pair.$place)
            }

            fn size_hint(&self) -> (usize, Option<usize>) {
                self.0.size_hint()
            }
        }

        impl<M: TakePairs> DoubleEndedIterator for $name<M> {
            #[inline]
            fn next_back(&mut self) -> Option<M::$item> {
                self.0.next_back().map(|pair| pair.$place)
            }
        }

        impl<M: TakePairs> ExactSizeIterator for $name<M> {}
        impl<M: TakePairs> FusedIterator for $name<M> {}

        impl<M: TakePairs> fmt::Debug for $name<M> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("left", &self.0.left).finish_non_exhaustive()
            }
        }
    };
}
column!(IntoKeys, Key, 0);
column!(IntoValues, Value, 1);

/// `into_keys`, `into_values` and `drain`, within an `impl` of a map. The examples get a line that makes
/// `map`, and vectors of its keys and of its values.
macro_rules! takes {
    ($make:literal, $keys:literal, $values:literal) => {
        /// The keys in order. The values drop when the iterator comes to their keys or drops. O(n) for all.
        ///
        /// ```
        #[doc = $make]
        #[doc = concat!("assert!(map.into_keys().eq(", $keys, "));")]
        /// ```
        pub fn into_keys(self) -> crate::taken::IntoKeys<Self> {
            crate::taken::IntoKeys::new(self)
        }

        /// The values in the order of their keys. O(n) for all.
        ///
        /// ```
        #[doc = $make]
        #[doc = concat!("assert!(map.into_values().eq(", $values, "));")]
        /// ```
        pub fn into_values(self) -> crate::taken::IntoValues<Self> {
            crate::taken::IntoValues::new(self)
        }

        /// Takes all pairs out, in order, from both ends. The map is empty afterwards, also if the iterator
        /// is dropped early, and can be used again. O(n) for all.
        ///
        /// If the iterator is leaked, the pairs that it has not yielded stay in the map.
        ///
        /// ```
        #[doc = $make]
        /// # let mut map = map;
        #[doc = concat!("assert!(map.drain().rev().map(|pair| pair.0).next() == ", $keys, ".pop());")]
        /// assert!(map.is_empty());
        /// ```
        pub fn drain(&mut self) -> crate::taken::Drain<'_, Self> {
            crate::taken::Drain::new(self)
        }
    };
}
pub(crate) use takes;
