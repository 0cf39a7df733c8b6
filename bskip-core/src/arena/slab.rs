//! A pool over any source of memory: slabs that double, found by the block's number.
//!
//! Blocks are numbered so that those of slab `b` are `2^b ..`: the number's highest bit names the slab, and
//! 32 slabs are all that ever exist, in a table that needs no lock to read.

use core::alloc::Layout;
use core::num::NonZeroU32;
use core::ptr::{self, NonNull};

use alloc::vec::Vec;

use super::{AllocError, AllocErrorKind, BlockId, PoolUsage};
use crate::spin::SpinLock;
use crate::sync::{AtomicPtr, AtomicUsize, Ordering};

/// Memory in large pieces.
///
/// # Safety
/// A slab that was taken is zeroed, aligned and sized as asked for, and the taker's until it is given back
/// or the source drops.
pub(crate) unsafe trait SlabSource: Send + Sync {
    /// Takes a slab.
    fn take(&self, layout: Layout) -> Result<NonNull<u8>, AllocErrorKind>;

    /// Gives a slab back.
    ///
    /// # Safety
    /// `slab` was taken with `layout` from this source and is not used any more.
    unsafe fn give(&self, slab: NonNull<u8>, layout: Layout);

    /// How many bytes the next slab should have at most, so that others find some too; `None` if as many as
    /// it likes, and the source is not bounded. A hint: a slab has at least one block.
    fn share(&self) -> Option<usize>;
}

/// Blocks of the first slab, as a power of two.
const FIRST_SLAB: u32 = 4;
const SLABS: usize = 32;
/// A slab has at least this part of the blocks that it should have, or there is no memory; unless the source is a
/// bounded one, which will not have more again.
const LEAST_SHARE: usize = 64;

/// A pool of equal blocks in slabs from `S`.
pub(crate) struct SlabPool<S: SlabSource> {
    source: S,
    layout: Layout,
    /// Where block 0 of each slab's numbering would be: the block's address is this plus number times size.
    origins: [AtomicPtr<u8>; SLABS],
    issued: AtomicUsize,
    reserved: AtomicUsize,
    state: SpinLock<State>,
}

/// What acquire and release change, under the lock.
struct State {
    free: Vec<BlockId>,
    /// The newest slab, and its blocks: those taken out, those that it has.
    slab: u32,
    used: u32,
    size: u32,
    slabs: Vec<(NonNull<u8>, Layout)>,
}

// SAFETY: the raw pointers are to slabs that this pool alone owns.
unsafe impl Send for State {}

impl<S: SlabSource> SlabPool<S> {
    pub(crate) fn new(source: S, layout: Layout) -> Self {
        let state = State { free: Vec::new(), slab: FIRST_SLAB - 1, used: 0, size: 0, slabs: Vec::new() };
        Self {
            source,
            layout,
            origins: [const { AtomicPtr::new(ptr::null_mut()) }; SLABS],
            issued: AtomicUsize::new(0),
            reserved: AtomicUsize::new(0),
            state: SpinLock::new(state),
        }
    }

    pub(crate) fn acquire(&self) -> Result<BlockId, AllocError> {
        let block = self.state.with(|state| self.acquire_locked(state));
        match block {
            Ok(block) => {
                self.issued.fetch_add(1, Ordering::Relaxed);
                Ok(block)
            }
            Err(kind) => Err(AllocError { layout: self.layout, kind }),
        }
    }

    fn acquire_locked(&self, state: &mut State) -> Result<BlockId, AllocErrorKind> {
        if let Some(block) = state.free.pop() {
            return Ok(block);
        }
        if state.used == state.size {
            self.grow(state)?;
        }
        let number = (1 << state.slab) + state.used;
        state.used += 1;
        Ok(BlockId(NonZeroU32::new(number).expect("numbers start at 2^FIRST_SLAB")))
    }

