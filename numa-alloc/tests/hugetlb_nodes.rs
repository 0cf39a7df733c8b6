//! Hugetlb pages on the machine's real nodes. They come from the node that the blocks are for while it has
//! any, and never from another node. There is no signal.
//!
//! The tests check something only if pages of 2 MiB are reserved. `cargo xtask numa-vm huge` boots such a
//! machine, with a different number of pages on each node.
#![cfg(target_os = "linux")]

mod support;

use std::sync::atomic::Ordering::Relaxed;

use bskip_core::arena::{NumaNodeId, Placement};
use numa_alloc::{Fallback, NodePages, NumaArena, NumaPool, PageSize, Policy};
use support::linux::{RealNode, nodes, nodes_of, oom_kills, read};
use support::{LEAF, Owned, leaf_pool};

/// Bytes of a hugetlb page.
const HUGE: usize = 2 << 20;
/// A test uses up at most this many pages.
const MOST: usize = 64;

/// Free hugetlb pages of a node.
fn left(node: &RealNode) -> usize {
    let path =
        format!("/sys/devices/system/node/node{}/hugepages/hugepages-2048kB/free_hugepages", node.number);
    read(&path).trim().parse().unwrap_or(0)
}

fn touch(pool: &NumaPool, blocks: usize) -> Vec<Owned> {
    let touched = |number| {
        let block = Owned::acquire(pool, Placement::Policy).unwrap();
        block.words(pool, LEAF).iter().for_each(|word| word.store(number as u64, Relaxed));
        block
    };
    (0..blocks).map(touched).collect()
}

/// The nodes that have hugetlb pages.
fn with_pages() -> Vec<RealNode> {
    let nodes: Vec<RealNode> = nodes().into_iter().filter(|node| node.memory && left(node) > 0).collect();
    if nodes.is_empty() {
        println!("left out: everything, no pages of 2 MiB are set aside here");
    }
    nodes
}

fn arena_on(node: &RealNode) -> NumaArena {
    let builder = NumaArena::builder().policy(Policy::Node(NumaNodeId(node.number)));
    builder.page_size(PageSize::Hugetlb2M).build().unwrap()
}

fn is_refused(arena: &NumaArena) -> bool {
    arena.fallbacks().iter().any(|fallback| matches!(fallback, Fallback::HugetlbRefused { .. }))
}

#[test]
fn hugetlb_pages_come_from_the_wanted_node() {
    for node in with_pages() {
        let before: Vec<usize> = nodes().iter().map(left).collect();
        let arena = arena_on(&node);
        let pool = leaf_pool(&arena);
        let blocks = touch(&pool, 100);
        let taken: Vec<usize> =
            nodes().iter().map(left).zip(&before).map(|(now, before)| before - now).collect();
        println!("node {}: taken from each node {taken:?} of {before:?}", node.number);
        assert!(!is_refused(&arena), "{:?}", arena.fallbacks());
        for (other, taken) in nodes().iter().zip(&taken) {
            assert_eq!(*taken > 0, other.number == node.number, "{taken} pages of node {}", other.number);
        }
        assert_eq!(arena.huge_page_bytes(), Some(pool.usage().reserved_bytes));
        let addresses: Vec<usize> = blocks.iter().map(|block| block.address(&pool)).collect();
        assert!(nodes_of(&addresses).unwrap().iter().all(|&found| found == node.number as i32));
        assert!(arena.verify_placement().is_as_requested(), "{}", arena.verify_placement());
        drop(pool);
        assert_eq!(nodes().iter().map(left).collect::<Vec<_>>(), before, "given back");
    }
}

#[test]
fn a_shortage_of_hugetlb_pages_is_reported() {
    for node in with_pages() {
        let pages = left(&node);
        if pages > MOST {
            println!("left out: node {}, which has {pages} pages to use up", node.number);
            continue;
        }
        let (kills, others) =
            (oom_kills(), nodes().iter().filter(|o| o.number != node.number).map(left).sum::<usize>());
        let arena = arena_on(&node);
        let pool = leaf_pool(&arena);
        // Twice as much as there is, and some more.
        let blocks = touch(&pool, (2 * pages + 8) * HUGE / LEAF.size());
        assert!(is_refused(&arena), "{:?}", arena.fallbacks());
        assert!(arena.report().contains("no free hugetlb page of 2048 KiB"), "{}", arena.report());
        for (number, block) in blocks.iter().enumerate() {
            assert!(block.words(&pool, LEAF).iter().all(|word| word.load(Relaxed) == number as u64));
        }
        // The blocks did not take hugetlb pages of other nodes, and the pages that they got instead are on
        // the node as well.
        assert_eq!(nodes().iter().filter(|o| o.number != node.number).map(left).sum::<usize>(), others);
        let report = arena.verify_placement();
        let elsewhere: usize = report.nodes.iter().map(NodePages::misplaced).sum();
        let placed: usize = report.nodes.iter().map(|node| node.placed).sum();
        println!("node {}, {pages} pages set aside\n{report}\n{}", node.number, arena.report());
        assert!(elsewhere * 100 <= placed, "{report}");
        assert_eq!(oom_kills(), kills);
    }
}
