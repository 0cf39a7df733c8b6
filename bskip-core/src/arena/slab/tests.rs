//! Numbers and addresses of blocks, on real memory and on addresses that are only numbers.

use super::*;
use alloc::alloc::{alloc_zeroed, dealloc};
use alloc::collections::BTreeMap;

use crate::backoff::DefaultPlatform;

/// Slabs at addresses that are only numbers, from the end of the list.
struct Scattered(SpinLock<Vec<usize>>);

// SAFETY: there is no memory, and no test uses it.
unsafe impl SlabSource for Scattered {
    type Platform = DefaultPlatform;

    fn take(&self, _: Layout) -> Result<NonNull<u8>, AllocErrorKind> {
        let address = self.0.with::<DefaultPlatform, _>(Vec::pop).ok_or(AllocErrorKind::OutOfMemory)?;
        NonNull::new(ptr::without_provenance_mut(address)).ok_or(AllocErrorKind::OutOfMemory)
    }

    unsafe fn give(&self, _: NonNull<u8>, _: Layout) {}

    fn best_size(&self, bytes: usize) -> usize {
        bytes
    }

    const BOUNDED: bool = false;
}

const GIB: usize = 1 << 30;

/// Takes all blocks of 1 KiB out of slabs of 1, 2, 4, … blocks at these addresses. Checks that each block is
/// in its place and stays there. Returns the first number of each slab.
fn numbers_of_slabs_at(slabs: &[usize]) -> Vec<u32> {
    let layout = Layout::from_size_align(1024, 64).unwrap();
    let source = Scattered(SpinLock::new(slabs.iter().rev().copied().collect()));
    let pool = SlabPool::new(source, layout).unwrap();
    let (mut seen, mut numbers) = (BTreeMap::new(), Vec::new());
    for (slab, &start) in slabs.iter().enumerate() {
        for at in 0..1 << slab {
            let block = pool.acquire().unwrap();
            // SAFETY: issued just now.
            let address = unsafe { pool.address(block) };
            assert_eq!(address.as_ptr().addr(), start + at * 1024, "block {at} of slab {slab}");
            assert!(seen.insert(block, address).is_none(), "{block:?} issued twice");
            if at == 0 {
                numbers.push(block.0.get());
            }
        }
    }
    assert!(pool.acquire().is_err());
    for (block, address) in seen {
        // SAFETY: issued above.
        assert_eq!(unsafe { pool.address(block) }, address, "an address changed");
        assert_ne!(block.0.get(), u32::MAX);
    }
    numbers
}

/// Whether each slab is near.
fn near_of_slabs_at(slabs: &[usize]) -> Vec<bool> {
    numbers_of_slabs_at(slabs).iter().map(|&number| number >= NEAR).collect()
}

/// Eight slabs too small for the window.
fn small() -> Vec<usize> {
    (0..8).map(|i| 5 * GIB + i * (1 << 20)).collect()
}

#[test]
#[cfg(target_pointer_width = "64")]
fn slabs_may_lie_anywhere() {
    // The ninth slab, of 256 KiB, is in the middle of the window. Later slabs are at the window's ends,
    // across them, just beyond them, or far off.
    let middle = 100_000 * GIB;
    let (start, end) = (middle - 64 * GIB, middle + 64 * GIB);
    let mib = |n: usize| n << 20;
    let slabs = [
        (middle, true),
        (start, true),
        (start - UNIT, false),
        (end, false),
        (end - mib(1), false),
        (end - mib(8) - UNIT, true),
        (end - mib(16), false),
        (3 * GIB, false),
        (middle + GIB, true),
    ];
    let (addresses, expected): (Vec<_>, Vec<_>) = slabs.into_iter().unzip();
    assert_eq!(near_of_slabs_at(&[small(), addresses].concat())[8..], expected);
}

#[test]
#[cfg(target_pointer_width = "64")]
fn the_window_may_begin_below_address_0_and_have_its_number_0_there() {
    for anchor in [GIB, 64 * GIB, 192 * GIB] {
        let slabs = [anchor, anchor + GIB, anchor + 2 * GIB];
        assert_eq!(near_of_slabs_at(&[small(), slabs.to_vec()].concat())[8..], [true; 3], "{anchor}");
    }
}

#[test]
fn odd_layouts_are_rounded_up_to_blocks_that_do_not_overlap() {
    for (size, align) in [(0, 1), (1, 1), (8, 8), (1000, 64), (100, 128)] {
        let layout = Layout::from_size_align(size, align).unwrap();
        let source = Short(AtomicUsize::new(usize::MAX));
        let pool = SlabPool::new(&source, layout).unwrap();
        let mut starts: Vec<usize> = (0..5000)
            // SAFETY: issued just now.
            .map(|_| unsafe { pool.address(pool.acquire().unwrap()) }.as_ptr().addr())
            .collect();
        starts.sort_unstable();
        let apart = |pair: &[usize]| pair[1] - pair[0] >= size.max(1) && pair[1].is_multiple_of(align);
        assert!(starts.windows(2).all(apart), "{layout:?}");
    }
}

/// The global allocator, with a bound on the size of a slab that the test can change.
struct Short(AtomicUsize);

// SAFETY: each slab is an allocation of its own, zeroed and laid out as asked for.
unsafe impl SlabSource for &Short {
    type Platform = DefaultPlatform;

    fn take(&self, layout: Layout) -> Result<NonNull<u8>, AllocErrorKind> {
        if layout.size() > self.0.load(Ordering::Relaxed) {
            return Err(AllocErrorKind::OutOfMemory);
        }
        // SAFETY: a slab has at least one block, and a block's size is not zero.
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
    let pool = SlabPool::new(&source, Layout::new::<u64>()).unwrap();
    let acquire = |n: usize| (0..n).filter(|_| pool.acquire().is_ok()).count();
    assert_eq!(acquire(10_000), 10_000);
    // From now on there is memory for a few blocks at a time only.
    source.0.store(8 * 64, Ordering::Relaxed);
    assert!(acquire(50_000) < 20_000);
    source.0.store(usize::MAX, Ordering::Relaxed);
    assert_eq!(acquire(1_000_000), 1_000_000);
}

#[test]
fn a_slab_may_be_shorter_than_wanted() {
    let source = Short(AtomicUsize::new(64 * 1024));
    let pool = SlabPool::new(&source, Layout::new::<u64>()).unwrap();
    // SAFETY: issued just now, or above.
    let address = |block: BlockId| unsafe { pool.address(block) };
    let issued: BTreeMap<_, _> =
        (0..1_000_000).map_while(|_| pool.acquire().ok()).map(|block| (address(block), block)).collect();
    // Slabs of 1, 2, … 1024 blocks, then of 1024 blocks each. This ends when 1024 blocks are less than a 64th
    // of the wanted slab, or when the table is full.
    assert!((4 * 1024..128 * 1024).contains(&issued.len()), "{}", issued.len());
    assert_eq!(issued.len(), pool.usage().issued_blocks, "two blocks have one address");
    // Slabs of equal size have numbers of their own.
    assert!(issued.iter().all(|(&first, &block)| address(block) == first), "an address changed");
}
