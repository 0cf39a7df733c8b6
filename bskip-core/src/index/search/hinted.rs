//! Leads from what the tables suggest to a node that is authoritative.

use crate::arena::BlockPool;
use crate::index::engine::Index;
use crate::index::route::leaf_table::table::LEAF_STEPS;
use crate::index::route::node_table::table::MOST_STEPS;
use crate::index::search::probe::Probe;
use crate::index::search::settle::Versioned;
use crate::node::{InnerShape, Leaf, LeafShape, LevelMark, NodeKeys};

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// The leaf at `probe`, if the table of leaves knows it or one close to its left.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(in crate::index) fn hinted_leaf(
        &self,
        probe: impl Probe<K>,
    ) -> Option<Versioned<'_, LeafShape<K, V>>> {
        let leaf = self.tree.leaf(self.router.leaf(probe.word_behind(self.router.leaf_stem::<K>()))?);
        leaf.prefetch();
        self.settle_hinted(leaf, probe)
    }

    /// From a leaf that the table named, the leaf at `probe`.
    #[inline(always)]
    pub(in crate::index) fn settle_hinted<'a>(
        &'a self,
        leaf: Leaf<'a, K, V>,
        probe: impl Probe<K>,
    ) -> Option<Versioned<'a, LeafShape<K, V>>> {
        self.tree.settle_within::<_, LEAF_STEPS>(leaf, LevelMark::of(0), probe)
    }

    /// The level-1 node at `probe`, if the table of nodes knows it or one close to its left.
    #[inline(always)]
    pub(in crate::index) fn hinted(&self, probe: impl Probe<K>) -> Option<Versioned<'_, InnerShape<K>>> {
        let node = self.tree.inner(self.router.node(probe.word_behind(self.router.node_stem::<K>()))?);
        node.prefetch();
        self.tree.settle_within::<_, MOST_STEPS>(node, LevelMark::of(1), probe)
    }
}
