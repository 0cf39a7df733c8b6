//! What the paper's locks would add: a shared lock of each node on the way, hand over hand.
//!
//! The paper's B-skiplist has a read-write lock in each node, and a search holds the lock of one node until it has that of the next.
//! Ours takes none, so they are emulated beside it: a tree of lock words, one on a line of its own for each leaf that
//! the map has, and for each 64 of them on the level above, up to one. An operation takes and gives back the shared
//! locks on the way to its key, by the same atomic additions that such a lock does.
//!
//! It is the traffic of the locks alone: nobody waits, writers take what readers take (in the paper a writer takes
//! the leaf's lock for itself, which our map does too), and a scan takes those of its first leaf. A lock within a
//! node shares the line of the node's head; here it is one line more.

use bskip_core::arena::{AllocError, BlockArena, BlockKind, BlockPool, Placement};
use numa_alloc::{NumaArena, NumaPool};
use std::alloc::Layout;
use std::sync::atomic::{AtomicU32, Ordering};

/// Nodes of a level for each one of the level above.
const FAN_OUT: usize = 64;

/// See the module.
pub struct LockPath {
    /// From the top to the leaves.
    levels: Vec<Level>,
}

/// The lock words of one level. Word `i` is of node `i % nodes`, so that they are interleaved as nodes of the map are.
struct Level {
    words: usize,
    /// A block on each node: its words, each on a line of its own.
    starts: Vec<Start>,
    /// What the blocks lie in.
    _pool: NumaPool,
}

/// Where the words on one node begin.
#[derive(Clone, Copy)]
struct Start(*const Line);

// SAFETY: it refers to atomics that live as long as the pool beside it.
unsafe impl Send for Start {}
// SAFETY: as above.
unsafe impl Sync for Start {}

/// A lock word on a line of its own.
#[repr(C, align(64))]
struct Line {
    word: AtomicU32,
}

impl Level {
    fn new(arena: &NumaArena, words: usize, kind: BlockKind) -> Result<Self, AllocError> {
        let nodes = arena.nodes();
        let bytes = words.div_ceil(nodes.len()) * size_of::<Line>();
        let layout =
            Layout::from_size_align(bytes, align_of::<Line>()).expect("some locks are a small block");
        let pool = arena.pool(layout, kind)?;
        let start = |&node| {
            let block = pool.acquire(Placement::NumaNode(node))?;
            // SAFETY: the pool has just issued the block.
            Ok(Start(unsafe { pool.address(block) }.as_ptr().cast()))
        };
        let starts = nodes.iter().map(start).collect::<Result<_, AllocError>>()?;
        Ok(Self { words, starts, _pool: pool })
    }

    #[inline]
    fn word(&self, number: usize) -> &AtomicU32 {
        let Start(start) = self.starts[number % self.starts.len()];
        assert!(number < self.words);
        // SAFETY: each node's block has a line for its share of the words, and this is one of them.
        let line = unsafe { start.add(number / self.starts.len()) };
        // SAFETY: the block is this one's own, zero at first, and accessed as atomics only.
        unsafe { &(*line).word }
    }
}

impl LockPath {
    /// Locks for a map of `leaves` leaves of evenly spread keys, dealt out to the arena's nodes in turn.
    ///
    /// # Errors
    /// No memory.
    pub fn new(arena: &NumaArena, leaves: usize) -> Result<Self, AllocError> {
        let mut count = leaves.max(1);
        let mut levels = vec![Level::new(arena, count, BlockKind::Leaf)?];
        while count > 1 {
            count = count.div_ceil(FAN_OUT);
            levels.push(Level::new(arena, count, BlockKind::Inner)?);
        }
        levels.reverse();
        Ok(Self { levels })
    }

    /// How many locks an operation takes.
    #[must_use]
    pub fn levels(&self) -> usize {
        self.levels.len()
    }

    /// Takes and gives back the locks on the way to `key`.
    #[inline]
    pub fn walk(&self, key: u64) {
        let mut held: Option<&AtomicU32> = None;
        for level in &self.levels {
            let lock = level.word(((u128::from(key) * level.words as u128) >> 64) as usize);
            // Acquire pairs with the Release of a writer's unlock, in a lock that has writers.
            lock.fetch_add(1, Ordering::Acquire);
            if let Some(above) = held.replace(lock) {
                // Release pairs with the Acquire of a writer that waits for the readers.
                above.fetch_sub(1, Ordering::Release);
            }
        }
        if let Some(leaf) = held {
            // Release pairs with the Acquire of a writer, as above.
            leaf.fetch_sub(1, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_go_from_one_lock_to_one_for_each_leaf() {
        let arena = NumaArena::new().unwrap();
        for (leaves, levels) in [(0, 1), (1, 1), (64, 2), (65, 3), (16_000, 4)] {
            let path = LockPath::new(&arena, leaves).unwrap();
            assert_eq!((path.levels(), path.levels[0].words), (levels, 1), "{leaves}");
            assert_eq!(path.levels.last().unwrap().words, leaves.max(1));
        }
    }

    #[test]
    fn every_lock_is_given_back() {
        let arena = NumaArena::builder().pretend_nodes(3).build().unwrap();
        let path = LockPath::new(&arena, 5000).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..2 {
                let path = &path;
                scope.spawn(move || (0..1000).for_each(|i| path.walk(crate::keys::mix64(2 * i + thread))));
            }
        });
        path.walk(0);
        path.walk(u64::MAX);
        let mut seen = std::collections::HashSet::new();
        for level in &path.levels {
            for word in (0..level.words).map(|number| level.word(number)) {
                assert_eq!(word.load(Ordering::Relaxed), 0);
                assert!(seen.insert((&raw const *word).addr()), "each word has an address of its own");
            }
        }
    }
}
