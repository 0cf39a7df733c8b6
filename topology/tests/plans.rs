//! The exact plan of every policy on synthetic machines of one to eight nodes with two threads per core.
#![cfg(feature = "hwloc")]

use bskip_topology::{CpuSet, Machine, PinError, PinPolicy};

/// Each node has one L3 cache, two cores and two threads per core: CPUs 4n to 4n+3.
fn machine(nodes: u32) -> Machine {
    Machine::synthetic(&format!("package:{nodes} numa:1 l3:1 core:2 pu:2")).expect("a valid description")
}

/// The plan of `policy`, as `CPUs@node` for each worker.
fn plan(policy: &str, machine: &Machine, workers: usize) -> String {
    let policy: PinPolicy = policy.parse().expect("a policy");
    let plan = policy.plan(machine, workers).expect("a possible plan");
    assert_eq!((plan.policy(), plan.len()), (&policy, workers));
    let binding = |binding: &bskip_topology::Binding| match binding.node {
        Some(node) => format!("{}@{node}", binding.cpus),
        None => format!("{}@any", binding.cpus),
    };
    plan.bindings().iter().map(binding).collect::<Vec<_>>().join(" ")
}

#[test]
fn one_node() {
    let machine = machine(1);
    assert_eq!(plan("none", &machine, 2), "0-3@0 0-3@0");
    assert_eq!(plan("compact", &machine, 4), "0@0 1@0 2@0 3@0");
    assert_eq!(plan("scatter", &machine, 4), "0@0 2@0 1@0 3@0");
    assert_eq!(plan("smt-last", &machine, 4), "0@0 2@0 1@0 3@0");
    assert_eq!(plan("per-node", &machine, 2), "0-3@0 0-3@0");
    assert_eq!(plan("per-l3", &machine, 2), "0-3@0 0-3@0");
    assert_eq!(plan("cpus:3,0-1", &machine, 4), "3@0 0@0 1@0 3@0");
}

#[test]
fn two_nodes() {
    let machine = machine(2);
    assert_eq!(plan("none", &machine, 1), "0-7@any");
    assert_eq!(plan("compact", &machine, 8), "0@0 1@0 2@0 3@0 4@1 5@1 6@1 7@1");
    assert_eq!(plan("scatter", &machine, 8), "0@0 4@1 2@0 6@1 1@0 5@1 3@0 7@1");
    assert_eq!(plan("smt-last", &machine, 8), "0@0 2@0 4@1 6@1 1@0 3@0 5@1 7@1");
    assert_eq!(plan("per-node", &machine, 3), "0-3@0 4-7@1 0-3@0");
    assert_eq!(plan("cpus:7,0", &machine, 2), "7@1 0@0");
}

#[test]
fn four_nodes() {
    let machine = machine(4);
    assert_eq!(plan("none", &machine, 1), "0-15@any");
    assert_eq!(plan("compact", &machine, 6), "0@0 1@0 2@0 3@0 4@1 5@1");
    assert_eq!(plan("scatter", &machine, 10), "0@0 4@1 8@2 12@3 2@0 6@1 10@2 14@3 1@0 5@1");
    assert_eq!(plan("smt-last", &machine, 10), "0@0 2@0 4@1 6@1 8@2 10@2 12@3 14@3 1@0 3@0");
    assert_eq!(plan("per-node", &machine, 5), "0-3@0 4-7@1 8-11@2 12-15@3 0-3@0");
    assert_eq!(plan("cpus:12,8,4", &machine, 3), "12@3 8@2 4@1");
}

#[test]
fn eight_nodes() {
    let machine = machine(8);
    assert_eq!(plan("none", &machine, 1), "0-31@any");
    assert_eq!(plan("compact", &machine, 5), "0@0 1@0 2@0 3@0 4@1");
    assert_eq!(plan("scatter", &machine, 9), "0@0 4@1 8@2 12@3 16@4 20@5 24@6 28@7 2@0");
    assert_eq!(
        plan("smt-last", &machine, 18).split(' ').skip(15).collect::<Vec<_>>(),
        ["30@7", "1@0", "3@0"]
    );
    assert_eq!(
        plan("per-node", &machine, 9),
        "0-3@0 4-7@1 8-11@2 12-15@3 16-19@4 20-23@5 24-27@6 28-31@7 0-3@0"
    );
    assert_eq!(plan("cpus:28-31", &machine, 2), "28@7 29@7");
}

