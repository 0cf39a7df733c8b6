//! The public set and its contract: a map without values.

mod iter;
mod keys;
mod merge;
mod traits;

use core::ops::{ControlFlow, RangeBounds};

use crate::arena::{AllocError, BlockArena, GlobalArena, Platform, PoolUsage, StaticArena};
use crate::config::Config;
use crate::key::Key;
use crate::map::{BSkipMap, BulkError, Cursor, InsertError};
use crate::sets::ends_and_upkeep;

pub use iter::SetRange;
pub use merge::Merged;

/// A concurrent ordered set: a [`BSkipMap`] without values.
///
/// It is the same engine, so everything that the map's documentation says about consistency, bounds, panics and
/// memory holds here too. *n* is the number of keys.
///
/// ```
/// use bskip_core::BSkipSet;
///
/// let set = BSkipSet::from([3, 1, 2]);
/// std::thread::scope(|threads| {
///     threads.spawn(|| assert!(set.insert(7)));
///     threads.spawn(|| assert!(set.remove(&1)));
/// });
/// assert!(set.contains(&7));
/// assert!(set.range(2..).eq([2, 3, 7]));
/// assert_eq!(set.pop_first(), Some(2));
/// ```
///
/// # Memory
/// A leaf has no room for values. With keys of 8 bytes, a leaf of 64 keys takes 640 bytes; that of a map with values
/// of 8 bytes takes 1152. A million keys take 10.3 bytes each if they are built [from sorted
/// keys](Self::from_sorted), and 13.2 if they were inserted in random order. A map takes 18.4 and 23.4.
///
/// # Names
/// The names are those of std's `BTreeSet` and crossbeam's `SkipSet`. Keys are `Copy`, so `get`, `take`, `replace`
/// and `get_or_insert` would give back what the caller has: [`contains`](Self::contains),
/// [`remove`](Self::remove) and [`insert`](Self::insert) say whether the key was there. `front`, `back`,
/// `pop_front` and `pop_back` of crossbeam are [`first`](Self::first), [`last`](Self::last),
/// [`pop_first`](Self::pop_first) and [`pop_last`](Self::pop_last). What a set and a map have in common, and what
/// this type does not repeat, such as upkeep in steps, is there [by the map](Self::as_map).
pub struct BSkipSet<K: Key, A: BlockArena = GlobalArena> {
    map: BSkipMap<K, (), A>,
}

impl<K: Key> BSkipSet<K> {
    /// An empty set on the global allocator, with the default [`Config`].
    ///
    /// # Panics
    /// If there is no memory for the first leaf. [`with_arena`](Self::with_arena) returns an error instead.
    #[must_use]
    pub fn new() -> Self {
        Self { map: BSkipMap::new() }
    }

    /// A set of keys that strictly ascend, on the global allocator, with the default [`Config`] and full nodes.
    ///
    /// O(n), without a search: several times as fast as inserting. For other choices, and for parts from several
    /// threads, use a [`BulkLoad<K, ()>`](crate::BulkLoad), and make its map a set by `into`. If keys are not
    /// sorted, use `collect`.
    ///
    /// ```
    /// use bskip_core::{BSkipSet, BulkError, BulkLoad};
    ///
    /// let set = BSkipSet::from_sorted(0..1000u64)?;
    /// assert_eq!(set.len(), 1000);
    ///
    /// let load = BulkLoad::new().fill(0.8);
    /// load.part((0..1000u64).map(|key| (key, ())))?;
    /// assert_eq!(BSkipSet::from(load.finish()?), set);
    /// # Ok::<(), BulkError<u64>>(())
    /// ```
    ///
    /// # Errors
    /// [`BulkError`] if the keys do not strictly ascend, or if there is no memory.
    pub fn from_sorted(keys: impl IntoIterator<Item = K>) -> Result<Self, BulkError<K>> {
        BSkipMap::from_sorted(keys.into_iter().map(|key| (key, ()))).map(Self::from)
    }
}

