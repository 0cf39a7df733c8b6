//! On the machine's real nodes, every placement policy puts its pages where it says.
//!
//! Properties of each policy, on base pages and on huge pages:
//! - The home of each block is a node that the policy permits for the calling thread, and proportions are
//!   exact.
//! - At least 99 % of the blocks' pages are on their home, according to the kernel and to the arena's own
//!   report.
//! - This still holds after ten rounds in which the threads of each node fill blocks and those of the next
//!   node free them.
//! - Without the right to bind pages or to ask for their node, everything but the placement of pages still
//!   works, and the arena reports it.
//!
//! `cargo xtask numa-vm` runs this on machines with several nodes. On a machine with one node the test shows
//! little, and says so.
#![cfg(target_os = "linux")]

mod support;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Barrier, Mutex};

use bskip_core::arena::{KeyPrefix, NumaNodeId, Placement};
use numa_alloc::{Fallback, NodePages, NumaArena, NumaPool, PageSize, Policy};
use support::linux::{RealNode, alone, nodes, nodes_of, on, refuse};
use support::policies::{self, Case};
use support::{LEAF, Owned, leaf_pool};

/// Blocks that a thread of each node acquires: 1.1 MiB.
const BLOCKS: usize = 1000;
/// Rounds of churn, and how many blocks each thread holds in each round.
const ROUNDS: usize = 10;
const KEPT: usize = 50;

/// The nodes with CPUs that this process may use.
fn with_cpus() -> Vec<RealNode> {
    nodes().into_iter().filter(|node| !node.cpus.is_empty()).collect()
}

/// Prints what a machine with one node cannot show.
fn say_if_one_node() {
    if nodes().len() == 1 {
        println!("left out: other nodes, this machine has one");
    }
}

/// Acquires blocks by the policy and writes to every page of them.
fn fill(pool: &NumaPool, count: usize) -> Vec<Owned> {
    let touched = |key| {
        let block = Owned::acquire(pool, Placement::KeysFrom(KeyPrefix::of(key as u64))).unwrap();
        block.words(pool, LEAF).iter().for_each(|word| word.store(1, Relaxed));
        block
    };
    (0..count).map(touched).collect()
}

/// Blocks, each with the node whose thread acquired it.
type Filled<'n> = Vec<(&'n RealNode, Vec<Owned>)>;

/// Checks that all homes are as wanted, and nearly all pages, according to the kernel and to the arena.
fn assert_placed(case: &Case, arena: &NumaArena, pool: &NumaPool, filled: &Filled<'_>) {
    let (mut pages, mut astray) = (0, 0);
    for (here, blocks) in filled {
        let wanted = case.wanted(here);
        for block in blocks {
            let home = block.home(pool).unwrap().0;
            assert!(wanted.contains(&home), "{case}: home {home}, from node {} {wanted:?}", here.number);
        }
        let ends = |block: &Owned| [block.address(pool), block.address(pool) + LEAF.size() - 1];
        match nodes_of(&blocks.iter().flat_map(ends).collect::<Vec<_>>()) {
            Ok(found) => {
                pages += found.len();
                astray +=
                    found.iter().filter(|&&node| !wanted.iter().any(|&want| want as i32 == node)).count();
            }
            Err(errno) => {
                println!("left out: pages, the system does not say where they are (error {errno})");
                assert_eq!(arena.verify_placement().refused, Some(errno));
                return;
            }
        }
    }
    assert!(
        astray * 100 <= pages,
        "{case}: {astray} of {pages} pages are elsewhere\n{}",
        arena.verify_placement()
    );
    let report = arena.verify_placement();
    let placed: usize = report.nodes.iter().map(|node| node.placed).sum();
    let elsewhere: usize = report.nodes.iter().map(NodePages::misplaced).sum();
    assert!(placed > 0 && elsewhere * 100 <= placed + elsewhere, "{case}: {report}");
    assert_eq!(report.refused, None);
    assert_eq!(arena.stats().misses, 0, "{case}");
}

/// Runs `test` on an arena of each policy, on both kinds of pages.
fn each_policy(test: impl Fn(&Case, &NumaArena)) {
    for case in policies::all(&nodes()) {
        for pages in [PageSize::Small, PageSize::Transparent] {
            let arena = NumaArena::builder().policy(case.policy.clone()).page_size(pages).build().unwrap();
            test(&case, &arena);
        }
    }
}

#[test]
fn every_policy_puts_its_pages_where_it_says() {
    say_if_one_node();
    let here = with_cpus();
    each_policy(|case, arena| {
        let pool = leaf_pool(arena);
        let filled: Filled<'_> = here.iter().map(|node| (node, on(node, || fill(&pool, BLOCKS)))).collect();
        let mut counts = BTreeMap::new();
        for block in filled.iter().flat_map(|(_, blocks)| blocks) {
            *counts.entry(block.home(&pool).unwrap().0).or_default() += 1;
        }
        case.assert_shares(&counts);
        assert_placed(case, arena, &pool, &filled);
    });
}

