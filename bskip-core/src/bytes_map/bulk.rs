//! Building maps of byte strings from sorted pairs: `BytesBulkLoad`, `from_sorted`, `append`, and std's
//! traits for collecting.

use core::cell::Cell;
use core::fmt;

use super::encoded::{Owned, decoded, encoded_key, pair};
use super::unsorted::Unsorted;
use super::{BSkipBytesMap, BytesInsertErrorKind, failed};
use crate::arena::{AllocError, BlockArena, GlobalArena};
use crate::config::Config;
use crate::index::{LoadError, Parts};
use crate::key::{ByteKeys, BytesKey, KeyBuffer, KeyKind};
use crate::map::AppendError;

/// Builds a map of byte strings from sorted pairs, in parts that may come from several threads.
///
/// It does for [`BSkipBytesMap`] what [`BulkLoad`](crate::BulkLoad) does for `BSkipMap`. The encoded keys of
/// each part must strictly ascend, and must not overlap those of another part. The parts may come in any
/// order.
///
/// Leaves are full, and each keeps only once what all its keys begin with. A key of 23 bytes, `user` and a
/// random number, takes 44 bytes with a value of eight bytes. After random insertions it takes 64.
///
/// Until [`finish`](Self::finish) the pairs belong to the `BytesBulkLoad`. If it drops, it drops them.
///
/// ```
/// use bskip_core::{BytesBulkLoad, Config, GlobalArena};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let load = BytesBulkLoad::<str, u64>::with_config(GlobalArena::new(), Config::new())?.fill(0.9);
/// std::thread::scope(|threads| {
///     let halves = [0..5000u64, 5000..10_000].map(|half| {
///         let load = &load;
///         threads.spawn(move || load.part(half.map(|i| (format!("user{i:08}"), i))).map_err(|e| e.to_string()))
///     });
///     halves.into_iter().try_for_each(|half| half.join().expect("no panic"))
/// })?;
/// let map = load.finish()?;
/// assert_eq!(map.len(), 10_000);
/// assert_eq!(map.get("user00007777"), Some(7777));
/// # Ok(())
/// # }
/// ```
pub struct BytesBulkLoad<K: BytesKey + ?Sized, V, A: BlockArena = GlobalArena> {
    map: BSkipBytesMap<K, V, A>,
    parts: Parts<Owned>,
}

/// Why a map of byte strings could not be built from sorted pairs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum BytesBulkError<O> {
    /// The encoded keys do not strictly ascend: `key` came after `after`, or a part that starts at `key`
    /// overlaps a part that ends at `after`.
    NotAscending {
        /// The key that is not greater than the key before it.
        key: O,
        /// The key before it.
        after: O,
    },
    /// A pair was refused, as [`try_insert`](BSkipBytesMap::try_insert) would refuse it, or there was no
    /// memory.
    Refused(BytesInsertErrorKind),
}

impl<O: fmt::Debug> fmt::Display for BytesBulkError<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAscending { key, after } => {
                write!(f, "the keys do not strictly ascend: {key:?} comes after {after:?}; sort the pairs")
            }
            Self::Refused(cause) => write!(f, "the map was not built: {cause}"),
        }
    }
}

impl<O: fmt::Debug> core::error::Error for BytesBulkError<O> {}

impl<O> From<AllocError> for BytesBulkError<O> {
    fn from(cause: AllocError) -> Self {
        Self::Refused(BytesInsertErrorKind::Alloc(cause))
    }
}

