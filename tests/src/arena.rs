//! One type for all arenas, so that a suite chooses its arena at run time, not at compile time.

use bskip_core::{
    AllocError, BlockArena, BlockId, BlockKind, BlockPool, BumpArena, DefaultPlatform, GlobalArena,
    GlobalHints, NumaBlocks, NumaNodeId, Placement, PoolUsage,
};
use core::alloc::Layout;
use core::ptr::NonNull;
use numa_alloc::{NumaArena, PageSize, Policy};

/// The arenas that the suites run on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArenaKind {
    /// [`GlobalArena`].
    Global,
    /// [`BumpArena`] with a limit that the suites do not reach.
    Bump,
    /// [`NumaArena`].
    Numa,
    /// The same with three pretended nodes: leaves partitioned by a hash, inner nodes replicated.
    Replicated,
    /// The same with two pretended nodes: leaves partitioned by ranges of keys.
    Ranges,
    /// The same with three pretended nodes: blocks dealt out in turn, inner nodes replicated.
    Interleaved,
}

impl ArenaKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Global, Self::Bump, Self::Numa, Self::Replicated, Self::Ranges, Self::Interleaved];

    /// The arenas that a suite runs on: [`ALL`](Self::ALL) if the environment has `TEST_ARENAS=all`, else
    /// three of them. The last of the three uses most of what `NumaArena` can do.
    #[must_use]
    pub fn chosen() -> &'static [Self] {
        if std::env::var("TEST_ARENAS").is_ok_and(|arenas| arenas == "all") {
            &Self::ALL
        } else {
            &[Self::Global, Self::Bump, Self::Replicated]
        }
    }

    /// A new arena of this kind.
    ///
    /// # Panics
    /// When the machine refuses the arena.
    #[must_use]
    pub fn make(self) -> AnyArena {
        match self {
            Self::Global => AnyArena::Global(GlobalArena::new()),
            Self::Bump => AnyArena::Bump(BumpArena::with_limit(1 << 30)),
            Self::Numa => AnyArena::Numa(NumaArena::new().expect("address space for an arena")),
            Self::Replicated => pretended(3, Policy::Hash, true),
            // The bounds: the greatest of the 32-bit keys of some suites, and the middle of all 64-bit keys.
            Self::Ranges => {
                let bounds = [0, 1 << 8, 1 << 31, 1 << 62, 1 << 63, 3 << 62];
                let nodes = [NumaNodeId(0), NumaNodeId(1)].into_iter().cycle();
                pretended(2, Policy::Range(bounds.into_iter().zip(nodes).collect()), false)
            }
            Self::Interleaved => pretended(3, Policy::Interleave, true),
        }
    }
}

/// A node other than this one. The arena need not have it.
#[must_use]
pub fn beside(node: NumaNodeId) -> NumaNodeId {
    NumaNodeId((node.0 + 1) % 3)
}

fn pretended(nodes: u32, policy: Policy, replicate: bool) -> AnyArena {
    let arena = NumaArena::builder().pretend_nodes(nodes).policy(policy).replicate_inner(replicate);
    // Clearing a huge page for each node and replica of a small map would take long.
    AnyArena::Numa(arena.page_size(PageSize::Small).build().expect("the nodes are pretended"))
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
    Global(<GlobalArena as BlockArena>::Pool),
    /// Of [`AnyArena::Bump`].
    Bump(<BumpArena as BlockArena>::Pool),
    /// Of [`AnyArena::Numa`].
    Numa(<NumaArena as BlockArena>::Pool),
}

/// Does the same with any of the pools.
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
unsafe impl BlockArena for AnyArena {
    type Pool = AnyPool;

    fn pool(&self, layout: Layout, kind: BlockKind) -> Result<AnyPool, AllocError> {
        match self {
            Self::Global(arena) => arena.pool(layout, kind).map(AnyPool::Global),
            Self::Bump(arena) => arena.pool(layout, kind).map(AnyPool::Bump),
            Self::Numa(arena) => arena.pool(layout, kind).map(AnyPool::Numa),
        }
    }
}

// SAFETY: every call goes to one and the same pool, which keeps the contract.
unsafe impl BlockPool for AnyPool {
    type Platform = DefaultPlatform;
    type Hints = GlobalHints;

    fn acquire(&self, placement: Placement) -> Result<BlockId, AllocError> {
        each!(self, p => p.acquire(placement))
    }

    unsafe fn release(&self, block: BlockId) {
        // SAFETY: by the caller's promise; the pool is the one that issued the block.
        each!(self, p => unsafe { p.release(block) })
    }

    unsafe fn address(&self, block: BlockId) -> NonNull<u8> {
        // SAFETY: by the caller's promise; the pool is the one that issued the block.
        each!(self, p => unsafe { p.address(block) })
    }

    fn usage(&self) -> Option<PoolUsage> {
        each!(self, p => BlockPool::usage(p))
    }

    fn numa(&self) -> Option<&impl NumaBlocks> {
        match self {
            Self::Numa(_) => Some(self),
            _ => None,
        }
    }
}

impl AnyPool {
    fn placed(&self) -> &<NumaArena as BlockArena>::Pool {
        match self {
            Self::Numa(pool) => pool,
            _ => unreachable!("only such a pool has a NUMA side"),
        }
    }
}

// SAFETY: every call goes to one and the same pool, which keeps the contract.
unsafe impl NumaBlocks for AnyPool {
    unsafe fn home(&self, block: BlockId) -> NumaNodeId {
        // SAFETY: by the caller's promise; the pool is the one that issued the block.
        unsafe { self.placed().home(block) }
    }

    fn wanted(&self, placement: Placement) -> Option<NumaNodeId> {
        self.placed().wanted(placement)
    }

    fn replicas(&self) -> usize {
        self.placed().replicas()
    }

    fn nearest_replica(&self) -> usize {
        self.placed().nearest_replica()
    }

    unsafe fn replica_address(&self, replica: usize, block: BlockId) -> NonNull<u8> {
        // SAFETY: by the caller's promise; the pool is the one that issued the block.
        unsafe { self.placed().replica_address(replica, block) }
    }
}
