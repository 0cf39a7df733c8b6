//! The optional part of the contract: which block is on which NUMA node.

use core::fmt;
use core::ptr::NonNull;

use super::{BlockId, BlockPool, Placement};

/// A NUMA node, by the number that the operating system gives it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NumaNodeId(pub u32);

impl fmt::Display for NumaNodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The NUMA side of a [`BlockPool`] that knows on which NUMA node each of its blocks is
/// ([`BlockPool::numa`]).
///
/// Blocks may also have *replicas*: more memory of the block's layout, as a rule on every NUMA node. The map
/// keeps a copy of the block's contents there, for the threads nearby.
///
/// # Safety
/// For the blocks of the pool:
/// 1. [`replica_address`](Self::replica_address) keeps promises 2, 3 and 5 of [`BlockPool`], as `address`
///    does. A replica's memory belongs to no other replica and to no block.
/// 2. [`replicas`](Self::replicas) never changes, and [`nearest_replica`](Self::nearest_replica) is below it.
pub unsafe trait NumaBlocks {
    /// The NUMA node that a block belongs to.
    ///
    /// # Safety
    /// As for [`BlockPool::address`].
    unsafe fn home(&self, block: BlockId) -> NumaNodeId;

    /// The NUMA node that `placement` means, if it has room. `None` if that depends on the thread that asks,
    /// or if the pool does not have the node.
    fn wanted(&self, placement: Placement) -> Option<NumaNodeId> {
        let _ = placement;
        None
    }

    /// How many replicas each block has.
    fn replicas(&self) -> usize {
        0
    }

    /// The number of the replicas that are near the calling thread. Each search asks for it, if there are
    /// replicas.
    fn nearest_replica(&self) -> usize {
        0
    }

    /// Where a replica of a block is in memory. It should be wait-free and cheap.
    ///
    /// # Safety
    /// As for [`BlockPool::address`], and `replica` is below [`replicas`](Self::replicas).
    unsafe fn replica_address(&self, replica: usize, block: BlockId) -> NonNull<u8> {
        unreachable!("replica {replica} of {block:?}: this pool has no replicas")
    }
}

/// The NUMA side of a pool that has none.
pub(super) enum Never {}

// SAFETY: there is no value of this type.
unsafe impl NumaBlocks for Never {
    unsafe fn home(&self, _: BlockId) -> NumaNodeId {
        match *self {}
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
            None => unreachable!("this pool has no replicas"),
        }
    }
}

impl<P: BlockPool> Numa for P {}
