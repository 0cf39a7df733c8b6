//! An owned block and its words, so that the tests need hardly any unsafe code.
#![allow(dead_code, reason = "each test binary uses a part of it")]

#[cfg(target_os = "linux")]
pub(crate) mod linux;
#[cfg(target_os = "linux")]
pub(crate) mod policies;

use std::alloc::Layout;
use std::sync::atomic::AtomicU64;

use bskip_core::arena::{
    AllocError, BlockArena, BlockId, BlockKind, BlockPool, NumaBlocks, NumaNodeId, Placement,
};

/// The layout of a leaf with keys and values of type `u64`.
pub(crate) const LEAF: Layout = layout(1152, 64);

pub(crate) const fn layout(size: usize, align: usize) -> Layout {
    match Layout::from_size_align(size, align) {
        Ok(layout) => layout,
        Err(_) => panic!("a layout"),
    }
}

pub(crate) fn leaf_pool<A: BlockArena>(arena: &A) -> A::Pool {
    arena.pool(LEAF, BlockKind::Leaf).unwrap()
}

/// A block that this value owns. Dropping it does not release the block.
#[derive(Debug)]
pub(crate) struct Owned {
    pub(crate) id: BlockId,
}

impl Owned {
    pub(crate) fn acquire(pool: &impl BlockPool, placement: Placement) -> Result<Self, AllocError> {
        pool.acquire(placement).map(|id| Self { id })
    }

    pub(crate) fn release(self, pool: &impl BlockPool) -> BlockId {
        // SAFETY: an `Owned` comes from the only pool of its test, and is consumed here.
        unsafe { pool.release(self.id) };
        self.id
    }

    pub(crate) fn address(&self, pool: &impl BlockPool) -> usize {
        address(pool, self.id)
    }

    pub(crate) fn home(&self, pool: &impl BlockPool) -> Option<NumaNodeId> {
        // SAFETY: the pool issued this block.
        pool.numa().map(|numa| unsafe { numa.home(self.id) })
    }

    pub(crate) fn words<'p>(&self, pool: &'p impl BlockPool, layout: Layout) -> &'p [AtomicU64] {
        words(pool, self.id, layout)
    }
}

pub(crate) fn address(pool: &impl BlockPool, id: BlockId) -> usize {
    // SAFETY: the tests pass only blocks that the pool issued.
    unsafe { pool.address(id) }.as_ptr() as usize
}

/// The words of a block that was issued, released since or not.
pub(crate) fn words(pool: &impl BlockPool, id: BlockId, layout: Layout) -> &[AtomicU64] {
    // SAFETY: the tests pass only blocks that the pool issued.
    let start = unsafe { pool.address(id) }.cast::<AtomicU64>().as_ptr();
    // SAFETY: by the contract, the block is mapped and has this size while the pool lives; all access is
    // atomic.
    unsafe { core::slice::from_raw_parts(start, layout.size() / 8) }
}
