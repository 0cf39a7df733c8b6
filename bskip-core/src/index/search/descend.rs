//! Finds the node that is authoritative for a place among the keys: from where the router suggests, or from
//! the root down.

use crate::arena::{BlockId, BlockPool};
use crate::index::engine::Index;
use crate::index::search::probe::{At, Probe};
use crate::index::search::settle::{Versioned, child_at};
use crate::lock::Version;
use crate::node::{Inner, InnerShape, Leaf, LeafShape, LevelMark, NodeKeys, ShapeOf};

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// The leaf at `probe`. The caller must validate it before it believes anything that it reads there.
    #[inline(always)]
    pub(in crate::index) fn leaf_at(&self, probe: impl Probe<K>) -> (Leaf<'_, K, V>, Version) {
        // Built for size, all kinds of places share one function.
        #[cfg(small_code)]
        let probe = probe.any();
        if let Some(found) = self.try_leaf_at(probe) {
            return found;
        }
        self.retry(|| self.try_leaf_at(probe))
    }

    /// The node of `level` at `probe`; the level exists and is not 0.
    pub(in crate::index) fn inner_at(&self, probe: impl Probe<K>, level: usize) -> (Inner<'_, K>, Version) {
        // Built for size, all kinds of places share one function.
        #[cfg(small_code)]
        let probe = probe.any();
        if let Some(found) = self.try_inner_at(probe, level) {
            return found;
        }
        self.retry(|| self.try_inner_at(probe, level))
    }

    /// Waits and tries again until `attempt` finds a node.
    #[inline(always)]
    fn retry<'a, S: ShapeOf<K>>(
        &'a self,
        attempt: impl FnMut() -> Option<Versioned<'a, S>>,
    ) -> Versioned<'a, S> {
        let (id, version) = self.wait_for(attempt);
        (self.tree.node(id), version)
    }

    /// As [`retry`](Self::retry), but returns the node's block. A block and a version fit into two registers.
    /// If this function returned the node, its callers would keep every node that they find in memory, also
    /// when the first attempt finds it.
    #[cold]
    #[inline(never)]
    fn wait_for<'a, S: ShapeOf<K>>(
        &self,
        mut attempt: impl FnMut() -> Option<Versioned<'a, S>>,
    ) -> (BlockId, Version) {
        let mut backoff = self.tree.backoff();
        loop {
            backoff.wait();
            if let Some((node, version)) = attempt() {
                return (node.id(), version);
            }
        }
    }

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn try_leaf_at(&self, probe: impl Probe<K>) -> Option<Versioned<'_, LeafShape<K, V>>> {
        if let Some(found) = self.hinted_leaf(probe) {
            return Some(found);
        }
        self.try_leaf_by_levels(probe)
    }

    /// As [`try_leaf_at`](Self::try_leaf_at), without the table of leaves.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn try_leaf_by_levels(&self, probe: impl Probe<K>) -> Option<Versioned<'_, LeafShape<K, V>>> {
        let (level, head) = self.tree.root();
        let leaf = if level == 0 {
            self.tree.leaf(head)
        } else {
            let (parent, version) = match self.hinted(probe) {
                Some(found) => found,
                // A map with replicas has no hint for this search.
                None => match self.replicated_leaf(probe) {
                    Some(found) => return Some(found),
                    None => self.try_inner_at(probe, 1)?,
                },
            };
            self.tree.leaf(child_at(parent, version, probe)?)
        };
        // The caches nearest to the core have a map of two levels, so a prefetch would only be work. Built for size, a
        // search does without: the prefetches take a hundred bytes.
        if !cfg!(small_code) && level > 1 {
            leaf.prefetch();
        }
        self.tree.settle(leaf, LevelMark::of(0), probe)
    }

    /// As [`leaf_at`](Self::leaf_at), for a reader that goes on from there. If the table of leaves knows the
    /// next leaf, this loads it at the same time.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(in crate::index) fn leaf_at_and_behind(&self, probe: impl Probe<K>) -> (Leaf<'_, K, V>, Version) {
        // Built for size, all kinds of places share one function.
        #[cfg(small_code)]
        let probe = probe.any();
        if let Some((leaf, behind)) = self.router.two_leaves(probe.word_behind(self.router.leaf_stem::<K>()))
        {
            let leaf = self.tree.leaf(leaf);
            leaf.prefetch_whole();
            if let Some(behind) = behind {
                self.tree.leaf(behind).prefetch_pairs();
            }
            if let Some(found) = self.settle_hinted(leaf, probe) {
                return found;
            }
        }
        if let Some(found) = self.try_leaf_by_levels(probe) {
            return found;
        }
        self.retry(|| self.try_leaf_at(probe))
    }

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(in crate::index) fn try_inner_at(
        &self,
        probe: impl Probe<K>,
        target: usize,
    ) -> Option<Versioned<'_, InnerShape<K>>> {
        self.try_inner_within::<{ usize::MAX }>(probe, target)
    }

    /// As [`try_inner_at`](Self::try_inner_at), but gives up on a level after `STEPS` steps to the right. If there is
    /// a limit, it also gives up at a locked node.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(in crate::index) fn try_inner_within<const STEPS: usize>(
        &self,
        probe: impl Probe<K>,
        target: usize,
    ) -> Option<Versioned<'_, InnerShape<K>>> {
        let (mut level, head) = self.tree.root();
        debug_assert!(level >= target, "the caller has raised the root to the level, or has seen it there");
        let mut node = self.tree.inner(head);
        loop {
            let (here, version) = self.tree.settle_within::<_, STEPS>(node, LevelMark::of(level), probe)?;
            if level == target {
                return Some((here, version));
            }
            node = self.tree.inner(child_at(here, version, probe)?);
            node.prefetch();
            level -= 1;
        }
    }

    /// The node of shape `S` and `level` at `probe`.
    pub(in crate::index) fn node_at<S: ShapeOf<K>>(
        &self,
        probe: impl Probe<K>,
        level: usize,
    ) -> Versioned<'_, S> {
        let (id, version) = if level == 0 {
            let (leaf, version) = self.leaf_at(probe);
            (leaf.id(), version)
        } else {
            let (inner, version) = self.inner_at(probe, level);
            (inner.id(), version)
        };
        (self.tree.node::<S>(id), version)
    }

    /// The node of `level` at `key`, or the level's first.
    pub(in crate::index) fn node_or_first<S: ShapeOf<K>>(
        &self,
        key: Option<K::Ref<'_>>,
        level: usize,
    ) -> Versioned<'_, S> {
        match key {
            Some(key) => self.node_at::<S>(At(key), level),
            None => {
                let head = self.tree.node::<S>(self.tree.head(level));
                (head, self.tree.read_begin(head))
            }
        }
    }
}
