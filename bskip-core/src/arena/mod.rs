//! Where nodes live: the contract between the index and the memory beneath it.
//!
//! A [`BlockArena`] hands out [`BlockPool`]s, one for each node layout; a pool hands out equal blocks.
//! The index relies on *type-stable* memory: a reader may look at a block long after it was released,
//! and must then find a node (perhaps another one), never unmapped memory. That is what spares the index
//! epochs and hazard pointers; see `ARCHITECTURE.md`.

#[cfg(feature = "bump")]
mod bump;
mod global;
mod huge;
#[cfg(test)]
pub(crate) mod paired;
mod slab;

#[cfg(feature = "bump")]
pub use bump::{BumpArena, BumpPool};
pub use global::{GlobalArena, GlobalPool};

use core::alloc::Layout;
use core::fmt;
use core::num::NonZeroU32;
use core::ptr::NonNull;

/// A NUMA node, by the number that the operating system gives it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NumaNode(pub u32);

impl fmt::Display for NumaNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where the caller would like a block to live. A preference: a pool that cannot meet it takes the block
/// from elsewhere and counts a miss, it does not fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Placement {
    /// Wherever the arena's own policy says.
    #[default]
    Policy,
    /// On this NUMA node.
    Node(NumaNode),
    /// Wherever the arena's policy says for a leaf of keys from here on: the first word
    /// of the least of them (see [`KeyWords`](crate::KeyWords)). An arena whose policy does not ask for keys takes it as `Policy`.
    Keys(u64),
}

/// What the blocks of a pool are for, so that an arena may place leaves and inner levels apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BlockKind {
    /// Blocks that hold keys and values: nearly all of a map.
    Leaf,
    /// Blocks that hold keys and children: about 1/64 of a map, read by every operation.
    Inner,
}

/// A block of a pool: a number from 1 on, so that a node refers to another in 32 bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BlockId(pub NonZeroU32);

/// Why a block could not be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum AllocErrorKind {
    /// The arena's byte limit would be passed.
    LimitReached,
    /// The memory beneath the arena is used up.
    OutOfMemory,
    /// The pool has no block numbers or address space left.
    AddressSpaceExhausted,
}

/// A block could not be had; nothing has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AllocError {
    /// The layout of the block that was asked for.
    pub layout: Layout,
    /// Why it was refused.
    pub kind: AllocErrorKind,
}

impl fmt::Display for AllocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.kind {
            AllocErrorKind::LimitReached => "the arena's byte limit is reached; raise it or remove keys",
            AllocErrorKind::OutOfMemory => "the memory beneath the arena is used up",
            AllocErrorKind::AddressSpaceExhausted => "the pool has no address space left",
        };
        write!(f, "no block of {} bytes aligned to {}: {why}", self.layout.size(), self.layout.align())
    }
}

impl core::error::Error for AllocError {}

/// What a pool holds now. Exact while no thread acquires or releases, close otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PoolUsage {
    /// Blocks issued and not released.
    pub issued_blocks: usize,
    /// Bytes of those blocks.
    pub issued_bytes: usize,
    /// Bytes that the pool has taken from beneath it, free blocks included.
    pub reserved_bytes: usize,
}

impl PoolUsage {
    /// The two pools' figures added up.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            issued_blocks: self.issued_blocks + other.issued_blocks,
            issued_bytes: self.issued_bytes + other.issued_bytes,
            reserved_bytes: self.reserved_bytes + other.reserved_bytes,
        }
    }
}

/// What the system gave of huge pages to a map on a [`GlobalArena`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct HugePages {
    /// Bytes of slabs for which huge pages were asked. 0 for a map of less than about 2 MiB, and without the feature
    /// `huge-pages`.
    pub asked_bytes: usize,
    /// Bytes of these slabs that lie on huge pages now; the rest is on base pages, or was never touched. `None` if the
    /// system does not tell.
    pub resident_bytes: Option<usize>,
}

impl HugePages {
    /// The figures of two pools, added up.
    pub(crate) fn plus(self, other: Self) -> Self {
        let resident = self.resident_bytes.zip(other.resident_bytes);
        Self {
            asked_bytes: self.asked_bytes + other.asked_bytes,
            resident_bytes: resident.map(|(a, b)| a + b),
        }
    }
}

