//! The public face of building from sorted pairs: `BulkLoad`, `from_sorted`, `append`, and std's traits for collecting.

use alloc::vec::Vec;
use core::{fmt, iter};

use super::{BSkipMap, out_of_memory};
use crate::arena::{AllocError, GlobalArena, NodeArena};
use crate::config::Config;
use crate::index::{Existing, Part, SortedRun, Stop, reserve_one};
use crate::key::Key;
use crate::spin::SpinLock;

/// Builds a map from sorted pairs, in parts that may come from several threads.
///
/// Several times as fast as inserting, and nodes are as full as [`fill`](Self::fill) says. The map is as if the pairs
/// had been inserted, promotion policy and all. Each part's keys must ascend strictly and must not overlap another
/// part's; in which order the parts are given does not matter.
///
/// Until [`finish`](Self::finish) the pairs belong to the `BulkLoad`; dropping it drops them.
///
/// ```
/// use bskip_core::{BulkLoad, Config, GlobalArena};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let load = BulkLoad::with_config(GlobalArena, Config::default())?.fill(0.9);
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
pub struct BulkLoad<K: Key, V, A: NodeArena = GlobalArena> {
    /// Its first leaf is empty; behind it hang the leaves of all parts, one part behind the other in whatever order,
    /// so that the map's drop finds their values.
    map: BSkipMap<K, V, A>,
    parts: SpinLock<Vec<Part<K::Words>>>,
    fill: f64,
}

/// Why a map could not be built from sorted pairs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum BulkError<K> {
    /// The keys do not ascend strictly: `key` came behind `after`. Of two parts, the one that starts at `key`
    /// overlaps the one that ends at `after`.
    NotAscending {
        /// The key that is not greater than the one before.
        key: K,
        /// The one before.
        after: K,
    },
    /// There was no memory.
    NoMemory(AllocError),
}

impl<K: fmt::Debug> fmt::Display for BulkError<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAscending { key, after } => {
                write!(f, "the keys do not ascend strictly: {key:?} comes behind {after:?}")
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
    /// If there is no memory for the first leaf; [`with_arena`](Self::with_arena) returns an error instead.
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

impl<K: Key, V, A: NodeArena> BulkLoad<K, V, A> {
    /// For a map whose nodes live in `arena`, with the default [`Config`].
    ///
    /// # Errors
    /// [`AllocError`] if the arena has no room for the first leaf.
    pub fn with_arena(arena: A) -> Result<Self, AllocError> {
        BSkipMap::with_arena(arena).map(Self::of)
    }

    /// For a map whose nodes live in `arena`.
    ///
    /// # Errors
    /// [`AllocError`] if the arena has no room for the first leaf.
    pub fn with_config(arena: A, config: Config) -> Result<Self, AllocError> {
        BSkipMap::with_config(arena, config).map(Self::of)
    }

    fn of(map: BSkipMap<K, V, A>) -> Self {
        Self { map, parts: SpinLock::new(Vec::new()), fill: 1.0 }
    }

    /// How full the nodes will be: 1.0, unless told otherwise, is best for a map that is read. A full leaf whose
    /// neighbours are full splits at the next insertion, so leave room where many will come all over the map. Less than 0.5 counts as 0.5.
    #[must_use]
    pub fn fill(mut self, fill: f64) -> Self {
        self.fill = fill;
        self
    }

    /// Takes a part of the pairs: all of the iterator's.
    ///
    /// O(n), without a search. May run in several threads at once.
    ///
    /// # Errors
    /// [`BulkError`] if the keys do not ascend strictly, or if there is no memory. The pairs that this call has taken
    /// out of the iterator are then dropped, with the one that did not fit, and their memory is free for other parts; the
    /// pairs behind it are still in the iterator, if it was given by reference. Other parts stay.
    ///
    /// # Panics
    /// If the iterator does; what it has given in this call is dropped.
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
        // Should it stay, its values are dropped when nothing is locked.
        let mut run = Some(run);
        self.parts.with(|parts| {
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
    /// [`BulkError`] if two parts overlap, or if there is no memory for the levels above the leaves. All pairs are
    /// then dropped, and all memory goes back to the arena.
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

impl<K: Key, V, A: NodeArena> fmt::Debug for BulkLoad<K, V, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkLoad").field("fill", &self.fill).finish_non_exhaustive()
    }
}

impl<K: Key, V> BSkipMap<K, V> {
    /// A map of pairs whose keys ascend strictly, on the global allocator, with the default [`Config`] and full
    /// nodes. [`BulkLoad`] has the choice, and takes parts from several threads; for pairs in no order there is
    /// `collect`.
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
    /// [`BulkError`] if the keys do not ascend strictly, or if there is no memory. All pairs that were taken out of
    /// the iterator are then dropped.
    pub fn from_sorted(pairs: impl IntoIterator<Item = (K, V)>) -> Result<Self, BulkError<K>> {
        let load = BulkLoad::with_arena(GlobalArena)?;
        load.part(pairs)?;
        load.finish()
    }
}

impl<K: Key, V, A: NodeArena> BSkipMap<K, V, A> {
    /// Moves all pairs of `other` here and leaves it empty. Of a key that both have, `other`'s value stays.
    ///
    /// O(m) for `other`'s m pairs if their keys are all above this map's, as the leaves are then filled without a
    /// search; else they are inserted one by one. Pairs are moved, not nodes: each map keeps to its arena and policy.
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
    /// If the arena has no memory for a node. One pair is then dropped; every other is in one of the two maps.
    pub fn append(&mut self, other: &mut Self) {
        self.take_all(&mut other.index.drain());
    }

    /// Appends the pairs as long as their keys ascend and are above those of the map; inserts the rest.
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
        if let Err((_, _, cause)) = self.index.insert(key, value, Existing::Replace) {
            out_of_memory("try_insert", &cause);
        }
    }
}

/// The pair as the engine knows it.
#[inline(always)]
fn to_words<K: Key, V>((key, value): (K, V)) -> (K::Words, V) {
    (key.to_words(), value)
}

fn not_ascending<K: Key>(key: K::Words, after: K::Words) -> BulkError<K> {
    BulkError::NotAscending { key: K::from_words(key), after: K::from_words(after) }
}

/// Sorts the pairs and builds the map from them; of equal keys the last one's value stays. Sorting takes room for the
/// pairs once more meanwhile.
///
/// # Panics
/// If there is no memory.
impl<K: Key, V, A: NodeArena + Default> FromIterator<(K, V)> for BSkipMap<K, V, A> {
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

/// Inserts the pairs, replacing the values of keys that are there. As long as keys ascend and are above all that are there,
/// they are appended without a search.
///
/// # Panics
/// If there is no memory; the pair for which there was none is then dropped, and those before it are in the map. If
/// the iterator panics, some of the pairs that it has given may be dropped.
impl<K: Key, V, A: NodeArena> Extend<(K, V)> for BSkipMap<K, V, A> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, pairs: I) {
        self.take_all(&mut pairs.into_iter().map(to_words));
    }
}
