//! The public map: the contract in words, every operation delegated to the engine in `index`.

mod batch;
mod bulk;
mod chunks;
mod huge_pages;
mod insert_error;
mod migrate;
mod replicas;
mod shrink;

use core::fmt;
use core::ops::{Bound, RangeBounds};

pub use bulk::{BulkError, BulkLoad};

use crate::arena::{AllocError, GlobalArena, NodeArena, PoolUsage};
use crate::config::Config;
use crate::index::{Cloned, Copied, End, Existing, Index};
use crate::iter::Range;
use crate::key::Key;

pub use batch::InsertManyError;
pub use insert_error::InsertError;
pub use migrate::MigrateCursor;
pub use shrink::ShrinkCursor;

/// A concurrent ordered map: a B-skiplist (Luo, Hao, Wheatman, Pandey, Xu, ICPP'25) with optimistic reads.
///
/// All operations but [`clear`](Self::clear) take `&self`: share the map by reference or in an `Arc`.
/// *n* below is the number of keys.
///
/// # What concurrent threads may see
/// Operations on one key (`get`, `insert`, `remove`, `update`, `contains_key`, `get_or_insert_with`) and
/// `first`, `last`, `pop_first`, `pop_last`, `is_empty` are linearizable: each takes effect at one moment
/// between its call and its return. (On x86-64 and AArch64, all together. On machines of weaker order, such as
/// RISC-V, those on one key; threads that use several keys and communicate by nothing else may see the order of
/// one another's operations differently.) [`range`](Self::range), [`iter`](Self::iter) and [`len`](Self::len) are
/// not atomic as a whole; each says what it promises.
///
/// # Reading
/// [`get`](Self::get), [`range`](Self::range), [`first`](Self::first) and [`last`](Self::last) are for values
/// that are `Copy`, and write no shared memory (but where an arena keeps replicas: a hint table that is out of date, and
/// with [`Refresh::Lazy`](crate::Refresh) a replica that led them astray): they read a node and check afterwards that it
/// did not change meanwhile, and start again if it did. [`contains_key`](Self::contains_key) reads no value and is for all.
///
/// Values of other types may be owned by somebody else by the time they would be cloned. They are read under
/// their leaf's lock: [`get_with`](Self::get_with), [`get_cloned`](Self::get_cloned),
/// [`range(..).cloned()`](Range::cloned), [`first_cloned`](Self::first_cloned),
/// [`last_cloned`](Self::last_cloned).
///
/// # Writing
/// A write locks the one leaf that it changes; a split or merge of nodes, or moving pairs from a full leaf to its
/// neighbour, locks up to three, and a key of height *h* (one in `one_in`^*h*, see
/// [`Promotion`](crate::Promotion)) *h* + 1. A thread that is suspended while it holds a lock delays, until it
/// goes on, readers and writers of that node's keys, removals next to it that would merge nodes, and insertions
/// into full leaves nearby.
///
/// # Closures
/// Closures given to [`update`](Self::update) and [`get_with`](Self::get_with), and `V::clone` where it is
/// called, run under a leaf's lock. They must not use the same map, nor wait for a thread that does: an
/// operation that comes to the locked leaf waits until the closure returns. One that would so wait for its own
/// thread panics, with the feature `std`; without, it waits for ever, in the function that
/// [`set_relax`](crate::set_relax) names. They may use other maps.
///
/// A panic in any of the caller's code unlocks what is locked, so the map can be used after
/// [`catch_unwind`](std::panic::catch_unwind): it is `RefUnwindSafe` if its values are.
///
/// # Memory
/// Nodes live in blocks of the arena `A`. Blocks of removed nodes are reused by this map; all go back when
/// it drops. Values are dropped exactly once: by the caller who gets them back, or by the map.
pub struct BSkipMap<K: Key, V, A: NodeArena = GlobalArena> {
    index: Index<K::Words, V, A::Pool>,
    arena: A,
}

