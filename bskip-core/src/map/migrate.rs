//! Moving a live map's leaves between NUMA nodes, at once or little by little.

use super::BSkipMap;
use crate::arena::{BlockArena, NumaNode};
use crate::index::Moved;
use crate::key::Key;

/// How far [`BSkipMap::migrate`] or [`BSkipMap::rebalance`] has come, and what it has achieved.
///
/// A key: it borrows nothing, and holds nothing up while it waits.
#[derive(Clone, Debug)]
pub struct MigrateCursor<K: Key> {
    /// Where the next leaf to look at starts; `None` for the first.
    at: Option<K::Words>,
    done: bool,
    moved: usize,
    refused: usize,
}

impl<K: Key> MigrateCursor<K> {
    /// At the beginning.
    #[must_use]
    pub const fn new() -> Self {
        Self { at: None, done: false, moved: 0, refused: 0 }
    }

    /// Whether all leaves have been looked at.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.done
    }

    /// Leaves moved so far.
    #[must_use]
    pub const fn moved_leaves(&self) -> usize {
        self.moved
    }

    /// Leaves that were to be moved and were not: the arena does not have the node, or it had no room (each try then counts
    /// as a miss of the arena's); other threads kept changing them, or merged them away; or there was nothing to name another
    /// block (the map's first leaf, and a leaf that has no entry above it yet).
    #[must_use]
    pub const fn refused_leaves(&self) -> usize {
        self.refused
    }
}

impl<K: Key> Default for MigrateCursor<K> {
    fn default() -> Self {
        Self::new()
    }
}

/// # Moving leaves between NUMA nodes
/// With an arena that places its blocks (`NumaArena` of the crate `numa-alloc`), under shared access: each leaf that is to move is copied
/// to a block on the other node, under its lock and those of its left neighbour and of the node above, for as long as it
/// takes to copy a leaf. Pages are not moved: what shares them with a leaf stays where it is. The old block goes back to the pool's
/// free list of its own node.
///
/// No pair comes or goes, so no other operation's answer, nor what a scan promises, is changed by it. With an arena that does not place blocks
/// nothing moves.
impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    /// Looks at `leaves` leaves at most, from the cursor on in ascending order, and moves each to the node that `to` names for it; says
    /// whether there are more. `to` is given the least key that the leaf may hold (`None` for the first leaf, which cannot move) and the
    /// node that the leaf is on; `None` leaves it there. It runs without a lock.
    ///
    /// O(log n) a leaf. Several threads may do so at once, each with its own cursor.
    ///
    /// ```
    /// use bskip_core::{BSkipMap, MigrateCursor, NumaNode};
    ///
    /// # let map: BSkipMap<u64, u64> = (0..10_000).map(|k| (k, k)).collect();
    /// // Old keys to the slow memory of node 2, ten leaves at a time.
    /// let mut cursor = MigrateCursor::new();
    /// while map.migrate(&mut cursor, 10, |low, _| low.filter(|&low| low < 5000).map(|_| NumaNode(2))) {
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
        mut to: impl FnMut(Option<K>, NumaNode) -> Option<NumaNode>,
    ) -> bool {
        self.migrate_words(cursor, leaves, |low, home| to(low.map(K::from_words), home))
    }

    fn migrate_words(
        &self,
        cursor: &mut MigrateCursor<K>,
        leaves: usize,
        mut to: impl FnMut(Option<K::Words>, NumaNode) -> Option<NumaNode>,
    ) -> bool {
        for _ in 0..leaves {
            if cursor.done {
                break;
            }
            let (moved, next) = self.index.migrate_step(cursor.at, &mut to);
            match moved {
                Moved::Yes => cursor.moved += 1,
                Moved::No => cursor.refused += 1,
                Moved::Stays => {}
            }
            cursor.at = next;
            cursor.done = next.is_none();
        }
        !cursor.done
    }

    /// As [`migrate`](Self::migrate), to where the arena's policy would put each leaf now, if it goes by keys or names
    /// one node. For a map whose threads inserted before its keys were partitioned, or whose nodes were full for a while.
    pub fn rebalance(&self, cursor: &mut MigrateCursor<K>, leaves: usize) -> bool {
        self.migrate_words(cursor, leaves, |low, _| self.index.wanted(low))
    }
}
