//! Making a map compact, at once or step by step.

use super::BSkipMap;
use crate::arena::BlockArena;
use crate::index::Shrinking;
use crate::key::Key;

/// How far [`BSkipMap::shrink`] has come, and what it has done.
///
/// A cursor is only a level, a key and a counter: it borrows nothing, and it delays nothing between two
/// calls. It belongs to one map. With another map it begins somewhere in the middle, which does no harm.
#[derive(Clone, Debug)]
pub struct ShrinkCursor<K: Key>(Shrinking<K::Words>);

impl<K: Key> ShrinkCursor<K> {
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

impl<K: Key> Default for ShrinkCursor<K> {
    fn default() -> Self {
        Self::new()
    }
}

/// # Shrinking
/// **Shrinking stores the same pairs in fewer blocks, within the map's own memory.** The map's next nodes
/// take the freed blocks. Nothing goes back to the operating system before the map drops.
///
/// Random insertions leave nodes three quarters full, and removals leave them less full. These methods merge
/// nodes that fit into one, and fill leaves that do not fit from their right neighbours, while other threads
/// use the map. A million random `u64` pairs take 23.6 bytes a key by default, 42.9 after every other key was
/// removed, and 18.6 after shrinking. That is nearly as compact as a map built from sorted pairs.
///
/// A step locks the two nodes that it changes and their parent, for as long as it takes to copy a node. Other
/// threads are delayed no more than by a removal that merges nodes.
///
/// An insertion into a full leaf has no room for the new key: it moves pairs to a neighbour or splits the
/// leaf. So shrink a map that has stopped growing or has lost many keys, not one that will soon grow
/// everywhere.
///
/// **Memory.** Freed blocks go back to the map's pool: [`usage`](Self::usage) counts them as reserved and no
/// longer as issued. They stay mapped because a reader may still be looking at one (see
/// [`arena`](crate::arena)). Shrinking takes no new nodes. It may rebuild the hint table of leaves in a
/// smaller size. If there is no memory for that, it keeps the old table. To give memory back to the system
/// now, build a new map [from sorted pairs](Self::from_sorted) and drop the old one.
///
/// **What stays.** Shrinking does not move the start of some leaves. Such a leaf goes away only when all its
/// pairs fit into its left neighbour. These are the leaves that start at a key with a height, and the first
/// leaf below each inner node. With the default
/// [`Promotion`](crate::Promotion), one leaf in about thirty is therefore not full. With
/// [`Coin`](crate::Promotion::Coin) nearly all leaves are like that, so shrinking can only merge nodes. A
/// map then goes from 36 to 25 bytes a key. Levels stay, with at least one node each.
impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    /// Merges nodes and fills leaves, except for those that [stay](Self#shrinking). Returns how many blocks
    /// went back to the pool.
    ///
    /// O(n): some milliseconds for a million keys. It goes over the map once, level by level. Other threads
    /// may write meanwhile. It does not go back to nodes that they change behind it, but it does go on to
    /// leaves that they append in front of it. So it does not return while they append faster than it works;
    /// [`shrink`](Self::shrink) does.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map: BSkipMap<u64, u64> = (0..100_000).map(|k| (k, k)).collect();
    /// (0..100_000).filter(|k| k % 2 == 0).for_each(|k| drop(map.remove(&k)));
    /// let before = map.usage();
    /// let freed = map.shrink_to_fit();
    /// let after = map.usage();
    /// assert_eq!(after.issued_blocks, before.issued_blocks - freed);
    /// assert!(after.issued_bytes < before.issued_bytes * 6 / 10);
    /// assert_eq!(after.reserved_bytes, before.reserved_bytes);
    /// assert!(map.iter().map(|(k, _)| k).eq((0..100_000).filter(|k| k % 2 == 1)));
    /// ```
    pub fn shrink_to_fit(&self) -> usize {
        let mut cursor = ShrinkCursor::new();
        self.shrink(&mut cursor, usize::MAX);
        cursor.freed_blocks()
    }

    /// As [`shrink_to_fit`](Self::shrink_to_fit), but looks at no more than `nodes` nodes, from the cursor
    /// on. Returns whether there are more, for a later call.
    ///
    /// O(log n) for each node: well under a microsecond, if no other thread is in the way. Several threads
    /// may shrink a map at once, each with a cursor of its own.
    ///
    /// ```
    /// use bskip_core::{BSkipMap, ShrinkCursor};
    ///
    /// let map: BSkipMap<u64, u64> = (0..100_000).map(|k| (k, k)).collect();
    /// (0..100_000).filter(|k| k % 3 > 0).for_each(|k| drop(map.remove(&k)));
    /// let mut cursor = ShrinkCursor::new();
    /// while map.shrink(&mut cursor, 100) {
    ///     // Other work, or a pause.
    ///     assert_eq!(map.get(&300), Some(300));
    /// }
    /// assert!(cursor.is_done() && cursor.freed_blocks() > 500);
    /// ```
    pub fn shrink(&self, cursor: &mut ShrinkCursor<K>, nodes: usize) -> bool {
        self.index.shrink(&mut cursor.0, nodes)
    }
}
