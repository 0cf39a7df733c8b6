//! Block memory from any allocator of the crate `allocator-api2` (feature).

use core::alloc::Layout;
use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;

use allocator_api2::alloc::Allocator;

use super::slab::{SlabPool, SlabSource, slab_pool};
use super::{AllocError, AllocErrorKind, BlockArena, BlockKind};
use crate::backoff::DefaultPlatform;
use crate::platform::Platform;

/// An arena over any allocator. A pool takes *slabs* of memory, each twice as large as the one before, and gives them
/// back when its map drops.
///
/// With the feature `allocator-api2`. The trait is that of the crate of this name, as hashbrown, bumpalo and others use
/// it on stable Rust.
///
/// `R` is the [`Platform`] of its maps.
///
/// ```
/// use allocator_api2::alloc::Global;
/// use bskip_core::{AllocatorArena, BSkipMap};
///
/// let map = BSkipMap::with_arena(AllocatorArena::new(Global))?;
/// map.insert(1u64, "one");
/// assert_eq!(map.get(&1), Some("one"));
/// # Ok::<(), bskip_core::AllocError>(())
/// ```
pub struct AllocatorArena<A, R = DefaultPlatform> {
    allocator: A,
    _platform: PhantomData<fn() -> R>,
}

/// A pool of an [`AllocatorArena`].
pub struct AllocatorPool<A: Allocator + Send + Sync, R: Platform = DefaultPlatform>(SlabPool<Slabs<A, R>>);

impl<A> AllocatorArena<A> {
    /// An arena over this allocator. Each pool takes a clone of it.
    #[must_use]
    pub const fn new(allocator: A) -> Self {
        Self { allocator, _platform: PhantomData }
    }
}

impl<A, R: Platform> AllocatorArena<A, R> {
    /// The same arena, for maps on the platform `S`.
    #[must_use]
    pub fn platform<S: Platform>(self) -> AllocatorArena<A, S> {
        AllocatorArena { allocator: self.allocator, _platform: PhantomData }
    }

    /// The allocator.
    #[must_use]
    pub fn allocator(&self) -> &A {
        &self.allocator
    }
}

impl<A: Default> Default for AllocatorArena<A> {
    fn default() -> Self {
        Self::new(A::default())
    }
}

impl<A: Clone, R> Clone for AllocatorArena<A, R> {
    fn clone(&self) -> Self {
        Self { allocator: self.allocator.clone(), _platform: PhantomData }
    }
}

impl<A, R> fmt::Debug for AllocatorArena<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AllocatorArena")
    }
}

// SAFETY: `AllocatorPool` keeps the contract, see there.
unsafe impl<A: Allocator + Clone + Send + Sync, R: Platform> BlockArena for AllocatorArena<A, R> {
    type Pool = AllocatorPool<A, R>;

    fn pool(&self, layout: Layout, _: BlockKind) -> Result<AllocatorPool<A, R>, AllocError> {
        let slabs = Slabs { allocator: self.allocator.clone(), _platform: PhantomData };
        Ok(AllocatorPool(SlabPool::new(slabs, layout)?))
    }
}

// The slabs live until the pool gives them back, because the pool keeps a clone of the allocator, and moving that
// moves no memory.
slab_pool!([A: Allocator + Send + Sync, R: Platform] AllocatorPool<A, R>);

/// The slabs of one pool.
struct Slabs<A, R> {
    allocator: A,
    _platform: PhantomData<fn() -> R>,
}

// SAFETY: an allocation is zeroed, has the layout, and belongs to the caller until it is given back.
unsafe impl<A: Allocator + Send + Sync, R: Platform> SlabSource for Slabs<A, R> {
    type Platform = R;

    fn take(&self, layout: Layout) -> Result<NonNull<u8>, AllocErrorKind> {
        self.allocator.allocate_zeroed(layout).map(NonNull::cast).map_err(|_| AllocErrorKind::OutOfMemory)
    }

    unsafe fn give(&self, slab: NonNull<u8>, layout: Layout) {
        // SAFETY: `take` got it from this allocator with this layout, and the caller does not use it any more.
        unsafe { self.allocator.deallocate(slab, layout) };
    }

    fn best_size(&self, bytes: usize) -> usize {
        bytes
    }

    const BOUNDED: bool = false;
}
