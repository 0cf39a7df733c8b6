//! The public map and its contract. The operations themselves are in `index`.

mod append_error;
mod batch;
mod bulk;
mod chunks;
mod columns;
mod compute;
mod conditional;
mod cursor;
mod ends;
mod estimate;
mod get_or_insert;
mod huge_pages;
mod insert_error;
mod lazy;
mod migrate;
mod neighbours;
mod range;
mod replicas;
mod shrink;
mod snapshot;
mod take;
mod traits;
mod visit;

use core::fmt;
use core::ops::{Bound, RangeBounds};

#[cfg(feature = "rayon")]
pub(crate) use bulk::last_of_equal;
pub use bulk::{BulkError, BulkLoad};

use crate::arena::{AllocError, BlockArena, GlobalArena, PoolUsage};
use crate::config::Config;
use crate::index::{Cloned, Copied, End, Existing, Index};
use crate::iter::{Range, check_bounds};
use crate::key::Key;

pub use append_error::AppendError;
pub use batch::InsertManyError;
pub use columns::Keys;
pub use cursor::{Cursor, OwnedCursor};
pub use insert_error::InsertError;
pub use migrate::MigrateCursor;
pub use shrink::ShrinkCursor;
pub use visit::ExtractIf;

/// A concurrent ordered map: a B-skiplist (Luo, Hao, Wheatman, Pandey, Xu, ICPP'25) with optimistic reads.
///
/// Nearly all operations take `&self`: share the map by reference or in an `Arc`. *n* below is the number of
/// keys.
///
/// # Consistency
/// **Operations on one key, and on the first or last pair, are linearizable**: each takes effect at one
/// moment between its call and its return. These are [`get`](Self::get), [`insert`](Self::insert),
/// [`remove`](Self::remove), [`update`](Self::update), [`contains_key`](Self::contains_key),
/// [`insert_if_absent`](Self::insert_if_absent), [`get_or_insert_with`](Self::get_or_insert_with),
/// [`compute`](Self::compute) and all that is made of it ([`compare_exchange`](Self::compare_exchange),
/// [`remove_if`](Self::remove_if), …), [`floor`](Self::floor) and the other
/// [neighbours](Self#the-pair-beside-a-key), [`first_key_value`](Self::first_key_value),
/// [`last_key_value`](Self::last_key_value), [`pop_first`](Self::pop_first), [`pop_last`](Self::pop_last),
/// [`compute_first`](Self::compute_first), [`pop_first_if`](Self::pop_first_if) and their like,
/// [`is_empty`](Self::is_empty), each move of a [cursor](Cursor), and their variants.
///
/// **[`range_snapshot`](Self::range_snapshot) is linearizable too**: all its pairs are from one moment.
///
/// On x86-64 and AArch64 all these operations are linearizable together. On machines with a weaker memory
/// order, such as RISC-V, only those on one key are: threads that use several keys, and communicate by
/// nothing else, may see each other's operations in different orders.
///
/// **Scans are not snapshots.** [`range`](Self::range), [`iter`](Self::iter) and the
/// [chunks](Self::try_for_each_chunk) hand out pairs as follows while other threads write:
/// * Each pair was in the map at some moment between the call and the time it is handed out.
/// * Keys strictly ascend (from the back they descend) and are within the bounds. No key comes twice.
/// * A key that is in the map all the time is not missed.
/// * Of two changes made during the scan, the scan may show the later one and not the earlier one.
///
/// **[`len`](Self::len)** is exact while no thread writes. Otherwise, a key that is there all the time counts
/// exactly once. A key that comes or goes counts at most once for each time that it is there. The `len` of a
/// [counted](crate::Config::counted) map may or may not include each of the operations that overlap it.
///
/// **Many keys at a time**: each key's operation is linearizable by itself, and they happen in the order of
/// the slice, so a key that comes twice is done twice. The call as a whole is not atomic: other threads may
/// see a part of it, and may change keys in between.
///
/// **Maintenance** ([`shrink_to_fit`](Self::shrink_to_fit), [`migrate`](Self::migrate) and their variants)
/// adds and removes no pair, so it changes no other operation's answer, and none of these promises.
///
/// # Bounds of ranges
/// A call with a range panics, as `BTreeMap`'s do, if the range starts after its end, or if it starts and
/// ends at the same key and both bounds are excluded. It panics for an empty map too. The call panics, not
/// the iterator that it returns.
///
/// # Reading
/// [`get`](Self::get), [`range`](Self::range), [`first_key_value`](Self::first_key_value) and
/// [`last_key_value`](Self::last_key_value) need values that are `Copy`, and write no shared memory. They
/// read a node, then check that the node has not changed meanwhile, and start again if it has.
/// [`contains_key`](Self::contains_key) reads no value, so it works this way for all types. (If the arena
/// keeps replicas, a search may renew the hint table of its NUMA node. With [`Refresh::Lazy`](crate::Refresh)
/// it may also renew replicas that led it astray. A search for a neighbour or an end that meets more than 34 empty
/// leaves locks and merges some of them.)
///
/// A value of another type may belong to another thread by the time it would be cloned. Such values are read
/// under their leaf's lock: by [`get_with`](Self::get_with), [`get_cloned`](Self::get_cloned),
/// [`range(..).cloned()`](Range::cloned), [`first_key_value_cloned`](Self::first_key_value_cloned) and
/// [`last_key_value_cloned`](Self::last_key_value_cloned).
///
/// # Writing
/// A write locks the one leaf that it changes. To split or merge leaves, or to move pairs from a full leaf to
/// its neighbour, it locks up to three nodes. To insert a key of height *h* (one key in `one_in`^*h*, see
/// [`Promotion`](crate::Promotion)) it locks *h* + 1. Two operations lock more:
/// * [`remove_range`](Self::remove_range): up to 34 nodes at a time, which are up to 33 neighbouring leaves and
///   the node above them.
/// * [`range_snapshot`](Self::range_snapshot), only after eight vain tries without locks: every leaf of the
///   range.
///
/// A thread that is suspended while it holds a lock delays others until it runs again: readers and writers of
/// that node's keys, removals beside the node that would merge nodes, and insertions into full leaves nearby.
///
/// # Closures
/// Closures that see a value of the map run under a leaf's lock: those given to [`update`](Self::update),
/// [`get_with`](Self::get_with), [`compute`](Self::compute) and its variants, to
/// [visits](Self#visiting-values-in-place) and to the `…_with` methods. So do `V::clone` and `V::eq` where a
/// method calls them. They must not use the same map, and must not wait for a thread that does, because an
/// operation that reaches the locked leaf waits until the closure returns. If such an operation would wait
/// for its own thread, it panics, provided that the feature `std` is on and threads wait in the
/// [default way](crate::DefaultPlatform). Otherwise it waits forever. Closures may use other maps.
///
/// If the caller's code panics, the map unlocks what is locked. So you can use the map after
/// [`catch_unwind`](std::panic::catch_unwind), and it is `RefUnwindSafe` if its values are.
///
/// # Memory
/// The map's nodes live in blocks of the arena `A`. The map reuses the blocks of nodes that it removes, and
/// gives all blocks back when it drops. It drops each value exactly once, unless a caller took the value out.
///
/// If the arena has no memory, insertions panic. [`try_insert`](Self::try_insert),
/// [`try_insert_if_absent`](Self::try_insert_if_absent) and [`try_insert_many`](Self::try_insert_many) return
/// an error instead, with what they could not insert.
pub struct BSkipMap<K: Key, V, A: BlockArena = GlobalArena> {
    index: Index<K::Words, V, A::Pool>,
    arena: A,
}