impl<K: Key, P: Platform> BSkipSet<K, &'static StaticArena<P>> {
    /// An empty set in `arena`, with the default [`Config`]. It takes its first block at the first insertion: see
    /// [`BSkipMap::new_in`].
    ///
    /// ```
    /// use bskip_core::{BSkipSet, StaticArena, StaticMemory};
    ///
    /// static MEMORY: StaticMemory<16384> = StaticMemory::new();
    /// static ARENA: StaticArena = StaticArena::new();
    /// static SET: BSkipSet<u64, &'static StaticArena> = BSkipSet::new_in(&ARENA);
    ///
    /// ARENA.add_region(MEMORY.take().expect("taken once"))?;
    /// assert!(SET.insert(7) && SET.contains(&7));
    /// # Ok::<(), bskip_core::RegionError>(())
    /// ```
    #[must_use]
    pub const fn new_in(arena: &'static StaticArena<P>) -> Self {
        Self { map: BSkipMap::new_in(arena) }
    }

    /// As [`new_in`](Self::new_in), with these choices: see [`BSkipMap::new_in_with`].
    ///
    /// # Panics
    /// If the set is to be [counted](Config::counted), because a counter takes memory.
    #[must_use]
    pub const fn new_in_with(arena: &'static StaticArena<P>, config: Config) -> Self {
        Self { map: BSkipMap::new_in_with(arena, config) }
    }
}

impl<K: Key, A: BlockArena> BSkipSet<K, A> {
    /// An empty set in `arena`, with the default [`Config`].
    ///
    /// # Errors
    /// [`AllocError`] if the arena has no room for the first leaf.
    pub fn with_arena(arena: A) -> Result<Self, AllocError> {
        BSkipMap::with_arena(arena).map(Self::from)
    }

    /// An empty set in `arena`.
    ///
    /// # Errors
    /// [`AllocError`] if the arena has no room for the first leaf, or if there is no memory for the counter of a
    /// `counted` set.
    pub fn with_config(arena: A, config: Config) -> Result<Self, AllocError> {
        BSkipMap::with_config(arena, config).map(Self::from)
    }

    /// The map whose keys these are.
    ///
    /// ```
    /// use bskip_core::{BSkipSet, ShrinkCursor};
    ///
    /// let set: BSkipSet<u64> = (0..10_000).collect();
    /// (0..10_000).filter(|key| key % 3 > 0).for_each(|key| assert!(set.remove(&key)));
    /// let mut cursor = ShrinkCursor::new();
    /// while set.as_map().shrink(&mut cursor, 10) {}
    /// assert!(cursor.freed_blocks() > 0);
    /// ```
    #[must_use]
    pub fn as_map(&self) -> &BSkipMap<K, (), A> {
        &self.map
    }

    #[cfg(any(feature = "rayon", feature = "serde"))]
    pub(crate) fn as_map_mut(&mut self) -> &mut BSkipMap<K, (), A> {
        &mut self.map
    }

    /// The map whose keys these are.
    #[must_use]
    pub fn into_map(self) -> BSkipMap<K, (), A> {
        self.map
    }

    /// The blocks and bytes of this set's nodes: see [`BSkipMap::usage`].
    #[must_use]
    pub fn usage(&self) -> PoolUsage {
        self.map.usage()
    }

    /// The bytes of the tables that shorten searches: see [`BSkipMap::hint_bytes`].
    #[must_use]
    pub fn hint_bytes(&self) -> usize {
        self.map.hint_bytes()
    }

    /// Inserts the key. Returns whether it is new. Expected O(log n).
    ///
    /// # Panics
    /// If the arena has no memory for a node. [`try_insert`](Self::try_insert) returns an error instead.
    #[inline]
    pub fn insert(&self, key: K) -> bool {
        self.map.insert(key, ()).is_none()
    }

    /// As [`insert`](Self::insert), but returns an error if there is no memory.
    ///
    /// # Errors
    /// [`InsertError`] with the key. The set is unchanged.
    #[inline]
    pub fn try_insert(&self, key: K) -> Result<bool, InsertError<K, ()>> {
        self.map.try_insert(key, ()).map(|old| old.is_none())
    }

    /// Whether the key is there. Expected O(log n). Writes no shared memory.
    #[inline]
    pub fn contains(&self, key: &K) -> bool {
        self.map.contains_key(key)
    }

    /// Removes the key. Returns whether it was there. Expected O(log n).
    #[inline]
    pub fn remove(&self, key: &K) -> bool {
        self.map.remove(key).is_some()
    }

