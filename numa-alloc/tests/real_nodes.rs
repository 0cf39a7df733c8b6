//! On the machine's real nodes, pages are where blocks were placed. The tests pass on any machine, and show
//! more on several nodes.
#![cfg(target_os = "linux")]

mod support;

use std::sync::atomic::Ordering::Relaxed;

use bskip_core::arena::{NumaNodeId, Placement};
use numa_alloc::{NumaArena, NumaPool, PageSize, Policy};
use support::linux::pin;
use support::{LEAF, Owned, leaf_pool};

const BLOCKS: usize = 4000;

fn touch(pool: &NumaPool, placement: Placement) -> Owned {
    let block = Owned::acquire(pool, placement).unwrap();
    block.words(pool, LEAF).iter().for_each(|word| word.store(1, Relaxed));
    block
}

/// Checks that nearly all touched pages are on the node that they were asked of. A full node overflows, so
/// not all of them must be.
fn assert_placed(arena: &NumaArena) {
    let report = arena.verify_placement();
    if report.refused.is_some() {
        return;
    }
    println!("{report}");
    for node in &report.nodes {
        assert!(node.misplaced() <= node.placed / 99, "{report}");
    }
    if report.nodes.len() == 1 {
        assert!(report.is_as_requested(), "{report}");
    }
}

#[test]
fn every_node_gets_the_blocks_placed_on_it() {
    for pages in [PageSize::Small, PageSize::Transparent] {
        let arena = NumaArena::builder().page_size(pages).build().unwrap();
        let pool = leaf_pool(&arena);
        for node in arena.nodes() {
            for _ in 0..BLOCKS {
                let block = touch(&pool, Placement::NumaNode(node));
                assert_eq!(block.home(&pool), Some(node));
            }
        }
        assert_placed(&arena);
        println!("{} bytes on huge pages\n{}", arena.huge_page_bytes().unwrap_or(0), arena.report());
    }
}

#[test]
fn interleaving_is_even() {
    let arena = NumaArena::builder().policy(Policy::Interleave).page_size(PageSize::Small).build().unwrap();
    let pool = leaf_pool(&arena);
    let nodes = arena.nodes().len();
    for _ in 0..BLOCKS * nodes {
        touch(&pool, Placement::Policy);
    }
    assert!(arena.stats().nodes.iter().all(|node| node.usage.issued_blocks == BLOCKS));
    assert_placed(&arena);
}

/// The node of the calling thread, according to the kernel.
fn current_node() -> Option<NumaNodeId> {
    let mut node = 0u32;
    // SAFETY: the call writes a number to `node` and accepts null pointers for the other results.
    let result = unsafe {
        libc::syscall(
            libc::SYS_getcpu,
            core::ptr::null_mut::<u32>(),
            &raw mut node,
            core::ptr::null_mut::<u8>(),
        )
    };
    (result == 0).then_some(NumaNodeId(node))
}

#[test]
fn local_blocks_are_on_the_node_of_the_thread_and_come_home_from_others() {
    let arena = NumaArena::builder().page_size(PageSize::Small).build().unwrap();
    let pool = leaf_pool(&arena);
    let cpus = std::thread::available_parallelism().unwrap().get().min(64);
    let mut blocks = Vec::new();
    for cpu in 0..cpus {
        blocks.extend(std::thread::scope(|scope| {
            let local = || {
                let here = if pin(cpu as u32) { current_node() } else { None };
                let blocks: Vec<_> = (0..200).map(|_| touch(&pool, Placement::Policy)).collect();
                // The blocks of a thread on a node without memory are elsewhere.
                if let Some(here) = here.filter(|here| arena.nodes().contains(here)) {
                    assert!(blocks.iter().all(|block| block.home(&pool) == Some(here)));
                }
                blocks
            };
            scope.spawn(local).join().unwrap()
        }));
    }
    assert_placed(&arena);
    let full = pool.usage();
    // One thread releases all blocks; then each is acquired again on its own node.
    let homes: Vec<_> = blocks.iter().map(|block| block.home(&pool).unwrap()).collect();
    for block in blocks {
        block.release(&pool);
    }
    for &home in &homes {
        assert_eq!(touch(&pool, Placement::NumaNode(home)).home(&pool), Some(home));
    }
    assert_eq!(pool.usage(), full);
    assert_eq!(arena.stats().misses, 0);
}
