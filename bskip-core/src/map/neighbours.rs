//! The pair beside a key.

use core::ops::Bound;

use super::{BSkipMap, pair};
use crate::arena::BlockArena;
use crate::index::{Cloned, Copied, Target};
use crate::key::Key;

/// The three ways to read the pair beside a place.
macro_rules! beside {
    ($($what:literal, $target:ident, $example:literal: $copied:ident $cloned:ident $with:ident),* $(,)?) => { $(
        #[doc = concat!("The pair with ", $what, ". Linearizable. Expected O(log n). Writes no shared memory.")]
        ///
        /// ```
        /// # let map: bskip_core::BSkipMap<u64, char> = [(10, 'a'), (20, 'b'), (30, 'c')].into_iter().collect();
        #[doc = $example]
        /// ```
        pub fn $copied(&self, key: &K) -> Option<(K, V)>
        where
            V: Copy,
        {
            pair(self.index.neighbour::<Copied>(Target::$target(key.to_words())))
        }

        #[doc = concat!("As [`", stringify!($copied), "`](Self::", stringify!($copied), "), the value cloned")]
        /// under the leaf's lock.
        ///
        /// ```
        /// # let map: bskip_core::BSkipMap<u64, String> = [(10, "a".to_string())].into_iter().collect();
        #[doc = concat!("assert_eq!(map.", stringify!($cloned), "(&15), map.", stringify!($cloned), "(&15));")]
        /// ```
        pub fn $cloned(&self, key: &K) -> Option<(K, V)>
        where
            V: Clone,
        {
            pair(self.index.neighbour::<Cloned<A::Pool>>(Target::$target(key.to_words())))
        }

        #[doc = concat!("Calls `f` with the value of the pair with ", $what, ", under the leaf's")]
        /// lock. Returns the key, and what `f` returned. `f` [must not use the map](Self#closures).
        ///
        /// ```
        /// # let map: bskip_core::BSkipMap<u64, Vec<u8>> = [(10, vec![1]), (20, vec![])].into_iter().collect();
        #[doc = concat!("let found = map.", stringify!($with), "(&15, |value| value.len());")]
        /// assert!(found == Some((10, 1)) || found == Some((20, 0)));
        /// ```
        pub fn $with<R>(&self, key: &K, f: impl FnOnce(&V) -> R) -> Option<(K, R)> {
            pair(self.index.neighbour_with(Target::$target(key.to_words()), f))
        }
    )* };
}

