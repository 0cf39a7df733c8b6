//! What the map's nodes take, as the pools count it or as this file counts it.

use crate::arena::{BlockPool, PoolUsage};
use crate::index::engine::Index;
use crate::index::search::probe::At;
use crate::node::{InnerShape, LeafShape, LevelMark, Node, NodeKeys, ShapeOf};

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Blocks and bytes of both pools, and of the cells of long keys.
    pub(crate) fn usage(&self) -> PoolUsage {
        let (root, _) = self.tree.root();
        let nodes = self.usage_of::<LeafShape<K, V>>(0, 0).plus(self.usage_of::<InnerShape<K>>(1, root));
        nodes.plus(self.tree.store_usage())
    }

    /// What the cells of long keys take.
    #[cfg(test)]
    pub(in crate::index) fn cells(&self) -> PoolUsage {
        self.tree.store_usage()
    }

    /// What the nodes of shape `S` take. These are all nodes of the levels from `lowest` to `highest`.
    pub(in crate::index) fn usage_of<S: ShapeOf<K>>(&self, lowest: usize, highest: usize) -> PoolUsage {
        self.tree.usage::<S>().unwrap_or_else(|| {
            let nodes = (lowest..=highest).map(|level| self.count_nodes::<S>(level)).sum();
            let bytes = nodes * Node::<S>::LAYOUT.size();
            PoolUsage { issued_blocks: nodes, issued_bytes: bytes, reserved_bytes: bytes }
        })
    }

    /// Counts the nodes of a level, from left to right. The number is exact while no thread writes. If a node
    /// changes, the count continues where the last counted node ended.
    fn count_nodes<S: ShapeOf<K>>(&self, level: usize) -> usize {
        // The sentinel is no node of this map.
        if self.tree.has_no_leaf() {
            return 0;
        }
        let (mut count, mut from) = (0, None::<K::Owned>);
        'restart: loop {
            let (mut node, mut version) = self.node_or_first::<S>(from.as_ref().map(K::borrow), level);
            loop {
                let (next, high) = (node.next(), node.high());
                // A node that starts before `from` was counted already, or has taken over one that was.
                let is_new = from.as_ref().is_none_or(|from| node.compare_low(K::borrow(from)).is_eq());
                if !node.validate(version) {
                    continue 'restart;
                }
                count += usize::from(is_new);
                let Some(next) = next else { return count };
                let next = self.tree.node::<S>(next);
                let found = self.tree.settle(next, LevelMark::of(level), At(K::borrow(&high)));
                from = Some(high);
                match found {
                    Some(found) => (node, version) = found,
                    None => continue 'restart,
                }
            }
        }
    }
}
