//! The pair beside a byte string.

use core::ops::Bound;

use super::BSkipBytesMap;
use super::encoded::{encoded, pair};
use crate::arena::BlockArena;
use crate::index::{Cloned, Copied, Target};
use crate::key::{ByteKeys, BytesKey};

/// The three ways to read the pair beside a key.
macro_rules! beside {
    ($($what:literal, $target:ident, $example:literal: $copied:ident $cloned:ident $with:ident),* $(,)?) => { $(
        #[doc = concat!("The pair with ", $what, ". Linearizable. Expected O(log n). Writes no shared memory.")]
        ///
        /// ```
        /// # let map: bskip_core::BSkipBytesMap<str, u64> = [("b", 1), ("d", 2), ("f", 3)].into_iter().collect();
        #[doc = $example]
        /// ```
        pub fn $copied<Q>(&self, key: &Q) -> Option<(K::Owned, V)>
        where
            Q: BytesKey<Form = K::Form> + ?Sized,
            V: Copy,
        {
            encoded(key, |key| self.index.neighbour::<Copied>(Target::$target(key))).map(pair::<K, V>)
        }

        #[doc = concat!("As [`", stringify!($copied), "`](Self::", stringify!($copied), "), the value cloned")]
        /// under the leaf's lock.
        pub fn $cloned<Q>(&self, key: &Q) -> Option<(K::Owned, V)>
        where
            Q: BytesKey<Form = K::Form> + ?Sized,
            V: Clone,
        {
            encoded(key, |key| self.index.neighbour::<Cloned<A::Pool>>(Target::$target(key))).map(pair::<K, V>)
        }

        #[doc = concat!("Calls `f` with the value of the pair with ", $what, ", under the leaf's")]
        /// lock. Returns the key, and what `f` returned. `f` [must not use the map](crate::BSkipMap#closures).
        pub fn $with<Q, R>(&self, key: &Q, f: impl FnOnce(&V) -> R) -> Option<(K::Owned, R)>
        where
            Q: BytesKey<Form = K::Form> + ?Sized,
        {
            encoded(key, |key| self.index.neighbour_with(Target::$target(key), f)).map(pair::<K, R>)
        }
    )* };
}

/// # The pair beside a key
///
/// These are the methods of [`BSkipMap`](crate::BSkipMap#the-pair-beside-a-key), for borrowed keys.
impl<K: BytesKey + ?Sized, V, A: BlockArena> BSkipBytesMap<K, V, A> {
    beside! {
        "the greatest key at or below `key`", AtOrBelow,
        "assert_eq!((map.floor(\"d\"), map.floor(\"c\")), (Some((\"d\".to_string(), 2)), Some((\"b\".to_string(), 1))));":
        floor floor_cloned floor_with,
        "the least key at or above `key`", AtOrAbove,
        "assert_eq!((map.ceiling(\"d\"), map.ceiling(\"g\")), (Some((\"d\".to_string(), 2)), None));":
        ceiling ceiling_cloned ceiling_with,
        "the greatest key below `key`", Below,
        "assert_eq!((map.lower(\"d\"), map.lower(\"b\")), (Some((\"b\".to_string(), 1)), None));":
        lower lower_cloned lower_with,
        "the least key above `key`", Above,
        "assert_eq!((map.higher(\"d\"), map.higher(\"f\")), (Some((\"f\".to_string(), 3)), None));":
        higher higher_cloned higher_with,
    }

    /// Calls `f` with the value of the least key, under the leaf's lock. Returns the key, and what `f` returned. `f`
    /// [must not use the map](crate::BSkipMap#closures). Linearizable. Expected O(log n).
    pub fn first_key_value_with<R>(&self, f: impl FnOnce(&V) -> R) -> Option<(K::Owned, R)> {
        self.index.neighbour_with(Target::First, f).map(pair::<K, R>)
    }

    /// Calls `f` with the value of the greatest key, under the leaf's lock. Returns the key, and what `f` returned.
    /// `f` [must not use the map](crate::BSkipMap#closures). Linearizable. Expected O(log n).
    pub fn last_key_value_with<R>(&self, f: impl FnOnce(&V) -> R) -> Option<(K::Owned, R)> {
        self.index.neighbour_with(Target::Last, f).map(pair::<K, R>)
    }

    /// The first pair of the range that starts at `bound`: as
    /// [`BSkipMap::lower_bound`](crate::BSkipMap::lower_bound).
    ///
    /// ```
    /// use std::ops::Bound;
    ///
    /// let map: bskip_core::BSkipBytesMap<str, u64> = [("b", 1), ("d", 2)].into_iter().collect();
    /// assert_eq!(map.lower_bound(Bound::Excluded("b")), Some(("d".to_string(), 2)));
    /// ```
    pub fn lower_bound<Q>(&self, bound: Bound<&Q>) -> Option<(K::Owned, V)>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
        V: Copy,
    {
        from(bound, |target| self.index.neighbour::<Copied>(target)).map(pair::<K, V>)
    }

    /// As [`lower_bound`](Self::lower_bound), the value cloned under the leaf's lock.
    pub fn lower_bound_cloned<Q>(&self, bound: Bound<&Q>) -> Option<(K::Owned, V)>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
        V: Clone,
    {
        from(bound, |target| self.index.neighbour::<Cloned<A::Pool>>(target)).map(pair::<K, V>)
    }

    /// The last pair of the range that ends at `bound`: as
    /// [`BSkipMap::upper_bound`](crate::BSkipMap::upper_bound).
    ///
    /// ```
    /// use std::ops::Bound;
    ///
    /// let map: bskip_core::BSkipBytesMap<str, u64> = [("b", 1), ("d", 2)].into_iter().collect();
    /// assert_eq!(map.upper_bound(Bound::Excluded("d")), Some(("b".to_string(), 1)));
    /// ```
    pub fn upper_bound<Q>(&self, bound: Bound<&Q>) -> Option<(K::Owned, V)>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
        V: Copy,
    {
        to(bound, |target| self.index.neighbour::<Copied>(target)).map(pair::<K, V>)
    }

    /// As [`upper_bound`](Self::upper_bound), the value cloned under the leaf's lock.
    pub fn upper_bound_cloned<Q>(&self, bound: Bound<&Q>) -> Option<(K::Owned, V)>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
        V: Clone,
    {
        to(bound, |target| self.index.neighbour::<Cloned<A::Pool>>(target)).map(pair::<K, V>)
    }
}

/// Runs `f` on the place where a range that starts at `bound` begins.
pub(crate) fn from<Q: BytesKey + ?Sized, R>(
    bound: Bound<&Q>,
    f: impl FnOnce(Target<'_, ByteKeys>) -> R,
) -> R {
    match bound {
        Bound::Included(key) => encoded(key, |key| f(Target::AtOrAbove(key))),
        Bound::Excluded(key) => encoded(key, |key| f(Target::Above(key))),
        Bound::Unbounded => f(Target::First),
    }
}

/// Runs `f` on the place where a range that ends at `bound` ends.
pub(crate) fn to<Q: BytesKey + ?Sized, R>(bound: Bound<&Q>, f: impl FnOnce(Target<'_, ByteKeys>) -> R) -> R {
    match bound {
        Bound::Included(key) => encoded(key, |key| f(Target::AtOrBelow(key))),
        Bound::Excluded(key) => encoded(key, |key| f(Target::Below(key))),
        Bound::Unbounded => f(Target::Last),
    }
}
