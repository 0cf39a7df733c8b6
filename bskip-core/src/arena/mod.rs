//! Where a map's memory comes from: the contract between the map and its arena.
//!
//! A map keeps its pairs in *blocks* of memory. An arena ([`BlockArena`]) makes one pool ([`BlockPool`]) for
//! the blocks of leaves and one for the blocks of inner nodes; all blocks of a pool have the same size. For byte
//! strings it makes more, also of the kind of leaves: one for long keys, and one for long values. An arena that
//! places its blocks on NUMA nodes also implements [`NumaBlocks`]; others leave it out.
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
//!     AllocError, AllocErrorKind, BlockArena, BlockId, BlockKind, BlockPool, DefaultPlatform, GlobalHints, Placement,
//! };
//! use bskip_core::BSkipMap;
//! use core::alloc::Layout;
//! use core::num::NonZeroU32;
//! use core::ptr::NonNull;
//! use std::sync::{Mutex, MutexGuard, PoisonError};
//! use std::sync::atomic::AtomicU32;
//!
//! /// 64 bytes, aligned to 64. Atomics, because readers look at a block while a writer changes it.
//! #[repr(align(64))]
//! #[derive(Default)]
//! struct Line([AtomicU32; 16]);
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
//! impl FixedPool {
//!     /// Also after a panic of another thread: `release` must not panic.
//!     fn free(&self) -> MutexGuard<'_, Vec<BlockId>> {
//!         self.free.lock().unwrap_or_else(PoisonError::into_inner)
//!     }
//! }
//!
//! // SAFETY: 1. A block is either in `free` or in use. 2. Block `n` is the n-th part of `memory`, which never
//! // moves and lives as long as the pool. 3. It is zeroed at first, and the pool does not touch it again. 4. The
//! // mutex orders release before reissue. 5. Numbers are 1 to the number of blocks.
//! unsafe impl BlockPool for FixedPool {
//!     type Platform = DefaultPlatform;
//!     type Hints = GlobalHints;
//!
//!     fn acquire(&self, _: Placement) -> Result<BlockId, AllocError> {
//!         let block = self.free().pop();
//!         block.ok_or(AllocError { layout: self.layout, kind: AllocErrorKind::OutOfMemory })
//!     }
//!
//!     unsafe fn release(&self, block: BlockId) {
//!         self.free().push(block);
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

#[cfg(feature = "allocator-api2")]
mod allocator;
mod block;
#[cfg(feature = "bump")]
mod bump;
mod global;
mod hints;
mod huge;
mod numa;
#[cfg(test)]
pub(crate) mod paired;
mod pool;
mod slab;
mod statics;

#[cfg(feature = "allocator-api2")]
pub use allocator::{AllocatorArena, AllocatorPool};
pub use block::{AllocError, AllocErrorKind, BlockId, BlockKind, KeyPrefix, Placement, PoolUsage};
#[cfg(feature = "bump")]
pub use bump::{BumpArena, BumpPool};
pub use global::{GlobalArena, GlobalPool};
pub(crate) use hints::keep;
pub use hints::{GlobalHints, HintMemory, NoHints};
pub use huge::HugePages;
pub use numa::NumaBlocks;
pub(crate) use pool::Numa;
pub use pool::{BlockArena, BlockPool};
pub use statics::{RegionError, RegionUsage, StaticArena, StaticMemory, StaticPool};

pub use crate::backoff::DefaultPlatform;
pub use crate::numa_node::NumaNodeId;
pub use crate::platform::Platform;
