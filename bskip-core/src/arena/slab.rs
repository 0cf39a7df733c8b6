//! A pool over any source of memory: slabs that double. A block's number leads to its address.
//!
//! The first slab has one block (unless blocks are large), so that a map of few keys is small. A block's number is of one of
//! two kinds:
//!
//! ```text
//! 2^31 ..    near: counts units of 64 bytes, the first of them at the start of a window of 128 GiB
//! 1 .. 2^31  far: the highest bit that is set names the slab, in a table; the rest is the block's place in it
//! ```
//!
//! The window lies around the first slab of [`ANCHOR`] bytes or more. Large pieces of memory lie side by side as a rule, so
//! nearly all blocks of a large map are near, and a search finds their addresses without waiting for a table.

use core::alloc::Layout;
use core::num::NonZeroU32;
use core::ptr::{self, NonNull};

use alloc::vec::Vec;

use super::{AllocError, AllocErrorKind, BlockId, PoolUsage};
use crate::spin::SpinLock;
use crate::sync::{AtomicUsize, Ordering};

/// What a near number counts.
const UNIT: usize = 64;
/// The first near number.
const NEAR: u32 = 1 << 31;
/// Bytes of the window of near slabs.
const WINDOW: u64 = NEAR as u64 * UNIT as u64;
/// The window lies around the first slab of at least this size. Smaller ones tend to come from another part of memory.
const ANCHOR: usize = 256 << 10;

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

    /// How many of `bytes` the next slab should take. A hint: a slab has at least one block.
    fn best_size(&self, bytes: usize) -> usize;

    /// Whether memory that is used up stays used up, so that a pool takes the last of it.
    const BOUNDED: bool;
}

/// Far slabs that a pool can have.
const FAR_SLABS: usize = 31;
/// A far slab has at least this part of the blocks that it should have, or there is no memory; unless the source is a
/// bounded one, which will not have more again.
const LEAST_SHARE: usize = 64;

/// A pool of equal blocks in slabs from `S`.
pub(crate) struct SlabPool<S: SlabSource> {
    source: S,
    layout: Layout,
    /// The address where number 0 would be if it were near. Means nothing before there is a near slab.
    window: AtomicUsize,
    /// The address where block 0 of each far slab's numbering would be: a block's is this plus number times size.
    origins: [AtomicUsize; FAR_SLABS],
    issued: AtomicUsize,
    reserved: AtomicUsize,
    state: SpinLock<State>,
}

/// What acquire and release change, under the lock.
struct State {
    free: Vec<BlockId>,
    /// Blocks of the newest slab that were never issued.
    fresh: Fresh,
    /// Where the window starts, if there is one.
    window: Option<usize>,
    /// Far slabs so far, counting those whose bits were passed over.
    far: u32,
    slabs: Vec<(NonNull<u8>, Layout)>,
}

/// See [`State`].
struct Fresh {
    start: NonNull<u8>,
    left: usize,
    /// The number of the first block, and how much larger the next one's is.
    number: u32,
    step: u32,
}

