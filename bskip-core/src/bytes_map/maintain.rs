//! Upkeep of a map of byte strings: making it compact, moving leaves between NUMA nodes, replicas. All of it while
//! other threads use the map.

use super::BSkipBytesMap;
use super::encoded::Owned;
use crate::arena::{BlockArena, GlobalArena, HugePages, NumaNodeId, Platform};
use crate::config::Refresh;
use crate::index::{Migrating, Shrinking};
use crate::key::BytesKey;

/// How far `shrink` of a [`BSkipBytesMap`] or a [`BSkipBlobMap`](crate::BSkipBlobMap) has come, and what it has done.
/// As [`ShrinkCursor`](crate::ShrinkCursor), it borrows nothing and delays nothing, and belongs to one map.
#[derive(Clone, Debug)]
pub struct BytesShrinkCursor(pub(crate) Shrinking<Owned>);

impl BytesShrinkCursor {
    /// A cursor at the beginning.
    #[must_use]
    pub const fn new() -> Self {
        Self(Shrinking::new())
    }

    /// Whether the map has looked at all nodes.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.0.is_done()
    }

    /// The number of blocks given back so far.
    #[must_use]
    pub const fn freed_blocks(&self) -> usize {
        self.0.freed
    }
}

impl Default for BytesShrinkCursor {
    fn default() -> Self {
        Self::new()
    }
}

/// How far `migrate` or `rebalance` of a [`BSkipBytesMap`] or a [`BSkipBlobMap`](crate::BSkipBlobMap) has come, and
/// what it has done. As [`MigrateCursor`](crate::MigrateCursor), it borrows nothing and delays nothing.
#[derive(Clone, Debug)]
pub struct BytesMigrateCursor(pub(crate) Migrating<Owned>);

impl BytesMigrateCursor {
    /// A cursor at the beginning.
    #[must_use]
    pub const fn new() -> Self {
        Self(Migrating::new())
    }

    /// Whether the map has looked at all leaves.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.0.done
    }

    /// The number of leaves moved so far.
    #[must_use]
    pub const fn moved_leaves(&self) -> usize {
        self.0.moved
    }

    /// The number of leaves that should have moved and did not:
    /// [`MigrateCursor::refused_leaves`](crate::MigrateCursor::refused_leaves) has the reasons.
    #[must_use]
    pub const fn refused_leaves(&self) -> usize {
        self.0.refused
    }
}

impl Default for BytesMigrateCursor {
    fn default() -> Self {
        Self::new()
    }
}

/// # Shrinking
/// Shrinking stores the same pairs in fewer blocks, within the map's own memory, as
/// [that of `BSkipMap`](crate::BSkipMap#shrinking) does. A leaf takes as many pairs from its right neighbour as
/// fit, also if the two do not fit into one. It may then begin with fewer bytes in common, so its keys take more
/// room; shrinking counts with that. A million random `ycsb` keys of 23 bytes take 64 bytes each, with values of
/// eight bytes, and 45 after shrinking.
///
/// Besides the leaves that [stay](crate::BSkipMap#shrinking), a leaf stays whose end cannot be moved, because its
/// entry one level up has no room for a longer key.
impl<K: BytesKey + ?Sized, V, A: BlockArena> BSkipBytesMap<K, V, A> {
    /// Merges nodes and fills leaves. Returns how many blocks went back to the pool. O(n). See
    /// [`BSkipMap::shrink_to_fit`](crate::BSkipMap::shrink_to_fit).
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    ///
    /// let key = |i: u64| format!("user{i:08}");
    /// let map: BSkipBytesMap<str, u64> = (0..50_000).map(|i| (key(i), i)).collect();
    /// (0..50_000).filter(|i| i % 10 > 0).for_each(|i| drop(map.remove(&key(i))));
    /// let before = map.usage();
    /// let freed = map.shrink_to_fit();
    /// assert_eq!(map.usage().issued_blocks, before.issued_blocks - freed);
    /// assert!(map.iter().map(|(_, value)| value).eq((0..50_000).step_by(10)));
    /// ```
    pub fn shrink_to_fit(&self) -> usize {
        let mut cursor = BytesShrinkCursor::new();
        self.shrink(&mut cursor, usize::MAX);
        cursor.freed_blocks()
    }

