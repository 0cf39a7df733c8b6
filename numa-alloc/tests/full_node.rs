//! A node whose memory is used up: blocks go on to others by distance, the report tells, and nobody is killed.
//!
//! In processes of their own, on the smallest of several nodes, if that is small enough to be filled.
#![cfg(target_os = "linux")]

mod support;

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use bskip_core::arena::{NumaNodeId, Placement};
use numa_alloc::{NumaArena, NumaPool, PageSize, Policy};
use support::linux::{RealNode, alone, nodes, nodes_of, oom_kills};
use support::policies::nearest;
use support::{LEAF, Owned, leaf_pool};

/// A node with more free memory is not filled.
const LARGEST: usize = 512 << 20;
/// What is asked for beyond the node's free memory.
const BEYOND: usize = 24 << 20;
/// What the other nodes must have beyond that, so that there is no want of memory.
const SPARE: usize = 48 << 20;

/// The node to fill: not the first, which is the kernel's own.
fn smallest() -> Result<RealNode, String> {
    let nodes = nodes();
    let with_memory: Vec<&RealNode> = nodes.iter().filter(|node| node.memory).collect();
    let Some(&node) = with_memory.iter().skip(1).min_by_key(|node| node.free()) else {
        return Err("one node, nothing can spill".into());
    };
    let others: usize =
        with_memory.iter().filter(|other| other.number != node.number).map(|other| other.free()).sum();
    match node.free() {
        free if free > LARGEST => {
            Err(format!("the smallest node has {} MiB free, too much to fill", free >> 20))
        }
        _ if others < BEYOND + SPARE => Err("the other nodes have too little memory to spare".into()),
        _ => Ok(node.clone()),
    }
}

/// A word of each page that the block is on.
fn ends<'p>(block: &Owned, pool: &'p NumaPool) -> impl Iterator<Item = &'p AtomicU64> {
    let words = block.words(pool, LEAF);
    [&words[0], &words[words.len() - 1]].into_iter()
}

/// Fills the smallest node and more, and looks where that went.
fn spill(pages: PageSize) {
    let node = match smallest() {
        Ok(node) => node,
        Err(why) => return println!("left out: everything, {why}"),
    };
    // Should the kernel have to kill, then this process.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    let kills = oom_kills();
    let arena =
        NumaArena::builder().policy(Policy::Node(NumaNodeId(node.number))).pages(pages).build().unwrap();
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
        "node {} had {} KiB free, {} KiB were asked of it\n{report}",
        node.number,
        free >> 10,
        (free + BEYOND) >> 10
    );
    assert_eq!(report.refused, None);
    assert!(!report.is_as_asked(), "{report}");
    let row = report.nodes.iter().find(|row| row.node.0 == node.number).unwrap();
    // The kernel keeps a reserve, and others may use the node too: most of it is filled. But rather than small pages here
    // the kernel gives huge ones from elsewhere, so with those a node is full when it is in pieces.
    let is_filled = pages == PageSize::Huge || row.placed * 4096 * report.sampled_one_in >= free / 2;
    assert!(is_filled, "{report}");
    let spilled: usize = row.elsewhere.iter().map(|(_, pages)| pages).sum();
    assert!(spilled * 4096 * report.sampled_one_in >= BEYOND / 2, "{report}");
    assert!(report.to_string().contains(" on node "), "{report}");

    // By the kernel's word for each block as well: next to the full node comes the nearest to it.
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
    println!("{} of {} blocks beyond it are on the next nearest, {next:?}", near, away.len());
    // Huge pages come from wherever there are any.
    assert!(!away.is_empty() && (pages == PageSize::Huge || near * 100 >= away.len() * 99), "{report}");
}

#[test]
fn a_full_node_spills_by_distance_and_is_reported() {
    alone("a_full_node_spills_by_distance_and_is_reported", || spill(PageSize::Small));
}

#[test]
fn so_it_does_where_huge_pages_run_out() {
    alone("so_it_does_where_huge_pages_run_out", || spill(PageSize::Huge));
}
