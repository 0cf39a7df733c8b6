//! A pool over any source of memory: slabs that double. A block's number leads to its address.
//!
//! The first slab has one block, so that a map of few keys is small. A block's number is of one of two kinds:
//!
//! ```text
//! bit 31 set     near: the low 31 bits count units of 64 bytes from the start of a window of 128 GiB
//! bit 31 clear   far: the highest bit that is set names the slab, in a table; the rest is the block's place in it
//! ```
//!
//! The window lies around the first slab of [`ANCHOR`] bytes or more, and all slabs within it are near. System
//! allocators put large pieces side by side, so all blocks of a large map but the first hundred are near as a rule, and
//! a search finds their addresses without waiting for a table.

use core::alloc::Layout;
use core::num::NonZeroU32;
use core::ptr::{self, NonNull};

use alloc::vec::Vec;

use super::{AllocError, AllocErrorKind, BlockId, PoolUsage};
use crate::spin::SpinLock;
use crate::sync::{AtomicPtr, AtomicUsize, Ordering};

/// What a near number counts.
const UNIT: usize = 64;
/// The bit that tells a near number from a far one.
const NEAR: u32 = 1 << 31;
/// Bytes of the window of near slabs.
const WINDOW: u64 = NEAR as u64 * UNIT as u64;
/// The window lies around the first slab that has so many bytes. Smaller ones come from another part of memory: 128 KiB
/// is where glibc turns to `mmap`.
const ANCHOR: usize = 128 << 10;

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
    /// Where the near number 0 would be; null before there is a near slab.
    window: AtomicPtr<u8>,
    /// Where block 0 of each far slab's numbering would be: the block's address is this plus number times size.
    origins: [AtomicPtr<u8>; FAR_SLABS],
    issued: AtomicUsize,
    reserved: AtomicUsize,
    state: SpinLock<State>,
}

