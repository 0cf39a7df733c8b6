//! An arena over a fixed region of memory, such as a static: no allocator, no lock, no operating system.
//!
//! This file uses `core` alone. A block is named by the first of its lines, so an address is one
//! multiplication. A free block's place in the list of its pool is not in the block, which readers may still
//! look at, but in `next`.

use bskip_core::arena::{
    AllocError, AllocErrorKind, BlockArena, BlockId, BlockKind, BlockPool, DefaultPlatform, GlobalHints,
    Placement, PoolUsage,
};
use core::alloc::Layout;
use core::num::NonZeroU32;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

/// 64 bytes, aligned to 64. Atomics, because readers look at a block while a writer changes it.
#[repr(align(64))]
struct Line(#[expect(dead_code, reason = "the map reaches it by its address")] [AtomicU32; 16]);

/// This many lines of memory. A map that drops gives its blocks back to its pools, which end with it: a
/// region is for maps that stay.
pub(crate) struct Region<const LINES: usize> {
    lines: [Line; LINES],
    /// For a free block: the block behind it in the list of its pool, 0 for none.
    next: [AtomicU32; LINES],
    /// The lines that pools have taken.
    taken: AtomicUsize,
}

impl<const LINES: usize> Region<LINES> {
    pub(crate) const fn new() -> Self {
        let lines = [const { Line([const { AtomicU32::new(0) }; 16]) }; LINES];
        Self { lines, next: [const { AtomicU32::new(0) }; LINES], taken: AtomicUsize::new(0) }
    }

    /// The bytes that pools have taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed) * 64
    }
}

/// The blocks of one layout.
pub(crate) struct RegionPool<const LINES: usize> {
    region: &'static Region<LINES>,
    layout: Layout,
    /// The first free block, and above it a count of changes. So an exchange fails if the list has changed since
    /// the thread read it. This needs 64-bit atomics.
    free: AtomicU64,
    issued: AtomicUsize,
    /// Blocks that are issued or free.
    made: AtomicUsize,
}

// SAFETY: `RegionPool` keeps the contract, see there.
unsafe impl<const LINES: usize> BlockArena for &'static Region<LINES> {
    type Pool = RegionPool<LINES>;

    fn pool(&self, layout: Layout, _: BlockKind) -> Result<RegionPool<LINES>, AllocError> {
        assert_eq!(layout.align(), 64, "lines are aligned to 64");
        Ok(RegionPool {
            region: *self,
            layout,
            free: AtomicU64::new(0),
            issued: AtomicUsize::new(0),
            made: AtomicUsize::new(0),
        })
    }
}

impl<const LINES: usize> RegionPool<LINES> {
    /// Replaces the first free block. `first` gets the present one, and says which one follows, or `None` to
    /// end.
    fn replace_first(&self, first: impl Fn(u32) -> Option<u32>) -> Option<u32> {
        let changed = |free: u64| {
            let first = first(free as u32)?;
            Some(((free >> 32) + 1) << 32 | u64::from(first))
        };
        // AcqRel pairs with itself, and Acquire pairs with AcqRel: the next owner of a block sees what the last
        // one wrote.
        let old = self.free.fetch_update(Ordering::AcqRel, Ordering::Acquire, changed);
        old.ok().map(|free| free as u32)
    }

    /// Lines that no pool had before.
    fn fresh(&self) -> Option<u32> {
        let lines = self.layout.size() / 64;
        let end = |taken: usize| taken.checked_add(lines).filter(|&end| end <= LINES);
        // Relaxed: only a number. No thread writes to these lines before it.
        let start = self.region.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, end).ok()?;
        self.made.fetch_add(1, Ordering::Relaxed);
        u32::try_from(start + 1).ok()
    }
}

// SAFETY: 1. A block is in the list or in use: one exchange of `free` takes it out, and fails if `free` has
// changed. 2. Blocks lie in a `'static` region, at their numbers. 3. A region starts as zeros, each line is fresh
// once, and no pool touches lines. 4. Release and Acquire of `free`. 5. Numbers of lines are within the region.
unsafe impl<const LINES: usize> BlockPool for RegionPool<LINES> {
    type Platform = DefaultPlatform;
    type Hints = GlobalHints;

    fn acquire(&self, _: Placement) -> Result<BlockId, AllocError> {
        let next = |block: u32| {
            // Relaxed: if it is an old one, `free` has changed, and the exchange fails.
            let index = (block as usize).checked_sub(1)?;
            Some(self.region.next[index].load(Ordering::Relaxed))
        };
        let block = self.replace_first(next).or_else(|| self.fresh()).and_then(NonZeroU32::new);
        let block = block.ok_or(AllocError { layout: self.layout, kind: AllocErrorKind::OutOfMemory })?;
        self.issued.fetch_add(1, Ordering::Relaxed);
        Ok(BlockId(block))
    }

    unsafe fn release(&self, block: BlockId) {
        let number = block.0.get();
        self.replace_first(|first| {
            self.region.next[number as usize - 1].store(first, Ordering::Relaxed);
            Some(number)
        });
        self.issued.fetch_sub(1, Ordering::Relaxed);
    }

    unsafe fn address(&self, block: BlockId) -> NonNull<u8> {
        let lines = NonNull::from(&self.region.lines).cast::<u8>();
        // SAFETY: this pool issued the number, so the line is one of `lines`.
        unsafe { lines.add((block.0.get() as usize - 1) * 64) }
    }

    /// Optional: what the map's `usage` says.
    fn usage(&self) -> Option<PoolUsage> {
        let issued_blocks = self.issued.load(Ordering::Relaxed);
        let bytes = |blocks: usize| blocks * self.layout.size();
        let made = self.made.load(Ordering::Relaxed);
        Some(PoolUsage { issued_blocks, issued_bytes: bytes(issued_blocks), reserved_bytes: bytes(made) })
    }
}
