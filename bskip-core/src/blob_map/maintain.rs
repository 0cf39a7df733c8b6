//! Upkeep of a map of byte-string values: making it compact, moving leaves between NUMA nodes, replicas. All
//! of it while other threads use the map. The values stay in their cells.

use super::BSkipBlobMap;
use crate::arena::{BlockArena, GlobalArena, HugePages, NumaNodeId, Platform};
use crate::bytes_map::{BytesMigrateCursor, BytesShrinkCursor};
use crate::config::Refresh;
use crate::key::BytesKey;

/// # Shrinking
/// Shrinking stores the same pairs in fewer nodes, as [that of
/// `BSkipBytesMap`](crate::BSkipBytesMap#shrinking) does. Values stay in their cells. The cells of values
/// that were removed are free for later values of about the same length. Their blocks stay with the map.
impl<K: BytesKey + ?Sized, A: BlockArena> BSkipBlobMap<K, A> {
    /// Merges nodes and fills leaves. Returns how many blocks went back to the pool. O(n). See
    /// [`BSkipMap::shrink_to_fit`](crate::BSkipMap::shrink_to_fit).
    pub fn shrink_to_fit(&self) -> usize {
        let mut cursor = BytesShrinkCursor::new();
        self.shrink(&mut cursor, usize::MAX);
        cursor.freed_blocks()
    }

    /// As [`shrink_to_fit`](Self::shrink_to_fit), but looks at no more than `nodes` nodes, from the cursor
    /// on. Returns whether there are more, for a later call. O(log n) for each node.
    ///
    /// Several threads may shrink a map at once, each with a cursor of its own.
    ///
    /// ```
    /// use bskip_core::{BSkipBlobMap, BytesShrinkCursor};
    ///
    /// let map: BSkipBlobMap<str> = (0..10_000u32).map(|i| (i.to_string(), i.to_le_bytes())).collect();
    /// (0..9000u32).for_each(|i| assert!(map.remove(&i.to_string())));
    /// let mut cursor = BytesShrinkCursor::new();
    /// while map.shrink(&mut cursor, 100) {
    ///     // Other work, or a pause.
    /// }
    /// assert!(cursor.is_done());
    /// assert_eq!(map.len(), 1000);
    /// ```
    pub fn shrink(&self, cursor: &mut BytesShrinkCursor, nodes: usize) -> bool {
        self.blobs.index.shrink(&mut cursor.0, nodes)
    }
}

/// # Moving leaves between NUMA nodes
/// This works as [that of `BSkipBytesMap`](crate::BSkipBytesMap#moving-leaves-between-numa-nodes) does. Only
/// leaves move. The pool places the cells of values by its policy, but not by their keys, and they stay where
/// they are.
impl<K: BytesKey + ?Sized, A: BlockArena> BSkipBlobMap<K, A> {
    /// Looks at no more than `leaves` leaves, in ascending order from the cursor on, and moves each to the
    /// NUMA node that `to` returns for it. Returns whether there are more leaves. O(log n) for each leaf. See
    /// [`BSkipBytesMap::migrate`](crate::BSkipBytesMap::migrate).
    ///
    /// ```
    /// use bskip_core::{BSkipBlobMap, BytesMigrateCursor, NumaNodeId};
    ///
    /// let map: BSkipBlobMap<str> = (0..10_000u32).map(|i| (i.to_string(), i.to_le_bytes())).collect();
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
        self.blobs.index.migrate(&mut cursor.0, leaves, to)
    }

    /// As [`migrate`](Self::migrate), but moves each leaf to where the arena's policy would put it now.
    /// Leaves stay if the policy neither goes by keys nor names one NUMA node.
    pub fn rebalance(&self, cursor: &mut BytesMigrateCursor, leaves: usize) -> bool {
        self.blobs.index.rebalance(&mut cursor.0, leaves)
    }
}

/// # Replicas
/// An arena may have room for a copy of the inner levels on every NUMA node:
/// [that of `BSkipMap`](crate::BSkipMap#replicas) says what for.
impl<K: BytesKey + ?Sized, A: BlockArena> BSkipBlobMap<K, A> {
    /// When replicas are updated, if the map's arena keeps any.
    #[must_use]
    pub fn refresh(&self) -> Refresh {
        self.blobs.index.refresh()
    }

    /// Updates all replicas, if the map's arena keeps any, and returns the number of copies made. See
    /// [`BSkipMap::refresh_replicas`](crate::BSkipMap::refresh_replicas).
    pub fn refresh_replicas(&self) -> usize {
        self.blobs.index.refresh_replicas()
    }
}

impl<K: BytesKey + ?Sized, R: Platform> BSkipBlobMap<K, GlobalArena<R>> {
    /// How many huge pages the system gave for this map's nodes. See
    /// [`BSkipMap::huge_pages`](crate::BSkipMap::huge_pages).
    #[must_use]
    pub fn huge_pages(&self) -> HugePages {
        self.blobs.index.huge_pages()
    }
}
