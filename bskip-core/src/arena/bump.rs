//! Block memory from a bump allocator with a byte limit, for bounded embedded use.

use alloc::sync::Arc;
use core::alloc::Layout;
use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;

use bumpalo::Bump;

use super::slab::{SlabPool, SlabSource, slab_pool};
use super::{AllocError, AllocErrorKind, BlockArena, BlockKind};
use crate::backoff::DefaultPlatform;
use crate::platform::Platform;
use crate::spin::SpinLock;

/// An arena over a [`bumpalo::Bump`] of a given size, which bounds the memory for blocks in advance.
///
/// The arena takes the memory from the global allocator in one piece, when the first map is made. bumpalo
/// rounds the piece up by less than a page and adds a header of some dozens of bytes.
///
/// The maps on an arena and on its clones share its memory and its limit. A map reuses the blocks that it
/// frees. The memory goes back when the arena, all its clones and all their maps are dropped.
///
/// `R` is the [`Platform`] of its maps.
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
pub struct BumpArena<R = DefaultPlatform> {
    memory: Arc<SpinLock<Memory>>,
    _platform: PhantomData<fn() -> R>,
}

#[derive(Debug)]
struct Memory {
    /// `None` until the first slab is taken.
    bump: Option<Bump>,
    limit: usize,
    taken: usize,
}

/// A slab has at least this many bytes, if the arena has that many left. The arena has already taken its
/// memory, so smaller slabs would save none of it.
const LEAST: usize = 16 << 10;

/// A pool of a [`BumpArena`].
pub struct BumpPool<R: Platform = DefaultPlatform>(SlabPool<BumpArena<R>>);

impl BumpArena {
    /// An arena with room for this many bytes of blocks. It takes no memory yet.
    #[must_use]
    pub fn with_limit(bytes: usize) -> Self {
        let memory = Memory { bump: None, limit: bytes, taken: 0 };
        Self { memory: Arc::new(SpinLock::new(memory)), _platform: PhantomData }
    }
}

impl<R: Platform> BumpArena<R> {
    /// The same arena, for maps on the platform `S`.
    #[must_use]
    pub fn platform<S: Platform>(self) -> BumpArena<S> {
        BumpArena { memory: self.memory, _platform: PhantomData }
    }

    /// How many bytes of the limit the maps of this arena and its clones have taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.memory.with::<R, _>(|memory| memory.taken)
    }
}

impl<R> Clone for BumpArena<R> {
    fn clone(&self) -> Self {
        Self { memory: self.memory.clone(), _platform: PhantomData }
    }
}

impl<R> fmt::Debug for BumpArena<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BumpArena").field("memory", &self.memory).finish()
    }
}

// SAFETY: `BumpPool` keeps the contract, see there.
unsafe impl<R: Platform> BlockArena for BumpArena<R> {
    type Pool = BumpPool<R>;

    fn pool(&self, layout: Layout, _: BlockKind) -> Result<BumpPool<R>, AllocError> {
        Ok(BumpPool(SlabPool::new(self.clone(), layout)?))
    }
}

// The slabs live as long as the `Bump`, and the pool's source keeps the `Bump` alive.
slab_pool!([R: Platform] BumpPool<R>);

// SAFETY: the bump allocator hands each byte out once and keeps it until it drops.
unsafe impl<R: Platform> SlabSource for BumpArena<R> {
    type Platform = R;

    fn take(&self, layout: Layout) -> Result<NonNull<u8>, AllocErrorKind> {
        self.memory.with::<R, _>(|memory| {
            if layout.size() > memory.limit - memory.taken {
                return Err(AllocErrorKind::LimitReached);
            }
            let bump = match &memory.bump {
                Some(bump) => bump,
                None => {
                    // Slabs are aligned to cache lines; the piece may not be.
                    let piece = memory.limit.saturating_add(layout.align());
                    let bump = Bump::try_with_capacity(piece).map_err(|_| AllocErrorKind::OutOfMemory)?;
                    bump.set_allocation_limit(Some(bump.allocated_bytes()));
                    memory.bump.insert(bump)
                }
            };
            let slab = bump.try_alloc_layout(layout).map_err(|_| AllocErrorKind::LimitReached)?;
            memory.taken += layout.size();
            // SAFETY: the slab has this many bytes, and no other thread knows it yet.
            unsafe { slab.write_bytes(0, layout.size()) };
            Ok(slab)
        })
    }

    unsafe fn give(&self, _: NonNull<u8>, _: Layout) {
        // A bump allocator takes nothing back before it drops.
    }

    /// Half of the rest, so that leaves do not take what inner nodes will need.
    fn best_size(&self, bytes: usize) -> usize {
        bytes.max(LEAST).min(self.memory.with::<R, _>(|memory| (memory.limit - memory.taken) / 2))
    }

    const BOUNDED: bool = true;
}
