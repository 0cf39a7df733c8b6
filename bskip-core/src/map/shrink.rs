//! Making a map compact, at once or little by little.

use super::BSkipMap;
use crate::arena::BlockArena;
use crate::index::Position;
use crate::key::Key;

/// How far [`BSkipMap::shrink`] has come, and what it has achieved.
///
/// A level of the map and a key: it borrows nothing, and holds nothing up while it waits. It is meant for one map;
/// with another it begins in the middle, which does no harm.
#[derive(Clone, Debug)]
pub struct ShrinkCursor<K: Key> {
    /// `None` at the end.
    at: Option<Position<K::Words>>,
    freed: usize,
}

impl<K: Key> ShrinkCursor<K> {
    /// At the beginning.
    #[must_use]
    pub const fn new() -> Self {
        Self { at: Some(Position::START), freed: 0 }
    }

    /// Whether all nodes have been looked at.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.at.is_none()
    }

    /// Blocks given back so far.
    #[must_use]
    pub const fn freed_blocks(&self) -> usize {
        self.freed
    }
}

impl<K: Key> Default for ShrinkCursor<K> {
    fn default() -> Self {
        Self::new()
    }
}

/// # Shrinking
/// **Fewer blocks for the same pairs, within the map's own memory**: what becomes free serves its next nodes, and nothing goes back to
/// the operating system before the map drops.
///
/// Random insertions leave nodes three quarters full, removals leave them any part full. These put the
/// pairs together again, under shared access: nodes that fit into one are merged, and a leaf that does not fit with
/// its right neighbour is filled up from it. A million random `u64 → u64` take 23.6 bytes a key by default, 42.9 after every
/// other key has gone, and 18.6 after shrinking, nearly as if built from sorted pairs.
///
/// No pair comes or goes, so no other operation's answer, nor what a scan promises, is changed by it. Other threads are
/// delayed as by removals that merge: a step locks the two nodes that it changes and the one above them, for as
/// long as it takes to copy a node.
///
/// Full leaves have no room for more: an insertion into one moves pairs to a neighbour or splits it. So it is for
/// maps that have done growing, or have lost many keys, not for ones that are about to grow everywhere.
///
/// **Memory.** The blocks that become free go back to the map's pool, and [`usage`](Self::usage) counts them as reserved, no
/// longer as issued. A reader may still be looking at one: that is why they stay (see [`arena`](crate::arena)). No node is taken
/// for it; the table that leads searches to their leaf may be built anew, smaller, as after removals, and stays as it is where there is no memory
/// for that. A map that is to give back memory now can
/// be built anew, [from sorted pairs](Self::from_sorted), and the old one dropped.
///
/// **What stays.** A leaf that starts at a key with a height (insertions see to it that one does) starts there until it fits into its left neighbour, and so
/// does the first one below each node of the level above: with the default [`Promotion`](crate::Promotion) one leaf in
/// some thirty is not full. With [`Coin`](crate::Promotion::Coin), whose leaves nearly all start so or have no entry to move, nodes are merged
/// only: 36 bytes a key become 25. Levels stay, with one node at least.
impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    /// Merges nodes and fills leaves up, but for what [stays](Self#shrinking); gives how many blocks went back to the pool.
    ///
    /// O(n), some milliseconds for a million keys. While other threads write it goes once over the map, level by level: what they loosen
    /// behind it stays loose, and what they append in front of it is gone over too, so while they append faster than that it does not
    /// return ([`shrink`](Self::shrink) does).
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
        cursor.freed
    }

    /// As [`shrink_to_fit`](Self::shrink_to_fit), but looks at `nodes` nodes at most, from the cursor on, so that the rest
    /// can be done another time; says whether there is a rest. With 0 it looks at none.
    ///
    /// O(log n) a node: well under a microsecond each, if no other thread is in the way. Several threads may shrink a map
    /// at once, each with its own cursor.
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
        for _ in 0..nodes {
            let Some(at) = cursor.at else { break };
            cursor.at = self.index.shrink_step(at, &mut cursor.freed);
        }
        !cursor.is_done()
    }
}
