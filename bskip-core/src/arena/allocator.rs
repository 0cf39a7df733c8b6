//! Block memory from any allocator of the crate `allocator-api2` (feature).

use core::alloc::Layout;
use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;

use allocator_api2::alloc::Allocator;

use super::slab::{SlabPool, SlabSource, slab_pool};
use super::{AllocError, AllocErrorKind, BlockArena, BlockKind};
use crate::backoff::{DefaultRelax, Relax};

/// An arena over any allocator. A pool takes *slabs* of memory, each twice as large as the one before, and gives them
/// back when its map drops.
///
/// With the feature `allocator-api2`. The trait is that of the crate of this name, as hashbrown, bumpalo and others use
/// it on stable Rust.
///
/// Threads wait as `R` says.
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
pub struct AllocatorArena<A, R = DefaultRelax> {
    allocator: A,
    _relax: PhantomData<fn() -> R>,
}

/// A pool of an [`AllocatorArena`].
pub struct AllocatorPool<A: Allocator + Send + Sync, R: Relax = DefaultRelax>(SlabPool<Slabs<A, R>>);

impl<A> AllocatorArena<A> {
    /// An arena over this allocator. Each pool takes a clone of it.
    #[must_use]
    pub const fn new(allocator: A) -> Self {
        Self { allocator, _relax: PhantomData }
    }
}

impl<A, R: Relax> AllocatorArena<A, R> {
    /// The same arena, for maps whose threads wait as `S` says.
    #[must_use]
    pub fn relax<S: Relax>(self) -> AllocatorArena<A, S> {
        AllocatorArena { allocator: self.allocator, _relax: PhantomData }
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
        Self { allocator: self.allocator.clone(), _relax: PhantomData }
    }
}

impl<A, R> fmt::Debug for AllocatorArena<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AllocatorArena")
    }
}

// SAFETY: `AllocatorPool` keeps the contract, see there.
unsafe impl<A: Allocator + Clone + Send + Sync, R: Relax> BlockArena for AllocatorArena<A, R> {
    type Pool = AllocatorPool<A, R>;

    fn pool(&self, layout: Layout, _: BlockKind) -> Result<AllocatorPool<A, R>, AllocError> {
        let slabs = Slabs { allocator: self.allocator.clone(), _relax: PhantomData };
        Ok(AllocatorPool(SlabPool::new(slabs, layout)?))
    }
}

// The slabs live until the pool gives them back, because the pool keeps a clone of the allocator, and moving that
// moves no memory.
slab_pool!([A: Allocator + Send + Sync, R: Relax] AllocatorPool<A, R>);

/// The slabs of one pool.
struct Slabs<A, R> {
    allocator: A,
    _relax: PhantomData<fn() -> R>,
}

// SAFETY: an allocation is zeroed, has the layout, and belongs to the caller until it is given back.
unsafe impl<A: Allocator + Send + Sync, R: Relax> SlabSource for Slabs<A, R> {
    type Relax = R;

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
