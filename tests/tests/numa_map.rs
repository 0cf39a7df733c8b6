//! A map on the machine's real nodes, with threads bound to all of them.
//!
//! Properties, for every placement policy, without replicas of the inner levels and with them:
//! - threads on every CPU insert, remove, read and scan, each its own keys and shared ones: every answer is
//!   right, every pair is there at the end, and the invariants hold;
//! - at least 99 of 100 of the arena's pages are where the policy put them, also after threads of other nodes
//!   removed half of the keys and inserted them again.
//!
//! `cargo xtask numa-vm` runs this on machines with several nodes.
#![cfg(target_os = "linux")]

#[path = "../../numa-alloc/tests/support/mod.rs"]
mod support;

use bskip_core::{BSkipMap, NumaNodeId};
use numa_alloc::{NumaArena, Policy};
use support::linux::{RealNode, nodes, pin};
use support::policies::{self, Case};
use tests::rng::mix;
use tests::threads;

/// Keys of each thread.
const KEYS: u64 = 6_000;
/// Threads, at most.
const THREADS: usize = 8;

type Map = BSkipMap<u64, u64, NumaArena>;

/// The CPUs that threads are bound to: one of each node in turn, so that neighbours are on different nodes.
fn cpus() -> Vec<u32> {
    let nodes: Vec<RealNode> = nodes().into_iter().filter(|node| !node.cpus.is_empty()).collect();
    let most = nodes.iter().map(|node| node.cpus.len()).max().unwrap_or(0);
    let in_turn = (0..most).flat_map(|round| nodes.iter().filter_map(move |node| node.cpus.get(round)));
    in_turn.copied().take(THREADS).collect()
}

/// Key `i` of thread `t`: spread over the whole range, so that threads meet in leaves.
fn key(t: usize, i: u64) -> u64 {
    mix(t as u64 * KEYS + i)
}

fn value(key: u64, round: u64) -> u64 {
    !key ^ round
}

/// Checks that nearly all pages are where the arena asked for them, if the system tells.
fn assert_placed(case: &Case, arena: &NumaArena) {
    let report = arena.verify_placement();
    if let Some(errno) = report.refused {
        println!("left out: pages, the system does not tell where they are (error {errno})");
        return;
    }
    let placed: usize = report.nodes.iter().map(|node| node.placed).sum();
    let elsewhere: usize = report.nodes.iter().flat_map(|node| &node.elsewhere).map(|(_, pages)| pages).sum();
    assert!(placed > 0 && elsewhere * 100 <= placed + elsewhere, "{case}: {report}");
    assert_eq!(arena.stats().misses, 0, "{case}");
}

fn run(case: &Case, cpus: &[u32], replicate: bool) {
    let builder = NumaArena::builder().policy(case.policy.clone()).replicate_inner(replicate);
    let arena = builder.build().unwrap();
    let mut map = Map::with_arena(arena.clone()).unwrap();
    let bound = |t: usize| assert!(pin(cpus[t]), "CPU {} is this process's", cpus[t]);
    threads::run(cpus.len(), |t| {
        bound(t);
        for i in 0..KEYS {
            let key = key(t, i);
            assert_eq!(map.insert(key, value(key, 0)), None);
            assert_eq!(map.get(&key), Some(value(key, 0)));
        }
    });
    assert_eq!(map.check_invariants().stale_replicas, 0);
    assert_placed(case, &arena);

    // The next thread, which is on another node, removes half of each thread's keys and inserts them again.
    threads::run(cpus.len(), |t| {
        bound(t);
        let of = (t + 1) % cpus.len();
        for i in (0..KEYS).step_by(2) {
            let key = key(of, i);
            assert_eq!(map.remove(&key), Some(value(key, 0)));
        }
        for i in (1..KEYS).step_by(2) {
            assert_eq!(map.get(&key(t, i)), Some(value(key(t, i), 0)));
        }
        for i in (0..KEYS).step_by(2) {
            let key = key(of, i);
            assert_eq!(map.insert(key, value(key, 1)), None);
        }
        let seen: Vec<(u64, u64)> = map.range(key(t, 0)..).take(100).collect();
        assert!(seen.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(seen.iter().all(|&(key, word)| word == value(key, 0) || word == value(key, 1)));
    });
    let structure = map.check_invariants();
    let usage = map.usage();
    assert_eq!(usage.issued_blocks, structure.leaves + structure.inners, "{case}");
    assert_eq!(map.len() as u64, cpus.len() as u64 * KEYS, "{case}");
    for t in 0..cpus.len() {
        for i in 0..KEYS {
            let key = key(t, i);
            assert_eq!(map.get(&key), Some(value(key, (i + 1) % 2)), "{case}");
        }
    }
    assert_placed(case, &arena);
}

#[test]
fn a_map_is_right_and_its_pages_in_place_under_every_policy() {
    let nodes = nodes();
    if nodes.len() == 1 {
        println!("left out: other nodes, this machine has one");
    }
    let cpus = cpus();
    // One policy that names a single node is enough: the one that names the last node. A node of memory
    // alone, if the machine has any, is the last.
    let last = NumaNodeId(nodes.iter().rfind(|node| node.memory).expect("a node with memory").number);
    let is_needed = |case: &Case| !matches!(case.policy, Policy::Node(node) if node != last);
    for case in policies::all(&nodes).iter().filter(|case| is_needed(case)) {
        [false, true].into_iter().for_each(|replicate| run(case, &cpus, replicate));
    }
}
