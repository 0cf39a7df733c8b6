//! Where a map's memory comes from: the contract between the map and its arena.
//!
//! A map keeps its pairs in *blocks* of memory. An arena ([`BlockArena`]) makes one pool ([`BlockPool`]) for
//! the blocks of leaves and one for the blocks of inner nodes; all blocks of a pool have the same size. An
//! arena that places its blocks on NUMA nodes also implements [`NumaBlocks`]; others leave it out.
//!
//! Blocks are *type-stable*: a reader may look at a block long after the map released it. The reader must
//! then find a block of the same pool, perhaps in use for something else, and never unmapped memory. In
//! return the map needs no epochs and no hazard pointers. `bskip-core/docs/PROTOCOL.md` in the repository
//! says why that suffices.
//!
//! # An arena of your own
//! Three functions, besides the one that makes a pool: [`acquire`](BlockPool::acquire),
//! [`release`](BlockPool::release) and [`address`](BlockPool::address). This arena gives each pool a fixed
//! number of blocks:
//!
//! ```
//! use bskip_core::arena::{
//!     AllocError, AllocErrorKind, BlockArena, BlockId, BlockKind, BlockPool, DefaultRelax, Placement,
//! };
//! use bskip_core::BSkipMap;
//! use core::alloc::Layout;
//! use core::num::NonZeroU32;
//! use core::ptr::NonNull;
//! use std::sync::Mutex;
//! use std::sync::atomic::AtomicU64;
//!
//! /// 64 bytes, aligned to 64. Atomics, because readers look at a block while a writer changes it.
//! #[repr(align(64))]
//! #[derive(Default)]
//! struct Line([AtomicU64; 8]);
//!
//! /// This many blocks for each pool.
//! struct Fixed(u32);
//!
//! struct FixedPool {
//!     layout: Layout,
//!     memory: Vec<Line>,
//!     free: Mutex<Vec<BlockId>>,
//! }
//!
//! // SAFETY: `FixedPool` keeps the contract, see there.
//! unsafe impl BlockArena for Fixed {
//!     type Pool = FixedPool;
//!
//!     fn pool(&self, layout: Layout, _: BlockKind) -> Result<FixedPool, AllocError> {
//!         assert_eq!(layout.align(), 64);
//!         let lines = self.0 as usize * layout.size() / 64;
//!         let memory = (0..lines).map(|_| Line::default()).collect();
//!         let free = (1..=self.0).filter_map(NonZeroU32::new).map(BlockId).collect();
//!         Ok(FixedPool { layout, memory, free: Mutex::new(free) })
//!     }
//! }
//!
//! // SAFETY: 1. A block is either in `free` or in use. 2. Block `n` is the n-th part of `memory`, which never
//! // moves and lives as long as the pool. 3. It is zeroed at first, and the pool does not touch it again. 4. The
//! // mutex orders release before reissue. 5. Numbers are 1 to the number of blocks.
//! unsafe impl BlockPool for FixedPool {
//!     type Relax = DefaultRelax;
//!
//!     fn acquire(&self, _: Placement) -> Result<BlockId, AllocError> {
//!         let block = self.free.lock().unwrap().pop();
//!         block.ok_or(AllocError { layout: self.layout, kind: AllocErrorKind::OutOfMemory })
//!     }
//!
//!     unsafe fn release(&self, block: BlockId) {
//!         self.free.lock().unwrap().push(block);
//!     }
//!
//!     unsafe fn address(&self, block: BlockId) -> NonNull<u8> {
//!         let memory = NonNull::from(&*self.memory).cast::<u8>();
//!         // SAFETY: this pool issued the number, so the block lies within `memory`.
//!         unsafe { memory.add((block.0.get() as usize - 1) * self.layout.size()) }
//!     }
//! }
//!
//! let map = BSkipMap::with_arena(Fixed(100))?;
//! let full = (0..1_000_000u64).find_map(|key| map.try_insert(key, key).err()).unwrap();
//! assert_eq!(full.cause.kind, AllocErrorKind::OutOfMemory);
//! assert!(full.key > 3000, "100 leaves of at most 64 pairs");
//! assert_eq!(map.remove(&7), Some(7));
//! assert_eq!(map.get(&6), Some(6));
//! assert!(map.usage().issued_blocks > 100, "the leaves, and the inner blocks above them");
//! # Ok::<(), AllocError>(())
//! ```

#[cfg(feature = "bump")]
mod bump;
mod global;
mod huge;
mod numa;
#[cfg(test)]
pub(crate) mod paired;
mod slab;

#[cfg(feature = "bump")]
pub use bump::{BumpArena, BumpPool};
pub use global::{GlobalArena, GlobalPool};
pub use huge::HugePages;
pub(crate) use numa::Numa;
pub use numa::{NumaBlocks, NumaNodeId};

pub use crate::backoff::{DefaultRelax, Relax};

use core::alloc::Layout;
use core::fmt;
use core::num::NonZeroU32;
use core::ptr::NonNull;

use crate::key::{Key, KeyWords};

/// Where the map would like a block to be. It is a preference: a pool that cannot meet it takes the block
/// from elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Placement {
    /// Where the arena's own policy puts it.
    #[default]
    Policy,
    /// On this NUMA node.
    NumaNode(NumaNodeId),
    /// Where the arena's policy puts a block for keys from this one on. An arena whose policy does not go by
    /// keys takes it as [`Policy`](Self::Policy).
    KeysFrom(KeyPrefix),
}