// SAFETY: the raw pointers are to slabs that this pool alone owns.
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
        if state.fresh.left == 0 {
            self.grow(state)?;
        }
        let fresh = &mut state.fresh;
        let block = BlockId(NonZeroU32::new(fresh.number).expect("numbers start at 1"));
        fresh.left -= 1;
        // After the last block of all, this wraps; the next one begins with a slab.
        fresh.number = fresh.number.wrapping_add(fresh.step);
        // SAFETY: at most the slab's end.
        fresh.start = unsafe { fresh.start.add(self.layout.size()) };
        Ok(block)
    }

    /// Adds a slab, of as many blocks as all before it have and one more, or of fewer if there is memory for them only.
    #[cold]
    fn grow(&self, state: &mut State) -> Result<(), AllocErrorKind> {
        let size = self.layout.size();
        let before = self.reserved.load(Ordering::Relaxed) / size;
        let wanted = (before + 1).checked_mul(size).ok_or(AllocErrorKind::AddressSpaceExhausted)?;
        let mut blocks = (self.source.best_size(wanted) / size).clamp(1, NEAR as usize / 2);
        // Far slabs are few. Where memory is just short for a while, taking what little there is would use them up, and
        // the pool could not grow when there is memory again.
        let fewest = if S::BOUNDED { 1 } else { blocks.div_ceil(LEAST_SHARE) };
        let (memory, layout) = loop {
            let layout = Layout::from_size_align(blocks * size, self.layout.align())
                .map_err(|_| AllocErrorKind::AddressSpaceExhausted)?;
            // Room to remember the slab, and for every block of it to be free at once: so that `release`
            // never allocates.
            let remembered = state.slabs.try_reserve_exact(1).is_ok()
                && state.free.try_reserve_exact(before + blocks - state.free.len()).is_ok();
            match if remembered { self.source.take(layout) } else { Err(AllocErrorKind::OutOfMemory) } {
                Ok(memory) => break (memory, layout),
                Err(_) if blocks / 2 >= fewest => blocks /= 2,
                Err(kind) => return Err(kind),
            }
        };
        // `address` makes pointers into the slab of a number, not of another pointer.
        let address = memory.as_ptr().expose_provenance();
        let numbering = self.near(state, address, layout.size()).or_else(|| self.far(state, address, blocks));
        let Some((number, step)) = numbering else {
            // SAFETY: taken above with this layout, and not used.
            unsafe { self.source.give(memory, layout) };
            return Err(AllocErrorKind::AddressSpaceExhausted);
        };
        state.slabs.push((memory, layout));
        state.fresh = Fresh { start: memory, left: blocks, number, step };
        self.reserved.fetch_add(layout.size(), Ordering::Relaxed);
        Ok(())
    }

    /// The number of the first block of a new slab and the step to the next one's, if the slab lies in the window.
    fn near(&self, state: &mut State, slab: usize, bytes: usize) -> Option<(u32, u32)> {
        let start = match state.window {
            Some(start) => start,
            // On a machine of 32 bits, where the window is larger than memory, it starts with the slab.
            None if bytes >= ANCHOR => slab.wrapping_sub((WINDOW / 2) as usize),
            None => return None,
        };
        let offset = slab.wrapping_sub(start);
        // The last number of all is left out: the hint tables mean none by it.
        let end = (offset as u64).checked_add(bytes as u64 + UNIT as u64)?;
        if end > WINDOW {
            return None;
        }
        state.window = Some(start);
        let origin = start.wrapping_sub((NEAR as usize).wrapping_mul(UNIT));
        // Release pairs with the Acquire in `address`. A thread that has a block's number has this by the same way.
        self.window.store(origin, Ordering::Release);
        Some((NEAR + (offset / UNIT) as u32, (self.layout.size() / UNIT) as u32))
    }

    /// The same, of a slab anywhere, if the table has room.
    fn far(&self, state: &mut State, slab: usize, blocks: usize) -> Option<(u32, u32)> {
        let bit = state.far.max(blocks.next_power_of_two().ilog2());
        let origin = slab.wrapping_sub(self.layout.size().wrapping_shl(bit));
        // Release pairs with the Acquire in `address`. A thread that has a block's number has this by the same way.
        self.origins.get(bit as usize)?.store(origin, Ordering::Release);
        state.far = bit + 1;
        Some((1 << bit, 1))
    }

    /// # Safety
    /// As for [`BlockPool::release`](super::BlockPool::release).
    pub(crate) unsafe fn release(&self, block: BlockId) {
        self.issued.fetch_sub(1, Ordering::Relaxed);
        // `grow` has made room for it.
        self.state.with(|state| state.free.push(block));
    }

    /// # Safety
    /// As for [`BlockPool::address`](super::BlockPool::address).
    #[inline(always)]
    pub(crate) unsafe fn address(&self, block: BlockId) -> NonNull<u8> {
        let number = block.0.get();
        let (origin, unit) = if number >= NEAR {
            (&self.window, UNIT)
        } else {
            // SAFETY: the highest bit of a number below `NEAR` is below `FAR_SLABS`.
            (unsafe { self.origins.get_unchecked(number.ilog2() as usize) }, self.layout.size())
        };
        // Acquire pairs with the Release in `near` and `far`.
        let origin = origin.load(Ordering::Acquire);
        let address = origin.wrapping_add((number as usize).wrapping_mul(unit));
        // `grow` has exposed the slab.
        let block = ptr::with_exposed_provenance_mut(address);
        // SAFETY: additions wrap as the subtractions did that made the origin, so this is the block's place in its slab; the
        // pool issued the block, so there is one, and slabs are not at address 0.
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
    /// The slabs that there are.
    pub(crate) fn slabs(&self) -> Vec<(NonNull<u8>, Layout)> {
        let mut slabs = Vec::new();
        loop {
            // Nothing is allocated while others wait for the lock.
            let count = self.state.with(|state| {
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
        self.state.with(|state| {
            for (slab, layout) in state.slabs.drain(..) {
                // SAFETY: taken with this layout; the pool's borrowers are gone.
                unsafe { self.source.give(slab, layout) };
            }
        });
    }
}

#[cfg(test)]
mod tests;
