//! Emulates the locks of the paper: a shared lock of each node on the way, hand over hand.
//!
//! The paper's B-skiplist has a read-write lock in each node, and a search holds the lock of one node until
//! it has that of the next. Our map takes none of these locks, so this module emulates them in a tree of lock
//! words. There is a word for each leaf of the map, one for each 64 of them on the level above, and so on up
//! to a single one. An operation takes and releases the shared locks on the way to its key, by the same
//! atomic additions as such a lock.
//!
//! This is the traffic of the locks alone. No thread waits. Writers take the same locks as readers. (In the
//! paper, a writer takes the leaf's lock exclusively, as in our map.) A scan takes the locks of its first
//! leaf. A lock inside a node would share the line of the node's header. Here it is one more line, of 64
//! bytes like a node's header. (`CachePadded` has 128 bytes, so the lines of the words would use only half of
//! the sets of a cache.)

use bskip_core::arena::{AllocError, BlockArena, BlockKind, BlockPool, Placement};
use numa_alloc::{NumaArena, NumaPool};
use std::alloc::Layout;
use std::sync::atomic::{AtomicU32, Ordering};

/// Nodes of a level for each node of the level above.
const FAN_OUT: usize = 64;

/// The lock words.
pub struct LockPath {
    /// From the top to the leaves.
    levels: Vec<Level>,
}

/// The lock words of one level. Word `i` is on node `i % nodes`, interleaved like the nodes of the map.
struct Level {
    words: usize,
    /// A block on each node, with a line for each word.
    starts: Vec<Start>,
    /// The pool of the blocks.
    _pool: NumaPool,
}

/// Where the words on one node begin.
#[derive(Clone, Copy)]
struct Start(*const Line);

// SAFETY: it points to atomics in a block of the level's pool, which the level owns.
unsafe impl Send for Start {}
// SAFETY: it points to atomics, which threads may share.
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
        // SAFETY: each node's block has a line for each of its words, and `number` is one of them.
        let line = unsafe { start.add(number / self.starts.len()) };
        // SAFETY: the block belongs to this level, was zero at first, and is accessed as atomics only.
        unsafe { &(*line).word }
    }
}

impl LockPath {
    /// Locks for a map of `leaves` leaves of evenly spread keys, interleaved over the arena's nodes.
    ///
    /// # Errors
    /// There is no memory.
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

    /// Takes and releases the locks on the way to `key`.
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
    fn every_lock_is_released() {
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