/// All of a loader but how it takes parts: of the loader's type, the map's type, and the place of the map's engine in
/// the map.
macro_rules! bulk_load {
    ($load:ident<K $(, $v:ident)?>, $map:ident, $($index:ident).+) => {
        impl<K: BytesKey + ?Sized $(, $v)?> $load<K $(, $v)?> {
            /// For a map on the global allocator, with the default [`Config`].
            ///
            /// # Panics
            /// If there is no memory for the first leaf. [`with_arena`](Self::with_arena) returns an error instead.
            #[must_use]
            pub fn new() -> Self {
                Self::of($map::new())
            }
        }

        impl<K: BytesKey + ?Sized $(, $v)?> Default for $load<K $(, $v)?> {
            fn default() -> Self {
                Self::new()
            }
        }

        impl<K: BytesKey + ?Sized $(, $v)?, A: BlockArena> $load<K $(, $v)?, A> {
            /// For a map in `arena`, with the default [`Config`].
            ///
            /// # Errors
            /// [`AllocError`] if the arena has no room for the first leaf.
            pub fn with_arena(arena: A) -> Result<Self, AllocError> {
                $map::with_arena(arena).map(Self::of)
            }

            /// For a map in `arena`.
            ///
            /// # Errors
            /// [`AllocError`] if the arena has no room for the first leaf, or if there is no memory for the counter of a
            /// `counted` map.
            pub fn with_config(arena: A, config: Config) -> Result<Self, AllocError> {
                $map::with_config(arena, config).map(Self::of)
            }

            fn of(map: $map<K $(, $v)?, A>) -> Self {
                Self { map, parts: Parts::new() }
            }

            /// How full the nodes will be, from 0.5 to 1.0: see [`BulkLoad::fill`](crate::BulkLoad::fill).
            #[must_use]
            pub fn fill(mut self, fill: f64) -> Self {
                self.parts.fill = fill;
                self
            }

            /// The map of all parts. O(n / 40), besides sorting the parts.
            ///
            /// # Errors
            /// [`BytesBulkError`] if two parts overlap, or if there is no memory for the levels above the leaves. All
            /// pairs are then dropped, and all memory goes back to the arena.
            pub fn finish(self) -> Result<$map<K $(, $v)?, A>, BytesBulkError<K::Owned>> {
                let Self { mut map, parts } = self;
                map.$($index).+.finish_load(parts).map_err(bulk_error::<K>)?;
                Ok(map)
            }
        }

        impl<K: BytesKey + ?Sized $(, $v)?, A: BlockArena> fmt::Debug for $load<K $(, $v)?, A> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($load)).field("fill", &self.parts.fill).finish_non_exhaustive()
            }
        }
    };
}
pub(crate) use bulk_load;
bulk_load!(BytesBulkLoad<K, V>, BSkipBytesMap, index);

impl<K: BytesKey + ?Sized, V, A: BlockArena> BytesBulkLoad<K, V, A> {
    /// Takes a part of the pairs: all pairs of the iterator.
    ///
    /// O(n), without a search. Several threads may call this at once.
    ///
    /// # Errors
    /// [`BytesBulkError`] if the keys do not strictly ascend, if a key is refused, or if there is no memory. The
    /// pairs that this call has taken out of the iterator are then dropped, and their memory is free for
    /// other parts. If the iterator was given by reference, later pairs are still in it. Other parts stay.
    ///
    /// # Panics
    /// If the iterator or a key's conversion panics. The pairs that the iterator gave in this call are
    /// dropped.
    pub fn part<Q>(&self, pairs: impl IntoIterator<Item = (Q, V)>) -> Result<(), BytesBulkError<K::Owned>>
    where
        Q: BytesKey<Form = K::Form>,
    {
        let refused = Cell::new(None);
        let index = &self.map.index;
        let mut run =
            index.load_run(&self.parts, &mut encode::<K, Q, V>(pairs, &refused)).map_err(bulk_error::<K>)?;
        match refused.take() {
            None => Ok(index.add_run(&self.parts, &mut run)?),
            Some(cause) => Err(BytesBulkError::Refused(cause)),
        }
    }
}

impl<K: BytesKey + ?Sized, V> BSkipBytesMap<K, V> {
    /// A map of pairs whose encoded keys strictly ascend, on the global allocator, with the default
    /// [`Config`] and full nodes. [`BytesBulkLoad`] offers other choices and takes parts from several
    /// threads. If pairs are not sorted, use `collect`.
    ///
    /// O(n), without a search.
    ///
    /// ```
    /// use bskip_core::{BSkipBytesMap, BytesBulkError};
    ///
    /// let map: BSkipBytesMap<str, u32> = BSkipBytesMap::from_sorted([("apple", 1), ("pear", 2)])?;
    /// assert_eq!(map.get("pear"), Some(2));
    ///
    /// let unsorted = BSkipBytesMap::<str, u32>::from_sorted([("b", 1), ("a", 2)]);
    /// let (key, after) = ("a".to_string(), "b".to_string());
    /// assert_eq!(unsorted.err(), Some(BytesBulkError::NotAscending { key, after }));
    /// # Ok::<(), BytesBulkError<String>>(())
    /// ```
    ///
    /// # Errors
    /// [`BytesBulkError`] if the keys do not strictly ascend, if a key is refused, or if there is no memory. All
    /// pairs that were taken out of the iterator are then dropped.
    pub fn from_sorted<Q>(pairs: impl IntoIterator<Item = (Q, V)>) -> Result<Self, BytesBulkError<K::Owned>>
    where
        Q: BytesKey<Form = K::Form>,
    {
        let load = BytesBulkLoad::with_arena(GlobalArena::new())?;
        load.part(pairs)?;
        load.finish()
    }
}

