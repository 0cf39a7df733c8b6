//! The contract itself: arenas make pools, and pools give blocks.

use core::alloc::Layout;
use core::ptr::NonNull;

use super::block::{AllocError, BlockId, BlockKind, Placement, PoolUsage};
use super::hints::HintMemory;
use super::numa::{Never, NumaBlocks};
use crate::numa_node::NumaNodeId;
use crate::platform::Platform;

/// Makes pools of blocks. The [module](super#an-arena-of-your-own) has an example.
///
/// # Safety
/// Every pool that it makes keeps the contract of [`BlockPool`] for the layout that the pool was made for.
pub unsafe trait BlockArena {
    /// The pools of this arena.
    type Pool: BlockPool;

    /// Makes a pool of blocks of `layout`. The size is a multiple of the alignment, which is at least 64.
    ///
    /// # Errors
    /// [`AllocError`] if there is no memory for the pool itself.
    fn pool(&self, layout: Layout, kind: BlockKind) -> Result<Self::Pool, AllocError>;
}

/// A pool of blocks of one layout.
///
/// [`acquire`](Self::acquire) and [`release`](Self::release) may run within a section of the platform
/// ([`Platform::enter`]), so they must not sleep there. If they take a lock, all code must take that lock within a
/// section. Otherwise a thread that holds it may stop running, and a CPU that waits for it in a section waits for ever.
///
/// # Safety
/// An implementation keeps these promises:
/// 1. **One owner.** The pool does not issue a block again before it is released.
/// 2. **Type-stable.** From its first issue until the pool drops, a block has one [`address`](Self::address).
///    The memory there has the size and alignment of the pool's layout, and is mapped, readable and writable,
///    whether the block is released or not. Moving the pool moves no block.
/// 3. **Zeroed at first issue.** After that the pool neither writes nor reads the block, with one exception.
///    It may give the memory of free blocks back to the system. Such a block stays readable and reads as
///    zeros. Before the pool issues it again, the pool writes an even number into its first 8 bytes, as an
///    `AtomicU64`. That number must be greater than any number that stood there before. (These bytes are a
///    counter; the map only ever increases it.) The exception is only for targets with 64-bit
///    atomics, and not for builds with `--cfg bskip_narrow`.
/// 4. **Release happens before reissue.** The next owner sees what the releasing thread wrote, except what 3
///    has replaced.
/// 5. **Own numbers only.** [`address`](Self::address) takes every number that this pool has ever issued.
/// 6. **One NUMA side.** If [`numa`](Self::numa) gives something, it is always the same, it is about this
///    pool's blocks, and it keeps the contract of [`NumaBlocks`].
/// 7. **One number is not used.** If the pool is [`LAZY`](Self::LAZY), it never issues the block with the greatest
///    number, `u32::MAX`.
pub unsafe trait BlockPool: Send + Sync {
    /// What the maps of this pool ask of the machine, such as how their threads wait:
    /// [`DefaultPlatform`](super::DefaultPlatform), or a type of your own.
    type Platform: Platform;

    /// Whether the maps of this pool keep hint tables in the global allocator's memory:
    /// [`GlobalHints`](super::GlobalHints) or [`NoHints`](super::NoHints).
    type Hints: HintMemory;

    /// Whether maps may be made by [`BSkipMap::from_pools`](crate::BSkipMap::from_pools), which take their first
    /// block at their first insertion.
    const LAZY: bool = false;

    /// Takes a block out of the pool, at `placement` if the pool can meet it.
    ///
    /// # Errors
    /// [`AllocError`] if the pool has none. It is then unchanged, and the map may ask again.
    fn acquire(&self, placement: Placement) -> Result<BlockId, AllocError>;

    /// Gives a block back. Only this pool issues it again. This must not panic, even after a panic in
    /// [`acquire`](Self::acquire): the map calls it while that panic unwinds.
    ///
    /// # Safety
    /// The caller owns `block`: this pool issued it, and it was not released since.
    unsafe fn release(&self, block: BlockId);

    /// Where a block is in memory. A search calls this for every block it visits, so it should be wait-free
    /// and cheap. It must be wait-free if the map's [`Handler`](crate::Handler) is used, because handlers call it too.
    ///
    /// # Safety
    /// This pool has issued `block` at some time, whether it was released since or not.
    unsafe fn address(&self, block: BlockId) -> NonNull<u8>;

    /// What the pool holds; `None` if the pool does not count. The map then counts its nodes when it is asked
    /// ([`BSkipMap::usage`](crate::BSkipMap::usage)).
    fn usage(&self) -> Option<PoolUsage> {
        None
    }

    /// The NUMA side of this pool, for a pool that knows on which NUMA node each block is. An implementation
    /// writes `fn numa(&self) -> Option<&impl NumaBlocks> { Some(self) }`.
    #[inline(always)]
    fn numa(&self) -> Option<&impl NumaBlocks> {
        None::<&Never>
    }
}

/// The NUMA side of any pool: what its [`NumaBlocks`] says, or what holds for a pool without one.
pub(crate) trait Numa: BlockPool {
    /// The NUMA node that the block belongs to, if the pool knows.
    ///
    /// # Safety
    /// As for [`BlockPool::address`].
    #[inline]
    unsafe fn home(&self, block: BlockId) -> Option<NumaNodeId> {
        // SAFETY: by the caller's promise.
        self.numa().map(|numa| unsafe { numa.home(block) })
    }

    /// As [`NumaBlocks::wanted`].
    fn wanted(&self, placement: Placement) -> Option<NumaNodeId> {
        self.numa()?.wanted(placement)
    }

    /// As [`NumaBlocks::replicas`].
    #[inline(always)]
    fn replicas(&self) -> usize {
        self.numa().map_or(0, NumaBlocks::replicas)
    }

    /// As [`NumaBlocks::nearest_replica`].
    #[inline(always)]
    fn nearest_replica(&self) -> usize {
        self.numa().map_or(0, NumaBlocks::nearest_replica)
    }

    /// As [`NumaBlocks::replica_address`].
    ///
    /// # Safety
    /// As there, so the pool has replicas.
    #[inline(always)]
    unsafe fn replica_address(&self, replica: usize, block: BlockId) -> NonNull<u8> {
        match self.numa() {
            // SAFETY: by the caller's promise.
            Some(numa) => unsafe { numa.replica_address(replica, block) },
            None => Self::Platform::broken("a pool without replicas has no address of one"),
        }
    }
}

impl<P: BlockPool> Numa for P {}
