//! The optional part of the contract: which block is on which NUMA node.

use core::ptr::NonNull;

use super::block::{BlockId, Placement};
use crate::numa_node::NumaNodeId;

/// The NUMA side of a [`BlockPool`](super::BlockPool) that knows on which NUMA node each of its blocks is
/// ([`BlockPool::numa`](super::BlockPool::numa)).
///
/// Blocks may also have *replicas*: more memory of the block's layout, usually on every NUMA node. The map
/// keeps a copy of the block's contents there, for the threads nearby.
///
/// # Safety
/// For the blocks of the pool:
/// 1. [`replica_address`](Self::replica_address) keeps promises 2, 3 and 5 of
///    [`BlockPool`](super::BlockPool), as `address` does. A replica's memory belongs to no other replica and
///    to no block.
/// 2. [`replicas`](Self::replicas) never changes, and [`nearest_replica`](Self::nearest_replica) is below it.
pub unsafe trait NumaBlocks {
    /// The NUMA node that a block belongs to.
    ///
    /// # Safety
    /// As for [`BlockPool::address`](super::BlockPool::address).
    unsafe fn home(&self, block: BlockId) -> NumaNodeId;

    /// The NUMA node that `placement` means, if it has room. `None` if that depends on the calling thread, or
    /// if the pool does not have the node.
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

    /// Where a replica of a block is in memory. This should be wait-free and cheap. It must be wait-free if the map's
    /// [`Handler`](crate::Handler) is used: a handler that splits a leaf updates the replicas of the node above.
    ///
    /// # Safety
    /// As for [`BlockPool::address`](super::BlockPool::address), and `replica` is below
    /// [`replicas`](Self::replicas).
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
