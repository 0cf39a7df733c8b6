//! The public map whose values are byte strings, and its contract. The operations are in `blobs` and `index`.

mod batch;
mod blobs;
mod bulk;
mod chunks;
mod cursor;
mod estimate;
mod iter;
#[cfg(not(loom))]
mod lazy;
mod load;
mod maintain;
mod neighbours;
mod take;
#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;
mod traits;

use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Bound, ControlFlow, RangeBounds};

use crate::arena::{AllocError, BlockArena, GlobalArena, PoolUsage};
use crate::blob::{Blob, Short};
use crate::bytes_map::BytesInsertErrorKind;
use crate::bytes_map::encoded::{Owned, bounds, encoded, encoded_key, pair};
use crate::config::Config;
use crate::index::{End, Existing, Index, Target};
use crate::key::{ByteKeys, BytesKey, KeyBuffer, KeyKind};

use blobs::{Blobs, Taken};

pub use bulk::BlobBulkLoad;
pub use chunks::BlobChunk;
pub use cursor::{BlobCursor, OwnedBlobCursor};
pub use iter::BlobRange;
pub use take::BlobKeys;

/// A concurrent ordered map from byte-string keys to byte-string values of any length.
///
/// [`BSkipBytesMap`](crate::BSkipBytesMap) is the same map for values of a Rust type. Everything that it says
/// about keys holds here, too. The values are copied in and out as bytes, so readers need no lock, whatever
/// the values' lengths.
///
/// ```
/// use bskip_core::BSkipBlobMap;
///
/// let map: BSkipBlobMap<str> = BSkipBlobMap::new();
/// map.insert("apple", b"red");
/// map.insert("banana", b"yellow, and in the end brown");
/// assert_eq!(map.get("apple").as_deref(), Some(b"red".as_slice()));
///
/// // Without an allocation for the value:
/// assert_eq!(map.get_with("banana", |value| value.len()), Some(28));
/// let mut buffer = Vec::new();
/// assert!(map.get_into("banana", &mut buffer));
/// assert!(buffer.starts_with(b"yellow"));
///
/// map.insert("apple", b"green");
/// assert_eq!(map.update("apple", |value| value.extend_from_slice(b" or red")), Some(()));
/// assert_eq!(map.take("apple"), Some(b"green or red".to_vec()));
/// assert!(!map.contains_key("apple"));
/// ```
///
/// # What methods return
/// A copy of the old value costs an allocation. So [`insert`](Self::insert) and [`remove`](Self::remove)
/// return only whether they inserted or removed a key, as those of std's sets do. [`replace`](Self::replace)
/// and [`take`](Self::take) also return the old value.
///
/// # Values
/// A value of at most 7 bytes is in the leaf. A longer one is in cells outside of the leaf: one of 32 bytes
/// up to 2 KiB with room for it and 16 bytes more, or several for a value of more than 2032 bytes. A thread
/// that overwrites or removes a value frees its cells at once, and other values may take them.
///
/// A reader copies the value, then checks that its leaf has not changed since. If it has changed 16 times in
/// a row, the reader locks the leaf for a moment, so that the value's cells stay until it has copied them.
/// Otherwise it writes no shared memory. `first_key_value` and `last_key_value` never lock: they try until
/// they succeed.
///
/// # Memory
/// Cells come in blocks of 8 KiB from a pool of the map's arena. The map gives these blocks back only when it
/// drops. [`usage`](Self::usage) counts nodes and cells. Together the cells of all values take at most 128
/// GiB.
pub struct BSkipBlobMap<K: BytesKey + ?Sized, A: BlockArena = GlobalArena> {
    blobs: Blobs<A::Pool>,
    arena: A,
    _keys: PhantomData<fn(&K)>,
}

impl<K: BytesKey + ?Sized> BSkipBlobMap<K> {
    /// An empty map on the global allocator, with the default [`Config`].
    ///
    /// # Panics
    /// If there is no memory for the first leaf. [`with_arena`](Self::with_arena) returns an error instead.
    #[must_use]
    pub fn new() -> Self {
        Self::with_arena(GlobalArena::new()).unwrap_or_else(|error| panic!("{error}"))
    }
}

impl<K: BytesKey + ?Sized> Default for BSkipBlobMap<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: BytesKey + ?Sized, A: BlockArena> BSkipBlobMap<K, A> {
    /// The most bytes of an encoded key.
    pub const MAX_KEY_BYTES: usize = ByteKeys::MAX_BYTES;

    /// An empty map in `arena`, with the default [`Config`].
    ///
    /// # Errors
    /// [`AllocError`] if the arena has no room for the first leaf.
    pub fn with_arena(arena: A) -> Result<Self, AllocError> {
        Self::with_config(arena, Config::new())
    }