impl Placement {
    /// For keys from `low` on. `None` is below every key.
    pub(crate) fn keys_from<K: KeyWords>(low: Option<K>) -> Self {
        Self::KeysFrom(low.map_or(KeyPrefix::LEAST, |low| KeyPrefix(low.word(0))))
    }
}

/// The first 64 bits of a key in the map's order: if `a <= b`, then `KeyPrefix::of(a) <= KeyPrefix::of(b)`.
///
/// By prefixes an arena can place the keys of any type, without knowing the type. For a `u64` the prefix is
/// the key itself, for an `i64` the key with its sign bit flipped, for a byte array its first 8 bytes,
/// big-endian.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct KeyPrefix(u64);

impl KeyPrefix {
    /// The prefix of the least key.
    pub const LEAST: Self = Self(0);

    /// The prefix of `key`.
    #[must_use]
    pub fn of<K: Key>(key: K) -> Self {
        Self(key.to_words().word(0))
    }

    /// The prefix that is these bits.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits, in the order of the keys.
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        self.0
    }
}

/// What the blocks of a pool are for, so that an arena can treat leaves and inner levels differently.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BlockKind {
    /// Keys and values: nearly all of a map.
    Leaf,
    /// Keys and children: about 1/64 of a map, and every operation reads some of it.
    Inner,
}

/// A block of a pool: a number from 1 on, so that one block can refer to another in 32 bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BlockId(pub NonZeroU32);

/// Why a pool has no block to give.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum AllocErrorKind {
    /// The block would exceed the arena's byte limit.
    LimitReached,
    /// The arena has no memory left.
    OutOfMemory,
    /// The pool has no block numbers or addresses left.
    AddressSpaceExhausted,
}

/// A pool had no block to give. Nothing has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AllocError {
    /// The layout of the block.
    pub layout: Layout,
    /// Why there was none.
    pub kind: AllocErrorKind,
}

impl fmt::Display for AllocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.kind {
            AllocErrorKind::LimitReached => "the arena's byte limit is reached; raise it or remove keys",
            AllocErrorKind::OutOfMemory => "the arena has no memory left; remove keys or give it more",
            AllocErrorKind::AddressSpaceExhausted => "the pool has no addresses left; use several maps",
        };
        write!(f, "no block of {} bytes aligned to {}: {why}", self.layout.size(), self.layout.align())
    }
}

impl core::error::Error for AllocError {}

/// What a pool holds. Exact while no thread acquires or releases blocks, and close otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PoolUsage {
    /// Blocks in use: issued and not released.
    pub issued_blocks: usize,
    /// The bytes of these blocks.
    pub issued_bytes: usize,
    /// Bytes that the pool has taken from the memory below it, free blocks included.
    pub reserved_bytes: usize,
}

impl PoolUsage {
    /// The sum of two pools' figures.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            issued_blocks: self.issued_blocks + other.issued_blocks,
            issued_bytes: self.issued_bytes + other.issued_bytes,
            reserved_bytes: self.reserved_bytes + other.reserved_bytes,
        }
    }
}

/// Makes pools of blocks. The [module](self#an-arena-of-your-own) has an example.
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
/// # Safety
/// An implementation keeps these promises:
/// 1. **One owner.** The pool does not issue a block again before it is released.
/// 2. **Type-stable.** From its first issue until the pool drops, a block has one [`address`](Self::address).
///    The memory there has the size and alignment of the pool's layout, and is mapped, readable and writable,
///    whether the block is released or not. Moving the pool moves no block.
/// 3. **Zeroed at first issue.** The pool writes and reads nothing of a block from then on, with one
///    exception. It may give the memory of free blocks back to the system. Such a block stays readable and
///    reads as zeros. Before the pool issues it again, the pool writes an even number into its first 8 bytes,
///    as an `AtomicU64`, greater than any number that stood there before. (These bytes are a counter; the map
///    only ever increases it.)
/// 4. **Release happens before reissue.** The next owner sees what the releasing thread wrote, except what 3
///    has replaced.
/// 5. **Own numbers only.** [`address`](Self::address) takes every number that this pool has ever issued.
/// 6. **One NUMA side.** If [`numa`](Self::numa) gives something, it is always the same, it is about this
///    pool's blocks, and it keeps the contract of [`NumaBlocks`].
pub unsafe trait BlockPool: Send + Sync {
    /// How threads wait in the maps of this pool: [`DefaultRelax`], or a way of your own.
    type Relax: Relax;

    /// Takes a block out of the pool, at `placement` if the pool can meet it.
    ///
    /// # Errors
    /// [`AllocError`] if there is none. The pool is then unchanged, and the map may ask again.
    fn acquire(&self, placement: Placement) -> Result<BlockId, AllocError>;

    /// Gives a block back. Only this pool issues it again.
    ///
    /// # Safety
    /// The caller owns `block`: this pool issued it, and it was not released since.
    unsafe fn release(&self, block: BlockId);

    /// Where a block is in memory. A search calls this for every block it visits, so it should be wait-free
    /// and cheap.
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
        None::<&numa::Never>
    }
}