impl<K: Key, V> BSkipMap<K, V> {
    /// An empty map on the global allocator, with the default [`Config`].
    ///
    /// # Panics
    /// If there is no memory for the first leaf. [`with_arena`](Self::with_arena) returns an error instead.
    #[must_use]
    pub fn new() -> Self {
        Self::with_arena(GlobalArena::new()).unwrap_or_else(|error| panic!("{error}"))
    }
}

impl<K: Key, V> Default for BSkipMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    /// The bytes of a leaf and of an inner node for these keys and values.
    pub const NODE_BYTES: (usize, usize) = Index::<K::Words, V, A::Pool>::NODE_BYTES;

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
        Ok(Self { index: Index::new(&arena, &config)?, arena })
    }

    /// The engine.
    pub(crate) fn index(&self) -> &Index<K::Words, V, A::Pool> {
        &self.index
    }

    /// The engine, with exclusive access.
    #[cfg(any(feature = "rayon", feature = "serde"))]
    pub(crate) fn index_mut(&mut self) -> &mut Index<K::Words, V, A::Pool> {
        &mut self.index
    }

    /// The arena, for instance to ask it for statistics.
    #[must_use]
    pub fn arena(&self) -> &A {
        &self.arena
    }

    /// The blocks and bytes of this map's nodes. Exact while no thread writes.
    ///
    /// O(1) with the arenas of this crate. If a pool of your own does not [count](crate::BlockPool::usage),
    /// the map walks its levels and counts the nodes, O(n / 45). `reserved_bytes` is then the memory of these
    /// nodes.
    #[must_use]
    pub fn usage(&self) -> PoolUsage {
        self.index.usage()
    }

    /// The bytes of the tables that take searches past the upper levels and, if keys are evenly spread,
    /// directly to their leaf. O(1).
    ///
    /// About a hundredth of the nodes' bytes for pairs of 16 bytes. It is more after a map has shrunk,
    /// because the tables do not shrink. The tables come from the global allocator, so neither
    /// [`usage`](Self::usage) nor an arena's limit includes them. Without memory for them a map is slower,
    /// and nothing else.
    #[must_use]
    pub fn hint_bytes(&self) -> usize {
        self.index.hint_bytes()
    }

    /// Inserts the pair. If the key is there, replaces its value and returns the old one.
    ///
    /// Expected O(log n).
    ///
    /// # Panics
    /// If the arena has no memory for a node. [`try_insert`](Self::try_insert) returns an error instead.
    #[inline]
    pub fn insert(&self, key: K, value: V) -> Option<V> {
        match self.index.insert(key.to_words(), value, Existing::Replace) {
            Ok(old) => old,
            Err((_, cause)) => out_of_memory("try_insert", &cause),
        }
    }

    /// As [`insert`](Self::insert), but gives the pair back if there is no memory.
    ///
    /// # Errors
    /// [`InsertError`] with the pair. The map is unchanged.
    #[inline]
    pub fn try_insert(&self, key: K, value: V) -> Result<Option<V>, InsertError<K, V>> {
        let inserted = self.index.insert(key.to_words(), value, Existing::Replace);
        inserted.map_err(|(value, cause)| InsertError { key, value, cause })
    }

    /// Inserts the pair if the key is not there, and returns `None`. Otherwise changes nothing and gives
    /// `value` back.
    ///
    /// Expected O(log n).
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map = BSkipMap::new();
    /// assert_eq!(map.insert_if_absent(1, "first"), None);
    /// assert_eq!(map.insert_if_absent(1, "second"), Some("second"));
    /// assert_eq!(map.get(&1), Some("first"));
    /// ```
    ///
    /// # Panics
    /// If the arena has no memory for a node. [`try_insert_if_absent`](Self::try_insert_if_absent) returns an
    /// error instead.
    pub fn insert_if_absent(&self, key: K, value: V) -> Option<V> {
        match self.index.insert(key.to_words(), value, Existing::Keep) {
            Ok(unused) => unused,
            Err((_, cause)) => out_of_memory("try_insert_if_absent", &cause),
        }
    }

    /// As [`insert_if_absent`](Self::insert_if_absent), but gives the pair back if there is no memory.
    ///
    /// # Errors
    /// [`InsertError`] with the pair. The map is unchanged.
    pub fn try_insert_if_absent(&self, key: K, value: V) -> Result<Option<V>, InsertError<K, V>> {
        let inserted = self.index.insert(key.to_words(), value, Existing::Keep);
        inserted.map_err(|(value, cause)| InsertError { key, value, cause })
    }

    /// A copy of the value of `key`. Expected O(log n). Writes no shared memory.
    #[inline]
    pub fn get(&self, key: &K) -> Option<V>
    where
        V: Copy,
    {
        self.index.get(key.to_words())
    }

    /// The value of `key`, cloned under the leaf's lock. Expected O(log n).
    pub fn get_cloned(&self, key: &K) -> Option<V>
    where
        V: Clone,
    {
        self.index.with(key.to_words(), V::clone)
    }

    /// Calls `f` with the value of `key`, and returns its result; `None` if the key is not there.
    ///
    /// `f` runs once, under the leaf's lock, and [must not use the map](Self#closures). If it panics, the map
    /// stays usable. The reference leads to a temporary place, so the address of the value means nothing.
    /// Expected O(log n).
    pub fn get_with<R>(&self, key: &K, f: impl FnOnce(&V) -> R) -> Option<R> {
        self.index.with(key.to_words(), f)
    }

    /// Whether `key` is there. Expected O(log n). Writes no shared memory.
    #[inline]
    pub fn contains_key(&self, key: &K) -> bool {
        self.index.contains(key.to_words())
    }

    /// Removes `key` and returns its value.
    ///
    /// Expected O(log n). If a node is then at most a quarter full and a neighbour has room, the two are
    /// merged and the block of one is reused.
    #[inline]
    pub fn remove(&self, key: &K) -> Option<V> {
        self.index.remove(key.to_words())
    }

    /// Calls `f` with the value of `key`, which `f` may change, and returns its result; `None` if the key is
    /// not there.
    ///
    /// `f` runs once, under the leaf's lock, and [must not use the map](Self#closures). If it panics, its
    /// changes to the value so far stay. Expected O(log n).
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map: BSkipMap<u64, Vec<u64>> = BSkipMap::new();
    /// map.insert(7, vec![1]);
    /// let len = map.update(&7, |list| {
    ///     list.push(2);
    ///     list.len()
    /// });
    /// assert_eq!(len, Some(2));
    /// assert_eq!(map.update(&8, |list| list.clear()), None);
    /// ```
    pub fn update<R>(&self, key: &K, f: impl FnOnce(&mut V) -> R) -> Option<R> {
        self.index.update(key.to_words(), f)
    }

    /// The pairs whose keys are in `range`, in order, from both ends. It is [no snapshot](Self#consistency).
    ///
    /// After the iterator has returned `None` at either end, it returns `None` forever.
    ///
    /// Expected O(log n) to begin, then O(1) for each pair, and O(log n) whenever a leaf changed while the
    /// iterator read it. Writes no shared memory. For values that are not `Copy`, add
    /// [`.cloned()`](Range::cloned). For many pairs, [`for_each_chunk`](Self::for_each_chunk) is faster.
    ///
    /// # Panics
    /// If the [bounds](Self#bounds-of-ranges) make no sense.
    pub fn range(&self, range: impl RangeBounds<K>) -> Range<'_, K, V, A> {
        let (lower, upper) = bounds(&range);
        Range::new(&self.index, lower, upper)
    }

    /// All pairs in order: [`range(..)`](Self::range).
    pub fn iter(&self) -> Range<'_, K, V, A> {
        self.range(..)
    }

    /// The pair with the least key. Expected O(log n). Writes no shared memory.
    pub fn first_key_value(&self) -> Option<(K, V)>
    where
        V: Copy,
    {
        pair(self.index.end::<Copied>(End::First))
    }

    /// The pair with the least key, its value cloned under the leaf's lock. Expected O(log n).
    pub fn first_key_value_cloned(&self) -> Option<(K, V)>
    where
        V: Clone,
    {
        pair(self.index.end::<Cloned<A::Pool>>(End::First))
    }

    /// The pair with the greatest key. Expected O(log n). Writes no shared memory.
    pub fn last_key_value(&self) -> Option<(K, V)>
    where
        V: Copy,
    {
        pair(self.index.end::<Copied>(End::Last))
    }

    /// The pair with the greatest key, its value cloned under the leaf's lock. Expected O(log n).
    pub fn last_key_value_cloned(&self) -> Option<(K, V)>
    where
        V: Clone,
    {
        pair(self.index.end::<Cloned<A::Pool>>(End::Last))
    }

    /// Removes the pair with the least key and returns it. Expected O(log n).
    pub fn pop_first(&self) -> Option<(K, V)> {
        pair(self.index.pop(End::First))
    }

    /// Removes the pair with the greatest key and returns it. Expected O(log n).
    pub fn pop_last(&self) -> Option<(K, V)> {
        pair(self.index.pop(End::Last))
    }

    /// The number of keys, counted leaf by leaf: O(n / 45). [Exact](Self#consistency) while no thread writes.
    ///
    /// By default the map keeps no counter, so writers pay nothing for this. If you need the number often,
    /// make a map that is [counted](crate::Config::counted): then this is O(1).
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
    ///
    /// If a value's drop panics, all other values are still dropped, each once, before the panic goes on. The
    /// map is then empty and can be used. Dropping a map does the same. If a second drop panics during this,
    /// the process aborts, as it does with std's maps.
    pub fn clear(&mut self) {
        self.index.clear();
    }

    /// Walks the whole map and checks its invariants: order, fences, levels, samples, entries, locks, and
    /// that the walk reaches every block of the pools exactly once. O(n log n).
    ///
    /// # Panics
    /// If an invariant does not hold. Then this crate or the `BlockPool` has a defect.
    #[cfg(feature = "check")]
    pub fn check_invariants(&mut self) -> crate::Structure {
        self.index.walk()
    }
}

/// The pair with its key converted back. The caller holds no lock.
#[inline(always)]
fn pair<K: Key, V>(pair: Option<(K::Words, V)>) -> Option<(K, V)> {
    pair.map(|(words, value)| (K::from_words(words), value))
}

/// The bounds of a range, as words. Checks them by their words too, because the index only knows words.
pub(crate) fn bounds<K: Key>(range: &impl RangeBounds<K>) -> (Bound<K::Words>, Bound<K::Words>) {
    let lower = range.start_bound().map(|&key| key.to_words());
    let upper = range.end_bound().map(|&key| key.to_words());
    check_bounds(&lower, &upper, "BSkipMap");
    (lower, upper)
}

#[cold]
#[inline(never)]
pub(crate) fn out_of_memory(fallible: &str, cause: &AllocError) -> ! {
    panic!("{cause}; `{fallible}` returns this as an error")
}

impl<K: Key + fmt::Debug, V: Clone + fmt::Debug, A: BlockArena> fmt::Debug for BSkipMap<K, V, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().cloned()).finish()
    }
}
