//! Building maps from sorted pairs: `BulkLoad`, `from_sorted`, `append`, and std's traits for collecting.

use alloc::vec::Vec;
use core::{fmt, iter};

use super::{AppendError, BSkipMap, out_of_memory};
use crate::arena::{AllocError, BlockArena, GlobalArena};
use crate::config::Config;
use crate::index::{LoadError, Parts, Taking};
use crate::key::Key;

/// Builds a map from sorted pairs, in parts that may come from several threads.
///
/// This is several times as fast as inserting, and nodes are as full as [`fill`](Self::fill) says. The
/// promotion policy holds as if the pairs had been inserted. The keys of each part must strictly ascend, and
/// must not overlap those of another part. The parts may come in any order.
///
/// Until [`finish`](Self::finish) the pairs belong to the `BulkLoad`. If it drops, it drops them.
///
/// ```
/// use bskip_core::{BulkLoad, Config, GlobalArena};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let load = BulkLoad::with_config(GlobalArena::new(), Config::new())?.fill(0.9);
/// std::thread::scope(|threads| {
///     let halves = [0..5000u64, 5000..10_000].map(|half| {
///         let load = &load;
///         threads.spawn(move || load.part(half.map(|key| (key, 2 * key))))
///     });
///     halves.into_iter().try_for_each(|half| half.join().expect("no panic"))
/// })?;
/// let map = load.finish()?;
/// assert_eq!(map.len(), 10_000);
/// assert_eq!(map.get(&7777), Some(15_554));
/// # Ok(())
/// # }
/// ```
pub struct BulkLoad<K: Key, V, A: BlockArena = GlobalArena> {
    map: BSkipMap<K, V, A>,
    parts: Parts<K::Words>,
}

/// Why a map could not be built from sorted pairs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum BulkError<K> {
    /// The keys do not strictly ascend: `key` came after `after`, or a part that starts at `key` overlaps a
    /// part that ends at `after`.
    NotAscending {
        /// The key that is not greater than the key before it.
        key: K,
        /// The key before it.
        after: K,
    },
    /// There was no memory.
    NoMemory(AllocError),
}

impl<K: fmt::Debug> fmt::Display for BulkError<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAscending { key, after } => {
                write!(f, "the keys do not strictly ascend: {key:?} comes after {after:?}; sort the pairs")
            }
            Self::NoMemory(cause) => write!(f, "the map was not built: {cause}"),
        }
    }
}

impl<K: fmt::Debug> core::error::Error for BulkError<K> {}

impl<K> From<AllocError> for BulkError<K> {
    fn from(cause: AllocError) -> Self {
        Self::NoMemory(cause)
    }
}

impl<K: Key, V> BulkLoad<K, V> {
    /// For a map on the global allocator, with the default [`Config`].
    ///
    /// # Panics
    /// If there is no memory for the first leaf. [`with_arena`](Self::with_arena) returns an error instead.
    #[must_use]
    pub fn new() -> Self {
        Self::of(BSkipMap::new())
    }
}

impl<K: Key, V> Default for BulkLoad<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Key, V, A: BlockArena> BulkLoad<K, V, A> {
    /// For a map in `arena`, with the default [`Config`].
    ///
    /// # Errors
    /// [`AllocError`] if the arena has no room for the first leaf.
    pub fn with_arena(arena: A) -> Result<Self, AllocError> {
        BSkipMap::with_arena(arena).map(Self::of)
    }

    /// For a map in `arena`.
    ///
    /// # Errors
    /// [`AllocError`] if the arena has no room for the first leaf, or if there is no memory for the counter of a
    /// `counted` map.
    pub fn with_config(arena: A, config: Config) -> Result<Self, AllocError> {
        BSkipMap::with_config(arena, config).map(Self::of)
    }

    fn of(map: BSkipMap<K, V, A>) -> Self {
        Self { map, parts: Parts::new() }
    }

    /// How full the nodes will be, from 0.5 to 1.0. Less than 0.5 counts as 0.5.
    ///
    /// The default, 1.0, is best for a map that is mostly read. If many insertions will come all over the
    /// map, leave room for them: a full leaf with full neighbours splits at the next insertion.
    #[must_use]
    pub fn fill(mut self, fill: f64) -> Self {
        self.parts.fill = fill;
        self
    }

