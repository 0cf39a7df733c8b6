//! Keys alone, values alone, and taking pairs out of a map of byte strings.

use core::fmt;
use core::iter::{self, FusedIterator};
use core::marker::PhantomData;
use core::ops::Bound;

use super::encoded::{decoded, encoded, pair};
use super::{BSkipBytesMap, BytesRange, ClonedBytesRange};
use crate::arena::{BlockArena, GlobalArena};
use crate::columns::{Values, keys};
use crate::index::{Index, Skipped, Taking};
use crate::iter::Pairs;
use crate::key::{ByteKeys, BytesKey};
use crate::taken::{IntoIter, TakePairs, takes};

keys! {
    /// A double-ended iterator over the keys of a map of byte strings, in order. [`BSkipBytesMap::keys`] returns it.
    BytesKeys<[K: BytesKey + ?Sized, V], K, V>(ByteKeys, V) -> K::Owned = |key| decoded::<K>(&key)
}

impl<K: BytesKey + ?Sized, V, A: BlockArena> TakePairs for BSkipBytesMap<K, V, A> {
    type Key = K::Owned;
    type Value = V;

    fn take_first(&mut self, taking: &mut Taking) -> Option<(K::Owned, V)> {
        self.index.take_first(taking).map(pair::<K, V>)
    }

    fn take_last(&mut self, taking: &mut Taking) -> Option<(K::Owned, V)> {
        self.index.take_last(taking).map(pair::<K, V>)
    }

    fn pairs(&self) -> usize {
        self.len()
    }

    fn drop_pairs(&mut self) {
        self.clear();
    }
}

/// The pairs in order, without `Clone`: as of [`BSkipMap`](crate::BSkipMap).
impl<K: BytesKey + ?Sized, V, A: BlockArena> IntoIterator for BSkipBytesMap<K, V, A> {
    type Item = (K::Owned, V);
    type IntoIter = IntoIter<Self>;

    fn into_iter(self) -> IntoIter<Self> {
        IntoIter::new(self)
    }
}

/// # Columns, and taking pairs out
impl<K: BytesKey + ?Sized, V, A: BlockArena> BSkipBytesMap<K, V, A> {
    /// The keys in order, from both ends: as [`BSkipMap::keys`](crate::BSkipMap::keys).
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    ///
    /// let map: BSkipBytesMap<str, u64> = BSkipBytesMap::from([("b", 2), ("a", 1)]);
    /// assert!(map.keys().eq(["a", "b"]));
    /// ```
    pub fn keys(&self) -> BytesKeys<'_, K, V, A> {
        BytesKeys::new(&self.index)
    }

    /// The values in the order of their keys, from both ends: as
    /// [`BSkipMap::values`](crate::BSkipMap::values).
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    ///
    /// let map: BSkipBytesMap<str, u64> = BSkipBytesMap::from([("b", 2), ("a", 1)]);
    /// assert!(map.values().eq([1, 2]));
    /// ```
    pub fn values(&self) -> Values<BytesRange<'_, K, V, A>> {
        Values(self.iter())
    }

    takes!(
        "let map = bskip_core::BSkipBytesMap::<str, u64>::from([(\"b\", 2), (\"a\", 1)]);",
        "vec![\"a\".to_string(), \"b\".to_string()]",
        "[1, 2]"
    );

    /// Moves the pairs from `key` on into `other`: as
    /// [`BSkipMap::split_off_to`](crate::BSkipMap::split_off_to).
    ///
    /// # Panics
    /// If the arena of `other` has no memory. One pair is then dropped; every other pair is in one of the two
    /// maps.
    pub fn split_off_to<Q, B: BlockArena>(&mut self, key: &Q, other: &mut BSkipBytesMap<K, V, B>)
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        encoded(key, |from| {
            let mut taking = Taking::new();
            other.take_all(&mut iter::from_fn(|| self.index.take_from(&mut taking, from)));
            self.index.drop_empty_from(from);
        });
    }

    /// Splits the map in two: moves the pairs from `key` on into a new map, which this returns. As
    /// [`BSkipMap::split_off`](crate::BSkipMap::split_off).
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    ///
    /// let mut map: BSkipBytesMap<str, u64> = BSkipBytesMap::from([("a", 1), ("b", 2), ("c", 3)]);
    /// let upper = map.split_off("b");
    /// assert!(map.keys().eq(["a"]) && upper.keys().eq(["b", "c"]));
    /// ```
    ///
    /// # Panics
    /// As [`split_off_to`](Self::split_off_to), and if there is no memory for an empty map.
    #[must_use = "the pairs are in the new map"]
    pub fn split_off<Q>(&mut self, key: &Q) -> Self
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
        A: Default,
    {
        let mut other = Self::with_arena(A::default()).unwrap_or_else(|error| panic!("{error}"));
        self.split_off_to(key, &mut other);
        other
    }
}

impl<'a, K: BytesKey + ?Sized, V, A: BlockArena> Values<BytesRange<'a, K, V, A>> {
    /// The rest of the values, for types that are not `Copy`: each is cloned under its leaf's lock.
    /// `V::clone` [must not use the map](crate::BSkipMap#closures).
    #[must_use]
    pub fn cloned(self) -> Values<ClonedBytesRange<'a, K, V, A>> {
        Values(self.0.cloned())
    }
}
