//! Building maps of byte-string values from sorted pairs: `BlobBulkLoad`, `from_sorted`, `append`, and std's
//! traits for collecting.

use core::cell::Cell;
use core::fmt;

use super::{BSkipBlobMap, failed};
use crate::arena::{AllocError, BlockArena, GlobalArena};
use crate::bytes_map::bulk::{bulk_error, bulk_load, encode};
use crate::bytes_map::encoded::Owned;
use crate::bytes_map::unsorted::Unsorted;
use crate::bytes_map::{BytesBulkError, BytesInsertErrorKind};
use crate::config::Config;
use crate::index::Parts;
use crate::key::BytesKey;

/// Builds a map of byte-string values from sorted pairs, in parts that may come from several threads.
///
/// It does for [`BSkipBlobMap`] what [`BytesBulkLoad`](crate::BytesBulkLoad) does for `BSkipBytesMap`. The
/// encoded keys of each part must strictly ascend, and must not overlap those of another part. The parts may
/// come in any order. Values are whatever lends bytes: `&[u8]`, `&str`, `Vec<u8>`, arrays.
///
/// ```
/// use bskip_core::{BlobBulkLoad, Config, GlobalArena};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let load = BlobBulkLoad::<str>::with_config(GlobalArena::new(), Config::new())?.fill(0.9);
/// load.part((0..5000).map(|i| (format!("user{i:08}"), format!("the value of {i}"))))?;
/// let map = load.finish()?;
/// assert_eq!(map.len(), 5000);
/// assert_eq!(map.get("user00000777"), Some(b"the value of 777".to_vec()));
/// # Ok(())
/// # }
/// ```
pub struct BlobBulkLoad<K: BytesKey + ?Sized, A: BlockArena = GlobalArena> {
    map: BSkipBlobMap<K, A>,
    parts: Parts<Owned>,
}

bulk_load!(BlobBulkLoad<K>, BSkipBlobMap, blobs.index);

impl<K: BytesKey + ?Sized, A: BlockArena> BlobBulkLoad<K, A> {
    /// Takes a part of the pairs: all pairs of the iterator.
    ///
    /// O(n), without a search, and O(bytes) for the copies. Several threads may call this at once.
    ///
    /// # Errors
    /// [`BytesBulkError`] if the keys do not strictly ascend, if a key is refused, or if there is no memory. The
    /// pairs that this call has taken out of the iterator are then dropped, and their memory is free for
    /// other parts. If the iterator was given by reference, later pairs are still in it. Other parts stay.
    ///
    /// # Panics
    /// If the iterator or a key's conversion panics. The pairs that the iterator gave in this call are
    /// dropped.
    pub fn part<Q, V>(&self, pairs: impl IntoIterator<Item = (Q, V)>) -> Result<(), BytesBulkError<K::Owned>>
    where
        Q: BytesKey<Form = K::Form>,
        V: AsRef<[u8]>,
    {
        let refused = Cell::new(None);
        let pairs = encode::<K, Q, V>(pairs, &refused);
        self.map.blobs.load_part::<K, V>(&self.parts, pairs, &refused)
    }
}

impl<K: BytesKey + ?Sized> BSkipBlobMap<K> {
    /// A map of pairs whose encoded keys strictly ascend, on the global allocator, with the default
    /// [`Config`] and full nodes. [`BlobBulkLoad`] offers other choices and takes parts from several
    /// threads. If pairs are not sorted, use `collect`.
    ///
    /// O(n), without a search, and O(bytes) for the copies.
    ///
    /// ```
    /// use bskip_core::{BSkipBlobMap, BytesBulkError};
    ///
    /// let map: BSkipBlobMap<str> = BSkipBlobMap::from_sorted([("apple", "red"), ("pear", "green")])?;
    /// assert_eq!(map.get("pear"), Some(b"green".to_vec()));
    ///
    /// let unsorted = BSkipBlobMap::<str>::from_sorted([("b", "1"), ("a", "2")]);
    /// let (key, after) = ("a".to_string(), "b".to_string());
    /// assert_eq!(unsorted.err(), Some(BytesBulkError::NotAscending { key, after }));
    /// # Ok::<(), BytesBulkError<String>>(())
    /// ```
    ///
    /// # Errors
    /// [`BytesBulkError`] if the keys do not strictly ascend, if a key is refused, or if there is no memory. All
    /// pairs that were taken out of the iterator are then dropped.
    pub fn from_sorted<Q, V>(
        pairs: impl IntoIterator<Item = (Q, V)>,
    ) -> Result<Self, BytesBulkError<K::Owned>>
    where
        Q: BytesKey<Form = K::Form>,
        V: AsRef<[u8]>,
    {
        let load = BlobBulkLoad::with_arena(GlobalArena::new())?;
        load.part(pairs)?;
        load.finish()
    }
}

