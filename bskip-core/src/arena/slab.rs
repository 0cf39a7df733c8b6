//! A pool over any source of memory, in slabs that double in size. Also shows how a block's number leads to
//! its address.
//!
//! The first slab is one block (unless the source gives more), so a map of a few keys is small. There are two
//! kinds of numbers:
//!
//! ```text
//! 2^31 ..    near: counts units of 64 bytes from the start of a window of 128 GiB
//! 1 .. 2^31  far: the highest set bit names the slab, in a table; the other bits are the block's place in the slab
//! ```
//!
//! The window lies around the first slab of [`ANCHOR`] bytes or more. Large pieces of memory usually lie side
//! by side, so nearly all blocks of a large map are near, and a search finds their addresses without waiting
//! for the table.

use core::alloc::Layout;
use core::num::NonZeroU32;
use core::ptr::{self, NonNull};

use alloc::vec::Vec;

use super::{AllocError, AllocErrorKind, BlockId, PoolUsage};
use crate::platform::Platform;
use crate::spin::SpinLock;
use crate::sync::{AtomicUsize, Ordering};

/// Bytes of the unit that near numbers count.
const UNIT: usize = 64;
/// The first near number.
const NEAR: u32 = 1 << 31;
/// Bytes of the window of near slabs.
const WINDOW: u64 = NEAR as u64 * UNIT as u64;
/// The window lies around the first slab of at least this size. Smaller slabs tend to come from another part
/// of memory.
const ANCHOR: usize = 256 << 10;

/// Gives memory in large pieces.
///
/// # Safety
/// A slab from `take` is zeroed and has the size and alignment of the layout. It belongs to the caller until
/// the caller gives it back or the source drops.
pub(crate) unsafe trait SlabSource: Send + Sync {
    /// The platform, which says how threads wait for the pool's lock.
    type Platform: Platform;

    /// Takes a slab.
    fn take(&self, layout: Layout) -> Result<NonNull<u8>, AllocErrorKind>;

    /// Gives a slab back.
    ///
    /// # Safety
    /// `slab` comes from `take` of this source with `layout`, and nothing uses it any more.
    unsafe fn give(&self, slab: NonNull<u8>, layout: Layout);

    /// The best size for the next slab if the pool wants `bytes`. This is a hint: a slab has at least one
    /// block.
    fn best_size(&self, bytes: usize) -> usize;

    /// Whether the source has a fixed amount of memory: once that is used up, there will be no more. The pool
    /// then accepts slabs of any size, down to one block, to use up what is left.
    const BOUNDED: bool;
}

/// Makes a [`BlockPool`](super::BlockPool) of a type whose one field is a [`SlabPool`], and whose threads wait in the
/// way `R`.
macro_rules! slab_pool {
    ([$($generics:tt)*] $pool:ty) => {
        // SAFETY: `SlabPool` issues each block of its slabs once before release. It keeps slabs until it drops. It
        // gives zeroed memory, which it does not touch. It exchanges blocks under a lock.
        unsafe impl<$($generics)*> $crate::arena::BlockPool for $pool {
            type Platform = R;
            type Hints = $crate::arena::GlobalHints;

            fn acquire(
                &self,
                _: $crate::arena::Placement,
            ) -> Result<$crate::arena::BlockId, $crate::arena::AllocError> {
                self.0.acquire()
            }

            unsafe fn release(&self, block: $crate::arena::BlockId) {
                // SAFETY: by the caller's promise.
                unsafe { self.0.release(block) }
            }

            #[inline(always)]
            unsafe fn address(&self, block: $crate::arena::BlockId) -> core::ptr::NonNull<u8> {
                // SAFETY: by the caller's promise.
                unsafe { self.0.address(block) }
            }

            fn usage(&self) -> Option<$crate::arena::PoolUsage> {
                Some(self.0.usage())
            }
        }
    };
}
pub(super) use slab_pool;

/// How many far slabs a pool can have.
const FAR_SLABS: usize = 31;
/// A slab has at least this part of the blocks that it should have. If there is no memory for that many,
/// `acquire` fails. Slabs of a bounded source may be smaller still.
const LEAST_SHARE: usize = 64;

/// A pool of equal blocks in slabs from `S`.
pub(crate) struct SlabPool<S: SlabSource> {
    source: S,
    layout: Layout,
    /// The address where number 0 would be if it were near. Meaningless before there is a near slab.
    window: AtomicUsize,
    /// For each far slab, the address where number 0 would be. A block's address is this plus its number
    /// times its size.
    origins: [AtomicUsize; FAR_SLABS],
    issued: AtomicUsize,
    reserved: AtomicUsize,
    state: SpinLock<State>,
}

