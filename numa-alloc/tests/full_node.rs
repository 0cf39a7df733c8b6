//! A node whose memory is full: blocks go to other nodes by distance, the report shows it, and the kernel
//! kills no process.
//!
//! Each test runs in its own process and fills the smallest of several nodes, if that is small enough.
#![cfg(target_os = "linux")]

mod support;

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use bskip_core::arena::{NumaNodeId, Placement};
use numa_alloc::{NumaArena, NumaPool, PageSize, Policy};
use support::linux::{RealNode, alone, nodes, nodes_of, oom_kills};
use support::policies::nearest;
use support::{LEAF, Owned, leaf_pool};

/// A node with more free memory than this is not filled.
const LARGEST: usize = 512 << 20;
/// How much the test acquires beyond the node's free memory.
const BEYOND: usize = 24 << 20;
/// What the other nodes must have in addition, so that memory does not run out.
const SPARE: usize = 48 << 20;

/// The node to fill. Never the first one, which the kernel itself uses.
fn smallest() -> Result<RealNode, String> {
    let nodes = nodes();
    let with_memory: Vec<&RealNode> = nodes.iter().filter(|node| node.memory).collect();
    let Some(&node) = with_memory.iter().skip(1).min_by_key(|node| node.free()) else {
        return Err("there is only one node, so nothing can overflow".into());
    };
    let others: usize =
        with_memory.iter().filter(|other| other.number != node.number).map(|other| other.free()).sum();
    match node.free() {
        free if free > LARGEST => {
            Err(format!("the smallest node has {} MiB free, too much to fill", free >> 20))
        }
        _ if others < BEYOND + SPARE => Err("the other nodes have too little free memory".into()),
        _ => Ok(node.clone()),
    }
}

/// One word of each page that the block is on.
fn ends<'p>(block: &Owned, pool: &'p NumaPool) -> impl Iterator<Item = &'p AtomicU64> {
    let words = block.words(pool, LEAF);
    [&words[0], &words[words.len() - 1]].into_iter()
}

/// Acquires more than the smallest node has, and checks where the blocks are.
fn fill_smallest_node(pages: PageSize) {
    let node = match smallest() {
        Ok(node) => node,
        Err(why) => return println!("left out: everything, {why}"),
    };
    // If the kernel has to kill a process, it kills this one.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    let kills = oom_kills();
    let arena =
        NumaArena::builder().policy(Policy::Node(NumaNodeId(node.number))).page_size(pages).build().unwrap();
    let pool = leaf_pool(&arena);
    let free = node.free();
    let mut blocks = Vec::new();
    for number in 0..(free + BEYOND) / LEAF.size() {
        let block = Owned::acquire(&pool, Placement::Policy).unwrap();
        ends(&block, &pool).for_each(|word| word.store(number as u64, Relaxed));
        assert_eq!(block.home(&pool), Some(NumaNodeId(node.number)));
        blocks.push(block);
    }
    for (number, block) in blocks.iter().enumerate() {
        assert!(ends(block, &pool).all(|word| word.load(Relaxed) == number as u64));
    }
    assert_eq!(oom_kills(), kills);

    let report = arena.verify_placement();
    println!(
        "node {} had {} KiB free, the test asked it for {} KiB\n{report}",
        node.number,
        free >> 10,
        (free + BEYOND) >> 10
    );
    assert_eq!(report.refused, None);
    assert!(!report.is_as_requested(), "{report}");
    let row = report.nodes.iter().find(|row| row.node.0 == node.number).unwrap();
    // The kernel keeps a reserve, and other processes may use the node too, so the test need not fill all of
    // it. With huge pages it fills even less: before the kernel uses small pages here, it takes huge pages of
    // other nodes. So a node without free huge pages counts as full.
    let is_filled = pages == PageSize::Transparent || row.placed * 4096 * report.sampled_one_in >= free / 2;
    assert!(is_filled, "{report}");
    let overflowed = row.misplaced();
    assert!(overflowed * 4096 * report.sampled_one_in >= BEYOND / 2, "{report}");
    assert!(report.to_string().contains(" on node "), "{report}");

    // Asks the kernel about each block as well: blocks that do not fit must be on the node nearest to the
    // full one.
    let others: Vec<u32> = nodes()
        .iter()
        .filter(|other| other.memory && other.number != node.number)
        .map(|other| other.number)
        .collect();
    let next = nearest(&node, &others);
    let addresses: Vec<usize> = blocks.iter().map(|block| block.address(&pool)).collect();
    let found = nodes_of(&addresses).unwrap();
    let away: Vec<i32> = found.into_iter().filter(|&found| found != node.number as i32).collect();
    let near = away.iter().filter(|&&found| next.iter().any(|&near| near as i32 == found)).count();
    println!("{} of {} blocks that did not fit are on the next nearest node, {next:?}", near, away.len());
    // Huge pages come from any node that has some.
    assert!(
        !away.is_empty() && (pages == PageSize::Transparent || near * 100 >= away.len() * 99),
        "{report}"
    );
}

#[test]
fn a_full_node_overflows_by_distance_and_is_reported() {
    alone("a_full_node_overflows_by_distance_and_is_reported", || fill_smallest_node(PageSize::Small));
}

#[test]
fn a_full_node_overflows_when_huge_pages_run_out() {
    alone("a_full_node_overflows_when_huge_pages_run_out", || fill_smallest_node(PageSize::Transparent));
}
