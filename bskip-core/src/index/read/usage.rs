//! What the map's nodes take, as the pools count it or as this file counts it.

use crate::arena::{BlockPool, PoolUsage};
use crate::index::engine::Index;
use crate::index::search::probe::At;
use crate::key::KeyWords;
use crate::node::{InnerShape, LeafShape, LevelMark, Node, Shape};

impl<K: KeyWords, V, P: BlockPool> Index<K, V, P> {
    /// Blocks and bytes of both pools.
    pub(crate) fn usage(&self) -> PoolUsage {
        let (root, _) = self.tree.root();
        self.usage_of::<LeafShape<K, V>>(0, 0).plus(self.usage_of::<InnerShape<K>>(1, root))
    }

    /// What the nodes of shape `S` take. These are all nodes of the levels from `lowest` to `highest`.
    pub(in crate::index) fn usage_of<S: Shape<Key = K>>(&self, lowest: usize, highest: usize) -> PoolUsage {
        self.tree.usage::<S>().unwrap_or_else(|| {
            let nodes = (lowest..=highest).map(|level| self.count_nodes::<S>(level)).sum();
            let bytes = nodes * Node::<S>::LAYOUT.size();
            PoolUsage { issued_blocks: nodes, issued_bytes: bytes, reserved_bytes: bytes }
        })
    }

    /// Counts the nodes of a level, from left to right. The number is exact while no thread writes. If a node
    /// changes, the count continues where the last counted node ended.
    fn count_nodes<S: Shape<Key = K>>(&self, level: usize) -> usize {
        let (mut count, mut from) = (0, None);
        'restart: loop {
            let (mut node, mut version) = self.node_or_first::<S>(from, level);
            loop {
                let (next, high) = (node.next(), node.high());
                // A node that starts before `from` was counted already, or has taken over one that was.
                let is_new = from.is_none_or(|from| node.compare_low(from).is_eq());
                if !node.validate(version) {
                    continue 'restart;
                }
                count += usize::from(is_new);
                let Some(next) = next else { return count };
                from = Some(high);
                match self.tree.settle(self.tree.node::<S>(next), LevelMark::of(level), At(high)) {
                    Some(found) => (node, version) = found,
                    None => continue 'restart,
                }
            }
        }
    }
}
