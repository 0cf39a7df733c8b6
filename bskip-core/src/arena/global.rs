//! Node memory from the program's global allocator.

use alloc::alloc::{alloc_zeroed, dealloc};
use core::alloc::Layout;
use core::ptr::NonNull;

use super::huge::{self, HUGE_PAGE};
use super::slab::{SlabPool, SlabSource};
use super::{
    AllocError, AllocErrorKind, BlockArena, BlockId, BlockKind, BlockPool, HugePages, NumaNode, Placement,
    PoolUsage,
};

/// An arena over the global allocator: slabs that double in size, given back when the map drops.
///
/// The default, and all that a program without an operating system needs besides its `#[global_allocator]`. The
/// first slab is one block, so a map of a few keys takes a few blocks.
///
/// With the feature `huge-pages`, which `std` turns on, slabs of a pool that has reached 256 KiB are whole huge pages of
/// 2 MiB. They do not come from the global allocator, which would share them with others: they are mapped, and Linux is asked
/// for transparent huge pages in them (`mmap`, `madvise(MADV_HUGEPAGE)`). [`BSkipMap::huge_pages`] says what it gave.
/// For placement on NUMA nodes there is `numa_alloc::NumaArena`.
///
/// [`BSkipMap::huge_pages`]: crate::BSkipMap::huge_pages
#[derive(Clone, Copy, Debug, Default)]
pub struct GlobalArena;

/// A pool of a [`GlobalArena`].
pub struct GlobalPool(SlabPool<GlobalSlabs>);

// SAFETY: `GlobalPool` keeps the contract, see there.
unsafe impl BlockArena for GlobalArena {
    type Pool = GlobalPool;

    fn pool(&self, layout: Layout, _: BlockKind) -> Result<GlobalPool, AllocError> {
        Ok(GlobalPool(SlabPool::new(GlobalSlabs, layout)?))
    }
}

// SAFETY: `SlabPool` issues each block of its slabs once before release, keeps slabs until it drops, gives
// zeroed memory that it does not touch, and exchanges blocks under a lock.
unsafe impl BlockPool for GlobalPool {
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

impl GlobalPool {
    /// What the system gave of huge pages.
    pub(crate) fn huge_pages(&self) -> HugePages {
        huge::ask(self.0.slabs().into_iter().filter(|&(_, layout)| is_large(layout)))
    }
}

struct GlobalSlabs;

/// Whether a slab of this layout is on huge pages of its own. Blocks need not fill a huge page exactly, so the smallest
/// such slab is a little shorter.
fn is_large(layout: Layout) -> bool {
    huge::SUPPORTED && layout.size() >= HUGE_PAGE / 8 * 7 && layout.align() <= HUGE_PAGE
}

/// The layout that is asked of the allocator: system allocators give large zeroed memory for free, but only
/// at their own alignment, and write zeros for a larger one. So ask for room to align it here.
fn padded(layout: Layout) -> Result<Layout, AllocErrorKind> {
    let size =
        layout.size().checked_add(layout.align() + HEAD).ok_or(AllocErrorKind::AddressSpaceExhausted)?;
    Layout::from_size_align(size, HEAD).map_err(|_| AllocErrorKind::AddressSpaceExhausted)
}

/// From this slab size on, a pool takes whole huge pages instead. Smaller maps stay on small pages, which are
/// resident one by one; a larger one is resident with 2 MiB at least, and loads up to 1.6 times as fast on two threads
/// as with a page fault for every 4 KiB.
const LARGE_FROM: usize = 256 << 10;

/// Before each slab stands the pointer that the allocator gave.
const HEAD: usize = size_of::<*mut u8>();

// SAFETY: a slab is inside one allocation of its own, zeroed, aligned by hand.
unsafe impl SlabSource for GlobalSlabs {
    fn take(&self, layout: Layout) -> Result<NonNull<u8>, AllocErrorKind> {
        if is_large(layout) {
            return huge::map(layout.size()).ok_or(AllocErrorKind::OutOfMemory);
        }
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
        if is_large(layout) {
            // SAFETY: `take` has mapped it, and the caller is done with it.
            return unsafe { huge::unmap(slab, layout.size()) };
        }
        // `take` had the same layout.
        let Ok(padded) = padded(layout) else { return };
        // SAFETY: `take` left `HEAD` bytes before the slab.
        let head = unsafe { slab.sub(HEAD) };
        // SAFETY: `take` wrote it there.
        let start = unsafe { head.cast::<NonNull<u8>>().read() };
        // SAFETY: `take` got it from the allocator with this layout, and the caller is done with it.
        unsafe { dealloc(start.as_ptr(), padded) };
    }

    /// Whole huge pages, so that no slab ends in small ones.
    fn best_size(&self, bytes: usize) -> usize {
        if huge::SUPPORTED && bytes >= LARGE_FROM {
            (bytes / HUGE_PAGE * HUGE_PAGE).max(HUGE_PAGE)
        } else {
            bytes
        }
    }

    const BOUNDED: bool = false;
}
