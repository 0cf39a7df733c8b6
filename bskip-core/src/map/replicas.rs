//! Replicas of the inner levels, as far as a map's user sees them.

use super::BSkipMap;
use crate::arena::BlockArena;
use crate::config::Refresh;
use crate::key::Key;

/// # Replicas
/// An arena may have room for a copy of the inner levels on every NUMA node
/// ([`NumaBlocks::replicas`](crate::arena::NumaBlocks::replicas); `NumaArena` of the crate `numa-alloc` has,
/// when asked). A search then reads the copy on its own NUMA node, and at most one leaf from another. A copy
/// that is out of date makes a search slower, never wrong. [`Refresh`] says when copies are updated.
impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    /// Whether every leaf and inner block gets an entry in the level above.
    #[cfg(all(test, shuttle))]
    pub(crate) fn posts(&self) -> bool {
        self.index.posts()
    }

    /// When replicas are updated, if the arena keeps any.
    #[must_use]
    pub fn refresh(&self) -> Refresh {
        self.index.refresh()
    }

    /// Updates all replicas, if the map's arena keeps any, and returns the number of copies made.
    ///
    /// Searches find their way without this. It may help a map with [`Refresh::Lazy`] before a phase of
    /// reading. O(n / 2000).
    pub fn refresh_replicas(&self) -> usize {
        self.index.refresh_replicas()
    }
}