/// # The pair beside a key
///
/// | | at the key too | only beside it | by a [`Bound`] |
/// | --- | --- | --- | --- |
/// | the greatest pair below | [`floor`](Self::floor) | [`lower`](Self::lower) | [`upper_bound`](Self::upper_bound) |
/// | the least pair above | [`ceiling`](Self::ceiling) | [`higher`](Self::higher) | [`lower_bound`](Self::lower_bound) |
///
/// The names of the first two columns are those of Java's `NavigableMap`. The last column is crossbeam's: the
/// *lower bound* of a range is where it starts. To go on from a pair to the next ones, use a
/// [cursor](Self::cursor).
impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    beside! {
        "the greatest key at or below `key`", AtOrBelow,
        "assert_eq!((map.floor(&20), map.floor(&19), map.floor(&9)), (Some((20, 'b')), Some((10, 'a')), None));":
        floor floor_cloned floor_with,
        "the least key at or above `key`", AtOrAbove,
        "assert_eq!((map.ceiling(&20), map.ceiling(&21), map.ceiling(&31)), (Some((20, 'b')), Some((30, 'c')), None));":
        ceiling ceiling_cloned ceiling_with,
        "the greatest key below `key`", Below,
        "assert_eq!((map.lower(&20), map.lower(&10)), (Some((10, 'a')), None));":
        lower lower_cloned lower_with,
        "the least key above `key`", Above,
        "assert_eq!((map.higher(&20), map.higher(&30)), (Some((30, 'c')), None));":
        higher higher_cloned higher_with,
    }

    /// The first pair of the range that starts at `bound`: crossbeam's `lower_bound`. Linearizable. Expected
    /// O(log n). Writes no shared memory.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    /// use std::ops::Bound;
    ///
    /// let map: BSkipMap<u64, char> = [(10, 'a'), (20, 'b')].into_iter().collect();
    /// assert_eq!(map.lower_bound(Bound::Included(&10)), Some((10, 'a')));
    /// assert_eq!(map.lower_bound(Bound::Excluded(&10)), Some((20, 'b')));
    /// assert_eq!(map.lower_bound(Bound::Unbounded), Some((10, 'a')));
    /// ```
    pub fn lower_bound(&self, bound: Bound<&K>) -> Option<(K, V)>
    where
        V: Copy,
    {
        pair(self.index.neighbour::<Copied>(from(bound)))
    }

    /// As [`lower_bound`](Self::lower_bound), the value cloned under the leaf's lock.
    ///
    /// ```
    /// # use std::ops::Bound;
    /// let map: bskip_core::BSkipMap<u64, String> = [(10, "a".to_string())].into_iter().collect();
    /// assert_eq!(map.lower_bound_cloned(Bound::Unbounded), Some((10, "a".to_string())));
    /// ```
    pub fn lower_bound_cloned(&self, bound: Bound<&K>) -> Option<(K, V)>
    where
        V: Clone,
    {
        pair(self.index.neighbour::<Cloned<A::Pool>>(from(bound)))
    }

    /// The last pair of the range that ends at `bound`: crossbeam's `upper_bound`. Linearizable. Expected O(log n).
    /// Writes no shared memory.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    /// use std::ops::Bound;
    ///
    /// let map: BSkipMap<u64, char> = [(10, 'a'), (20, 'b')].into_iter().collect();
    /// assert_eq!(map.upper_bound(Bound::Included(&20)), Some((20, 'b')));
    /// assert_eq!(map.upper_bound(Bound::Excluded(&20)), Some((10, 'a')));
    /// assert_eq!(map.upper_bound(Bound::Unbounded), Some((20, 'b')));
    /// ```
    pub fn upper_bound(&self, bound: Bound<&K>) -> Option<(K, V)>
    where
        V: Copy,
    {
        pair(self.index.neighbour::<Copied>(to(bound)))
    }

    /// As [`upper_bound`](Self::upper_bound), the value cloned under the leaf's lock.
    ///
    /// ```
    /// # use std::ops::Bound;
    /// let map: bskip_core::BSkipMap<u64, String> = [(10, "a".to_string())].into_iter().collect();
    /// assert_eq!(map.upper_bound_cloned(Bound::Excluded(&10)), None);
    /// ```
    pub fn upper_bound_cloned(&self, bound: Bound<&K>) -> Option<(K, V)>
    where
        V: Clone,
    {
        pair(self.index.neighbour::<Cloned<A::Pool>>(to(bound)))
    }

    /// Calls `f` with the value of the least key, under the leaf's lock. Returns the key, and what `f` returned. `f`
    /// [must not use the map](Self#closures). Linearizable. Expected O(log n).
    ///
    /// ```
    /// let map: bskip_core::BSkipMap<u64, Vec<u8>> = [(10, vec![1]), (20, vec![])].into_iter().collect();
    /// assert_eq!(map.first_key_value_with(|value| value.len()), Some((10, 1)));
    /// ```
    pub fn first_key_value_with<R>(&self, f: impl FnOnce(&V) -> R) -> Option<(K, R)> {
        pair(self.index.neighbour_with(Target::First, f))
    }

    /// Calls `f` with the value of the greatest key, under the leaf's lock. Returns the key, and what `f` returned.
    /// `f` [must not use the map](Self#closures). Linearizable. Expected O(log n).
    ///
    /// ```
    /// let map: bskip_core::BSkipMap<u64, Vec<u8>> = [(10, vec![1]), (20, vec![])].into_iter().collect();
    /// assert_eq!(map.last_key_value_with(|value| value.len()), Some((20, 0)));
    /// ```
    pub fn last_key_value_with<R>(&self, f: impl FnOnce(&V) -> R) -> Option<(K, R)> {
        pair(self.index.neighbour_with(Target::Last, f))
    }
}

fn from<K: Key>(bound: Bound<&K>) -> Target<'static, K::Words> {
    match bound {
        Bound::Included(key) => Target::AtOrAbove(key.to_words()),
        Bound::Excluded(key) => Target::Above(key.to_words()),
        Bound::Unbounded => Target::First,
    }
}

fn to<K: Key>(bound: Bound<&K>) -> Target<'static, K::Words> {
    match bound {
        Bound::Included(key) => Target::AtOrBelow(key.to_words()),
        Bound::Excluded(key) => Target::Below(key.to_words()),
        Bound::Unbounded => Target::Last,
    }
}
