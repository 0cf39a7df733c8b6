//! For tests: an arena of two pretended NUMA nodes, with a replica of each inner block.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::{
    AllocError, BlockArena, BlockId, BlockKind, BlockPool, DefaultPlatform, GlobalArena, GlobalHints,
    GlobalPool, KeyPrefix, NumaBlocks, NumaNodeId, Placement, PoolUsage,
};

/// Blocks lie on NUMA nodes 0 and 1 in turn.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PairedArena {
    /// Whether inner blocks have a replica.
    pub(crate) replicated: bool,
    /// Whether keys below 1000 are wanted on NUMA node 0, and others on 1.
    pub(crate) by_keys: bool,
}

/// A pool whose blocks, if they have a replica, are twice as large as asked for. The second half is the
/// replica.
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
    /// The NUMA node of a block. It follows from the address, so neighbouring blocks are on different NUMA
    /// nodes.
    fn home_of(&self, block: BlockId) -> NumaNodeId {
        // SAFETY: only called for blocks that the pool has issued.
        let address = unsafe { self.pool.address(block) };
        NumaNodeId((address.as_ptr().addr() / self.block_bytes % 2) as u32)
    }
}

// SAFETY: the blocks are those of a `GlobalPool`, and each half is memory of its own.
unsafe impl BlockPool for PairedPool {
    type Platform = DefaultPlatform;
    type Hints = GlobalHints;

    /// If a NUMA node is asked for, takes blocks until one is on it, and gives the others back.
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
        // SAFETY: by the caller's promise.
        unsafe { self.pool.release(block) }
    }

    unsafe fn address(&self, block: BlockId) -> NonNull<u8> {
        // SAFETY: by the caller's promise.
        unsafe { self.pool.address(block) }
    }

    fn usage(&self) -> Option<PoolUsage> {
        self.pool.usage()
    }

    fn numa(&self) -> Option<&impl NumaBlocks> {
        Some(self)
    }
}

// SAFETY: a replica is the second half of its block, whose address never changes.
unsafe impl NumaBlocks for PairedPool {
    unsafe fn home(&self, block: BlockId) -> NumaNodeId {
        self.home_of(block)
    }

    fn wanted(&self, placement: Placement) -> Option<NumaNodeId> {
        match placement {
            Placement::NumaNode(node) => (node.0 < 2).then_some(node),
            Placement::KeysFrom(low) => {
                self.by_keys.then_some(NumaNodeId(u32::from(low >= KeyPrefix::of(1000u64))))
            }
            Placement::Policy => None,
        }
    }

    fn replicas(&self) -> usize {
        usize::from(self.replica_at > 0)
    }

    unsafe fn replica_address(&self, _: usize, block: BlockId) -> NonNull<u8> {
        // SAFETY: by the caller's promise.
        let address = unsafe { self.pool.address(block) };
        // SAFETY: a block is twice as large as a node.
        unsafe { address.add(self.replica_at) }
    }
}