impl<K: Key, V> BSkipMap<K, V> {
    /// An empty map on the global allocator, with the default [`Config`].
    ///
    /// # Panics
    /// If there is no memory for the first leaf; [`with_arena`](Self::with_arena) returns an error instead.
    #[must_use]
    pub fn new() -> Self {
        Self::with_arena(GlobalArena).unwrap_or_else(|error| panic!("{error}"))
    }
}

impl<K: Key, V> Default for BSkipMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Key, V, A: NodeArena> BSkipMap<K, V, A> {
    /// Bytes of a leaf and of an inner node for these keys and values.
    pub const NODE_BYTES: (usize, usize) = Index::<K::Words, V, A::Pool>::NODE_BYTES;

    /// An empty map whose nodes live in `arena`, with the default [`Config`].
    ///
    /// # Errors
    /// [`AllocError`] if the arena has no room for the first leaf.
    pub fn with_arena(arena: A) -> Result<Self, AllocError> {
        Self::with_config(arena, Config::default())
    }

    /// An empty map whose nodes live in `arena`.
    ///
    /// # Errors
    /// [`AllocError`] if the arena has no room for the first leaf.
    pub fn with_config(arena: A, config: Config) -> Result<Self, AllocError> {
        Ok(Self { index: Index::new(&arena, &config)?, arena })
    }

    /// The arena, for instance to ask it for statistics.
    #[must_use]
    pub fn arena(&self) -> &A {
        &self.arena
    }

    /// Blocks and bytes that this map's nodes take. Exact while no thread writes. O(1).
    #[must_use]
    pub fn usage(&self) -> PoolUsage {
        self.index.usage()
    }

    /// Bytes of the tables that lead searches past the upper levels and, where keys are spread evenly, straight
    /// to their leaf. They are not in [`usage`](Self::usage), nor under an arena's limit: they come from the global
    /// allocator, and without memory for them a map is only slower. About a hundredth of the nodes' bytes with pairs of 16 bytes; more after a map has shrunk, since
    /// tables do not. O(1).
    #[must_use]
    pub fn hint_bytes(&self) -> usize {
        self.index.hint_bytes()
    }

    /// Inserts the pair, or replaces the value of a key that is there, and returns the old value.
    ///
    /// Expected O(log n); linearizable.
    ///
    /// # Panics
    /// If the arena has no memory for a node; [`try_insert`](Self::try_insert) returns an error instead.
    #[inline]
    pub fn insert(&self, key: K, value: V) -> Option<V> {
        match self.index.insert(key.to_words(), value, Existing::Replace) {
            Ok(old) => old,
            Err((_, _, cause)) => out_of_memory("try_insert", &cause),
        }
    }

    /// As [`insert`](Self::insert), but gives the pair back when there is no memory.
    ///
    /// # Errors
    /// [`InsertError`] with the pair; the map is then as it was.
    #[inline]
    pub fn try_insert(&self, key: K, value: V) -> Result<Option<V>, InsertError<K, V>> {
        let inserted = self.index.insert(key.to_words(), value, Existing::Replace);
        inserted.map_err(|(_, value, cause)| InsertError { key, value, cause })
    }

    /// A copy of the value of `key`. Expected O(log n); linearizable; writes no shared memory.
    #[inline]
    pub fn get(&self, key: &K) -> Option<V>
    where
        V: Copy,
    {
        self.index.get(key.to_words())
    }

    /// The value of `key`, cloned under the leaf's lock. Expected O(log n); linearizable.
    pub fn get_cloned(&self, key: &K) -> Option<V>
    where
        V: Clone,
    {
        self.index.with(key.to_words(), V::clone)
    }

    /// Runs `f` on the value of `key`, without cloning it, and returns what it returned.
    ///
    /// `f` runs once, under the leaf's lock, and [must not use the map](Self#closures). Should it panic, the
    /// map stays usable. The reference is to a place of its own for the time of the call: the value's address
    /// means nothing. Expected O(log n); linearizable.
    pub fn get_with<R>(&self, key: &K, f: impl FnOnce(&V) -> R) -> Option<R> {
        self.index.with(key.to_words(), f)
    }