impl<K: BytesKey + ?Sized, V, A: BlockArena> BSkipBytesMap<K, V, A> {
    /// Moves all pairs of `other` into this map and leaves `other` empty. If both maps have a key, the value
    /// of `other` stays.
    ///
    /// If all keys of `other` are above this map's, its m pairs are appended without a search, O(m).
    /// Otherwise they are inserted one by one. Pairs are moved, not nodes: each map keeps its arena and its
    /// policy.
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    ///
    /// let mut map: BSkipBytesMap<str, u32> = [("a", 1), ("b", 2)].into_iter().collect();
    /// let mut other: BSkipBytesMap<str, u32> = [("b", 3), ("c", 4)].into_iter().collect();
    /// map.append(&mut other);
    /// assert!(other.is_empty());
    /// assert!(map.iter().map(|(_, value)| value).eq([1, 3, 4]));
    /// ```
    ///
    /// # Panics
    /// If the arena has no memory for a node. One pair is then dropped; every other pair is in one of the two
    /// maps. [`try_append`](Self::try_append) gives that pair back.
    pub fn append(&mut self, other: &mut Self) {
        self.take_all(&mut other.index.drain());
    }

    /// As [`append`](Self::append), but loses nothing if there is no memory.
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    ///
    /// let mut map: BSkipBytesMap<str, u32> = BSkipBytesMap::from([("a", 1)]);
    /// map.try_append(&mut BSkipBytesMap::from([("b", 2)]))?;
    /// assert_eq!(map.len(), 2);
    /// # Ok::<(), bskip_core::AppendError<String, u32>>(())
    /// ```
    ///
    /// # Errors
    /// [`AppendError`] with the pair for which there was no memory. Every other pair is in one of the two
    /// maps.
    pub fn try_append(&mut self, other: &mut Self) -> Result<(), AppendError<K::Owned, V>> {
        self.index
            .take_all(&mut other.index.drain())
            .map_err(|untaken| AppendError { pair: untaken.pair.map(pair::<K, V>), cause: untaken.cause })
    }

    /// As `extend`, but returns why it ended early.
    pub(crate) fn try_extend<Q>(
        &mut self,
        pairs: impl IntoIterator<Item = (Q, V)>,
    ) -> Result<(), BytesInsertErrorKind>
    where
        Q: BytesKey<Form = K::Form>,
    {
        let refused = Cell::new(None);
        let taken = self.index.take_all(&mut encode::<K, Q, V>(pairs, &refused));
        taken.map_err(|untaken| BytesInsertErrorKind::Alloc(untaken.cause))?;
        refused.take().map_or(Ok(()), Err)
    }

    pub(super) fn take_all(&mut self, pairs: &mut impl Iterator<Item = (Owned, V)>) {
        if let Err(untaken) = self.index.take_all(pairs) {
            failed("try_insert", &BytesInsertErrorKind::Alloc(untaken.cause));
        }
    }
}

/// The pairs with their keys encoded, up to the first key that a map refuses. Why is then in `refused`.
pub(crate) fn encode<K: BytesKey + ?Sized, Q: BytesKey<Form = K::Form>, V>(
    pairs: impl IntoIterator<Item = (Q, V)>,
    refused: &Cell<Option<BytesInsertErrorKind>>,
) -> impl Iterator<Item = (Owned, V)> {
    pairs.into_iter().map_while(move |(key, value)| {
        match encoded_key(&key, &mut KeyBuffer::new(), ByteKeys::own) {
            Ok(key) => Some((key, value)),
            Err(cause) => {
                refused.set(Some(cause));
                None
            }
        }
    })
}

pub(crate) fn bulk_error<K: BytesKey + ?Sized>(error: LoadError<Owned>) -> BytesBulkError<K::Owned> {
    match error {
        LoadError::NotAscending { key, after } => {
            BytesBulkError::NotAscending { key: decoded::<K>(&key), after: decoded::<K>(&after) }
        }
        LoadError::NoMemory(cause) => cause.into(),
    }
}

/// Sorts the pairs and builds the map from them. If a key comes several times, the last value stays. Sorting
/// takes memory for the pairs once more.
///
/// # Panics
/// If there is no memory, or if a key is refused, as [`insert`](BSkipBytesMap::insert) does.
impl<Q, K, V, A> FromIterator<(Q, V)> for BSkipBytesMap<K, V, A>
where
    Q: BytesKey<Form = K::Form>,
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
/// are above all others, they are appended without a search.
///
/// # Panics
/// If there is no memory, or if a key is refused, as [`insert`](BSkipBytesMap::insert) does. The pair in hand
/// is then dropped, and those before it are in the map. If the iterator panics, some of the pairs that it
/// gave may be dropped.
impl<Q, K, V, A> Extend<(Q, V)> for BSkipBytesMap<K, V, A>
where
    Q: BytesKey<Form = K::Form>,
    K: BytesKey + ?Sized,
    A: BlockArena,
{
    fn extend<T: IntoIterator<Item = (Q, V)>>(&mut self, pairs: T) {
        self.try_extend(pairs).unwrap_or_else(|cause| failed("try_insert", &cause));
    }
}