/// What `acquire` and `release` change, under the lock.
struct State {
    free: Vec<BlockId>,
    /// The blocks of the newest slab that were never issued.
    fresh: Fresh,
    /// Where the window starts, if there is one.
    window: Option<usize>,
    /// The number of far slabs so far, including the numbers that were skipped.
    far: u32,
    slabs: Vec<(NonNull<u8>, Layout)>,
}

/// See [`State`].
struct Fresh {
    start: NonNull<u8>,
    left: usize,
    /// The number of the first block, and the step to the next block's number.
    number: u32,
    step: u32,
}

// SAFETY: the raw pointers point to slabs that only this pool owns.
unsafe impl Send for State {}

impl<S: SlabSource> SlabPool<S> {
    /// A pool of blocks of `layout`, rounded up to whole units.
    pub(crate) fn new(source: S, layout: Layout) -> Result<Self, AllocError> {
        let exhausted = AllocError { layout, kind: AllocErrorKind::AddressSpaceExhausted };
        let layout = Layout::from_size_align(layout.size().max(1), layout.align().max(UNIT));
        let layout = layout.map_err(|_| exhausted)?.pad_to_align();
        let fresh = Fresh { start: NonNull::dangling(), left: 0, number: 0, step: 0 };
        let state = State { free: Vec::new(), fresh, window: None, far: 0, slabs: Vec::new() };
        Ok(Self {
            source,
            layout,
            window: AtomicUsize::new(0),
            origins: [const { AtomicUsize::new(0) }; FAR_SLABS],
            issued: AtomicUsize::new(0),
            reserved: AtomicUsize::new(0),
            state: SpinLock::new(state),
        })
    }

    pub(crate) fn acquire(&self) -> Result<BlockId, AllocError> {
        let block = self.state.with::<S::Platform, _>(|state| self.acquire_locked(state));
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
        if state.fresh.left == 0 {
            self.grow(state)?;
        }
        let fresh = &mut state.fresh;
        let broken = || S::Platform::broken("the numbers of a pool's blocks start at 1");
        let block = BlockId(NonZeroU32::new(fresh.number).unwrap_or_else(broken));
        fresh.left -= 1;
        // After the greatest number this wraps; the next block then comes from a new slab.
        fresh.number = fresh.number.wrapping_add(fresh.step);
        // SAFETY: at most the slab's end.
        fresh.start = unsafe { fresh.start.add(self.layout.size()) };
        Ok(block)
    }

    /// Adds a slab. It has one block more than all slabs before it have together, or fewer if memory is
    /// short.
    #[cold]
    fn grow(&self, state: &mut State) -> Result<(), AllocErrorKind> {
        let size = self.layout.size();
        let before = self.reserved.load(Ordering::Relaxed) / size;
        let wanted = (before + 1).checked_mul(size).ok_or(AllocErrorKind::AddressSpaceExhausted)?;
        let mut blocks = (self.source.best_size(wanted) / size).clamp(1, NEAR as usize / 2);
        // A pool can have only a few far slabs. If it took small slabs while memory is short, it would use up
        // their numbers and could not grow later.
        let fewest = if S::BOUNDED { 1 } else { blocks.div_ceil(LEAST_SHARE) };
        let (memory, layout) = loop {
            let layout = Layout::from_size_align(blocks * size, self.layout.align())
                .map_err(|_| AllocErrorKind::AddressSpaceExhausted)?;
            // Reserve room for the slab in the list, and for all of its blocks in the free list, so that
            // `release` never allocates.
            let remembered = state.slabs.try_reserve_exact(1).is_ok()
                && state.free.try_reserve_exact(before + blocks - state.free.len()).is_ok();
            match if remembered { self.source.take(layout) } else { Err(AllocErrorKind::OutOfMemory) } {
                Ok(memory) => break (memory, layout),
                Err(_) if blocks / 2 >= fewest => blocks /= 2,
                Err(kind) => return Err(kind),
            }
        };
        // `address` makes pointers from numbers, so the slab's provenance must be exposed.
        let address = memory.as_ptr().expose_provenance();
        let numbering = self.near(state, address, layout.size()).or_else(|| self.far(state, address, blocks));
        let Some((number, step)) = numbering else {
            // SAFETY: taken above with this layout, and nothing uses it.
            unsafe { self.source.give(memory, layout) };
            return Err(AllocErrorKind::AddressSpaceExhausted);
        };
        state.slabs.push((memory, layout));
        state.fresh = Fresh { start: memory, left: blocks, number, step };
        self.reserved.fetch_add(layout.size(), Ordering::Relaxed);
        Ok(())
    }

