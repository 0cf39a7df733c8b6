//! What a map's user has to do with replicas of inner nodes: hardly anything.

use super::BSkipMap;
use crate::arena::BlockArena;
use crate::config::Refresh;
use crate::key::Key;

/// # Replicas
/// An arena may keep the inner nodes once more on every NUMA node ([`BlockPool::replicas`](crate::BlockPool::replicas), `NumaArena` of the
/// crate `numa-alloc` does when asked): a search then reads the copies on its own node, and takes one leaf at most from another. A copy
/// that is out of date makes a search slower, never wrong; [`Refresh`] says when copies follow.
impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    /// Whether every node gets its entry in the level above.
    #[cfg(all(test, shuttle))]
    pub(crate) fn posts(&self) -> bool {
        self.index.posts()
    }

    /// When replicas of inner nodes follow their originals, if the arena keeps any.
    #[must_use]
    pub fn refresh(&self) -> Refresh {
        self.index.refresh()
    }

    /// Brings every replica of the inner nodes up to date, if the map's arena keeps replicas, and gives how many copies were
    /// made. Needed by nobody: searches find their way without. For a map with [`Refresh::Lazy`](crate::Refresh) before a phase of
    /// reading. O(inner nodes), about n/2000.
    pub fn refresh_replicas(&self) -> usize {
        self.index.refresh_replicas()
    }
}
