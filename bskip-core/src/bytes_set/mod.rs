//! The public set of byte strings: a map of byte strings without values.

mod iter;
mod keys;
mod merge;
mod traits;

use core::ops::RangeBounds;

use crate::arena::{AllocError, BlockArena, GlobalArena, PoolUsage};
#[cfg(not(loom))]
use crate::arena::{Platform, StaticArena};
use crate::bytes_map::{BSkipBytesMap, BytesBulkError, BytesCursor, BytesInsertError};
use crate::config::Config;
use crate::key::BytesKey;
use crate::sets::ends_and_upkeep;

pub use iter::BytesSetRange;
pub use merge::BytesMerged;

/// A concurrent ordered set of byte strings: a [`BSkipBytesMap`] without values.
///
/// Everything that the map's documentation says about keys, their limits and their memory holds here too. *n* is
/// the number of keys.
///
/// ```
/// use bskip_core::BSkipBytesSet;
///
/// let set: BSkipBytesSet<str> = BSkipBytesSet::from(["pear", "apple"]);
/// assert!(set.insert("plum") && !set.insert("pear"));
/// assert!(set.contains("apple"));
/// assert!(set.range("b"..).eq(["pear", "plum"]));
/// let other: BSkipBytesSet<str> = BSkipBytesSet::from(["plum", "quince"]);
/// assert!(set.intersection(&other).eq(["plum"]));
/// ```
///
/// # Names
/// As those of [`BSkipSet`](crate::BSkipSet#names). What a set and a map have in common, and what this type does
/// not repeat, is there [by the map](Self::as_map).
///
/// With the feature `rayon`, a parallel iterator of keys can be collected into a set, but it cannot extend
/// one: unlike [`BSkipSet`](crate::BSkipSet), this type has no `ParallelExtend`.
pub struct BSkipBytesSet<K: BytesKey + ?Sized, A: BlockArena = GlobalArena> {
    map: BSkipBytesMap<K, (), A>,
}

impl<K: BytesKey + ?Sized> BSkipBytesSet<K> {
    /// An empty set on the global allocator, with the default [`Config`].
    ///
    /// # Panics
    /// If there is no memory for the first leaf. [`with_arena`](Self::with_arena) returns an error instead.
    #[must_use]
    pub fn new() -> Self {
        Self { map: BSkipBytesMap::new() }
    }

    /// A set of keys whose encodings strictly ascend: see [`BSkipBytesMap::from_sorted`]. If keys are not sorted,
    /// use `collect`. O(n), without a search.
    ///
    /// ```
    /// use bskip_core::BSkipBytesSet;
    ///
    /// let set: BSkipBytesSet<str> = BSkipBytesSet::from_sorted(["apple", "pear"]).expect("keys ascend");
    /// assert_eq!(set.last().as_deref(), Some("pear"));
    /// ```
    ///
    /// # Errors
    /// [`BytesBulkError`] if the keys do not strictly ascend, if a key is refused, or if there is no memory.
    pub fn from_sorted<Q>(keys: impl IntoIterator<Item = Q>) -> Result<Self, BytesBulkError<K::Owned>>
    where
        Q: BytesKey<Form = K::Form>,
    {
        BSkipBytesMap::from_sorted(keys.into_iter().map(|key| (key, ()))).map(Self::from)
    }
}

#[cfg(not(loom))]
impl<K: BytesKey + ?Sized, P: Platform> BSkipBytesSet<K, &'static StaticArena<P>> {
    /// An empty set in `arena`, with the default [`Config`]. It takes its first block at the first insertion: see
    /// [`BSkipBytesMap::new_in`].
    ///
    /// ```
    /// use bskip_core::{BSkipBytesSet, StaticArena, StaticMemory};
    ///
    /// static MEMORY: StaticMemory<16384> = StaticMemory::new();
    /// static ARENA: StaticArena = StaticArena::new();
    /// static SET: BSkipBytesSet<str, &'static StaticArena> = BSkipBytesSet::new_in(&ARENA);
    ///
    /// ARENA.add_region(MEMORY.take().expect("taken once"))?;
    /// assert!(SET.insert("one") && SET.contains("one"));
    /// # Ok::<(), bskip_core::RegionError>(())
    /// ```
    #[must_use]
    pub const fn new_in(arena: &'static StaticArena<P>) -> Self {
        Self { map: BSkipBytesMap::new_in(arena) }
    }

    /// As [`new_in`](Self::new_in), with these choices: see [`BSkipBytesMap::new_in_with`].
    ///
    /// # Panics
    /// If the set is to be [counted](Config::counted), because a counter takes memory.
    #[must_use]
    pub const fn new_in_with(arena: &'static StaticArena<P>, config: Config) -> Self {
        Self { map: BSkipBytesMap::new_in_with(arena, config) }
    }
}

