//! Compares the nodes that hwloc and this crate show with what the kernel says. On one node this shows
//! little; `cargo xtask numa-vm` runs it on machines with several nodes.
#![cfg(all(target_os = "linux", feature = "hwloc"))]

use std::fs;

use bskip_topology::{CpuSet, Machine, PinPolicy, current_node};

/// A file below `/sys/devices/system/node`, without the line end.
fn kernel(name: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/sys/devices/system/node/{name}")).ok()?;
    Some(text.trim_end().to_owned())
}

fn list(name: &str) -> Option<CpuSet> {
    kernel(name)?.parse().ok()
}

#[test]
fn nodes_their_cpus_and_distances_are_the_kernels() {
    let Some(online) = list("online") else {
        println!("left out: everything, the kernel does not tell its nodes here");
        return;
    };
    if online.len() == 1 {
        println!("left out: other nodes, this machine has one");
    }
    let machine = Machine::discover();
    println!("{machine}");
    assert_eq!(machine.fallback(), None);
    assert_eq!(machine.nodes().iter().map(|node| node.os_index).collect::<CpuSet>(), online);
    let with_memory = list("has_memory").expect("the kernel tells which nodes have memory");
    // Each of them has one home nevertheless.
    let listed_twice = machine.notes().iter().any(|note| note.starts_with("several nodes list"));
    for node in machine.nodes() {
        let number = node.os_index;
        let cpus = list(&format!("node{number}/cpulist")).expect("each node has a list of CPUs");
        if listed_twice {
            assert!(node.cpus.is_subset(&cpus), "node {number}");
        } else if with_memory.contains(number) {
            assert!(cpus.is_subset(&node.cpus), "node {number}");
            assert!(cpus == node.cpus || with_memory != online, "node {number}");
        } else {
            // Their home is another node, and a note says so.
            assert!(node.is_cpuless(), "node {number}");
            let said =
                machine.notes().iter().any(|note| note.contains(&format!("node {number} has no memory")));
            assert!(said || cpus.is_empty(), "node {number}: {:?}", machine.notes());
        }
        assert_eq!(node.memory.is_some_and(|bytes| bytes > 0), with_memory.contains(number), "node {number}");
        let row = kernel(&format!("node{number}/distance")).expect("each node has distances");
        let distances = machine.distances().expect("a matrix, where the kernel has one");
        for (to, distance) in online.iter().zip(row.split_whitespace()) {
            let seen = distances.get(number, to).map(|seen| seen.to_string());
            assert_eq!(seen.as_deref(), Some(distance), "from {number} to {to}");
        }
    }
}

#[test]
fn workers_pinned_by_node_run_on_the_nodes_that_have_cpus() {
    let machine = Machine::discover();
    let has_cpus =
        |number: &u32| machine.allowed().iter().any(|cpu| machine.node_of_cpu(cpu) == Some(*number));
    let nodes: CpuSet = machine.nodes().iter().map(|node| node.os_index).filter(has_cpus).collect();
    let with_memory = list("has_memory");
    if machine.nodes().len() == 1 {
        println!("left out: other nodes, this machine has one");
    }
    let plan = PinPolicy::PerNode.plan(&machine, machine.allowed().len()).expect("a possible plan");
    let seen: CpuSet = (0..plan.len())
        .map(|worker| {
            let plan = &plan;
            let run = move || {
                plan.pin(worker).expect("allowed CPUs");
                current_node()
            };
            let node =
                std::thread::scope(|scope| scope.spawn(run).join().expect("the thread does not panic"));
            let home = plan.bindings()[worker].node.expect("one node for each worker");
            let has_memory = with_memory.as_ref().is_none_or(|nodes| nodes.contains(node));
            assert!(home == node || !has_memory, "worker {worker} of {plan}");
            home
        })
        .collect();
    assert_eq!(seen, nodes, "{plan}");
}
