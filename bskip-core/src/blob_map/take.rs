//! Keys alone, values alone, and taking pairs out of a map whose values are byte strings.

use alloc::vec::Vec;
use core::fmt;
use core::iter::{self, FusedIterator};
use core::marker::PhantomData;
use core::ops::Bound;

use super::{BSkipBlobMap, BlobRange};
use crate::arena::{BlockArena, GlobalArena};
use crate::blob::Blob;
use crate::bytes_map::encoded::{decoded, encoded, pair};
use crate::columns::{Values, keys};
use crate::index::{Index, Skipped, Taking};
use crate::iter::Pairs;
use crate::key::{ByteKeys, BytesKey};
use crate::taken::{IntoIter, TakePairs, takes};

keys! {
    /// A double-ended iterator over the keys of a map, in order. [`BSkipBlobMap::keys`] returns it.
    BlobKeys<[K: BytesKey + ?Sized], K>(ByteKeys, Blob) -> K::Owned = |key| decoded::<K>(&key)
}

impl<K: BytesKey + ?Sized, A: BlockArena> TakePairs for BSkipBlobMap<K, A> {
    type Key = K::Owned;
    type Value = Vec<u8>;

    fn take_first(&mut self, taking: &mut Taking) -> Option<(K::Owned, Vec<u8>)> {
        let (key, blob) = self.blobs.index.take_first(taking)?;
        Some(pair::<K, _>((key, self.blobs.taken(blob).to_vec())))
    }

    fn take_last(&mut self, taking: &mut Taking) -> Option<(K::Owned, Vec<u8>)> {
        let (key, blob) = self.blobs.index.take_last(taking)?;
        Some(pair::<K, _>((key, self.blobs.taken(blob).to_vec())))
    }

    fn pairs(&self) -> usize {
        self.len()
    }

    fn drop_pairs(&mut self) {
        self.clear();
    }
}

/// The pairs in order. Each value is a copy, and its cells are free for others. O(n), and O(bytes) for the
/// copies.
impl<K: BytesKey + ?Sized, A: BlockArena> IntoIterator for BSkipBlobMap<K, A> {
    type Item = (K::Owned, Vec<u8>);
    type IntoIter = IntoIter<Self>;

    fn into_iter(self) -> IntoIter<Self> {
        IntoIter::new(self)
    }
}

/// # Columns, and taking pairs out
impl<K: BytesKey + ?Sized, A: BlockArena> BSkipBlobMap<K, A> {
    /// The keys in order, from both ends: as [`BSkipMap::keys`](crate::BSkipMap::keys). Values are not read.
    ///
    /// ```
    /// use bskip_core::BSkipBlobMap;
    ///
    /// let map: BSkipBlobMap<str> = BSkipBlobMap::from([("b", "2"), ("a", "1")]);
    /// assert!(map.keys().eq(["a", "b"]));
    /// ```
    pub fn keys(&self) -> BlobKeys<'_, K, A> {
        BlobKeys::new(&self.blobs.index)
    }

    /// Copies of the values in the order of their keys, from both ends: as [`iter`](Self::iter).
    ///
    /// ```
    /// use bskip_core::BSkipBlobMap;
    ///
    /// let map: BSkipBlobMap<str> = BSkipBlobMap::from([("b", "2"), ("a", "1")]);
    /// assert!(map.values().eq([b"1", b"2"]));
    /// ```
    pub fn values(&self) -> Values<BlobRange<'_, K, A>> {
        Values(self.iter())
    }

    takes!(
        "let map = bskip_core::BSkipBlobMap::<str>::from([(\"b\", \"2\"), (\"a\", \"1\")]);",
        "vec![\"a\".to_string(), \"b\".to_string()]",
        "[b\"1\", b\"2\"]"
    );

    /// Moves the pairs from `key` on into `other`: as [`append`](Self::append) moves them. If `other` has
    /// such a key too, this map's value stays.
    ///
    /// # Panics
    /// If the arena of `other` has no memory. Up to 256 pairs are then dropped; every other pair is in one of
    /// the two maps.
    pub fn split_off_to<Q, B: BlockArena>(&mut self, key: &Q, other: &mut BSkipBlobMap<K, B>)
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        encoded(key, |from| {
            let mut taking = Taking::new();
            other.take_all(&mut iter::from_fn(|| {
                let (key, blob) = self.blobs.index.take_from(&mut taking, from)?;
                Some((key, self.blobs.taken(blob).to_vec()))
            }));
            self.blobs.index.drop_empty_from(from);
        });
    }

    /// Splits the map in two: moves the pairs from `key` on into a new map, which this returns.
    ///
    /// ```
    /// use bskip_core::BSkipBlobMap;
    ///
    /// let mut map: BSkipBlobMap<str> = BSkipBlobMap::from([("a", "1"), ("b", "2"), ("c", "3")]);
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
