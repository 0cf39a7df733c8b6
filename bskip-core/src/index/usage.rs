//! What the map's nodes take: as the pools count it, or else counted here.

use core::alloc::Layout;

use super::Index;
use super::descend::At;
use crate::arena::{BlockPool, PoolUsage};
use crate::key::KeyWords;
use crate::node::{Inner, InnerShape, Leaf, LeafShape, LevelMark, Shape};

impl<K: KeyWords, V, P: BlockPool> Index<K, V, P> {
    /// Blocks and bytes of both pools.
    pub(crate) fn usage(&self) -> PoolUsage {
        let leaves = self.leaves.usage();
        let leaves =
            leaves.unwrap_or_else(|| usage_of(Leaf::<K, V>::LAYOUT, self.count_nodes::<LeafShape<K, V>>(0)));
        let count_inners = || (1..=self.root().0).map(|level| self.count_nodes::<InnerShape<K>>(level)).sum();
        let inners = self.inners.usage();
        let inners = inners.unwrap_or_else(|| usage_of(Inner::<K>::LAYOUT, count_inners()));
        leaves.plus(inners)
    }

    /// The number of nodes of a level: exact while no thread writes.
    fn count_nodes<S: Shape<Key = K>>(&self, level: usize) -> usize {
        'again: loop {
            let mut node = self.node::<S>(self.head(level));
            let mut version = node.read_begin();
            let mut count = 1;
            loop {
                let (next, high) = (node.next(), node.high());
                if !node.validate(version) {
                    continue 'again;
                }
                let Some(next) = next else { return count };
                let next = self.node::<S>(next);
                let Some(found) = self.settle(next, LevelMark::of(level), At(high)) else { continue 'again };
                (node, version) = found;
                count += 1;
            }
        }
    }
}

/// What this many nodes take, for a pool that does not count.
fn usage_of(layout: Layout, nodes: usize) -> PoolUsage {
    let bytes = nodes * layout.size();
    PoolUsage { issued_blocks: nodes, issued_bytes: bytes, reserved_bytes: bytes }
}
