//! Replicas of inner blocks are on their nodes.
//!
//! Each block has a replica of its own on every node of the arena. At least 99 % of the replicas' pages are
//! on their node, according to the kernel and to the arena's own report. `nearest_replica` gives a thread the
//! replica on its own node.
#![cfg(target_os = "linux")]

mod support;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bskip_core::arena::{BlockArena, BlockKind, NumaBlocks, Placement};
use numa_alloc::{NumaArena, NumaPool, PageSize};
use support::linux::{nodes, nodes_of, on};
use support::{LEAF, Owned};

const BLOCKS: usize = 2000;

/// The first word of a replica.
fn word<'p>(pool: &'p NumaPool, replica: usize, block: &Owned) -> &'p AtomicU64 {
    // SAFETY: the pool issued the block, and it has this many replicas.
    let address = unsafe { pool.replica_address(replica, block.id) };
    // SAFETY: mapped while the pool lives, aligned to 64 bytes and zero at first; all access is atomic.
    unsafe { address.cast().as_ref() }
}

#[test]
fn each_replica_is_on_its_node() {
    let several = nodes().iter().filter(|node| node.memory && node.has_cpus).count() > 1;
    if !several {
        println!("left out: real nodes, this machine has one with memory and CPUs; two are pretended");
    }
    for pages in [PageSize::Small, PageSize::Transparent] {
        let builder = NumaArena::builder().replicate_inner(true).page_size(pages);
        let builder = if several { builder } else { builder.pretend_nodes(2) };
        let arena = builder.build().unwrap();
        let pool = arena.pool(LEAF, BlockKind::Inner).unwrap();
        assert_eq!(pool.replicas(), arena.nodes().len());
        let blocks: Vec<Owned> =
            (0..BLOCKS).map(|_| Owned::acquire(&pool, Placement::Policy).unwrap()).collect();
        for (i, block) in blocks.iter().enumerate() {
            block.words(&pool, LEAF)[0].store(1, Relaxed);
            for replica in 0..pool.replicas() {
                let before = word(&pool, replica, block).swap((i * 8 + replica) as u64, Relaxed);
                assert_eq!(before, 0, "a replica is zero and has one owner");
            }
        }
        for replica in 0..pool.replicas() {
            let own = |(i, block): (usize, &Owned)| {
                word(&pool, replica, block).load(Relaxed) == (i * 8 + replica) as u64
            };
            assert!(blocks.iter().enumerate().all(own));
            let node = arena.nodes()[replica];
            let addresses: Vec<usize> =
                blocks.iter().map(|block| word(&pool, replica, block).as_ptr().addr()).collect();
            match nodes_of(&addresses) {
                Ok(found) if several => {
                    let there = found.iter().filter(|&&found| found as u32 == node.0).count();
                    assert!(there * 100 >= 99 * found.len(), "replica on node {node}: {found:?}");
                }
                Ok(_) => {}
                Err(errno) => {
                    println!("left out: pages, the system does not say where they are (error {errno})")
                }
            }
        }
        let report = arena.verify_placement();
        let (mut placed, mut elsewhere) = (0, 0);
        for node in &report.nodes {
            placed += node.placed;
            elsewhere += node.misplaced();
        }
        let page = report.page_bytes;
        let touched = BLOCKS * LEAF.size() / page * (1 + pool.replicas());
        assert!(report.refused.is_some() || placed > touched * 9 / 10, "replicas are looked at: {report}");
        assert!(elsewhere * 100 <= placed + elsewhere, "{report}");
        assert!(arena.stats().nodes.iter().all(|node| node.replica_bytes >= BLOCKS * LEAF.size()));
    }
}

#[test]
fn a_thread_gets_the_replica_on_its_node() {
    let arena = NumaArena::builder().replicate_inner(true).build().unwrap();
    if arena.nodes().len() == 1 {
        println!("left out: this machine has one node with memory and CPUs, so there are no replicas");
        assert!(!arena.replicates_inner());
        return;
    }
    let pool = arena.pool(LEAF, BlockKind::Inner).unwrap();
    for node in nodes().iter().filter(|node| node.memory && !node.cpus.is_empty()) {
        let replica = on(node, || pool.nearest_replica());
        assert_eq!(arena.nodes()[replica].0, node.number);
    }
}
