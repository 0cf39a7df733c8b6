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

use bskip_core::arena::{AllocError, NodeArena, NodeKind, NodePool, Placement};
use numa_alloc::{NumaArena, NumaPool};
use std::alloc::Layout;
use std::sync::atomic::{AtomicU32, Ordering};

/// Nodes of a level for each one of the level above.
const FAN_OUT: usize = 64;

/// See the module.
pub struct LockPath {
    /// From the top to the leaves, each level's words in the order of keys.
    levels: Vec<Vec<Word>>,
    /// What the words lie in.
    _pools: [NumaPool; 2],
}

/// The address of a lock word in a block of `LockPath`'s pools.
#[derive(Clone, Copy)]
struct Word(*const AtomicU32);

// SAFETY: it refers to an atomic that lives as long as the pool beside it.
unsafe impl Send for Word {}
// SAFETY: as above.
unsafe impl Sync for Word {}

impl LockPath {
    /// Locks for a map of `leaves` leaves of evenly spread keys, placed as the arena places nodes.
    ///
    /// # Errors
    /// No memory.
    pub fn new(arena: &NumaArena, leaves: usize) -> Result<Self, AllocError> {
        let layout = Layout::new::<Line>();
        let pools = [arena.pool(layout, NodeKind::Leaf)?, arena.pool(layout, NodeKind::Inner)?];
        let mut levels = Vec::new();
        let mut count = leaves.max(1);
        loop {
            let pool = &pools[usize::from(!levels.is_empty())];
            let word = |_| {
                let block = pool.acquire(Placement::Policy)?;
                // SAFETY: the pool has just issued the block.
                Ok(Word(unsafe { pool.address(block) }.as_ptr().cast()))
            };
            levels.push((0..count).map(word).collect::<Result<Vec<_>, AllocError>>()?);
            if count == 1 {
                break;
            }
            count = count.div_ceil(FAN_OUT);
        }
        levels.reverse();
        Ok(Self { levels, _pools: pools })
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
            let place = (u128::from(key) * level.len() as u128) >> 64;
            // SAFETY: the word lies in a block that is this one's own, zero at first and only accessed as an atomic.
            let lock = unsafe { &*level[place as usize].0 };
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

/// A lock word on a line of its own.
#[repr(align(64))]
struct Line {
    _word: AtomicU32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_go_from_one_lock_to_one_for_each_leaf() {
        let arena = NumaArena::new().unwrap();
        for (leaves, levels) in [(0, 1), (1, 1), (64, 2), (65, 3), (16_000, 4)] {
            let path = LockPath::new(&arena, leaves).unwrap();
            assert_eq!((path.levels(), path.levels[0].len()), (levels, 1), "{leaves}");
            assert_eq!(path.levels.last().unwrap().len(), leaves.max(1));
        }
    }

    #[test]
    fn every_lock_is_given_back() {
        let arena = NumaArena::new().unwrap();
        let path = LockPath::new(&arena, 5000).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..2 {
                let path = &path;
                scope.spawn(move || (0..1000).for_each(|i| path.walk(crate::keys::mix64(2 * i + thread))));
            }
        });
        path.walk(0);
        path.walk(u64::MAX);
        for word in path.levels.iter().flatten() {
            // SAFETY: as in `walk`.
            let readers = unsafe { &*word.0 }.load(Ordering::Relaxed);
            assert_eq!(readers, 0);
        }
    }
}