    /// An empty map in `arena`.
    ///
    /// # Errors
    /// [`AllocError`] if the arena has no room for the first leaf, or if there is no memory for the counter of a
    /// `counted` map.
    pub fn with_config(arena: A, config: Config) -> Result<Self, AllocError> {
        Ok(Self { blobs: Blobs::new(&arena, &config)?, arena, _keys: PhantomData })
    }

    /// The engine, for what is only about keys.
    pub(crate) fn index(&self) -> &Index<ByteKeys, Blob, A::Pool> {
        &self.blobs.index
    }

    /// The arena, for instance to ask it for statistics.
    #[must_use]
    pub fn arena(&self) -> &A {
        &self.arena
    }

    /// The blocks and bytes of this map's nodes and of its values' cells. A cell counts as a block here.
    #[must_use]
    pub fn usage(&self) -> PoolUsage {
        self.blobs.index.usage().plus(self.blobs.cells_usage())
    }

    /// The cells of the values: how many are in use, their bytes, and the bytes of all cells.
    #[must_use]
    pub fn cells_usage(&self) -> PoolUsage {
        self.blobs.cells_usage()
    }

    /// Inserts the pair, and returns what `done` makes of the value that did not stay.
    fn insert_as<Q, R>(
        &self,
        key: &Q,
        value: &[u8],
        existing: Existing,
        done: impl FnOnce(Option<Taken<'_, A::Pool>>) -> R,
    ) -> Result<R, BytesInsertErrorKind>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        let insert = |key: &[u8]| self.blobs.insert(key, value, existing).map(done);
        encoded_key(key, &mut KeyBuffer::new(), insert)?.map_err(BytesInsertErrorKind::Alloc)
    }