    /// Whether `key` is there. Expected O(log n); linearizable; writes no shared memory.
    #[inline]
    pub fn contains_key(&self, key: &K) -> bool {
        self.index.contains(key.to_words())
    }

    /// Takes out the pair of `key` and returns its value.
    ///
    /// Expected O(log n); linearizable. A node that this leaves at most a quarter full is merged with a
    /// neighbour that has room, and its memory reused.
    #[inline]
    pub fn remove(&self, key: &K) -> Option<V> {
        self.index.remove(key.to_words())
    }

    /// The value of `key`, cloned; inserts what `make` returns if there is none.
    ///
    /// `make` runs at most once, without a lock, so it may use the map; if another thread inserts first,
    /// what it made is dropped. Takes the leaf's lock also when the key is there; where that is the usual case
    /// and `V` is `Copy`, ask [`get`](Self::get) first. Expected O(log n); linearizable.
    ///
    /// # Panics
    /// As [`insert`](Self::insert), and if `make` does; the map is then unchanged.
    pub fn get_or_insert_with(&self, key: K, make: impl FnOnce() -> V) -> V
    where
        V: Clone,
    {
        // Once: `key` might give other words the next time.
        let key = key.to_words();
        // What is not needed is dropped before `return`: a drop that panics behind it would leak what is returned.
        if let Some(value) = self.index.with(key, V::clone) {
            drop(make);
            return value;
        }
        let mut made = make();
        loop {
            let copy = made.clone();
            match self.index.insert(key, made, Existing::Keep) {
                Ok(None) => return copy,
                Ok(Some(unused)) => made = unused,
                Err((_, _, cause)) => out_of_memory("try_insert", &cause),
            }
            drop(copy);
            if let Some(value) = self.index.with(key, V::clone) {
                drop(made);
                return value;
            }
        }
    }

    /// Runs `f` on the value of `key`, which it may change; `false` if there is none.
    ///
    /// `f` runs once, under the leaf's lock, and [must not use the map](Self#closures). Should it panic, what
    /// it made of the value stays. Expected O(log n); linearizable.
    pub fn update(&self, key: &K, f: impl FnOnce(&mut V)) -> bool {
        self.index.update(key.to_words(), f)
    }