#[test]
fn pages_stay_right_after_ten_rounds_of_frees_from_other_nodes() {
    say_if_one_node();
    let here = with_cpus();
    // On one node there are two threads, which still free each other's blocks.
    let threads = here.len().max(2);
    each_policy(|case, arena| {
        let pool = leaf_pool(arena);
        let handed: Vec<Mutex<Vec<Owned>>> = (0..threads).map(|_| Mutex::default()).collect();
        let together = Barrier::new(threads);
        let churn = |thread: usize| {
            let mut kept = Vec::new();
            for _ in 0..ROUNDS {
                let mut blocks = fill(&pool, BLOCKS);
                kept.extend(blocks.drain(..KEPT));
                *handed[thread].lock().unwrap() = blocks;
                together.wait();
                let of_neighbour = std::mem::take(&mut *handed[(thread + 1) % threads].lock().unwrap());
                assert_eq!(of_neighbour.len(), BLOCKS - KEPT);
                for block in of_neighbour {
                    block.release(&pool);
                }
                together.wait();
            }
            kept
        };
        let filled: Filled<'_> = std::thread::scope(|scope| {
            let (here, churn) = (&here, &churn);
            let start = |thread: usize| {
                let node = &here[thread % here.len()];
                (node, scope.spawn(move || on(node, || churn(thread))))
            };
            let started: Vec<_> = (0..threads).map(start).collect();
            started.into_iter().map(|(node, thread)| (node, thread.join().unwrap())).collect()
        });
        let stats = arena.stats();
        assert_eq!(stats.total().issued_blocks, threads * ROUNDS * KEPT, "{case}");
        // The memory for what all threads hold at once, rounded up to slabs; the rounds add nothing.
        let most = (threads * (BLOCKS + ROUNDS * KEPT) * LEAF.size()) + stats.nodes.len() * (6 << 20);
        assert!(stats.total().reserved_bytes <= most, "{case}: {stats}");
        // With other policies, a block may be on the node that frees it.
        let homes = here.iter().filter(|node| node.memory).count();
        if homes > 1 && case.policy == Policy::Local {
            assert!(stats.nodes.iter().any(|node| node.remote_frees > 0), "{case}: {stats}");
        }
        assert_placed(case, arena, &pool, &filled);
    });
}

#[test]
fn without_the_right_to_place_the_arena_works_and_reports_it() {
    alone("without_the_right_to_place_the_arena_works_and_reports_it", || {
        let several = nodes().iter().filter(|node| node.memory).count() > 1;
        if !several {
            println!("left out: a refused mbind, because an arena on one node does not call it");
        }
        refuse(&[libc::SYS_mbind, libc::SYS_set_mempolicy, libc::SYS_move_pages]);
        let here = with_cpus();
        each_policy(|case, arena| {
            let pool = leaf_pool(arena);
            for node in &here {
                let wanted = case.wanted(node);
                for block in on(node, || fill(&pool, BLOCKS / 4)) {
                    assert!(wanted.contains(&block.home(&pool).unwrap().0), "{case}");
                    assert!(block.words(&pool, LEAF).iter().all(|word| word.load(Relaxed) == 1));
                    block.release(&pool);
                }
            }
            let refused = Fallback::MbindRefused { errno: libc::EPERM };
            assert_eq!(arena.fallbacks().contains(&refused), several, "{case}: {:?}", arena.fallbacks());
            assert_eq!(arena.report().contains("mbind was refused"), several, "{case}");
            let report = arena.verify_placement();
            assert_eq!(report.refused, Some(libc::EPERM), "{case}");
            assert!(!report.is_as_requested() && report.to_string().contains("not permitted"), "{report}");
        });
    });
}

#[test]
fn memory_only_nodes_take_blocks_only_if_named() {
    let all = nodes();
    let in_use = policies::in_use(&all);
    let Some(far) = all.iter().find(|node| node.memory && !in_use.contains(&node.number)) else {
        println!("left out: everything, this machine has no memory-only node");
        return;
    };
    let here = with_cpus();
    let named = NumaNodeId(far.number);
    assert!(!NumaArena::new().unwrap().nodes().contains(&named));
    for policy in [Policy::Interleave, Policy::Hash, Policy::NearestRemote] {
        let arena = NumaArena::builder().policy(policy.clone()).replicate_inner(true).build().unwrap();
        assert!(!arena.nodes().contains(&named), "{policy}");
        let inner =
            NumaArena::builder().policy(Policy::Node(named)).inner_policy(policy.clone()).build().unwrap();
        assert!(inner.nodes().contains(&named), "{policy}");
    }
    let every: Vec<NumaNodeId> =
        all.iter().filter(|node| node.memory).map(|node| NumaNodeId(node.number)).collect();
    let local = NumaArena::builder().nodes(&every).build().unwrap();
    let pool = leaf_pool(&local);
    for node in here.iter().filter(|node| node.memory) {
        let blocks = on(node, || fill(&pool, BLOCKS));
        assert!(blocks.iter().all(|block| block.home(&pool).unwrap().0 == node.number));
    }
    let named = Placement::NumaNode(named);
    let blocks: Vec<Owned> = (0..BLOCKS).map(|_| Owned::acquire(&pool, named).unwrap()).collect();
    let addresses: Vec<usize> = blocks.iter().map(|block| block.address(&pool)).collect();
    blocks.iter().for_each(|block| block.words(&pool, LEAF)[0].store(1, Relaxed));
    assert!(nodes_of(&addresses).unwrap().iter().all(|&node| node == far.number as i32));
    assert!(local.verify_placement().is_as_requested(), "{}", local.verify_placement());
}