/// What acquire and release change, under the lock.
struct State {
    free: Vec<BlockId>,
    /// Blocks of the newest slab that were never issued.
    fresh: Fresh,
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
    pub(crate) fn new(source: S, layout: Layout) -> Self {
        let fresh = Fresh { start: NonNull::dangling(), left: 0, number: 0, step: 0 };
        let state = State { free: Vec::new(), fresh, far: 0, slabs: Vec::new() };
        Self {
            source,
            layout,
            window: AtomicPtr::new(ptr::null_mut()),
            origins: [const { AtomicPtr::new(ptr::null_mut()) }; FAR_SLABS],
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
        let numbering = self.near(memory, layout.size()).or_else(|| self.far(state, memory, blocks));
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
    fn near(&self, slab: NonNull<u8>, bytes: usize) -> Option<(u32, u32)> {
        if self.layout.align() < UNIT {
            return None;
        }
        let window = self.window.load(Ordering::Relaxed);
        let start = if window.is_null() {
            let middle = usize::try_from(WINDOW / 2).unwrap_or(0);
            (bytes >= ANCHOR).then(|| slab.as_ptr().wrapping_sub(middle))?
        } else {
            window.wrapping_add(NEAR as usize * UNIT)
        };
        let offset = slab.as_ptr().addr().wrapping_sub(start.addr());
        // The last number of all is left out: the hint tables mean none by it.
        if offset as u64 + bytes as u64 + UNIT as u64 > WINDOW {
            return None;
        }
        // Release pairs with the Acquire in `address`. A thread that has a block's number has this by the same way.
        self.window.store(start.wrapping_sub(NEAR as usize * UNIT), Ordering::Release);
        Some((NEAR + (offset / UNIT) as u32, (self.layout.size() / UNIT) as u32))
    }

    /// The same, of a slab anywhere, if the table has room.
    fn far(&self, state: &mut State, slab: NonNull<u8>, blocks: usize) -> Option<(u32, u32)> {
        let bit = state.far.max(blocks.next_power_of_two().ilog2());
        let origin = slab.as_ptr().wrapping_sub(self.layout.size() << bit);
        // Release pairs with the Acquire in `address`. A thread that has a block's number has this by the same way.
        self.origins.get(bit as usize)?.store(origin, Ordering::Release);
        state.far = bit + 1;
        Some((1 << bit, 1))
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
        let number = block.0.get();
        let (origin, offset) = if number >= NEAR {
            // Acquire pairs with the Release in `near`.
            (self.window.load(Ordering::Acquire), (number as usize).wrapping_mul(UNIT))
        } else {
            // SAFETY: the highest bit of a number below `NEAR` is below 31.
            let origin = unsafe { self.origins.get_unchecked(number.ilog2() as usize) };
            // Acquire pairs with the Release in `far`.
            (origin.load(Ordering::Acquire), (number as usize).wrapping_mul(self.layout.size()))
        };
        let address = origin.wrapping_add(offset);
        // SAFETY: additions wrap as the subtractions did that made the origin, so this is the block's place in its slab; the
        // pool issued the block, so there is one, and slabs are not at address 0.
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

impl<S: SlabSource> SlabPool<S> {
    /// Runs `f` on the slabs.
    pub(crate) fn with_slabs<R>(
        &self,
        f: impl FnOnce(&mut dyn Iterator<Item = (NonNull<u8>, Layout)>) -> R,
    ) -> R {
        self.state.with(|state| f(&mut state.slabs.iter().copied()))
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
    use alloc::collections::BTreeMap;

    /// Slabs at addresses that are only numbers, in the order of the list.
    struct Scattered(SpinLock<Vec<usize>>);

    // SAFETY: no test uses the memory, which is not there.
    unsafe impl SlabSource for Scattered {
        fn take(&self, _: Layout) -> Result<NonNull<u8>, AllocErrorKind> {
            let address = self.0.with(Vec::pop).ok_or(AllocErrorKind::OutOfMemory)?;
            NonNull::new(ptr::without_provenance_mut(address)).ok_or(AllocErrorKind::OutOfMemory)
        }

        unsafe fn give(&self, _: NonNull<u8>, _: Layout) {}

        fn best_size(&self, bytes: usize) -> usize {
            bytes
        }

        const BOUNDED: bool = false;
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn slabs_may_lie_anywhere() {
        const GIB: usize = 1 << 30;
        // Slabs of 1, 2, 4, … blocks of 1 KiB. The eighth is the first of 128 KiB: the window is around it. Those after it
        // are at the window's ends, just beyond them, or far off.
        let middle = 100_000 * GIB;
        let last = middle + 64 * GIB - (16 << 20) - UNIT;
        let slabs = [
            vec_of(7, |i| 5 * GIB + i * (1 << 20)),
            [middle, middle - 64 * GIB, middle + 64 * GIB, 3 * GIB, middle + GIB, last + UNIT, last].to_vec(),
        ]
        .concat();
        let layout = Layout::from_size_align(1024, 64).unwrap();
        let pool = SlabPool::new(Scattered(SpinLock::new(slabs.iter().rev().copied().collect())), layout);
        let mut seen = BTreeMap::new();
        for (slab, &start) in slabs.iter().enumerate() {
            for at in 0..1 << slab {
                let block = pool.acquire().unwrap();
                // SAFETY: issued just now.
                let address = unsafe { pool.address(block) };
                assert_eq!(address.as_ptr().addr(), start + at * 1024, "block {at} of slab {slab}");
                assert!(seen.insert(block, address).is_none(), "{block:?} issued twice");
            }
        }
        assert!(pool.acquire().is_err());
        for (block, address) in seen {
            // SAFETY: issued above.
            assert_eq!(unsafe { pool.address(block) }, address, "an address changed");
            assert_ne!(block.0.get(), u32::MAX);
        }
        let is_near = |address: usize| (middle - 64 * GIB..=last).contains(&address);
        assert_eq!(slabs.iter().filter(|&&slab| is_near(slab)).count(), 4);
    }

    fn vec_of(n: usize, f: impl Fn(usize) -> usize) -> Vec<usize> {
        (0..n).map(f).collect()
    }

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

        fn best_size(&self, bytes: usize) -> usize {
            bytes
        }

        const BOUNDED: bool = false;
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
        // Slabs of 1, 2, … 1024 blocks, then of 1024 until that is the 64th part of what there is, or the table is full.
        assert!((4 * 1024..128 * 1024).contains(&blocks), "{blocks}");
    }
}