#[test]
fn sub_numa_clusters_and_cache_domains() {
    // Two packages of two nodes, each of two L3 domains with two single-threaded cores.
    let machine = Machine::synthetic("package:2 numa:2 l3:2 core:2 pu:1").expect("a valid description");
    assert_eq!(plan("scatter", &machine, 9), "0@0 8@2 4@1 12@3 2@0 10@2 6@1 14@3 1@0");
    assert_eq!(plan("compact", &machine, 5), "0@0 1@0 2@0 3@0 4@1");
    assert_eq!(plan("per-l3", &machine, 9), "0-1@0 8-9@2 4-5@1 12-13@3 2-3@0 10-11@2 6-7@1 14-15@3 0-1@0");
    // A cache that spans nodes makes a domain in each node.
    let machine = Machine::synthetic("package:1 l3:1 numa:2 core:2 pu:1").expect("a valid description");
    assert_eq!(plan("per-l3", &machine, 3), "0-1@0 2-3@1 0-1@0");
}

#[test]
fn siblings_numbered_apart() {
    // As Linux numbers them on x86: siblings are n and n + 4.
    let description = "numa:2 core:2 pu:2(indexes=0,4,1,5,2,6,3,7)";
    let machine = Machine::synthetic(description).expect("a valid description");
    assert_eq!(plan("compact", &machine, 8), "0@0 4@0 1@0 5@0 2@1 6@1 3@1 7@1");
    assert_eq!(plan("smt-last", &machine, 8), "0@0 1@0 2@1 3@1 4@0 5@0 6@1 7@1");
    assert_eq!(plan("scatter", &machine, 8), "0@0 2@1 1@0 3@1 4@0 6@1 5@0 7@1");
    assert_eq!(plan("per-node", &machine, 2), "0-1,4-5@0 2-3,6-7@1");
}

#[test]
fn disallowed_cpus_are_left_out() {
    let machine = machine(2).with_allowed(&CpuSet::from([1, 2, 3, 7]));
    assert_eq!(plan("none", &machine, 1), "1-3,7@any");
    assert_eq!(plan("compact", &machine, 4), "1@0 2@0 3@0 7@1");
    assert_eq!(plan("scatter", &machine, 4), "1@0 7@1 2@0 3@0");
    assert_eq!(plan("smt-last", &machine, 4), "1@0 2@0 7@1 3@0");
    assert_eq!(plan("per-node", &machine, 2), "1-3@0 7@1");
    assert_eq!(plan("per-l3", &machine, 2), "1-3@0 7@1");
    let refused = PinPolicy::Cpus(vec![1, 4]).plan(&machine, 1);
    assert!(matches!(refused, Err(PinError::NotAllowed { cpu: 4, .. })), "{refused:?}");
    let refused = PinPolicy::Cpus(vec![8]).plan(&machine, 1);
    assert!(matches!(refused, Err(PinError::NoSuchCpu { cpu: 8, .. })), "{refused:?}");
}

#[test]
fn a_node_of_memory_only_takes_no_worker() {
    let machine = Machine::synthetic("[numa] package:2 [numa] core:1 pu:1").expect("a valid description");
    let plan = PinPolicy::PerNode.plan(&machine, 4).expect("a possible plan");
    assert_eq!(
        plan.bindings().iter().map(|binding| binding.node).collect::<Vec<_>>(),
        [Some(0), Some(1), Some(0), Some(1)]
    );
    assert_eq!(plan.notes()[0], "node 2 has no CPUs: no worker is placed there");
    assert_eq!(plan.notes()[1], "4 workers on 2 CPUs: up to 2 workers share a CPU");
}

#[test]
fn a_synthetic_plan_does_not_pin() {
    let plan = PinPolicy::Compact.plan(&machine(1), 1).expect("a possible plan");
    assert!(matches!(plan.pin(0), Err(PinError::OtherMachine)));
}
