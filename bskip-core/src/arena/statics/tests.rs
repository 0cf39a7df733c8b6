//! Regions, accounting to the last byte, and which block comes from where.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use core::alloc::Layout;

use super::extents::Extents;
use super::line::{Window, whole_lines};
use super::*;
use crate::arena::{AllocErrorKind, BlockId, BlockPool, NumaBlocks, NumaNodeId, Placement};
use crate::backoff::DefaultPlatform;
use crate::mix::mix;

/// Memory with an address of its own, which stays for ever.
fn memory(bytes: usize) -> &'static mut [u8] {
    #[repr(align(64))]
    #[derive(Clone)]
    struct Aligned(#[expect(dead_code, reason = "memory")] [u8; 64]);
    let lines = alloc::vec![Aligned([0xa5; 64]); bytes.div_ceil(64)];
    let lines = Box::leak(lines.into_boxed_slice());
    // SAFETY: the lines are there for ever, initialized, and this is the only reference.
    unsafe { core::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), bytes) }
}

fn arena(regions: &[(u32, usize)]) -> &'static StaticArena {
    let arena: &'static StaticArena = Box::leak(Box::new(StaticArena::new()));
    for &(node, bytes) in regions {
        arena.add_region_on(NumaNodeId(node), memory(bytes)).expect("room for a region");
    }
    arena
}

fn pool(arena: &'static StaticArena, bytes: usize) -> StaticPool {
    StaticPool::new(arena, Layout::from_size_align(bytes, 64).expect("a layout"))
}

fn reserved(pools: &[&StaticPool]) -> usize {
    pools.iter().map(|pool| pool.usage().expect("it counts").reserved_bytes).sum()
}

/// Takes blocks until there are no more, and checks that they are zeroed and do not overlap. Then writes into them.
fn take_all(pool: &StaticPool, bytes: usize, taken: &mut BTreeMap<usize, BlockId>) {
    while let Ok(block) = pool.acquire(Placement::Policy) {
        // SAFETY: issued just now.
        let address = unsafe { pool.address(block) };
        // SAFETY: the block is this test's, and has that many bytes.
        let content = unsafe { core::slice::from_raw_parts_mut(address.as_ptr(), bytes) };
        assert!(content.iter().all(|&byte| byte == 0), "not zeroed");
        content.fill(0xff);
        let start = address.as_ptr().addr();
        assert!(taken.range(..start + bytes).next_back().is_none_or(|(&before, _)| before + bytes <= start));
        assert!(taken.insert(start, block).is_none());
    }
}

#[test]
fn a_region_is_used_to_the_last_block() {
    for bytes in [128, 192, 256, 1152, 2048] {
        for lines in (bytes / 64 + 2..bytes / 64 * 30 + 40).step_by(7) {
            let arena = arena(&[(0, lines * 64)]);
            let pool = pool(arena, bytes);
            let mut taken = BTreeMap::new();
            take_all(&pool, bytes, &mut taken);
            let (blocks, groups) = (taken.len(), taken.len().div_ceil(13));
            assert_eq!(arena.capacity(), lines * 64);
            assert_eq!(reserved(&[&pool]), blocks * bytes + 64 * (1 + groups), "{bytes}, {lines}");
            assert_eq!(arena.remaining(), arena.capacity() - reserved(&[&pool]));
            assert!(arena.remaining() < bytes + 64, "{bytes}, {lines}: {} left", arena.remaining());
            let usage = pool.usage().expect("it counts");
            assert_eq!((usage.issued_blocks, usage.issued_bytes), (blocks, blocks * bytes));
            drop(pool);
            assert_eq!(arena.remaining(), arena.capacity());
        }
    }
}

/// Two pools take blocks in turn and give them back at random. Then one drops, and the other gets its memory.
#[test]
fn every_line_is_accounted_for_after_churn() {
    let arena = arena(&[(0, 100_000), (1, 5000), (1, 64), (2, 70_001)]);
    let (leaves, inners) = (pool(arena, 1152), pool(arena, 896));
    let mut mine: Vec<(bool, BlockId)> = Vec::new();
    let mut refused = 0;
    for step in 0..20_000u64 {
        let random = mix(step);
        let fills = step / 1000 % 2 == 0;
        let of_leaves = random & 1 == 0;
        let pool = if of_leaves { &leaves } else { &inners };
        if random >> 8 & 3 < if fills { 3 } else { 1 } {
            match pool.acquire(Placement::Policy) {
                Ok(block) => mine.push((of_leaves, block)),
                Err(error) => {
                    assert_eq!(error.kind, AllocErrorKind::OutOfMemory);
                    refused += 1;
                }
            }
        } else if !mine.is_empty() {
            let (of_leaves, block) = mine.swap_remove((random >> 16) as usize % mine.len());
            // SAFETY: taken above, and not given back since.
            unsafe { if of_leaves { &leaves } else { &inners }.release(block) };
        }
        assert_eq!(arena.capacity(), arena.remaining() + reserved(&[&leaves, &inners]));
    }
    assert!(refused > 100, "it was full {refused} times");
    let distinct: BTreeSet<u32> = mine.iter().map(|(_, block)| block.0.get()).collect();
    assert_eq!(distinct.len(), mine.len(), "a block was issued twice");
    let of = |of_leaves| mine.iter().filter(|mine| mine.0 == of_leaves).count();
    assert_eq!(leaves.usage().expect("it counts").issued_blocks, of(true));
    assert_eq!(inners.usage().expect("it counts").issued_blocks, of(false));
    drop(inners);
    let mut taken = BTreeMap::new();
    take_all_unzeroed(&leaves, &mut taken);
    assert_eq!(arena.capacity(), arena.remaining() + reserved(&[&leaves]));
    drop(leaves);
    assert_eq!(arena.remaining(), arena.capacity());
    let pool = pool(arena, 2048);
    let mut taken = BTreeMap::new();
    take_all(&pool, 2048, &mut taken);
    assert_eq!(taken.len(), [100_000, 5000, 70_001].map(|bytes| in_region(bytes / 64, 32)).iter().sum());
}

