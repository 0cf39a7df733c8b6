//! For tests: an arena of two pretended NUMA nodes, with a replica of each inner block.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::{
    AllocError, BlockArena, BlockId, BlockKind, BlockPool, GlobalArena, GlobalPool, NumaNode, Placement,
    PoolUsage,
};

/// Blocks are on nodes 0 and 1 in turns.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PairedArena {
    /// Whether inner blocks have a replica.
    pub(crate) replicated: bool,
    /// Whether keys below 1000 are wanted on node 0, and greater ones on node 1.
    pub(crate) by_keys: bool,
}

/// Blocks that are as large again as asked for: the replica is the second half.
pub(crate) struct PairedPool {
    pool: GlobalPool,
    /// Where the replica starts; 0 without one.
    replica_at: usize,
    by_keys: bool,
    block_bytes: usize,
}

// SAFETY: see `PairedPool`.
unsafe impl BlockArena for PairedArena {
    type Pool = PairedPool;

    fn pool(&self, layout: Layout, kind: BlockKind) -> Result<PairedPool, AllocError> {
        let replica_at = if self.replicated && kind == BlockKind::Inner { layout.size() } else { 0 };
        let both = Layout::from_size_align(layout.size() + replica_at, layout.align()).expect("small");
        Ok(PairedPool {
            pool: GlobalArena::new().pool(both, kind)?,
            replica_at,
            by_keys: self.by_keys,
            block_bytes: both.size(),
        })
    }
}

impl PairedPool {
    /// The node of a block, by its address: neighbours are on different nodes.
    fn home_of(&self, block: BlockId) -> NumaNode {
        // SAFETY: only called for blocks that the pool has issued.
        let address = unsafe { self.pool.address(block) };
        NumaNode((address.as_ptr().addr() / self.block_bytes % 2) as u32)
    }
}

// SAFETY: blocks are those of a `GlobalPool`, whose halves are memory of their own.
unsafe impl BlockPool for PairedPool {
    /// For a node, takes blocks until there is one of it, and gives the others back.
    fn acquire(&self, placement: Placement) -> Result<BlockId, AllocError> {
        let Placement::NumaNode(node) = placement else { return self.pool.acquire(placement) };
        let mut others = alloc::vec::Vec::new();
        let block = loop {
            let block = self.pool.acquire(placement)?;
            if self.home_of(block) == node || others.len() == 4 {
                break block;
            }
            others.push(block);
        };
        for other in others {
            // SAFETY: acquired above, and not used.
            unsafe { self.pool.release(other) };
        }
        Ok(block)
    }

    unsafe fn release(&self, block: BlockId) {
        // SAFETY: passed on.
        unsafe { self.pool.release(block) }
    }

    unsafe fn address(&self, block: BlockId) -> NonNull<u8> {
        // SAFETY: passed on.
        unsafe { self.pool.address(block) }
    }

    unsafe fn home(&self, block: BlockId) -> Option<NumaNode> {
        Some(self.home_of(block))
    }

    fn wanted(&self, placement: Placement) -> Option<NumaNode> {
        match placement {
            Placement::NumaNode(node) => (node.0 < 2).then_some(node),
            Placement::KeysFrom(word) => self.by_keys.then_some(NumaNode(u32::from(word >= 1000))),
            _ => None,
        }
    }

    fn usage(&self) -> PoolUsage {
        self.pool.usage()
    }

    fn replicas(&self) -> usize {
        usize::from(self.replica_at > 0)
    }

    unsafe fn replica_address(&self, _: usize, block: BlockId) -> NonNull<u8> {
        // SAFETY: passed on.
        let address = unsafe { self.pool.address(block) };
        // SAFETY: a block is as large again as a node.
        unsafe { address.add(self.replica_at) }
    }
}