impl<K: BytesKey + ?Sized, A: BlockArena> BSkipBlobMap<K, A> {
    /// Moves all pairs of `other` into this map and leaves `other` empty. If both maps have a key, the value
    /// of `other` stays.
    ///
    /// If all keys of `other` are above this map's, its m pairs are appended without a search, O(m) and
    /// O(bytes). Otherwise they are inserted one by one. Each value is copied to a cell of this map: each map
    /// keeps its arena and its policy.
    ///
    /// ```
    /// use bskip_core::BSkipBlobMap;
    ///
    /// let mut map: BSkipBlobMap<str> = [("a", "1"), ("b", "2")].into_iter().collect();
    /// let mut other: BSkipBlobMap<str> = [("b", "3"), ("c", "4")].into_iter().collect();
    /// map.append(&mut other);
    /// assert!(other.is_empty());
    /// assert!(map.iter().map(|(_, value)| value).eq([b"1", b"3", b"4"]));
    /// ```
    ///
    /// # Panics
    /// If the arena has no memory for a node or a value. One pair is then dropped; every other pair is in one
    /// of the two maps.
    pub fn append(&mut self, other: &mut Self) {
        self.blobs.append(&mut other.blobs).unwrap_or_else(|cause| no_memory(cause));
    }

    pub(super) fn take_all<V: AsRef<[u8]>>(&mut self, pairs: &mut impl Iterator<Item = (Owned, V)>) {
        self.blobs.take_all(pairs).unwrap_or_else(|cause| no_memory(cause));
    }
}

fn no_memory(cause: AllocError) -> ! {
    failed("try_insert", &BytesInsertErrorKind::Alloc(cause))
}

/// Sorts the pairs and builds the map from them. If a key comes several times, the last value stays. Sorting
/// takes memory for the keys once more.
///
/// # Panics
/// If there is no memory, or if a key is refused, as [`insert`](BSkipBlobMap::insert) does.
impl<Q, V, K, A> FromIterator<(Q, V)> for BSkipBlobMap<K, A>
where
    Q: BytesKey<Form = K::Form>,
    V: AsRef<[u8]>,
    K: BytesKey + ?Sized,
    A: BlockArena + Default,
{
    fn from_iter<T: IntoIterator<Item = (Q, V)>>(pairs: T) -> Self {
        let unsorted = Unsorted::of(pairs).unwrap_or_else(|cause| failed("try_insert", &cause));
        let mut map = Self::with_arena(A::default()).unwrap_or_else(|error| panic!("{error}"));
        map.take_all(&mut unsorted.into_sorted());
        map
    }
}

/// Inserts the pairs, and replaces the values of keys that are there. As long as the encoded keys ascend and
/// are above all others, they are appended without a search. It takes 256 pairs out of the iterator at a
/// time.
///
/// # Panics
/// If there is no memory, or if a key is refused, as [`insert`](BSkipBlobMap::insert) does. If a key is
/// refused, the pairs before it are in the map. If there is no memory, or the iterator panics, up to 256 of
/// the pairs that it gave are dropped.
impl<Q, V, K, A> Extend<(Q, V)> for BSkipBlobMap<K, A>
where
    Q: BytesKey<Form = K::Form>,
    V: AsRef<[u8]>,
    K: BytesKey + ?Sized,
    A: BlockArena,
{
    fn extend<T: IntoIterator<Item = (Q, V)>>(&mut self, pairs: T) {
        let refused = Cell::new(None);
        self.take_all(&mut encode::<K, Q, V>(pairs, &refused));
        if let Some(cause) = refused.take() {
            failed("try_insert", &cause);
        }
    }
}
