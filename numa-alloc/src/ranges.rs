//! Where the blocks of an arena are in the address space, for tools that show addresses.

use bskip_core::arena::{BlockKind, NumaNodeId};

use crate::arena::NumaArena;

/// The addresses of a pool's blocks on one node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct AddressRange {
    /// The kind of the pool's blocks.
    pub kind: BlockKind,
    /// The node that the blocks should be on.
    pub node: NumaNodeId,
    /// The first address.
    pub start: usize,
    /// The length of the range in bytes. Only a part from the front has memory behind it.
    pub bytes: usize,
}

impl NumaArena {
    /// The ranges of addresses of all blocks and replicas of the pools that are alive, including blocks that
    /// do not exist yet. They tell leaves from inner blocks in the addresses that `perf mem`, `perf c2c` or
    /// an emulator show.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    /// use bskip_core::arena::BlockKind;
    /// use numa_alloc::NumaArena;
    ///
    /// let map = BSkipMap::with_arena(NumaArena::new()?)?;
    /// map.insert(1u64, 10u64);
    /// let ranges = map.arena().address_ranges();
    /// assert!(ranges.iter().any(|range| range.kind == BlockKind::Leaf && range.bytes > 0));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn address_ranges(&self) -> Vec<AddressRange> {
        let mut ranges = Vec::new();
        for pool in self.pools() {
            let blocks = pool.stripes().iter().map(|stripe| (stripe.blocks(), stripe.node().id));
            let replicas = pool.replica_ranges().zip(self.nodes());
            ranges.extend(blocks.chain(replicas).map(|(span, node)| {
                let start = span.start().as_ptr() as usize;
                AddressRange { kind: pool.kind, node, start, bytes: span.len() }
            }));
        }
        ranges
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bskip_core::arena::{BlockArena, BlockPool, NumaBlocks, Placement};
    use core::alloc::Layout;

    #[test]
    fn each_block_lies_in_the_range_of_its_kind_and_node() {
        let arena = NumaArena::builder().pretend_nodes(2).build().unwrap();
        let layout = Layout::from_size_align(128, 64).unwrap();
        let [leaves, inners] =
            [BlockKind::Leaf, BlockKind::Inner].map(|kind| arena.pool(layout, kind).unwrap());
        let ranges = arena.address_ranges();
        assert_eq!(ranges.len(), 4);
        for (pool, kind) in [(&leaves, BlockKind::Leaf), (&inners, BlockKind::Inner)] {
            for node in [NumaNodeId(0), NumaNodeId(1)] {
                let block = pool.acquire(Placement::NumaNode(node)).unwrap();
                // SAFETY: this pool issued the block just now.
                let address = unsafe { pool.address(block) }.as_ptr() as usize;
                let holds =
                    |range: &&AddressRange| (range.start..range.start + range.bytes).contains(&address);
                let range = ranges.iter().find(holds).unwrap();
                assert_eq!((range.kind, range.node), (kind, node));
                // SAFETY: the test owns the block and does not use it again.
                unsafe { pool.release(block) };
            }
        }
        drop(leaves);
        assert_eq!(arena.address_ranges().len(), 2, "a pool that is gone has no range");

        let arena = NumaArena::builder().pretend_nodes(2).replicate_inner(true).build().unwrap();
        let inners = arena.pool(layout, BlockKind::Inner).unwrap();
        let block = inners.acquire(Placement::NumaNode(NumaNodeId(1))).unwrap();
        for replica in [0, 1] {
            // SAFETY: this pool issued the block just now, and it has two replicas.
            let address = unsafe { inners.replica_address(replica, block) }.as_ptr() as usize;
            let ranges = arena.address_ranges();
            let holds = |range: &&AddressRange| (range.start..range.start + range.bytes).contains(&address);
            let range = ranges.iter().find(holds).unwrap();
            assert_eq!((range.kind, range.node), (BlockKind::Inner, NumaNodeId(replica as u32)));
        }
    }
}
