//! The public map of byte strings and its contract. The operations themselves are in `index`.

pub(crate) mod batch;
pub(crate) mod bulk;
mod chunks;
mod compute;
mod cursor;
pub(crate) mod encoded;
mod ends;
mod error;
pub(crate) mod estimate;
mod iter;
#[cfg(not(loom))]
mod lazy;
mod maintain;
pub(crate) mod neighbours;
mod take;
mod traits;
pub(crate) mod unsorted;
mod visit;

use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Bound, ControlFlow, RangeBounds};

use crate::arena::{AllocError, BlockArena, GlobalArena, PoolUsage};
use crate::config::Config;
use crate::index::{Cloned, Copied, End, Existing, Index};
use crate::key::{ByteKeys, BytesKey, KeyBuffer, KeyKind};

use encoded::{bounds, encoded, pair};

pub use batch::BytesInsertManyError;
pub use bulk::{BytesBulkError, BytesBulkLoad};
pub use chunks::BytesChunk;
pub(crate) use cursor::keys;
pub use cursor::{BytesCursor, OwnedBytesCursor};
pub use error::{BytesInsertError, BytesInsertErrorKind};
pub use iter::{BytesRange, ClonedBytesRange};
pub use maintain::{BytesMigrateCursor, BytesShrinkCursor};
pub use take::BytesKeys;
pub use visit::BytesExtractIf;

/// A concurrent ordered map whose keys are byte strings: text, bytes, and whatever has an order-preserving
/// [encoding](BytesKey), such as tuples of strings and numbers.
///
/// [`BSkipMap`](crate::BSkipMap) is the same map for keys of fixed width; both use one engine. Everything that
/// its documentation says about consistency, closures, panics and memory holds here too. *n* below is the
/// number of keys. A search compares O(log n) keys.
///
/// ```
/// use bskip_core::BSkipBytesMap;
///
/// let map: BSkipBytesMap<str, u64> = BSkipBytesMap::new();
/// map.insert("apple", 1);
/// map.insert("pear", 2);
/// map.insert("apricot", 3);
/// assert_eq!(map.get("pear"), Some(2));
/// let fruits: Vec<(String, u64)> = map.range("ap".."b").collect();
/// assert_eq!(fruits, [("apple".to_string(), 1), ("apricot".to_string(), 3)]);
/// assert_eq!(map.pop_last(), Some(("pear".to_string(), 2)));
/// ```
///
/// # Keys
/// A map of keys `K` takes every type that has [the same encoding](BytesKey::Form), and takes it by
/// reference. So a map of `String` or `str` takes `&str`, a map of `Vec<u8>` or `[u8]` takes `&[u8]`, and a
/// map of `(Vec<u8>, Reverse<u64>)` takes `(&[u8], Reverse<u64>)`. Strings and byte strings are their own
/// encodings, and are not copied for a look-up. Other keys are encoded on the stack, if the encoding is no
/// longer than 64 bytes. The map hands out [`K::Owned`](BytesKey::Owned).
///
/// ```
/// use bskip_core::BSkipBytesMap;
/// use std::cmp::Reverse;
///
/// // The versions of a key, the newest first.
/// let versions: BSkipBytesMap<(Vec<u8>, Reverse<u64>), &str> = BSkipBytesMap::new();
/// versions.insert(&(b"k".as_slice(), Reverse(1u64)), "old");
/// versions.insert(&(b"k".as_slice(), Reverse(7u64)), "new");
/// // The newest version that is visible at 5.
/// let (_, value) = versions.range((b"k".as_slice(), Reverse(5u64))..).next().unwrap();
/// assert_eq!(value, "old");
/// ```
///
/// # Limits
/// An encoded key has at most [`MAX_KEY_BYTES`](Self::MAX_KEY_BYTES) bytes, which is 1 MiB. A longer one is
/// not inserted:
/// [`try_insert`](Self::try_insert) returns [`KeyTooLong`](BytesInsertErrorKind::KeyTooLong), and
/// [`insert`](Self::insert) panics. Look-ups take keys of any length. They panic only if a key must be encoded
/// and there is no memory for an encoding of more than 64 bytes.
///
/// # Long keys
/// The keys of a node begin alike, and the node keeps that *prefix* once. If more than 136 bytes of a key are
/// behind the prefix, the key goes into a *cell*, a place of its own in blocks of the same arena. A bound
/// between two nodes of more than 104 bytes does too. Insertion, removal and look-ups treat such keys as all
/// others, and readers take no lock. [`usage`](Self::usage) counts the cells. A cell is free again when its
/// key is removed and no node begins or ends at the key, or shares its beginning with others. Later keys use it
/// then. Its block goes back when the map drops.
///
/// A copy of a key of more than 104 bytes, as an iterator gives it, is allocated. So is a copy of such a
/// bound, if a removal or a pop merges two nodes. The process ends if there is no memory for that, as with
/// any `Vec`.
pub struct BSkipBytesMap<K: BytesKey + ?Sized, V, A: BlockArena = GlobalArena> {
    index: Index<ByteKeys, V, A::Pool>,
    arena: A,
    _keys: PhantomData<fn(&K)>,
}

