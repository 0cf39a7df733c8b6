//! Searches the replicas of the inner levels: a thread searches the copies on its own NUMA node, and shares
//! only the leaf.
//!
//! No search depends on a replica being up to date. A replica leads to a leaf, and that leaf must itself
//! state that it covers the key, as in every search. If a replica leads nowhere, the search reads the
//! originals.
//!
//! A thread writes a replica only under its original's lock. The replica's version names the state that it is
//! a copy of.

use crate::arena::BlockPool;
use crate::config::Refresh;
use crate::index::engine::Index;
use crate::index::route::node_table::table::MOST_STEPS;
use crate::index::search::probe::{Any, Probe};
use crate::index::search::settle::{Versioned, child_at};
use crate::node::{InnerShape, LeafShape, LevelMark, NodeKeys};

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// The level-1 node at `probe` near this thread, if the table or the replica knows it or one close to its
    /// left. Use it for reading only; never lock it.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(in crate::index) fn near_parent(&self, probe: impl Probe<K>) -> Option<Versioned<'_, InnerShape<K>>> {
        match self.router.replicas() {
            0 => self.hinted(probe),
            _ => self.replicated_parent(self.tree.nearest_replica(), probe.any()),
        }
    }

    /// As [`near_parent`](Self::near_parent), of that replica.
    #[inline(never)]
    fn replicated_parent(&self, replica: usize, probe: Any<K>) -> Option<Versioned<'_, InnerShape<K>>> {
        let near = |id| self.tree.replica(replica, id);
        let table = self.router.replica_table(replica);
        let hint = table.and_then(|table| table.find(probe.word_behind(table.stem.of::<K>())));
        let hinted = hint.and_then(|id| {
            let node = near(id);
            node.prefetch();
            self.tree.walk_right::<_, MOST_STEPS>(node, LevelMark::of(1), probe, near)
        });
        hinted.or_else(|| self.parent_below_root(replica, probe))
    }

    /// The level-1 node at `probe`, by this thread's replica, for a search whose hint gave no node. `None` if
    /// there is no replica, or if it does not lead there.
    #[inline(always)]
    pub(in crate::index) fn unhinted_parent(
        &self,
        probe: impl Probe<K>,
    ) -> Option<Versioned<'_, InnerShape<K>>> {
        match self.router.replicas() {
            0 => None,
            _ => self.parent_below_root(self.tree.nearest_replica(), probe.any()),
        }
    }

    /// As [`unhinted_parent`](Self::unhinted_parent), of that replica.
    #[inline(never)]
    fn parent_below_root(&self, replica: usize, probe: Any<K>) -> Option<Versioned<'_, InnerShape<K>>> {
        let near = |id| self.tree.replica(replica, id);
        let (mut level, head) = self.tree.root();
        // What the root names then is a leaf.
        if level == 0 {
            return None;
        }
        // If no thread of this NUMA node writes, its searches renew the table.
        self.router.renew_if_stale(&self.tree, replica);
        let mut node = near(head);
        loop {
            let (here, version) =
                self.tree.walk_right::<_, MOST_STEPS>(node, LevelMark::of(level), probe, near)?;
            if level == 1 {
                return Some((here, version));
            }
            node = near(child_at(here, version, probe)?);
            node.prefetch();
            level -= 1;
        }
    }

    /// The leaf at `probe`, by this thread's replica. `None` if there is no replica, or if it does not lead
    /// there.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(in crate::index) fn replicated_leaf(
        &self,
        probe: impl Probe<K>,
    ) -> Option<Versioned<'_, LeafShape<K, V>>> {
        if self.router.replicas() == 0 { None } else { self.leaf_of_replica(probe.any()) }
    }

    #[inline(never)]
    fn leaf_of_replica(&self, probe: Any<K>) -> Option<Versioned<'_, LeafShape<K, V>>> {
        let replica = self.tree.nearest_replica();
        let parent = self.replicated_parent(replica, probe);
        let child = parent.and_then(|(parent, version)| child_at(parent, version, probe));
        let found = child.and_then(|child| {
            let leaf = self.tree.leaf(child);
            leaf.prefetch();
            self.tree.settle_within::<_, MOST_STEPS>(leaf, LevelMark::of(0), probe)
        });
        let straight = || found.zip(child).is_some_and(|((leaf, _), child)| leaf.id() == child);
        if self.router.refresh == Refresh::Lazy && !straight() {
            // A leaf may have no entry, or another thread may hold it: then there is nothing to refresh.
            let is_current =
                parent.is_some_and(|(parent, version)| self.tree.inner(parent.id()).is_of(version));
            if !is_current {
                self.refresh_path(replica, probe);
            }
        }
        found
    }

    /// Brings the nodes on the way to `probe` up to date in one replica. It does not wait: it ends at a node
    /// that another thread has locked.
    #[cold]
    #[inline(never)]
    fn refresh_path(&self, replica: usize, probe: Any<K>) -> Option<()> {
        let (mut level, head) = self.tree.root();
        let mut node = self.tree.inner(head);
        while level > 0 {
            let (here, version) =
                self.tree.settle_within::<_, MOST_STEPS>(node, LevelMark::of(level), probe)?;
            let child = child_at(here, version, probe)?;
            if !self.tree.replica(replica, here.id()).is_of(version) {
                let here = here.try_guard::<P::Platform>(version)?;
                here.copy_unchanged_to(self.tree.replica(replica, here.id()));
                here.unlock_unchanged();
            }
            level -= 1;
            if level > 0 {
                node = self.tree.inner(child);
            }
        }
        Some(())
    }
}