/// Blocks that were in use before are not zeroed again.
fn take_all_unzeroed(pool: &StaticPool, taken: &mut BTreeMap<u32, ()>) {
    while let Ok(block) = pool.acquire(Placement::Policy) {
        assert!(taken.insert(block.0.get(), ()).is_none());
    }
}

/// How many blocks of `lines` lines fit into a region, with a record and a line for every 13 blocks.
fn in_region(lines: usize, block: usize) -> usize {
    (0..).take_while(|&n| n * block + usize::div_ceil(n, 13) < lines).last().expect("none at least")
}

#[test]
fn each_node_has_blocks_from_its_own_regions_first() {
    let arena = arena(&[(7, 10_000), (3, 10_000), (7, 10_000)]);
    let pool = pool(arena, 1024);
    let home = |block: BlockId| {
        // SAFETY: the pool has issued the block.
        let home = unsafe { pool.home(block) };
        // SAFETY: as above.
        let address = unsafe { pool.address(block) }.as_ptr().addr();
        let region = arena.regions().find(|region| region.addresses.contains(&address)).expect("one has it");
        assert_eq!(region.numa_node, home);
        home.0
    };
    let on = |node| home(pool.acquire(Placement::NumaNode(NumaNodeId(node))).expect("room"));
    let [seven, three] = [2 * in_region(156, 16), in_region(156, 16)];
    assert_eq!([seven, three], [18, 9]);
    assert_eq!(pool.wanted(Placement::NumaNode(NumaNodeId(3))), Some(NumaNodeId(3)));
    (1..three).for_each(|_| assert_eq!(on(3), 3));
    let last = pool.acquire(Placement::NumaNode(NumaNodeId(3))).expect("room");
    assert_eq!(home(last), 3);
    assert_eq!(arena.remaining_on(NumaNodeId(7)), arena.capacity_on(NumaNodeId(7)));
    assert!(arena.remaining_on(NumaNodeId(3)) < 1024 + 64);
    (0..seven - 1).for_each(|_| assert_eq!(on(7), 7));
    // Node 3 has no room, and no region is on node 5.
    assert_eq!(on(3), 7);
    assert!(pool.acquire(Placement::NumaNode(NumaNodeId(5))).is_err());
    let wanted = || pool.wanted(Placement::NumaNode(NumaNodeId(3)));
    assert_eq!(wanted(), None);
    // SAFETY: taken above, and not given back before.
    unsafe { pool.release(last) };
    assert_eq!(wanted(), Some(NumaNodeId(3)));
    assert_eq!(home(pool.acquire(Placement::NumaNode(NumaNodeId(3))).expect("the one that was released")), 3);
    assert_eq!(wanted(), None);
    assert_eq!(pool.wanted(Placement::NumaNode(NumaNodeId(7))), None);
    assert_eq!(pool.wanted(Placement::NumaNode(NumaNodeId(5))), None);
    assert_eq!(pool.wanted(Placement::Policy), None);
    assert_eq!(arena.regions().map(|region| region.numa_node.0).collect::<Vec<_>>(), [7, 3, 7]);
}

#[test]
fn regions_that_do_not_fit_are_refused() {
    let arena = arena(&[]);
    assert_eq!(
        pool(arena, 64).acquire(Placement::Policy).map_err(|error| error.kind),
        Err(AllocErrorKind::OutOfMemory)
    );
    assert_eq!(arena.add_region(&mut []), Err(RegionError::TooSmall));
    assert_eq!(arena.add_region(&mut memory(200)[1..127]), Err(RegionError::TooSmall));
    assert_eq!(arena.add_region(&mut memory(256)[1..193]), Ok(()));
    assert_eq!(arena.capacity(), 128);
    (1..StaticArena::<DefaultPlatform>::MOST_REGIONS)
        .for_each(|_| arena.add_region(memory(64)).expect("room"));
    assert_eq!(arena.add_region(memory(64)), Err(RegionError::TooMany));
    assert_eq!(arena.capacity(), 128 + 15 * 64);
}

