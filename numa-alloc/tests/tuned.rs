//! A `tuned.toml` that names the nodes of this machine loads here, and the pages of its map are where it says,
//! according to the kernel. A machine with other nodes refuses it.
//!
//! `cargo xtask numa-vm` runs this on machines with several nodes.
#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::path::PathBuf;

use bskip_core::BSkipMap;
use bskip_core::arena::NumaNodeId;
use bskip_topology::{Machine, PinPolicy, WorkerPool};
use numa_alloc::config::{Replicas, TunedMachine, TunedNode};
use numa_alloc::{NumaArena, NumaConfig, PageSize, Policy};
use support::linux::{PAGE, RealNode, nodes, nodes_of};

const KEYS: u64 = 20_000;

/// A configuration that recommends this placement on this machine.
fn config(placement: Policy, pages: PageSize, replicas: Replicas) -> NumaConfig {
    let mut config: NumaConfig = include_str!("config/one-node.toml").parse().unwrap();
    config.machine = TunedMachine::this();
    let best = &mut config.overall.best;
    best.inner_placement = placement.clone();
    (best.placement, best.pages, best.replicas) = (placement, pages, replicas);
    (best.pin, best.threads) = ("per-node".into(), 2 * nodes().len());
    config
}

/// Writes a configuration to a file of its own, and loads it again.
fn written(config: &NumaConfig, name: &str) -> (PathBuf, NumaConfig) {
    let file = std::env::temp_dir().join(format!("numa-alloc-{name}-{}.toml", std::process::id()));
    fs::write(&file, config.to_string()).unwrap();
    let loaded = NumaConfig::from_file(&file).unwrap();
    (file, loaded)
}

/// A map as the file says, filled by the workers that it says.
fn filled(config: &NumaConfig) -> BSkipMap<u64, u64, NumaArena> {
    let best = config.best().unwrap();
    let map = BSkipMap::with_config(best.arena().build().unwrap(), best.map()).unwrap();
    let plan = best.pin.parse::<PinPolicy>().unwrap().plan(&Machine::discover(), best.threads).unwrap();
    WorkerPool::new(plan).run(|worker| {
        let (first, step) = (worker.index() as u64, worker.workers());
        (first..KEYS).step_by(step).for_each(|key| _ = map.insert(key, key));
    });
    assert_eq!(map.len() as u64, KEYS);
    map
}

/// How many pages of the arena's leaves and inner blocks are on each node, according to the kernel.
fn pages_by_node(arena: &NumaArena) -> Result<Vec<(u32, usize)>, i32> {
    let mut counts: Vec<(u32, usize)> = nodes().iter().map(|node| (node.number, 0)).collect();
    for range in arena.address_ranges() {
        // A small map lies in the first 32 MiB of a range.
        let addresses: Vec<usize> =
            (0..range.bytes.min(32 << 20)).step_by(PAGE).map(|at| range.start + at).collect();
        for found in nodes_of(&addresses)? {
            // A negative number is a page that was never touched.
            if let Some(count) = counts.iter_mut().find(|(node, _)| i64::from(*node) == i64::from(found)) {
                count.1 += 1;
            }
        }
    }
    Ok(counts)
}

#[test]
fn pages_are_where_the_file_says() {
    // A node that is nearly full overflows to others; `full_node` tests that.
    let has_room = |node: &&RealNode| node.memory && node.free() >= 48 << 20;
    let usable: Vec<u32> = nodes().iter().filter(has_room).map(|node| node.number).collect();
    if usable.len() < 2 {
        println!("left out: placement on several nodes, this machine has fewer than two with room");
    }
    if usable.is_empty() {
        return;
    }
    let weights = usable.iter().zip(1..).map(|(&node, weight)| (NumaNodeId(node), weight)).collect();
    let mut placements = vec![(Policy::WeightedInterleave(weights), usable.clone())];
    placements.extend(usable.iter().map(|&node| (Policy::Node(NumaNodeId(node)), vec![node])));
    for (placement, named) in placements {
        let sizes = [PageSize::Small, PageSize::Transparent];
        // Emulated machines are slow, so only the placement on all nodes has both.
        let sizes = if named.len() > 1 { &sizes[..] } else { &sizes[..1] };
        for &pages in sizes {
            let (file, loaded) = written(&config(placement.clone(), pages, Replicas::None), "placement");
            let map = filled(&loaded);
            fs::remove_file(&file).unwrap();
            let report = map.arena().verify_placement();
            let Ok(counts) = pages_by_node(map.arena()) else {
                println!("left out: the system does not say where pages are");
                return;
            };
            println!("{placement}, {pages} pages: {counts:?}");
            assert!(report.is_as_requested(), "{report}");
            let all: usize = counts.iter().map(|(_, pages)| pages).sum();
            assert!(all as u64 * PAGE as u64 >= KEYS * 16, "{counts:?}");
            for (node, pages) in counts {
                assert_eq!(
                    pages > 0,
                    named.contains(&node),
                    "node {node} has {pages} pages under {placement}"
                );
            }
        }
    }
}

#[test]
fn replicas_are_made_if_the_file_says_so() {
    let (file, loaded) = written(&config(Policy::Interleave, PageSize::Small, Replicas::Lazy), "replicas");
    let map = filled(&loaded);
    fs::remove_file(file).unwrap();
    let homes = nodes().iter().filter(|node| node.memory && node.has_cpus).count();
    assert_eq!(map.arena().replicates_inner(), homes > 1);
    assert!(map.arena().verify_placement().is_as_requested());
    assert_eq!(map.get(&7), Some(7));
}

#[test]
fn a_machine_with_other_nodes_refuses_the_file() {
    let file = std::env::temp_dir().join(format!("numa-alloc-other-{}.toml", std::process::id()));
    let ids = |machine: &TunedMachine| {
        let ids: Vec<String> = machine.nodes.iter().map(|node| node.id.to_string()).collect();
        format!("{} [{}]", ids.len(), ids.join(","))
    };
    let here = TunedMachine::this();
    let four: Vec<TunedNode> =
        (0..4).map(|id| TunedNode { id, cpus: id.to_string(), memory: 1 << 30 }).collect();
    let one = four[..1].to_vec();
    for nodes in [four, one] {
        let mut config = config(Policy::Local, PageSize::Small, Replicas::None);
        let plural = if nodes.len() == 1 { "" } else { "s" };
        let differs = nodes.len() != here.nodes.len();
        config.machine.nodes = nodes;
        fs::write(&file, config.to_string()).unwrap();
        let refused = NumaConfig::from_file(&file).unwrap_err().to_string();
        println!("{refused}");
        if differs {
            let made = ids(&config.machine).replacen(" [", &format!(" NUMA node{plural} ["), 1);
            let wanted = format!("made on {made}; this machine has {}", ids(&here));
            assert!(refused.contains(&wanted), "{wanted} in: {refused}");
        }
        assert!(refused.ends_with("run `cargo xtask bench-numa --out DIR` here"), "{refused}");
    }
    fs::remove_file(file).unwrap();
}