    /// Adds a slab, of as many blocks as all before it have, or of fewer if there is memory for them only.
    #[cold]
    fn grow(&self, state: &mut State) -> Result<(), AllocErrorKind> {
        let slab = state.slab + 1;
        if slab as usize == SLABS {
            return Err(AllocErrorKind::AddressSpaceExhausted);
        }
        let mut blocks = 1usize << slab;
        // Slabs are few. Where memory is just short for a while, taking what little there is would use them up, and
        // the pool could not grow when there is memory again.
        let fewest = if self.source.share().is_some() { 1 } else { blocks.div_ceil(LEAST_SHARE) };
        if let Some(share) = self.source.share() {
            blocks = blocks.min(share / self.layout.size()).max(1);
        }
        let (memory, layout) = loop {
            let size = blocks.checked_mul(self.layout.size()).ok_or(AllocErrorKind::AddressSpaceExhausted)?;
            let layout = Layout::from_size_align(size, self.layout.align())
                .map_err(|_| AllocErrorKind::AddressSpaceExhausted)?;
            // Room to remember the slab, and for every block of it to be free at once: so that `release`
            // never allocates.
            let total = (self.reserved.load(Ordering::Relaxed) + size) / self.layout.size();
            let remembered = state.slabs.try_reserve(1).is_ok()
                && state.free.try_reserve(total - state.free.len()).is_ok();
            match if remembered { self.source.take(layout) } else { Err(AllocErrorKind::OutOfMemory) } {
                Ok(memory) => break (memory, layout),
                Err(_) if blocks / 2 >= fewest => blocks /= 2,
                Err(kind) => return Err(kind),
            }
        };
        state.slabs.push((memory, layout));
        self.reserved.fetch_add(layout.size(), Ordering::Relaxed);
        state.slab = slab;
        state.used = 0;
        state.size = blocks as u32;
        let origin = memory.as_ptr().wrapping_sub(self.layout.size() << slab);
        // Release pairs with the Acquire in `address`. Whoever knows a block's number knows this by the same way.
        self.origins[slab as usize].store(origin, Ordering::Release);
        Ok(())
    }

    /// # Safety
    /// As for [`NodePool::release`](super::NodePool::release).
    pub(crate) unsafe fn release(&self, block: BlockId) {
        self.issued.fetch_sub(1, Ordering::Relaxed);
        // `grow` has made room for it.
        self.state.with(|state| state.free.push(block));
    }

    /// # Safety
    /// As for [`NodePool::address`](super::NodePool::address).
    #[inline(always)]
    pub(crate) unsafe fn address(&self, block: BlockId) -> NonNull<u8> {
        let slab = block.0.ilog2() as usize;
        // SAFETY: the highest bit of 32 is below `SLABS`.
        let origin = unsafe { self.origins.get_unchecked(slab) };
        // Acquire pairs with the Release in `grow`.
        let origin = origin.load(Ordering::Acquire);
        let address = origin.wrapping_add((block.0.get() as usize).wrapping_mul(self.layout.size()));
        // SAFETY: both wrap alike, so this is right; the pool issued the block, so its slab exists, and slabs are not at address 0.
        unsafe { NonNull::new_unchecked(address) }
    }

    pub(crate) fn usage(&self) -> PoolUsage {
        let issued_blocks = self.issued.load(Ordering::Relaxed);
        PoolUsage {
            issued_blocks,
            issued_bytes: issued_blocks * self.layout.size(),
            reserved_bytes: self.reserved.load(Ordering::Relaxed),
        }
    }
}

impl<S: SlabSource> Drop for SlabPool<S> {
    fn drop(&mut self) {
        self.state.with(|state| {
            for (slab, layout) in state.slabs.drain(..) {
                // SAFETY: taken with this layout; the pool's borrowers are gone.
                unsafe { self.source.give(slab, layout) };
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::alloc::{alloc_zeroed, dealloc};

    /// The global allocator, with a bound on the size of one slab that can be moved.
    struct Short(AtomicUsize);

    // SAFETY: each slab is an allocation of its own, zeroed and laid out as asked for.
    unsafe impl SlabSource for &Short {
        fn take(&self, layout: Layout) -> Result<NonNull<u8>, AllocErrorKind> {
            if layout.size() > self.0.load(Ordering::Relaxed) {
                return Err(AllocErrorKind::OutOfMemory);
            }
            // SAFETY: a block has a size, and a slab a block.
            NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or(AllocErrorKind::OutOfMemory)
        }

        unsafe fn give(&self, slab: NonNull<u8>, layout: Layout) {
            // SAFETY: `take` allocated it with this layout.
            unsafe { dealloc(slab.as_ptr(), layout) };
        }

        fn share(&self) -> Option<usize> {
            None
        }
    }

    #[test]
    fn a_shortage_that_passes_leaves_room_to_grow() {
        let source = Short(AtomicUsize::new(usize::MAX));
        let pool = SlabPool::new(&source, Layout::new::<u64>());
        let acquire = |n: usize| (0..n).filter(|_| pool.acquire().is_ok()).count();
        assert_eq!(acquire(10_000), 10_000);
        // Enough for a few blocks now and then, many times over.
        source.0.store(8 * 8, Ordering::Relaxed);
        assert!(acquire(50_000) < 20_000);
        source.0.store(usize::MAX, Ordering::Relaxed);
        assert_eq!(acquire(1_000_000), 1_000_000);
    }

    #[test]
    fn a_slab_may_be_shorter_than_wanted() {
        let source = Short(AtomicUsize::new(8 * 1024));
        let pool = SlabPool::new(&source, Layout::new::<u64>());
        let blocks = (0..1_000_000).take_while(|_| pool.acquire().is_ok()).count();
        // Slabs of 16, 32, … 1024 blocks, then six more of 1024: the seventh would be the 64th part or less.
        assert!((4 * 1024..16 * 1024).contains(&blocks), "{blocks}");
    }
}