    /// As [`shrink_to_fit`](Self::shrink_to_fit), but looks at no more than `nodes` nodes, from the cursor on.
    /// Returns whether there are more, for a later call. O(log n) for each node.
    ///
    /// Several threads may shrink a map at once, each with a cursor of its own.
    ///
    /// ```
    /// use bskip_core::{BSkipBytesMap, BytesShrinkCursor};
    ///
    /// # let map: BSkipBytesMap<str, u64> = (0..10_000u64).map(|i| (i.to_string(), i)).collect();
    /// let mut cursor = BytesShrinkCursor::new();
    /// while map.shrink(&mut cursor, 100) {
    ///     // Other work, or a pause.
    /// }
    /// assert!(cursor.is_done());
    /// ```
    pub fn shrink(&self, cursor: &mut BytesShrinkCursor, nodes: usize) -> bool {
        self.index.shrink(&mut cursor.0, nodes)
    }
}

/// # Moving leaves between NUMA nodes
/// This works as [that of `BSkipMap`](crate::BSkipMap#moving-leaves-between-numa-nodes) does: with an arena that
/// places its blocks, while other threads use the map.
///
/// A policy by ranges of keys compares the first eight bytes of an encoded key, as
/// [`KeyPrefix::of_bytes`](crate::KeyPrefix::of_bytes) gives them.
impl<K: BytesKey + ?Sized, V, A: BlockArena> BSkipBytesMap<K, V, A> {
    /// Looks at no more than `leaves` leaves, in ascending order from the cursor on, and moves each to the NUMA
    /// node that `to` returns for it. Returns whether there are more leaves.
    ///
    /// `to` gets the low fence of the leaf (`None` for the first leaf, which cannot move) and the NUMA node that
    /// the leaf is on. The fence is a string of bytes that is not above the leaf's keys. It need not be the
    /// encoding of a key. If `to` returns `None`, the leaf stays. `to` runs without a lock.
    ///
    /// O(log n) for each leaf. Several threads may do this at once, each with a cursor of its own.
    ///
    /// ```
    /// use bskip_core::{BSkipBytesMap, BytesMigrateCursor, NumaNodeId};
    ///
    /// # let map: BSkipBytesMap<str, u64> = (0..10_000u64).map(|i| (i.to_string(), i)).collect();
    /// // Move keys below "5" to the slow memory of NUMA node 2, ten leaves at a time.
    /// let old = |low: &[u8]| low < b"5".as_slice();
    /// let mut cursor = BytesMigrateCursor::new();
    /// while map.migrate(&mut cursor, 10, |low, _| low.filter(|low| old(low)).map(|_| NumaNodeId(2))) {
    ///     // Other work, or a pause.
    /// }
    /// // This map's arena, the global allocator, does not place blocks.
    /// assert_eq!((cursor.is_done(), cursor.moved_leaves()), (true, 0));
    /// ```
    pub fn migrate(
        &self,
        cursor: &mut BytesMigrateCursor,
        leaves: usize,
        to: impl FnMut(Option<&[u8]>, NumaNodeId) -> Option<NumaNodeId>,
    ) -> bool {
        self.index.migrate(&mut cursor.0, leaves, to)
    }

    /// As [`migrate`](Self::migrate), but moves each leaf to where the arena's policy would put it now. Leaves
    /// stay if the policy neither goes by keys nor names one NUMA node.
    pub fn rebalance(&self, cursor: &mut BytesMigrateCursor, leaves: usize) -> bool {
        self.index.rebalance(&mut cursor.0, leaves)
    }
}

/// # Replicas
/// An arena may have room for a copy of the inner levels on every NUMA node:
/// [that of `BSkipMap`](crate::BSkipMap#replicas) says what for.
impl<K: BytesKey + ?Sized, V, A: BlockArena> BSkipBytesMap<K, V, A> {
    /// When replicas are updated, if the map's arena keeps any.
    #[must_use]
    pub fn refresh(&self) -> Refresh {
        self.index.refresh()
    }

    /// Updates all replicas, if the map's arena keeps any, and returns the number of copies made. See
    /// [`BSkipMap::refresh_replicas`](crate::BSkipMap::refresh_replicas).
    pub fn refresh_replicas(&self) -> usize {
        self.index.refresh_replicas()
    }
}

impl<K: BytesKey + ?Sized, V, R: Platform> BSkipBytesMap<K, V, GlobalArena<R>> {
    /// How many huge pages the system gave for this map's nodes. See
    /// [`BSkipMap::huge_pages`](crate::BSkipMap::huge_pages).
    #[must_use]
    pub fn huge_pages(&self) -> HugePages {
        self.index.huge_pages()
    }
}
