//! Moving the leaves of a live map between NUMA nodes, at once or step by step.

use super::BSkipMap;
use crate::arena::{BlockArena, NumaNodeId};
use crate::index::Migrating;
use crate::key::Key;

/// How far [`BSkipMap::migrate`] or [`BSkipMap::rebalance`] has come, and what it has done.
///
/// A cursor is only a key and some counters: it borrows nothing, and it delays nothing between two calls.
#[derive(Clone, Debug)]
pub struct MigrateCursor<K: Key>(Migrating<K::Words>);

impl<K: Key> MigrateCursor<K> {
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

    /// The number of leaves that should have moved and did not. Possible reasons:
    /// * The arena does not have the NUMA node, or had no room there. (The arena then counts a miss.)
    /// * Other threads kept changing the leaf, or merged it away.
    /// * The leaf has no parent entry to repoint: it is the map's first leaf, or its entry has not been
    ///   posted yet.
    #[must_use]
    pub const fn refused_leaves(&self) -> usize {
        self.0.refused
    }
}

impl<K: Key> Default for MigrateCursor<K> {
    fn default() -> Self {
        Self::new()
    }
}

/// # Moving leaves between NUMA nodes
/// This works with an arena that places its blocks (`NumaArena` of the crate `numa-alloc`), while other
/// threads use the map. With other arenas nothing moves.
///
/// A leaf moves by a copy to a block on the other NUMA node. During the copy the map holds the locks of the
/// leaf, of its left neighbour and of their parent. The old block goes to the free list of its NUMA node.
/// Pages do not move, so other data on the leaf's pages stays where it is.
impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    /// Looks at no more than `leaves` leaves, in ascending order from the cursor on, and moves each to the
    /// NUMA node that `to` returns for it. Returns whether there are more leaves.
    ///
    /// `to` gets the least key that the leaf may hold (`None` for the first leaf, which cannot move) and the
    /// NUMA node that the leaf is on. If `to` returns `None`, the leaf stays. `to` runs without a lock.
    ///
    /// O(log n) for each leaf. Several threads may do this at once, each with a cursor of its own.
    ///
    /// ```
    /// use bskip_core::{BSkipMap, MigrateCursor, NumaNodeId};
    ///
    /// # let map: BSkipMap<u64, u64> = (0..10_000).map(|k| (k, k)).collect();
    /// // Move old keys to the slow memory of NUMA node 2, ten leaves at a time.
    /// let mut cursor = MigrateCursor::new();
    /// while map.migrate(&mut cursor, 10, |low, _| low.filter(|&low| low < 5000).map(|_| NumaNodeId(2))) {
    ///     // Other work, or a pause.
    /// }
    /// assert!(cursor.is_done());
    /// // This map's arena, the global allocator, does not place blocks.
    /// assert_eq!(cursor.moved_leaves(), 0);
    /// ```
    pub fn migrate(
        &self,
        cursor: &mut MigrateCursor<K>,
        leaves: usize,
        mut to: impl FnMut(Option<K>, NumaNodeId) -> Option<NumaNodeId>,
    ) -> bool {
        self.index.migrate(&mut cursor.0, leaves, |low, home| to(low.map(K::from_words), home))
    }

    /// As [`migrate`](Self::migrate), but moves each leaf to where the arena's policy would put it now.
    /// Leaves stay if the policy neither goes by keys nor names one NUMA node.
    ///
    /// Use this for a map that was filled before its keys were partitioned, or while a NUMA node had no room.
    pub fn rebalance(&self, cursor: &mut MigrateCursor<K>, leaves: usize) -> bool {
        self.index.rebalance(&mut cursor.0, leaves)
    }
}