    /// If the new slab lies in the window, the number of its first block, and the step to the next block's
    /// number.
    fn near(&self, state: &mut State, slab: usize, bytes: usize) -> Option<(u32, u32)> {
        let start = match state.window {
            Some(start) => start,
            // On a 32-bit machine the window is larger than memory, and starts at the slab.
            None if bytes >= ANCHOR => slab.wrapping_sub((WINDOW / 2) as usize),
            None => return None,
        };
        let offset = slab.wrapping_sub(start);
        // The greatest number is not used: in the hint tables it means "none".
        let end = (offset as u64).checked_add(bytes as u64 + UNIT as u64)?;
        if end > WINDOW {
            return None;
        }
        state.window = Some(start);
        let origin = start.wrapping_sub((NEAR as usize).wrapping_mul(UNIT));
        // Release pairs with the Acquire in `address`. A thread that knows a block's number learned it after
        // this store.
        self.window.store(origin, Ordering::Release);
        Some((NEAR + (offset / UNIT) as u32, (self.layout.size() / UNIT) as u32))
    }

    /// The same for a slab anywhere, if the table has room.
    fn far(&self, state: &mut State, slab: usize, blocks: usize) -> Option<(u32, u32)> {
        let bit = state.far.max(blocks.next_power_of_two().ilog2());
        let origin = slab.wrapping_sub(self.layout.size().wrapping_shl(bit));
        // Release pairs with the Acquire in `address`. A thread that knows a block's number learned it after
        // this store.
        self.origins.get(bit as usize)?.store(origin, Ordering::Release);
        state.far = bit + 1;
        Some((1 << bit, 1))
    }

    /// # Safety
    /// As for [`BlockPool::release`](super::BlockPool::release).
    pub(crate) unsafe fn release(&self, block: BlockId) {
        self.issued.fetch_sub(1, Ordering::Relaxed);
        // `grow` has reserved room for it.
        self.state.with::<S::Platform, _>(|state| state.free.push(block));
    }

    /// # Safety
    /// As for [`BlockPool::address`](super::BlockPool::address).
    #[inline(always)]
    pub(crate) unsafe fn address(&self, block: BlockId) -> NonNull<u8> {
        let number = block.0.get();
        let place = number as usize;
        // Each branch computes an address, so a near one takes a load, a shift and an addition.
        let address = if number >= NEAR {
            // Acquire pairs with the Release in `near`.
            self.window.load(Ordering::Acquire).wrapping_add(place.wrapping_mul(UNIT))
        } else {
            // SAFETY: the highest bit of a number below `NEAR` is below `FAR_SLABS`.
            let origin = unsafe { self.origins.get_unchecked(number.ilog2() as usize) };
            // Acquire pairs with the Release in `far`.
            origin.load(Ordering::Acquire).wrapping_add(place.wrapping_mul(self.layout.size()))
        };
        // `grow` exposed the slab's provenance.
        let block = ptr::with_exposed_provenance_mut(address);
        // SAFETY: the additions wrap as the subtractions that made the origin did, so this is the block's
        // address. The pool issued the block, so it lies in a slab, and no slab is at address 0.
        unsafe { NonNull::new_unchecked(block) }
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

impl<S: SlabSource> SlabPool<S> {
    /// All slabs.
    pub(crate) fn slabs(&self) -> Vec<(NonNull<u8>, Layout)> {
        let mut slabs = Vec::new();
        loop {
            // This allocates nothing under the lock, because other threads wait for it.
            let count = self.state.with::<S::Platform, _>(|state| {
                if state.slabs.len() <= slabs.capacity() {
                    slabs.extend_from_slice(&state.slabs);
                }
                state.slabs.len()
            });
            if slabs.len() == count {
                return slabs;
            }
            slabs.reserve(count);
        }
    }
}

impl<S: SlabSource> Drop for SlabPool<S> {
    fn drop(&mut self) {
        self.state.with::<S::Platform, _>(|state| {
            for (slab, layout) in state.slabs.drain(..) {
                // SAFETY: taken with this layout, and nothing borrows the pool any more.
                unsafe { self.source.give(slab, layout) };
            }
        });
    }
}

#[cfg(test)]
mod tests;