/// A source of node pools.
///
/// # Safety
/// The pools must keep the contract of [`BlockPool`], each for the layout it was made for.
pub unsafe trait BlockArena {
    /// The pools that this arena makes.
    type Pool: BlockPool;

    /// Makes a pool of blocks of `layout`. Its size is a multiple of its alignment, which is at least 64.
    ///
    /// # Errors
    /// [`AllocError`] if not even the pool's own bookkeeping can be had.
    fn pool(&self, layout: Layout, kind: BlockKind) -> Result<Self::Pool, AllocError>;
}

/// A pool of equal blocks.
///
/// # Safety
/// For every implementation:
/// 1. **One owner.** A block that was acquired is not issued again before it is released.
/// 2. **Type-stable.** From its first issue until the pool drops, [`address`](Self::address) of a block is
///    the same, is aligned and sized to the pool's layout, and stays mapped and readable and writable,
///    released or not. Moving the pool moves no block.
/// 3. **Zeroed at first issue**, and never written by the pool afterwards, nor read, with one exception: the
///    pool may give the memory of free blocks back to the system. Such a block stays readable, is zero, and
///    before it is issued again the pool writes into its first 8 bytes an even number that is larger than any
///    they ever held. For this they belong to a number that its owners only let grow, accessed as an
///    `AtomicU64`, by the pool as well.
/// 4. **Release happens before reissue**: what the releaser wrote is visible to the next owner, as far as 3
///    left it.
/// 5. **Own numbers only.** [`address`](Self::address) takes any number that this pool ever issued.
/// 6. **Replicas**, if there are any: [`replica_address`](Self::replica_address) keeps 2, 3 and 5 as `address`
///    does, for memory that is no other block's and no other replica's. [`replicas`](Self::replicas) never changes,
///    and [`nearest_replica`](Self::nearest_replica) is below it.
pub unsafe trait BlockPool: Send + Sync {
    /// Takes a block out of the pool, near `placement` where that can be met.
    ///
    /// # Errors
    /// [`AllocError`]; the pool is then unchanged and may be asked again.
    fn acquire(&self, placement: Placement) -> Result<BlockId, AllocError>;

    /// Gives a block back, to be issued again by this pool only.
    ///
    /// # Safety
    /// The caller owns `block`: this pool issued it and it was not released since.
    unsafe fn release(&self, block: BlockId);

    /// Where the block lives in memory. Wait-free; called for every node that a search visits.
    ///
    /// # Safety
    /// This pool issued `block` at some time, released since or not.
    unsafe fn address(&self, block: BlockId) -> NonNull<u8>;

    /// The NUMA node that the block belongs to; `None` where the pool does not place its blocks.
    ///
    /// # Safety
    /// As for [`address`](Self::address).
    unsafe fn home(&self, block: BlockId) -> Option<NumaNode>;

    /// What the pool holds now.
    fn usage(&self) -> PoolUsage;

    /// Where `placement` would put a block if there is room: `None` if that depends on the thread that asks, if the pool
    /// does not have the node that is named, or if it does not place its blocks.
    fn wanted(&self, placement: Placement) -> Option<NumaNode> {
        let _ = placement;
        None
    }

    /// How many *replicas* each block has: memory of the block's layout, as a rule on every NUMA node, where the
    /// index keeps copies of the block's contents for the threads near it. 0 if there are none.
    fn replicas(&self) -> usize {
        0
    }

    /// The number of the replicas that are near the calling thread. Called in every search if there are any.
    fn nearest_replica(&self) -> usize {
        0
    }

    /// Where replica number `replica` of the block lives in memory. Wait-free.
    ///
    /// # Safety
    /// As for [`address`](Self::address), and `replica` is below [`replicas`](Self::replicas).
    unsafe fn replica_address(&self, replica: usize, block: BlockId) -> NonNull<u8> {
        let _ = replica;
        // SAFETY: by the caller's promise. Nobody calls it: there are no replicas.
        unsafe { self.address(block) }
    }
}
