//! Building maps from sorted pairs: `BulkLoad`, `from_sorted`, `append`, and std's traits for collecting.

use alloc::vec::Vec;
use core::{fmt, iter};

use super::{BSkipMap, out_of_memory};
use crate::arena::{AllocError, BlockArena, BlockPool, GlobalArena};
use crate::config::Config;
use crate::index::{Existing, Part, SortedRun, Stop, reserve_one};
use crate::key::Key;
use crate::spin::SpinLock;

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
    /// The map's first leaf is empty. The leaves of all parts are linked behind it, in any order of parts, so
    /// that the map's drop finds their values.
    map: BSkipMap<K, V, A>,
    parts: SpinLock<Vec<Part<K::Words>>>,
    fill: f64,
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
    /// [`AllocError`] if the arena has no room for the first leaf.
    pub fn with_config(arena: A, config: Config) -> Result<Self, AllocError> {
        BSkipMap::with_config(arena, config).map(Self::of)
    }

    fn of(map: BSkipMap<K, V, A>) -> Self {
        Self { map, parts: SpinLock::new(Vec::new()), fill: 1.0 }
    }

    /// How full the nodes will be, from 0.5 to 1.0. Less than 0.5 counts as 0.5.
    ///
    /// The default, 1.0, is best for a map that is mostly read. If many insertions will come all over the
    /// map, leave room for them: a full leaf with full neighbours splits at the next insertion.
    #[must_use]
    pub fn fill(mut self, fill: f64) -> Self {
        self.fill = fill;
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
        let mut held = pairs.next();
        if held.is_none() {
            return Ok(());
        }
        let index = &self.map.index;
        let mut run = SortedRun::new(index, self.fill);
        match (run.fill(&mut held, &mut pairs), &held) {
            (Stop::NotAscending, &Some((key, _))) => {
                return Err(not_ascending(key, run.last().unwrap_or(key)));
            }
            (Stop::NoMemory(cause), _) => return Err(cause.into()),
            (Stop::End | Stop::NotAscending, _) => {}
        }
        // If the closure fails and leaves the run here, its values are dropped after the lock is released.
        let mut run = Some(run);
        self.parts.with::<<A::Pool as BlockPool>::Relax, _>(|parts| {
            reserve_one(parts)?;
            if let Some(part) = run.take().and_then(SortedRun::into_part) {
                index.keep(&part, parts.last());
                parts.push(part);
            }
            Ok(())
        })
    }

    /// The map of all parts. O(n / 64), besides sorting the parts.
    ///
    /// # Errors
    /// [`BulkError`] if two parts overlap, or if there is no memory for the levels above the leaves. All
    /// pairs are then dropped, and all memory goes back to the arena.
    pub fn finish(self) -> Result<BSkipMap<K, V, A>, BulkError<K>> {
        let Self { mut map, parts, fill } = self;
        let mut parts = parts.into_inner();
        parts.sort_unstable_by_key(Part::first);
        for pair in parts.windows(2) {
            let (after, key) = (pair[0].last(), pair[1].first());
            if key <= after {
                return Err(not_ascending(key, after));
            }
        }
        map.index.attach_to_empty(&parts, fill)?;
        Ok(map)
    }
}

impl<K: Key, V, A: BlockArena> fmt::Debug for BulkLoad<K, V, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkLoad").field("fill", &self.fill).finish_non_exhaustive()
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
    /// maps.
    pub fn append(&mut self, other: &mut Self) {
        self.take_all(&mut other.index.drain());
    }

    /// Appends the pairs as long as their keys ascend and are above those of the map. Inserts the others.
    fn take_all(&mut self, pairs: &mut impl Iterator<Item = (K::Words, V)>) {
        let mut held = None;
        match self.index.append(&mut held, pairs) {
            Stop::End => {}
            Stop::NoMemory(cause) => out_of_memory("try_insert", &cause),
            Stop::NotAscending => {
                if let Some((key, value)) = held {
                    self.insert_words(key, value);
                }
                pairs.for_each(|(key, value)| self.insert_words(key, value));
            }
        }
    }

    fn insert_words(&self, key: K::Words, value: V) {
        if let Err((_, cause)) = self.index.insert(key, value, Existing::Replace) {
            out_of_memory("try_insert", &cause);
        }
    }
}

/// The pair with its key converted to words.
#[inline(always)]
fn to_words<K: Key, V>((key, value): (K, V)) -> (K::Words, V) {
    (key.to_words(), value)
}

fn not_ascending<K: Key>(key: K::Words, after: K::Words) -> BulkError<K> {
    BulkError::NotAscending { key: K::from_words(key), after: K::from_words(after) }
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
        let mut pairs = pairs.into_iter().peekable();
        let mut map = Self::with_arena(A::default()).unwrap_or_else(|error| panic!("{error}"));
        map.take_all(&mut iter::from_fn(|| {
            loop {
                let pair = pairs.next()?;
                if pairs.peek().is_none_or(|next| next.0 != pair.0) {
                    return Some(pair);
                }
            }
        }));
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
