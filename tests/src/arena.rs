//! One arena type for all arenas, so that a suite chooses its arena when it runs, not when it compiles.

use bskip_core::{AllocError, BlockId, BumpArena, GlobalArena, NodeArena, NodeId, NodeKind, NodePool};
use bskip_core::{Placement, PoolUsage};
use core::alloc::Layout;
use core::ptr::NonNull;
use numa_alloc::NumaArena;

/// The arenas that the suites run on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArenaKind {
    /// [`GlobalArena`].
    Global,
    /// [`BumpArena`] with a limit that the suites do not reach.
    Bump,
    /// [`NumaArena`].
    Numa,
}

impl ArenaKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Global, Self::Bump, Self::Numa];

    /// A new arena of this kind.
    ///
    /// # Panics
    /// When the machine refuses the arena.
    #[must_use]
    pub fn make(self) -> AnyArena {
        match self {
            Self::Global => AnyArena::Global(GlobalArena),
            Self::Bump => AnyArena::Bump(BumpArena::with_limit(1 << 30)),
            Self::Numa => AnyArena::Numa(NumaArena::new().expect("address space for an arena")),
        }
    }
}

/// Any of the arenas.
#[derive(Debug)]
pub enum AnyArena {
    /// Slabs of the global allocator.
    Global(GlobalArena),
    /// A bounded bump arena.
    Bump(BumpArena),
    /// Slabs placed on NUMA nodes.
    Numa(NumaArena),
}

/// A pool of any of the arenas.
pub enum AnyPool {
    /// Of [`AnyArena::Global`].
    Global(<GlobalArena as NodeArena>::Pool),
    /// Of [`AnyArena::Bump`].
    Bump(<BumpArena as NodeArena>::Pool),
    /// Of [`AnyArena::Numa`].
    Numa(<NumaArena as NodeArena>::Pool),
}

/// Does the same with whichever pool it is.
macro_rules! each {
    ($pool:expr, $p:ident => $body:expr) => {
        match $pool {
            AnyPool::Global($p) => $body,
            AnyPool::Bump($p) => $body,
            AnyPool::Numa($p) => $body,
        }
    };
}

// SAFETY: every pool comes from an arena that keeps the contract for the layout passed on.
unsafe impl NodeArena for AnyArena {
    type Pool = AnyPool;

    fn pool(&self, layout: Layout, kind: NodeKind) -> Result<AnyPool, AllocError> {
        match self {
            Self::Global(arena) => arena.pool(layout, kind).map(AnyPool::Global),
            Self::Bump(arena) => arena.pool(layout, kind).map(AnyPool::Bump),
            Self::Numa(arena) => arena.pool(layout, kind).map(AnyPool::Numa),
        }
    }
}

// SAFETY: every call goes to one and the same pool, which keeps the contract.
unsafe impl NodePool for AnyPool {
    fn acquire(&self, placement: Placement) -> Result<BlockId, AllocError> {
        each!(self, p => p.acquire(placement))
    }

    unsafe fn release(&self, block: BlockId) {
        // SAFETY: the caller's promise, passed on to the pool that issued the block.
        each!(self, p => unsafe { p.release(block) })
    }

    unsafe fn address(&self, block: BlockId) -> NonNull<u8> {
        // SAFETY: the caller's promise, passed on to the pool that issued the block.
        each!(self, p => unsafe { p.address(block) })
    }

    unsafe fn home(&self, block: BlockId) -> Option<NodeId> {
        // SAFETY: the caller's promise, passed on to the pool that issued the block.
        each!(self, p => unsafe { p.home(block) })
    }

    fn usage(&self) -> PoolUsage {
        each!(self, p => p.usage())
    }
}
