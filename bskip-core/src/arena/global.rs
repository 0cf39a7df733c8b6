//! Node memory from the program's global allocator.

use alloc::alloc::{alloc_zeroed, dealloc};
use core::alloc::Layout;
use core::ptr::NonNull;

use super::slab::{SlabPool, SlabSource};
use super::{
    AllocError, AllocErrorKind, BlockId, NodeArena, NodeId, NodeKind, NodePool, Placement, PoolUsage,
};

/// An arena over the global allocator: slabs that double in size, given back when the map drops.
///
/// The default, and all that a program without an operating system needs besides its
/// `#[global_allocator]`. It places nothing: for NUMA placement and huge pages there is `numa_alloc::NumaArena`.
#[derive(Clone, Copy, Debug, Default)]
pub struct GlobalArena;

/// A pool of a [`GlobalArena`].
pub struct GlobalPool(SlabPool<GlobalSlabs>);

// SAFETY: `GlobalPool` keeps the contract, see there.
unsafe impl NodeArena for GlobalArena {
    type Pool = GlobalPool;

    fn pool(&self, layout: Layout, _: NodeKind) -> Result<GlobalPool, AllocError> {
        Ok(GlobalPool(SlabPool::new(GlobalSlabs, layout)))
    }
}

// SAFETY: `SlabPool` issues each block of its slabs once before release, keeps slabs until it drops, gives
// zeroed memory that it does not touch, and exchanges blocks under a lock.
unsafe impl NodePool for GlobalPool {
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

    unsafe fn home(&self, _: BlockId) -> Option<NodeId> {
        None
    }

    fn usage(&self) -> PoolUsage {
        self.0.usage()
    }
}

struct GlobalSlabs;

/// The layout that is asked of the allocator: system allocators give large zeroed memory for free, but only
/// at their own alignment, and write zeros for a larger one. So ask for room to align it here.
fn padded(layout: Layout) -> Result<Layout, AllocErrorKind> {
    let size =
        layout.size().checked_add(layout.align() + HEAD).ok_or(AllocErrorKind::AddressSpaceExhausted)?;
    Layout::from_size_align(size, HEAD).map_err(|_| AllocErrorKind::AddressSpaceExhausted)
}

/// Before each slab stands the pointer that the allocator gave.
const HEAD: usize = size_of::<*mut u8>();

// SAFETY: a slab is inside one allocation of its own, zeroed, aligned by hand.
unsafe impl SlabSource for GlobalSlabs {
    fn take(&self, layout: Layout) -> Result<NonNull<u8>, AllocErrorKind> {
        let padded = padded(layout)?;
        // SAFETY: the size is not zero, there is at least `HEAD`.
        let start = NonNull::new(unsafe { alloc_zeroed(padded) }).ok_or(AllocErrorKind::OutOfMemory)?;
        let skip =
            (start.as_ptr() as usize + HEAD).next_multiple_of(layout.align()) - start.as_ptr() as usize;
        // SAFETY: `skip` is at most `HEAD + align`, the room that `padded` added.
        let slab = unsafe { start.add(skip) };
        // SAFETY: `skip` is at least `HEAD`.
        let head = unsafe { slab.sub(HEAD) };
        // SAFETY: inside the allocation, before the slab, and aligned, since the slab is.
        unsafe { head.cast::<NonNull<u8>>().write(start) };
        Ok(slab)
    }

    unsafe fn give(&self, slab: NonNull<u8>, layout: Layout) {
        let Ok(padded) = padded(layout) else { return };
        // SAFETY: `take` left `HEAD` bytes before the slab.
        let head = unsafe { slab.sub(HEAD) };
        // SAFETY: `take` wrote it there.
        let start = unsafe { head.cast::<NonNull<u8>>().read() };
        // SAFETY: `take` got it from the allocator with this layout, and the caller is done with it.
        unsafe { dealloc(start.as_ptr(), padded) };
    }

    fn share(&self) -> Option<usize> {
        None
    }
}