impl<K: BytesKey + ?Sized, A: BlockArena> BSkipBytesSet<K, A> {
    /// An empty set in `arena`, with the default [`Config`].
    ///
    /// # Errors
    /// [`AllocError`] if the arena has no room for the first leaf.
    pub fn with_arena(arena: A) -> Result<Self, AllocError> {
        BSkipBytesMap::with_arena(arena).map(Self::from)
    }

    /// An empty set in `arena`.
    ///
    /// # Errors
    /// [`AllocError`] if the arena has no room for the first leaf, or if there is no memory for the counter of a
    /// `counted` set.
    pub fn with_config(arena: A, config: Config) -> Result<Self, AllocError> {
        BSkipBytesMap::with_config(arena, config).map(Self::from)
    }

    /// The map whose keys these are.
    #[must_use]
    pub fn as_map(&self) -> &BSkipBytesMap<K, (), A> {
        &self.map
    }

    #[cfg(feature = "serde")]
    pub(crate) fn as_map_mut(&mut self) -> &mut BSkipBytesMap<K, (), A> {
        &mut self.map
    }

    /// The map whose keys these are.
    #[must_use]
    pub fn into_map(self) -> BSkipBytesMap<K, (), A> {
        self.map
    }

    /// The blocks and bytes of this set's nodes and of the cells of long keys.
    #[must_use]
    pub fn usage(&self) -> PoolUsage {
        self.map.usage()
    }

    /// Inserts the key. Returns whether it is new. Expected O(log n).
    ///
    /// # Panics
    /// If the arena has no memory, or the key is [too long](BSkipBytesMap#limits).
    /// [`try_insert`](Self::try_insert) returns an error instead.
    #[inline]
    pub fn insert<Q>(&self, key: &Q) -> bool
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        self.map.insert(key, ()).is_none()
    }

    /// As [`insert`](Self::insert), but returns an error if there is no memory.
    ///
    /// # Errors
    /// [`BytesInsertError`]. The set is unchanged.
    #[inline]
    pub fn try_insert<Q>(&self, key: &Q) -> Result<bool, BytesInsertError<()>>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        self.map.try_insert(key, ()).map(|old| old.is_none())
    }

    /// Whether the key is there. Expected O(log n). Writes no shared memory.
    #[inline]
    pub fn contains<Q>(&self, key: &Q) -> bool
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        self.map.contains_key(key)
    }

    /// Removes the key. Returns whether it was there. Expected O(log n).
    #[inline]
    pub fn remove<Q>(&self, key: &Q) -> bool
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        self.map.remove(key).is_some()
    }

    /// The keys in `range`, in order, from both ends: see [`BSkipBytesMap::range`].
    ///
    /// # Panics
    /// If the range starts after its end, or if it starts and ends at the same key and both bounds are excluded.
    pub fn range<Q>(&self, range: impl RangeBounds<Q>) -> BytesSetRange<'_, K, A>
    where
        Q: BytesKey<Form = K::Form>,
    {
        BytesSetRange::new(self.map.range(range))
    }

    /// All keys in order.
    pub fn iter(&self) -> BytesSetRange<'_, K, A> {
        BytesSetRange::new(self.map.iter())
    }

    /// A [cursor](BytesCursor) before the first key.
    #[must_use]
    pub fn cursor(&self) -> BytesCursor<'_, K, (), A> {
        self.map.cursor()
    }

    ends_and_upkeep!(K::Owned, BSkipBytesMap);
}

impl<K: BytesKey + ?Sized, A: BlockArena> From<BSkipBytesMap<K, (), A>> for BSkipBytesSet<K, A> {
    fn from(map: BSkipBytesMap<K, (), A>) -> Self {
        Self { map }
    }
}
