//! Node memory from a bump allocator with a byte limit, for bounded embedded use.

use alloc::sync::Arc;
use core::alloc::Layout;
use core::ptr::NonNull;

use bumpalo::Bump;

use super::slab::{SlabPool, SlabSource};
use super::{
    AllocError, AllocErrorKind, BlockArena, BlockId, BlockKind, BlockPool, NumaNode, Placement, PoolUsage,
};
use crate::spin::SpinLock;

/// An arena over a [`bumpalo::Bump`] of a given size: node memory that is bounded beforehand.
///
/// The memory is taken from the global allocator in one piece when the first map is made. bumpalo rounds the
/// piece up, by less than a page, and adds a header of some dozens of bytes.
///
/// Maps on clones of an arena share its memory and its limit. Memory goes back when the arena, all its
/// clones and their maps are dropped; blocks that a map frees are reused by that map meanwhile.
///
/// ```
/// use bskip_core::{BSkipMap, BumpArena};
///
/// let map = BSkipMap::<u32, u32, BumpArena>::with_arena(BumpArena::with_limit(64 * 1024))?;
/// let full = (0..).find_map(|k| map.try_insert(k, k).err()).unwrap();
/// assert_eq!(full.key, full.value);
/// assert_eq!(map.get(&0), Some(0));
/// # Ok::<(), bskip_core::AllocError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BumpArena(Arc<SpinLock<Memory>>);

#[derive(Debug)]
struct Memory {
    /// `None` until the first slab is taken.
    bump: Option<Bump>,
    limit: usize,
    taken: usize,
}

/// Least bytes of a slab, while the arena has them. The memory is set aside for the arena already, so small slabs would save none of it.
const LEAST: usize = 16 << 10;

/// A pool of a [`BumpArena`].
pub struct BumpPool(SlabPool<BumpSlabs>);

struct BumpSlabs(Arc<SpinLock<Memory>>);

impl BumpArena {
    /// An arena of `bytes` for nodes. Nothing is taken yet.
    #[must_use]
    pub fn with_limit(bytes: usize) -> Self {
        Self(Arc::new(SpinLock::new(Memory { bump: None, limit: bytes, taken: 0 })))
    }

    /// Bytes handed out so far to the maps of this arena and its clones, of the limit.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.0.with(|memory| memory.taken)
    }
}

// SAFETY: `BumpPool` keeps the contract, see there.
unsafe impl BlockArena for BumpArena {
    type Pool = BumpPool;

    fn pool(&self, layout: Layout, _: BlockKind) -> Result<BumpPool, AllocError> {
        Ok(BumpPool(SlabPool::new(BumpSlabs(self.0.clone()), layout)?))
    }
}

// SAFETY: as for `GlobalPool`; the slabs live as long as the `Bump`, which the pool's source keeps alive.
unsafe impl BlockPool for BumpPool {
    fn acquire(&self, _: Placement) -> Result<BlockId, AllocError> {
        self.0.acquire()
    }

    unsafe fn release(&self, block: BlockId) {
        // SAFETY: passed on.
        unsafe { self.0.release(block) }
    }

    #[inline(always)]
    unsafe fn address(&self, block: BlockId) -> NonNull<u8> {
        // SAFETY: passed on.
        unsafe { self.0.address(block) }
    }

    unsafe fn home(&self, _: BlockId) -> Option<NumaNode> {
        None
    }

    fn usage(&self) -> PoolUsage {
        self.0.usage()
    }
}

// SAFETY: the bump allocator hands each byte out once and keeps it until it drops.
unsafe impl SlabSource for BumpSlabs {
    fn take(&self, layout: Layout) -> Result<NonNull<u8>, AllocErrorKind> {
        self.0.with(|memory| {
            if layout.size() > memory.limit - memory.taken {
                return Err(AllocErrorKind::LimitReached);
            }
            let bump = match &memory.bump {
                Some(bump) => bump,
                None => {
                    // Slabs are aligned to cache lines, where the piece need not begin.
                    let piece = memory.limit.saturating_add(layout.align());
                    let bump = Bump::try_with_capacity(piece).map_err(|_| AllocErrorKind::OutOfMemory)?;
                    bump.set_allocation_limit(Some(bump.allocated_bytes()));
                    memory.bump.insert(bump)
                }
            };
            let slab = bump.try_alloc_layout(layout).map_err(|_| AllocErrorKind::LimitReached)?;
            memory.taken += layout.size();
            // SAFETY: the slab has that many bytes and is ours alone.
            unsafe { slab.write_bytes(0, layout.size()) };
            Ok(slab)
        })
    }

    unsafe fn give(&self, _: NonNull<u8>, _: Layout) {
        // A bump allocator takes nothing back before it drops.
    }

    /// Half of what is left, so that leaves do not take what inner nodes will need.
    fn best_size(&self, bytes: usize) -> usize {
        bytes.max(LEAST).min(self.0.with(|memory| (memory.limit - memory.taken) / 2))
    }

    const BOUNDED: bool = true;
}
