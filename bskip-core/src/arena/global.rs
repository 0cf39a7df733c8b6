//! Block memory from the program's global allocator.

use alloc::alloc::{alloc_zeroed, dealloc};
use core::alloc::Layout;
use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;

use super::huge::{self, HUGE_PAGE, HugePages};
use super::slab::{SlabPool, SlabSource, slab_pool};
use super::{AllocError, AllocErrorKind, BlockArena, BlockKind};
use crate::backoff::DefaultPlatform;
use crate::platform::Platform;

/// An arena over the global allocator. A pool takes *slabs* of memory, each twice as large as the one before,
/// and gives them back when its map drops.
///
/// This is the default arena. A program without an operating system needs nothing else but a
/// `#[global_allocator]`. The first slab is one block, so a map of a few keys takes a few blocks.
///
/// With the feature `huge-pages`, which `std` turns on, a pool that has reached 256 KiB takes slabs of whole
/// huge pages (2 MiB). These slabs do not come from the global allocator, which would put other data on the
/// same pages. The pool maps them itself and asks Linux for transparent huge pages there (`mmap`,
/// `madvise(MADV_HUGEPAGE)`). [`BSkipMap::huge_pages`] says what Linux gave. To place blocks on NUMA nodes,
/// use `numa_alloc::NumaArena`.
///
/// `R` is the [`Platform`] of its maps.
///
/// [`BSkipMap::huge_pages`]: crate::BSkipMap::huge_pages
pub struct GlobalArena<R = DefaultPlatform>(PhantomData<fn() -> R>);

impl GlobalArena {
    /// The arena of [`BSkipMap::new`](crate::BSkipMap::new).
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }

    /// The same arena, for maps on the platform `R`. [`Platform`] has an example.
    #[must_use]
    pub const fn platform<R: Platform>(self) -> GlobalArena<R> {
        GlobalArena(PhantomData)
    }
}

impl<R> Default for GlobalArena<R> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<R> Clone for GlobalArena<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for GlobalArena<R> {}

impl<R> fmt::Debug for GlobalArena<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GlobalArena")
    }
}

/// A pool of a [`GlobalArena`].
pub struct GlobalPool<R: Platform = DefaultPlatform>(SlabPool<GlobalSlabs<R>>);

// SAFETY: `GlobalPool` keeps the contract, see there.
unsafe impl<R: Platform> BlockArena for GlobalArena<R> {
    type Pool = GlobalPool<R>;

    fn pool(&self, layout: Layout, _: BlockKind) -> Result<GlobalPool<R>, AllocError> {
        Ok(GlobalPool(SlabPool::new(GlobalSlabs(PhantomData), layout)?))
    }
}

slab_pool!([R: Platform] GlobalPool<R>);

impl<R: Platform> GlobalPool<R> {
    /// What the system gave of huge pages.
    pub(crate) fn huge_pages(&self) -> HugePages {
        huge::ask(self.0.slabs().into_iter().filter(|&(_, layout)| is_large(layout)))
    }
}

struct GlobalSlabs<R>(PhantomData<fn() -> R>);

/// Whether a slab of this layout is on huge pages of its own. Blocks may not fill a huge page exactly, so the
/// smallest such slab is a little shorter than a page.
fn is_large(layout: Layout) -> bool {
    huge::SUPPORTED && layout.size() >= HUGE_PAGE / 8 * 7 && layout.align() <= HUGE_PAGE
}

/// The layout to ask the allocator for. System allocators give large zeroed memory for free, but only at
/// their own alignment. For a larger alignment they write the zeros. So `take` asks for more room and aligns
/// the slab itself.
fn padded(layout: Layout) -> Result<Layout, AllocErrorKind> {
    let size =
        layout.size().checked_add(layout.align() + HEAD).ok_or(AllocErrorKind::AddressSpaceExhausted)?;
    Layout::from_size_align(size, HEAD).map_err(|_| AllocErrorKind::AddressSpaceExhausted)
}

/// From this slab size on, a pool takes whole huge pages. Smaller maps stay on small pages, of which only
/// those in use take memory. A larger map takes at least 2 MiB, but two threads load it up to 1.6 times as
/// fast as with a page fault for every 4 KiB.
const LARGE_FROM: usize = 256 << 10;

/// Bytes before each slab, which hold the pointer that the allocator gave.
const HEAD: usize = size_of::<*mut u8>();

// SAFETY: a slab is inside one allocation of its own, zeroed, aligned by hand.
unsafe impl<R: Platform> SlabSource for GlobalSlabs<R> {
    type Platform = R;

    fn take(&self, layout: Layout) -> Result<NonNull<u8>, AllocErrorKind> {
        if is_large(layout) {
            return huge::map(layout.size()).ok_or(AllocErrorKind::OutOfMemory);
        }
        let padded = padded(layout)?;
        // SAFETY: the size is at least `HEAD`, so it is not zero.
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
            // SAFETY: `take` mapped it with this size, and the caller does not use it any more.
            return unsafe { huge::unmap(slab, layout.size()) };
        }
        // `take` had the same layout.
        let Ok(padded) = padded(layout) else { return };
        // SAFETY: `take` left `HEAD` bytes before the slab.
        let head = unsafe { slab.sub(HEAD) };
        // SAFETY: `take` wrote it there.
        let start = unsafe { head.cast::<NonNull<u8>>().read() };
        // SAFETY: `take` got it from the allocator with this layout, and the caller does not use it any more.
        unsafe { dealloc(start.as_ptr(), padded) };
    }

    /// Whole huge pages, so that no slab ends in small pages.
    fn best_size(&self, bytes: usize) -> usize {
        if huge::SUPPORTED && bytes >= LARGE_FROM {
            (bytes / HUGE_PAGE * HUGE_PAGE).max(HUGE_PAGE)
        } else {
            bytes
        }
    }

    const BOUNDED: bool = false;
}