/// Addresses that are only numbers.
#[test]
fn a_window_reaches_128_gib_to_each_side() {
    const GIB: usize = 1 << 30;
    let window = Window::around(1000 * GIB);
    assert_eq!(window.number(1000 * GIB), Some(1 << 31));
    assert_eq!((window.number(872 * GIB), window.number(872 * GIB + 64)), (None, Some(1)));
    assert_eq!(window.number(1128 * GIB - 128), Some(u32::MAX - 1));
    assert_eq!((window.number(1128 * GIB - 64), window.number(1128 * GIB)), (None, None));
    assert_eq!(window.number(0), None);
    // Around a region at the end of the address space, or at its start.
    for first in [64, 0usize.wrapping_sub(4096)] {
        let window = Window::around(first);
        for address in [first, first.wrapping_add(1 << 20), first.wrapping_sub(1 << 20)] {
            let number = window.number(address).expect("near");
            assert_eq!(window.address(number), address);
        }
    }
}

#[test]
fn whole_lines_are_found_up_to_the_end_of_the_address_space() {
    assert_eq!(whole_lines(128, 64), Some((128, 1)));
    assert_eq!(whole_lines(129, 63 + 128), Some((192, 2)));
    assert_eq!((whole_lines(128, 63), whole_lines(129, 126), whole_lines(129, 0)), (None, None, None));
    let end = 0usize.wrapping_sub(64);
    assert_eq!(whole_lines(end, 63), None);
    assert_eq!(whole_lines(end + 1, 62), None);
    assert_eq!(whole_lines(end - 64, 127), Some((end - 64, 1)));
}

/// Pools of two sizes grow by turns, so each group has one block, and the groups of each pool lie apart. They drop one
/// after the other.
#[test]
fn pools_with_many_groups_give_everything_back() {
    const BLOCKS: usize = 13 * 300;
    let bytes = [192, 128];
    for drops_first in [0, 1] {
        let arena = arena(&[(0, BLOCKS * (320 + 2 * 64) + 4096)]);
        let pools = bytes.map(|bytes| pool(arena, bytes));
        for _ in 0..BLOCKS {
            pools.iter().for_each(|pool| _ = pool.acquire(Placement::Policy).expect("room"));
        }
        assert_eq!(arena.capacity(), arena.remaining() + reserved(&[&pools[0], &pools[1]]));
        let [first, second] = pools;
        let (first, second) = if drops_first == 0 { (first, second) } else { (second, first) };
        drop(first);
        assert_eq!(arena.capacity(), arena.remaining() + reserved(&[&second]));
        // What came back is in pieces, each as long as a group at most. A new pool takes blocks of these first.
        let third = pool(arena, bytes[drops_first]);
        let mut taken = BTreeMap::new();
        take_all(&third, bytes[drops_first], &mut taken);
        assert!(taken.len() > BLOCKS);
        drop(second);
        assert_eq!(arena.capacity(), arena.remaining() + reserved(&[&third]));
        drop(third);
        assert_eq!(arena.remaining(), arena.capacity());
        // All is one piece again.
        let one = pool(arena, arena.capacity() - 128);
        assert!(one.acquire(Placement::Policy).is_ok());
    }
}

/// Lines come and go in any order, beside a model.
#[test]
fn extents_are_sorted_and_as_long_as_can_be() {
    const LINES: u32 = 150;
    let memory = memory(LINES as usize * 64);
    let address = memory.as_mut_ptr().expose_provenance();
    let window = Window::around(address);
    let start = window.number(address).expect("the first region");
    let mut extents = Extents::NONE;
    let mut free: BTreeSet<u32> = BTreeSet::new();
    let mut taken = alloc::vec![(start, LINES)];
    for step in 0..5000u64 {
        let random = mix(step);
        let lines = 1 + (random >> 8) as u32 % 7;
        if random & 1 == 0 && !taken.is_empty() {
            let (number, has) = taken.swap_remove((random >> 16) as usize % taken.len());
            let lines = lines.min(has);
            if lines < has {
                taken.push((number + lines, has - lines));
            }
            // SAFETY: these lines were taken, or are new. They are this test's.
            unsafe { extents.give(window, number, lines) };
            free.extend(number..number + lines);
        } else {
            let fits = |number: &u32| (*number..number + lines).all(|number| free.contains(&number));
            let first = free.iter().copied().find(fits);
            // SAFETY: the lines are this test's.
            assert_eq!(unsafe { extents.take(window, lines) }, first, "step {step}");
            if let Some(number) = first {
                (number..number + lines).for_each(|number| _ = free.remove(&number));
                taken.push((number, lines));
            }
        }
        assert_eq!(extents.lines as usize, free.len());
    }
}