    /// Takes a part of the pairs: all pairs of the iterator.
    ///
    /// O(n), without a search. Several threads may call this at once.
    ///
    /// # Errors
    /// [`BulkError`] if the keys do not strictly ascend, or if there is no memory. The pairs that this call
    /// has taken out of the iterator are then dropped, and their memory is free for other parts. If the
    /// iterator was given by reference, later pairs are still in it. Other parts stay.
    ///
    /// # Panics
    /// If the iterator panics. The pairs that it gave in this call are dropped.
    pub fn part(&self, pairs: impl IntoIterator<Item = (K, V)>) -> Result<(), BulkError<K>> {
        let mut pairs = pairs.into_iter().map(to_words);
        self.map.index.load_part(&self.parts, &mut pairs).map_err(bulk_error)
    }

    /// The map of all parts. O(n / 64), besides sorting the parts.
    ///
    /// # Errors
    /// [`BulkError`] if two parts overlap, or if there is no memory for the levels above the leaves. All
    /// pairs are then dropped, and all memory goes back to the arena.
    pub fn finish(self) -> Result<BSkipMap<K, V, A>, BulkError<K>> {
        let Self { mut map, parts } = self;
        map.index.finish_load(parts).map_err(bulk_error)?;
        Ok(map)
    }
}

impl<K: Key, V, A: BlockArena> fmt::Debug for BulkLoad<K, V, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkLoad").field("fill", &self.parts.fill).finish_non_exhaustive()
    }
}

impl<K: Key, V> BSkipMap<K, V> {
    /// A map of pairs whose keys strictly ascend, on the global allocator, with the default [`Config`] and
    /// full nodes. [`BulkLoad`] offers other choices and takes parts from several threads. If pairs are not
    /// sorted, use `collect`.
    ///
    /// O(n), without a search: several times as fast as inserting.
    ///
    /// ```
    /// use bskip_core::{BSkipMap, BulkError};
    ///
    /// let map = BSkipMap::from_sorted((0..1000u64).map(|key| (key, key * key)))?;
    /// assert_eq!(map.get(&30), Some(900));
    ///
    /// let unsorted = BSkipMap::from_sorted([(1u64, 'a'), (3, 'b'), (2, 'c')]);
    /// assert_eq!(unsorted.err(), Some(BulkError::NotAscending { key: 2, after: 3 }));
    /// # Ok::<(), BulkError<u64>>(())
    /// ```
    ///
    /// # Errors
    /// [`BulkError`] if the keys do not strictly ascend, or if there is no memory. All pairs that were taken
    /// out of the iterator are then dropped.
    pub fn from_sorted(pairs: impl IntoIterator<Item = (K, V)>) -> Result<Self, BulkError<K>> {
        let load = BulkLoad::with_arena(GlobalArena::new())?;
        load.part(pairs)?;
        load.finish()
    }
}

impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    /// Moves all pairs of `other` into this map and leaves `other` empty. If both maps have a key, the value
    /// of `other` stays.
    ///
    /// If all keys of `other` are above this map's, its m pairs are appended without a search, O(m).
    /// Otherwise they are inserted one by one. Pairs are moved, not nodes: each map keeps its arena and its
    /// policy.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let mut map: BSkipMap<u64, &str> = [(1, "a"), (2, "b")].into_iter().collect();
    /// let mut other: BSkipMap<u64, &str> = [(2, "c"), (3, "d")].into_iter().collect();
    /// map.append(&mut other);
    /// assert!(other.is_empty());
    /// assert!(map.iter().eq([(1, "a"), (2, "c"), (3, "d")]));
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
    /// use bskip_core::BSkipMap;
    ///
    /// let mut map: BSkipMap<u64, &str> = [(1, "a")].into_iter().collect();
    /// let mut other: BSkipMap<u64, &str> = [(2, "b")].into_iter().collect();
    /// map.try_append(&mut other)?;
    /// assert_eq!((map.len(), other.len()), (2, 0));
    /// # Ok::<(), bskip_core::AppendError<u64, &str>>(())
    /// ```
    ///
    /// # Errors
    /// [`AppendError`] with the pair for which there was no memory. Every other pair is in one of the two maps.
    pub fn try_append(&mut self, other: &mut Self) -> Result<(), AppendError<K, V>> {
        self.index.take_all(&mut other.index.drain()).map_err(|untaken| AppendError {
            pair: untaken.pair.map(|(words, value)| (K::from_words(words), value)),
            cause: untaken.cause,
        })
    }

    /// Moves the pairs from `key` on into `other`. If `other` has such a key too, this map's value stays.
    ///
    /// As [`append`](Self::append): O(m) for m pairs if they are above all keys of `other`, for instance because
    /// `other` is empty. Each map keeps its arena and its policy.
    ///
    /// ```
    /// use bskip_core::{BSkipMap, Config, GlobalArena, Promotion};
    ///
    /// let mut map: BSkipMap<u64, char> = [(1, 'a'), (2, 'b'), (3, 'c')].into_iter().collect();
    /// let config = Config::new().promotion(Promotion::Overflow);
    /// let mut upper = BSkipMap::with_config(GlobalArena::new(), config)?;
    /// map.split_off_to(&2, &mut upper);
    /// assert!(map.iter().eq([(1, 'a')]) && upper.iter().eq([(2, 'b'), (3, 'c')]));
    /// # Ok::<(), bskip_core::AllocError>(())
    /// ```
    ///
    /// # Panics
    /// If the arena of `other` has no memory for a node. One pair is then dropped; every other pair is in one of the
    /// two maps.
    pub fn split_off_to<B: BlockArena>(&mut self, key: &K, other: &mut BSkipMap<K, V, B>) {
        let (from, mut taking) = (key.to_words(), Taking::new());
        other.take_all(&mut iter::from_fn(|| self.index.take_from(&mut taking, from)));
        self.index.drop_empty_from(from);
    }

    /// Splits the map in two: moves the pairs from `key` on into a new map, which this returns. The new map has a new
    /// arena and the default [`Config`]; for another one, use [`split_off_to`](Self::split_off_to).
    ///
    /// O(m) for m pairs, which are moved: std's maps move nodes.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let mut map: BSkipMap<u64, char> = [(1, 'a'), (2, 'b'), (3, 'c')].into_iter().collect();
    /// let upper = map.split_off(&2);
    /// assert!(map.iter().eq([(1, 'a')]) && upper.iter().eq([(2, 'b'), (3, 'c')]));
    /// ```
    ///
    /// # Panics
    /// As [`split_off_to`](Self::split_off_to), and if there is no memory for an empty map.
    #[must_use = "the pairs are in the new map"]
    pub fn split_off(&mut self, key: &K) -> Self
    where
        A: Default,
    {
        let mut other = Self::with_arena(A::default()).unwrap_or_else(|error| panic!("{error}"));
        self.split_off_to(key, &mut other);
        other
    }

    /// Appends the pairs as long as their keys ascend and are above those of the map. Inserts the others.
    fn take_all(&mut self, pairs: &mut impl Iterator<Item = (K::Words, V)>) {
        if let Err(untaken) = self.index.take_all(pairs) {
            // Every caller can use `try_insert` instead, pair by pair. `try_append` stands only for `append`.
            out_of_memory("try_insert", &untaken.cause);
        }
    }
}

/// The pair with its key converted to words.
#[inline(always)]
fn to_words<K: Key, V>((key, value): (K, V)) -> (K::Words, V) {
    (key.to_words(), value)
}

fn bulk_error<K: Key>(error: LoadError<K::Words>) -> BulkError<K> {
    match error {
        LoadError::NotAscending { key, after } => {
            BulkError::NotAscending { key: K::from_words(key), after: K::from_words(after) }
        }
        LoadError::NoMemory(cause) => BulkError::NoMemory(cause),
    }
}

/// The pairs; of those in a row that are the same, only the last.
pub(crate) fn last_of_equal<T>(
    pairs: impl IntoIterator<Item = T>,
    same: impl Fn(&T, &T) -> bool,
) -> impl Iterator<Item = T> {
    let mut pairs = pairs.into_iter().peekable();
    iter::from_fn(move || {
        loop {
            let pair = pairs.next()?;
            if pairs.peek().is_none_or(|next| !same(next, &pair)) {
                return Some(pair);
            }
        }
    })
}

/// Sorts the pairs and builds the map from them. If a key comes several times, the last value stays. Sorting
/// takes memory for the pairs once more.
///
/// # Panics
/// If there is no memory.
impl<K: Key, V, A: BlockArena + Default> FromIterator<(K, V)> for BSkipMap<K, V, A> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut pairs: Vec<(K::Words, V)> = pairs.into_iter().map(to_words).collect();
        pairs.sort_by_key(|&(key, _)| key);
        let mut map = Self::with_arena(A::default()).unwrap_or_else(|error| panic!("{error}"));
        map.take_all(&mut last_of_equal(pairs, |a, b| a.0 == b.0));
        map
    }
}

/// Inserts the pairs, and replaces the values of keys that are there. As long as the keys ascend and are
/// above all others, they are appended without a search.
///
/// # Panics
/// If there is no memory. The pair in hand is then dropped, and those before it are in the map. If the
/// iterator panics, some of the pairs that it gave may be dropped.
impl<K: Key, V, A: BlockArena> Extend<(K, V)> for BSkipMap<K, V, A> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, pairs: I) {
        self.take_all(&mut pairs.into_iter().map(to_words));
    }
}