    /// Writes into `found` whether each key is there, for [many keys at a time](BSkipMap#many-keys-at-a-time).
    ///
    /// ```
    /// use bskip_core::BSkipSet;
    ///
    /// let set = BSkipSet::from([1, 2]);
    /// let mut found = [false; 3];
    /// set.contains_many(&[1, 2, 3], &mut found);
    /// assert_eq!(found, [true, true, false]);
    /// ```
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn contains_many(&self, keys: &[K], found: &mut [bool]) {
        self.map.contains_many(keys, found);
    }

    /// Inserts each key, [many at a time](BSkipMap#many-keys-at-a-time). Returns how many were new.
    ///
    /// ```
    /// use bskip_core::BSkipSet;
    ///
    /// let set = BSkipSet::from([1, 2]);
    /// assert_eq!(set.insert_many(&[2, 3, 4, 3]), 2);
    /// assert_eq!(set.remove_many(&[1, 5]), 1);
    /// assert!(set.iter().eq([2, 3, 4]));
    /// ```
    ///
    /// # Panics
    /// If the arena has no memory for a node. The keys before that one are inserted.
    pub fn insert_many(&self, keys: &[K]) -> usize {
        let insert = |group: &[K]| {
            let Some(&first) = group.first() else { return 0 };
            let mut pairs = [(first, None); GROUP];
            let pairs = &mut pairs[..group.len()];
            pairs.iter_mut().zip(group).for_each(|(pair, &key)| *pair = (key, Some(())));
            self.map.insert_many(pairs);
            pairs.iter().filter(|pair| pair.1.is_none()).count()
        };
        keys.chunks(GROUP).map(insert).sum()
    }

    /// Removes each key, [many at a time](BSkipMap#many-keys-at-a-time). Returns how many were there.
    pub fn remove_many(&self, keys: &[K]) -> usize {
        let remove = |group: &[K]| {
            let removed = &mut [None; GROUP][..group.len()];
            self.map.remove_many(group, removed);
            removed.iter().flatten().count()
        };
        keys.chunks(GROUP).map(remove).sum()
    }

    /// The keys in `range`, in order, from both ends: see [`BSkipMap::range`].
    ///
    /// # Panics
    /// If the [bounds](BSkipMap#bounds-of-ranges) make no sense.
    pub fn range(&self, range: impl RangeBounds<K>) -> SetRange<'_, K, A> {
        SetRange::new(self.map.range(range))
    }

    /// All keys in order.
    pub fn iter(&self) -> SetRange<'_, K, A> {
        self.range(..)
    }

    /// Calls `f` with the keys in `range`, a leaf at a time: see [`BSkipMap::for_each_chunk`].
    ///
    /// ```
    /// use bskip_core::BSkipSet;
    ///
    /// let set: BSkipSet<u64> = (0..1000).collect();
    /// let mut sum = 0;
    /// set.for_each_chunk(100..200, |keys| sum += keys.iter().sum::<u64>());
    /// assert_eq!(sum, 14_950);
    /// ```
    ///
    /// # Panics
    /// As [`range`](Self::range), and if `f` panics.
    pub fn for_each_chunk(&self, range: impl RangeBounds<K>, mut f: impl FnMut(&[K])) {
        self.map.for_each_chunk(range, |keys, _| f(keys));
    }

    /// As [`for_each_chunk`](Self::for_each_chunk), until `f` breaks: see [`BSkipMap::try_for_each_chunk`].
    ///
    /// # Panics
    /// As [`for_each_chunk`](Self::for_each_chunk).
    pub fn try_for_each_chunk<B>(
        &self,
        range: impl RangeBounds<K>,
        mut f: impl FnMut(&[K]) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        self.map.try_for_each_chunk(range, |keys, _| f(keys))
    }

    /// A [cursor](Cursor) before the first key.
    #[must_use]
    pub fn cursor(&self) -> Cursor<'_, K, (), A> {
        self.map.cursor()
    }

    ends_and_upkeep!(K, BSkipMap);
}

/// How many keys go to the map at a time.
const GROUP: usize = 32;

impl<K: Key, A: BlockArena> From<BSkipMap<K, (), A>> for BSkipSet<K, A> {
    fn from(map: BSkipMap<K, (), A>) -> Self {
        Self { map }
    }
}