    /// The pairs whose keys are in `range`, in order, from both ends.
    ///
    /// Every pair was in the map at some moment between the call and its being handed out; keys come strictly
    /// ascending (descending from the back), within the bounds, none twice. A key that is there all the time
    /// is not missed. The whole is not a snapshot: of two changes made while the iterator runs, it may show
    /// the later and not the earlier. Once the iterator has given `None`, at either end, it gives `None` for ever.
    ///
    /// Expected O(log n) to begin, then O(1) a pair, and O(log n) whenever a leaf changed while it was read.
    /// Writes no shared memory. For values that are not `Copy`, add [`.cloned()`](Range::cloned). For many
    /// pairs, [`for_each_chunk`](Self::for_each_chunk) is faster.
    ///
    /// # Panics
    /// If the range starts after its end, or starts and ends at the same key, both excluded: at the same bounds as
    /// std's `BTreeMap`, and whether the map is empty or not. The call panics, not the iterator.
    /// [`for_each_chunk`](Self::for_each_chunk) and [`for_each_chunk_rev`](Self::for_each_chunk_rev) do the same.
    pub fn range(&self, range: impl RangeBounds<K>) -> Range<'_, K, V, A> {
        let (lower, upper) = bounds(&range);
        Range::new(&self.index, lower, upper)
    }

    /// All pairs in order: [`range(..)`](Self::range).
    pub fn iter(&self) -> Range<'_, K, V, A> {
        self.range(..)
    }

    /// The pair with the least key. Expected O(log n); linearizable; writes no shared memory.
    pub fn first(&self) -> Option<(K, V)>
    where
        V: Copy,
    {
        pair(self.index.end::<Copied>(End::First))
    }

    /// The pair with the least key, cloned under the leaf's lock. Expected O(log n); linearizable.
    pub fn first_cloned(&self) -> Option<(K, V)>
    where
        V: Clone,
    {
        pair(self.index.end::<Cloned>(End::First))
    }

    /// The pair with the greatest key. Expected O(log n); linearizable; writes no shared memory.
    pub fn last(&self) -> Option<(K, V)>
    where
        V: Copy,
    {
        pair(self.index.end::<Copied>(End::Last))
    }

    /// The pair with the greatest key, cloned under the leaf's lock. Expected O(log n); linearizable.
    pub fn last_cloned(&self) -> Option<(K, V)>
    where
        V: Clone,
    {
        pair(self.index.end::<Cloned>(End::Last))
    }

    /// Takes out the pair with the least key. Expected O(log n); linearizable.
    pub fn pop_first(&self) -> Option<(K, V)> {
        pair(self.index.pop(End::First))
    }

    /// Takes out the pair with the greatest key. Expected O(log n); linearizable.
    pub fn pop_last(&self) -> Option<(K, V)> {
        pair(self.index.pop(End::Last))
    }

    /// The number of keys, counted leaf by leaf: O(n / 45).
    ///
    /// Exact while no thread writes. Otherwise each key that is there all the time is counted once, and each
    /// that comes or goes meanwhile at most once for each time that it is there. No counter is kept, so
    /// writers pay nothing for it; keep your own if you need it often.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there is no key. O(1) unless the first leaves are empty; linearizable.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Drops every pair and gives the nodes' blocks back to the pool. O(n).
    ///
    /// If a value's drop panics, the panic goes on after all other values were dropped, each once, and the map is then
    /// empty and can be used. Dropping a map does the same. If a second drop panics meanwhile, the process aborts, as
    /// with std's maps.
    pub fn clear(&mut self) {
        self.index.clear();
    }

    /// Walks the whole map and panics if anything is not as it must be: order, fences, levels, samples,
    /// entries, locks, and that every block of the pools is reached exactly once. O(n log n).
    ///
    /// # Panics
    /// If an invariant does not hold: a defect of this crate, or of a `NodePool` implementation.
    #[cfg(feature = "check")]
    pub fn check_invariants(&mut self) -> crate::Structure {
        self.index.walk()
    }
}

/// The pair as the user knows it. Nothing is locked any more.
#[inline(always)]
fn pair<K: Key, V>(pair: Option<(K::Words, V)>) -> Option<(K, V)> {
    pair.map(|(words, value)| (K::from_words(words), value))
}

/// The bounds of a range, which must make sense: by the keys' words, as all that follows goes by them.
fn bounds<K: Key>(range: &impl RangeBounds<K>) -> (Bound<K::Words>, Bound<K::Words>) {
    let lower = range.start_bound().map(|&key| key.to_words());
    let upper = range.end_bound().map(|&key| key.to_words());
    match (lower, upper) {
        (Bound::Excluded(start), Bound::Excluded(end)) if start == end => {
            panic!("range start and end are equal and excluded in BSkipMap")
        }
        (Bound::Included(start) | Bound::Excluded(start), Bound::Included(end) | Bound::Excluded(end))
            if start > end =>
        {
            panic!("range start is greater than range end in BSkipMap")
        }
        _ => (lower, upper),
    }
}

#[cold]
#[inline(never)]
fn out_of_memory(fallible: &str, cause: &AllocError) -> ! {
    panic!("{cause}; `{fallible}` returns this as an error")
}

impl<K: Key + fmt::Debug, V: Clone + fmt::Debug, A: NodeArena> fmt::Debug for BSkipMap<K, V, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().cloned()).finish()
    }
}

impl<'a, K: Key, V: Copy, A: NodeArena> IntoIterator for &'a BSkipMap<K, V, A> {
    type Item = (K, V);
    type IntoIter = Range<'a, K, V, A>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
