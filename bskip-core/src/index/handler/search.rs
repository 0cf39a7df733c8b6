//! Searches that wait for no lock.

use super::STEPS;
use crate::arena::BlockPool;
use crate::index::engine::Index;
use crate::index::search::probe::Probe;
use crate::index::search::settle::{Versioned, child_at};
use crate::node::{LeafShape, LevelMark, NodeKeys};

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// The leaf at `probe`; `None` if a node on the way is locked, or changes, or is too far right. The caller must
    /// validate the leaf before it believes anything that it reads there.
    ///
    /// It uses no replicas, because a search by replicas may renew them.
    pub(super) fn leaf_within(&self, probe: impl Probe<K>) -> Option<Versioned<'_, LeafShape<K, V>>> {
        if let Some(found) = self.hinted_leaf(probe) {
            return Some(found);
        }
        let (level, head) = self.tree.root();
        let leaf = if level == 0 {
            head
        } else {
            let (parent, version) =
                self.hinted(probe).or_else(|| self.try_inner_within::<STEPS>(probe, 1))?;
            child_at(parent, version, probe)?
        };
        self.tree.settle_within::<_, STEPS>(self.tree.leaf(leaf), LevelMark::of(0), probe)
    }
}