    /// Inserts the pair. If the key is there, replaces its value. Returns whether the key is new. Expected
    /// O(log n), and O(bytes) for the copy.
    ///
    /// # Panics
    /// If the arena has no memory for the value or for a node, or the key is
    /// [too long](crate::BSkipBytesMap#limits). [`try_insert`](Self::try_insert) returns an error instead.
    pub fn insert<Q>(&self, key: &Q, value: &[u8]) -> bool
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        self.try_insert(key, value).unwrap_or_else(|error| failed("try_insert", &error))
    }

    /// As [`insert`](Self::insert), but returns an error if there is no memory. Replacing a value needs
    /// memory, too: the new value is stored before the old one is freed.
    ///
    /// # Errors
    /// [`BytesInsertErrorKind`]. The map is unchanged.
    pub fn try_insert<Q>(&self, key: &Q, value: &[u8]) -> Result<bool, BytesInsertErrorKind>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        self.insert_as(key, value, Existing::Replace, |old| old.is_none())
    }

    /// As [`insert`](Self::insert), but returns the old value; `None` if the key is new.
    ///
    /// # Panics
    /// As [`insert`](Self::insert).
    pub fn replace<Q>(&self, key: &Q, value: &[u8]) -> Option<Vec<u8>>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        self.try_replace(key, value).unwrap_or_else(|error| failed("try_replace", &error))
    }

    /// As [`replace`](Self::replace), but returns an error if there is no memory.
    ///
    /// # Errors
    /// [`BytesInsertErrorKind`]. The map is unchanged.
    pub fn try_replace<Q>(&self, key: &Q, value: &[u8]) -> Result<Option<Vec<u8>>, BytesInsertErrorKind>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        self.insert_as(key, value, Existing::Replace, |old| old.map(|old| old.to_vec()))
    }

    /// Inserts the pair if the key is not there, and returns whether it did. Expected O(log n).
    ///
    /// # Panics
    /// As [`insert`](Self::insert).
    pub fn insert_if_absent<Q>(&self, key: &Q, value: &[u8]) -> bool
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        let inserted = self.try_insert_if_absent(key, value);
        inserted.unwrap_or_else(|error| failed("try_insert_if_absent", &error))
    }

    /// As [`insert_if_absent`](Self::insert_if_absent), but returns an error if there is no memory.
    ///
    /// # Errors
    /// [`BytesInsertErrorKind`]. The map is unchanged.
    pub fn try_insert_if_absent<Q>(&self, key: &Q, value: &[u8]) -> Result<bool, BytesInsertErrorKind>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        // If the key is there, the value need not be stored.
        if self.contains_key(key) {
            return Ok(false);
        }
        self.insert_as(key, value, Existing::Keep, |refused| refused.is_none())
    }

    /// A copy of the value of `key`. Expected O(log n), and O(bytes) for the copy.
    #[must_use]
    pub fn get<Q>(&self, key: &Q) -> Option<Vec<u8>>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        let mut value = Vec::new();
        self.get_into(key, &mut value).then_some(value)
    }

    /// Makes `value` a copy of the value of `key`, and returns true. If the key is not there, makes `value`
    /// empty and returns false. Allocates only if `value` has not enough room.
    pub fn get_into<Q>(&self, key: &Q, value: &mut Vec<u8>) -> bool
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        let found = encoded(key, |key| self.blobs.read(key, value));
        if !found {
            value.clear();
        }
        found
    }

    /// Calls `f` with a copy of the value of `key`, and returns its result; `None` if the key is not there.
    /// The copy is on the stack if it has at most 256 bytes. `f` runs without a lock and may use the map.
    pub fn get_with<Q, R>(&self, key: &Q, f: impl FnOnce(&[u8]) -> R) -> Option<R>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        let mut value = Short::new();
        encoded(key, |key| self.blobs.read(key, &mut value)).then(|| f(value.bytes()))
    }

    /// Whether `key` is there. Expected O(log n). Writes no shared memory.
    #[must_use]
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        encoded(key, |key| self.blobs.index.contains(key))
    }

    /// Removes `key`. Returns whether it was there. Expected O(log n).
    pub fn remove<Q>(&self, key: &Q) -> bool
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        encoded(key, |key| self.blobs.remove(key).is_some())
    }

    /// Removes `key` and returns its value. Expected O(log n), and O(bytes) for the copy.
    pub fn take<Q>(&self, key: &Q) -> Option<Vec<u8>>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        encoded(key, |key| self.blobs.remove(key).map(|value| value.to_vec()))
    }

    /// Calls `f` with a copy of the value of `key`, stores what `f` leaves there, and returns the result of
    /// `f`; `None` if the key is not there. Expected O(log n), and O(bytes) for the copies.
    ///
    /// The value changes in one step: if another thread replaces or removes it meanwhile, `f` is called again
    /// with the new value. `f` runs without a lock and may use the map.
    ///
    /// # Panics
    /// As [`insert`](Self::insert).
    pub fn update<Q, R>(&self, key: &Q, f: impl FnMut(&mut Vec<u8>) -> R) -> Option<R>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        let updated = self.try_update(key, f);
        updated.unwrap_or_else(|error| failed("try_update", &BytesInsertErrorKind::Alloc(error)))
    }

    /// As [`update`](Self::update), but returns an error if the arena has no memory for the new value.
    ///
    /// # Errors
    /// [`AllocError`]. The map is unchanged.
    pub fn try_update<Q, R>(&self, key: &Q, f: impl FnMut(&mut Vec<u8>) -> R) -> Result<Option<R>, AllocError>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        encoded(key, |key| self.blobs.update(key, f))
    }

    /// Removes all pairs whose keys are in `range`, whole leaves at a time, and returns their number. See
    /// [`BSkipMap::remove_range`](crate::BSkipMap::remove_range).
    ///
    /// ```
    /// use bskip_core::BSkipBlobMap;
    ///
    /// let map: BSkipBlobMap<str> = [("a", b"1"), ("b", b"2"), ("c", b"3")].into_iter().collect();
    /// assert_eq!(map.remove_range("b"..), 2);
    /// assert_eq!(map.len(), 1);
    /// ```
    ///
    /// # Panics
    /// As [`range`](Self::range).
    pub fn remove_range<Q>(&self, range: impl RangeBounds<Q>) -> usize
    where
        Q: BytesKey<Form = K::Form>,
    {
        let (lower, upper) = bounds(&range, NAME);
        self.blobs.remove_range(lower, upper)
    }

    /// The pairs whose keys are in `range`, in order, from both ends. It is
    /// [no snapshot](crate::BSkipMap#consistency), but each value belongs to its key.
    ///
    /// After the iterator has returned `None` at either end, it returns `None` forever. Expected O(log n) to
    /// begin, then O(1) and O(bytes) for each pair, and O(log n) whenever a leaf changed while the iterator
    /// read it.
    ///
    /// # Panics
    /// If the range starts after its end, or if it starts and ends at the same key and both bounds are
    /// excluded.
    pub fn range<Q>(&self, range: impl RangeBounds<Q>) -> BlobRange<'_, K, A>
    where
        Q: BytesKey<Form = K::Form>,
    {
        let (lower, upper) = bounds(&range, NAME);
        BlobRange::new(&self.blobs, lower, upper)
    }

    /// Lends the pairs whose keys are in `range` to `f`, in order, until `f` breaks. This is faster than
    /// [`range`](Self::range): it copies the keys of a leaf at a time, and asks for the next values in advance.
    ///
    /// `f` gets a key's encoding: for `str` and `[u8]`, the key's own bytes. It runs without a lock and may
    /// use the map. It is [no snapshot](crate::BSkipMap#consistency), but each value belongs to its key.
    ///
    /// ```
    /// use bskip_core::BSkipBlobMap;
    /// use std::ops::ControlFlow;
    ///
    /// let map: BSkipBlobMap<str> = [("a", "1"), ("b", "22"), ("c", "333")].into_iter().collect();
    /// let mut bytes = 0;
    /// let stopped = map.try_for_each_in("a".., |key, value| {
    ///     bytes += value.len();
    ///     if key == b"b" { ControlFlow::Break("b") } else { ControlFlow::Continue(()) }
    /// });
    /// assert_eq!((stopped, bytes), (ControlFlow::Break("b"), 3));
    /// ```
    ///
    /// # Panics
    /// As [`range`](Self::range).
    pub fn try_for_each_in<Q, B>(
        &self,
        range: impl RangeBounds<Q>,
        f: impl FnMut(&[u8], &[u8]) -> ControlFlow<B>,
    ) -> ControlFlow<B>
    where
        Q: BytesKey<Form = K::Form>,
    {
        let (lower, upper) = bounds(&range, NAME);
        self.blobs.lend(lower.as_ref().map(ByteKeys::borrow), upper.as_ref().map(ByteKeys::borrow), f)
    }

    /// All pairs in order.
    pub fn iter(&self) -> BlobRange<'_, K, A> {
        BlobRange::new(&self.blobs, Bound::Unbounded, Bound::Unbounded)
    }

    /// The pair with the least key. Expected O(log n).
    #[must_use]
    pub fn first_key_value(&self) -> Option<(K::Owned, Vec<u8>)> {
        self.beside(Target::First)
    }

    /// The pair with the greatest key. Expected O(log n).
    #[must_use]
    pub fn last_key_value(&self) -> Option<(K::Owned, Vec<u8>)> {
        self.beside(Target::Last)
    }

    /// The pair beside `target`.
    fn beside(&self, target: Target<'_, ByteKeys>) -> Option<(K::Owned, Vec<u8>)> {
        let mut value = Vec::new();
        let key = self.blobs.neighbour(target, &mut value)?;
        Some(pair::<K, _>((key, value)))
    }

    /// Removes the pair with the least key and returns it. Expected O(log n).
    pub fn pop_first(&self) -> Option<(K::Owned, Vec<u8>)> {
        self.pop(End::First)
    }

    /// Removes the pair with the greatest key and returns it. Expected O(log n).
    pub fn pop_last(&self) -> Option<(K::Owned, Vec<u8>)> {
        self.pop(End::Last)
    }

    fn pop(&self, end: End) -> Option<(K::Owned, Vec<u8>)> {
        let popped: (Owned, Vec<u8>) = self.blobs.pop(end).map(|(key, value)| (key, value.to_vec()))?;
        Some(pair::<K, _>(popped))
    }

    /// The number of keys. Exact while no thread writes. Counted leaf by leaf, or O(1) if the map is
    /// [counted](Config::counted).
    #[must_use]
    pub fn len(&self) -> usize {
        self.blobs.index.len()
    }

    /// Whether the map has no keys. O(1) unless the first leaves are empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.blobs.index.is_empty()
    }

    /// Removes all pairs, and gives the nodes' blocks back to the pool. The cells' blocks stay with the map.
    /// O(n).
    pub fn clear(&mut self) {
        self.blobs.clear();
    }

    /// Walks the whole map and checks its invariants, as
    /// [`BSkipMap::check_invariants`](crate::BSkipMap::check_invariants) does. Every cell in use must belong to a
    /// value of the map. O(n log n).
    ///
    /// # Panics
    /// If an invariant does not hold. Then this crate or the `BlockPool` has a defect.
    #[cfg(feature = "check")]
    pub fn check_invariants(&mut self) -> crate::Structure {
        self.blobs.walk()
    }
}

/// The type's name in panics.
const NAME: &str = "BSkipBlobMap";

#[cold]
#[inline(never)]
fn failed(fallible: &str, kind: &BytesInsertErrorKind) -> ! {
    panic!("{kind}; `{fallible}` returns this as an error")
}

impl<K: BytesKey<Owned: fmt::Debug> + ?Sized, A: BlockArena> fmt::Debug for BSkipBlobMap<K, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<'a, K: BytesKey + ?Sized, A: BlockArena> IntoIterator for &'a BSkipBlobMap<K, A> {
    type Item = (K::Owned, Vec<u8>);
    type IntoIter = BlobRange<'a, K, A>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