impl<K: BytesKey + ?Sized, V> BSkipBytesMap<K, V> {
    /// An empty map on the global allocator, with the default [`Config`].
    ///
    /// # Panics
    /// If there is no memory for the first leaf. [`with_arena`](Self::with_arena) returns an error instead.
    #[must_use]
    pub fn new() -> Self {
        Self::with_arena(GlobalArena::new()).unwrap_or_else(|error| panic!("{error}"))
    }
}

impl<K: BytesKey + ?Sized, V> Default for BSkipBytesMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: BytesKey + ?Sized, V, A: BlockArena> BSkipBytesMap<K, V, A> {
    /// The most bytes of an encoded key: 1 MiB.
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
        Ok(Self { index: Index::new(&arena, &config)?, arena, _keys: PhantomData })
    }

    /// The engine.
    pub(crate) fn index(&self) -> &Index<ByteKeys, V, A::Pool> {
        &self.index
    }

    /// The engine, with exclusive access.
    #[cfg(feature = "rayon")]
    pub(crate) fn index_mut(&mut self) -> &mut Index<ByteKeys, V, A::Pool> {
        &mut self.index
    }

    /// The arena, for instance to ask it for statistics.
    #[must_use]
    pub fn arena(&self) -> &A {
        &self.arena
    }

    /// The blocks and bytes of this map's nodes, and of the cells of [long keys](Self#long-keys): see
    /// [`BSkipMap::usage`](crate::BSkipMap::usage).
    #[must_use]
    pub fn usage(&self) -> PoolUsage {
        self.index.usage()
    }

    fn insert_as<Q>(&self, key: &Q, value: V, existing: Existing) -> Result<Option<V>, BytesInsertError<V>>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        let mut buffer = KeyBuffer::new();
        let kind = match key.encoded(&mut buffer) {
            Ok(key) if key.len() <= Self::MAX_KEY_BYTES => {
                return self.index.insert(key, value, existing).map_err(|(value, cause)| BytesInsertError {
                    value,
                    kind: BytesInsertErrorKind::Alloc(cause),
                });
            }
            Ok(key) => BytesInsertErrorKind::KeyTooLong { bytes: key.len(), most: Self::MAX_KEY_BYTES },
            Err(_) => BytesInsertErrorKind::NoMemoryForEncoding,
        };
        Err(BytesInsertError { value, kind })
    }

    /// Inserts the pair. If the key is there, replaces its value and returns the old one.
    ///
    /// Expected O(log n).
    ///
    /// # Panics
    /// If the arena has no memory for a node or a cell, or the key is [too long](Self#limits).
    /// [`try_insert`](Self::try_insert) returns an error instead.
    #[inline]
    pub fn insert<Q>(&self, key: &Q, value: V) -> Option<V>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        self.insert_as(key, value, Existing::Replace)
            .unwrap_or_else(|error| failed("try_insert", &error.kind))
    }

    /// As [`insert`](Self::insert), but gives the value back if there is no memory.
    ///
    /// # Errors
    /// [`BytesInsertError`] with the value. The map is unchanged.
    #[inline]
    pub fn try_insert<Q>(&self, key: &Q, value: V) -> Result<Option<V>, BytesInsertError<V>>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        self.insert_as(key, value, Existing::Replace)
    }

    /// Inserts the pair if the key is not there, and returns `None`. Otherwise changes nothing and gives
    /// `value` back. Expected O(log n).
    ///
    /// # Panics
    /// As [`insert`](Self::insert).
    pub fn insert_if_absent<Q>(&self, key: &Q, value: V) -> Option<V>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        let inserted = self.insert_as(key, value, Existing::Keep);
        inserted.unwrap_or_else(|error| failed("try_insert_if_absent", &error.kind))
    }

    /// As [`insert_if_absent`](Self::insert_if_absent), but gives the value back if there is no memory.
    ///
    /// # Errors
    /// [`BytesInsertError`] with the value. The map is unchanged.
    pub fn try_insert_if_absent<Q>(&self, key: &Q, value: V) -> Result<Option<V>, BytesInsertError<V>>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        self.insert_as(key, value, Existing::Keep)
    }

    /// A copy of the value of `key`. Expected O(log n). Writes no shared memory.
    #[inline]
    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
        V: Copy,
    {
        encoded(key, |key| self.index.get(key))
    }

    /// The value of `key`, cloned under the leaf's lock. Expected O(log n).
    pub fn get_cloned<Q>(&self, key: &Q) -> Option<V>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
        V: Clone,
    {
        encoded(key, |key| self.index.with(key, V::clone))
    }

    /// Calls `f` with the value of `key`, under the leaf's lock, and returns its result; `None` if the key is
    /// not there. `f` [must not use the map](crate::BSkipMap#closures). Expected O(log n).
    pub fn get_with<Q, R>(&self, key: &Q, f: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        encoded(key, |key| self.index.with(key, f))
    }

    /// Whether `key` is there. Expected O(log n). Writes no shared memory.
    #[inline]
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        encoded(key, |key| self.index.contains(key))
    }

    /// Removes `key` and returns its value. Expected O(log n).
    #[inline]
    pub fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        encoded(key, |key| self.index.remove(key))
    }

    /// Calls `f` with the value of `key`, which `f` may change, under the leaf's lock, and returns its
    /// result; `None` if the key is not there. `f` [must not use the map](crate::BSkipMap#closures). Expected
    /// O(log n).
    pub fn update<Q, R>(&self, key: &Q, f: impl FnOnce(&mut V) -> R) -> Option<R>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        encoded(key, |key| self.index.update(key, f))
    }

    /// The pairs whose keys are in `range`, in order, from both ends. It is
    /// [no snapshot](crate::BSkipMap#consistency).
    ///
    /// After the iterator has returned `None` at either end, it returns `None` forever. Expected O(log n) to
    /// begin, then O(1) for each pair and O(log n) whenever a leaf changed while the iterator read it. For
    /// values that are not `Copy`, add [`.cloned()`](BytesRange::cloned).
    ///
    /// # Panics
    /// If the range starts after its end, or if it starts and ends at the same key and both bounds are
    /// excluded.
    pub fn range<Q>(&self, range: impl RangeBounds<Q>) -> BytesRange<'_, K, V, A>
    where
        Q: BytesKey<Form = K::Form>,
    {
        let (lower, upper) = bounds(&range, NAME);
        BytesRange::new(&self.index, lower, upper)
    }

    /// The pairs whose keys are in `range`, all as they were at one moment: see
    /// [`BSkipMap::range_snapshot`](crate::BSkipMap::range_snapshot).
    ///
    /// # Panics
    /// As [`range`](Self::range).
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    ///
    /// let map: BSkipBytesMap<str, u64> = [("fig", 2), ("kiwi", 3), ("pear", 5)].into_iter().collect();
    /// assert_eq!(map.range_snapshot("g".."p"), [("kiwi".to_string(), 3)]);
    /// ```
    #[must_use]
    pub fn range_snapshot<Q>(&self, range: impl RangeBounds<Q>) -> Vec<(K::Owned, V)>
    where
        Q: BytesKey<Form = K::Form>,
        V: Copy,
    {
        let (lower, upper) = bounds(&range, "BSkipBytesMap");
        let pairs =
            self.index.snapshot(lower.as_ref().map(ByteKeys::borrow), upper.as_ref().map(ByteKeys::borrow));
        pairs.into_iter().map(pair::<K, V>).collect()
    }

    /// Lends the pairs whose keys are in `range` to `f`, in order, until `f` breaks. This is faster than
    /// [`range`](Self::range): it copies a leaf at a time, and allocates nothing for a key.
    ///
    /// `f` gets a key's encoding: for `str` and `[u8]`, the key's own bytes. It runs without a lock and may
    /// use the map. The pairs of one leaf are from one moment; as a whole it is [no
    /// snapshot](crate::BSkipMap#consistency). Expected O(log n) to begin, then O(1) for each pair, and
    /// O(log n) whenever a leaf changes while it is copied.
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    /// use std::ops::ControlFlow;
    ///
    /// let map: BSkipBytesMap<str, u64> = [("a", 1), ("b", 2), ("c", 3)].into_iter().collect();
    /// let mut seen = Vec::new();
    /// let stopped = map.try_for_each_in("a".., |key, value| {
    ///     seen.push((key.to_vec(), value));
    ///     if value == 2 { ControlFlow::Break("two") } else { ControlFlow::Continue(()) }
    /// });
    /// assert_eq!(stopped, ControlFlow::Break("two"));
    /// assert_eq!(seen, [(b"a".to_vec(), 1), (b"b".to_vec(), 2)]);
    /// ```
    ///
    /// # Panics
    /// As [`range`](Self::range).
    pub fn try_for_each_in<Q, B>(
        &self,
        range: impl RangeBounds<Q>,
        f: impl FnMut(&[u8], V) -> ControlFlow<B>,
    ) -> ControlFlow<B>
    where
        Q: BytesKey<Form = K::Form>,
        V: Copy,
    {
        let (lower, upper) = bounds(&range, NAME);
        self.index.lend(lower.as_ref().map(ByteKeys::borrow), upper.as_ref().map(ByteKeys::borrow), f)
    }

    /// All pairs in order.
    pub fn iter(&self) -> BytesRange<'_, K, V, A> {
        BytesRange::new(&self.index, Bound::Unbounded, Bound::Unbounded)
    }

    /// The pair with the least key. Expected O(log n). Writes no shared memory.
    pub fn first_key_value(&self) -> Option<(K::Owned, V)>
    where
        V: Copy,
    {
        self.index.end::<Copied>(End::First).map(pair::<K, V>)
    }

    /// The pair with the least key, its value cloned under the leaf's lock. Expected O(log n).
    pub fn first_key_value_cloned(&self) -> Option<(K::Owned, V)>
    where
        V: Clone,
    {
        self.index.end::<Cloned<A::Pool>>(End::First).map(pair::<K, V>)
    }

    /// The pair with the greatest key. Expected O(log n). Writes no shared memory.
    pub fn last_key_value(&self) -> Option<(K::Owned, V)>
    where
        V: Copy,
    {
        self.index.end::<Copied>(End::Last).map(pair::<K, V>)
    }

    /// The pair with the greatest key, its value cloned under the leaf's lock. Expected O(log n).
    pub fn last_key_value_cloned(&self) -> Option<(K::Owned, V)>
    where
        V: Clone,
    {
        self.index.end::<Cloned<A::Pool>>(End::Last).map(pair::<K, V>)
    }

    /// Removes the pair with the least key and returns it. Expected O(log n).
    pub fn pop_first(&self) -> Option<(K::Owned, V)> {
        self.index.pop(End::First).map(pair::<K, V>)
    }

    /// Removes the pair with the greatest key and returns it. Expected O(log n).
    pub fn pop_last(&self) -> Option<(K::Owned, V)> {
        self.index.pop(End::Last).map(pair::<K, V>)
    }

    /// The number of keys. Exact while no thread writes. Counted leaf by leaf, or O(1) if the map is
    /// [counted](Config::counted).
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether the map has no keys. O(1) unless the first leaves are empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Drops all pairs and gives the nodes' blocks back to the pool. O(n).
    pub fn clear(&mut self) {
        self.index.clear();
    }

    /// Walks the whole map and checks its invariants, as
    /// [`BSkipMap::check_invariants`](crate::BSkipMap::check_invariants) does. O(n log n).
    ///
    /// # Panics
    /// If an invariant does not hold. Then this crate or the `BlockPool` has a defect.
    #[cfg(feature = "check")]
    pub fn check_invariants(&mut self) -> crate::Structure {
        self.index.walk()
    }
}

/// The type's name in panics.
const NAME: &str = "BSkipBytesMap";

#[cold]
#[inline(never)]
pub(crate) fn failed(fallible: &str, kind: &BytesInsertErrorKind) -> ! {
    panic!("{kind}; `{fallible}` returns this as an error")
}

impl<K, V, A> fmt::Debug for BSkipBytesMap<K, V, A>
where
    K: BytesKey<Owned: fmt::Debug> + ?Sized,
    V: Clone + fmt::Debug,
    A: BlockArena,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().cloned()).finish()
    }
}

impl<'a, K: BytesKey + ?Sized, V: Copy, A: BlockArena> IntoIterator for &'a BSkipBytesMap<K, V, A> {
    type Item = (K::Owned, V);
    type IntoIter = BytesRange<'a, K, V, A>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
