//! Machines that go wrong in the field: their CPUs have the homes that an arena gives them, and plans name only those.
//! `numa-alloc` has the same tests over the same machines.

use bskip_numa_nodes::shapes::{self, Shape};

use super::*;
use crate::{Partition, PinPolicy};

/// The machine as the files of `shape` show it, for the process that runs there.
fn seen(shape: &Shape) -> Machine {
    let affinity: CpuSet = shape.affinity.iter().copied().collect();
    let mut machine = machine(|name| shape.read(name), shape.nodes(), Some(&affinity)).expect("CPUs");
    machine.allowed = affinity;
    machine
}

#[test]
fn cpus_have_the_homes_that_the_arena_gives_them() {
    for shape in shapes::all() {
        let machine = seen(&shape);
        for &(cpu, node) in &shape.homes {
            assert_eq!(machine.node_of_cpu(cpu), Some(node), "CPU {cpu} of {}", shape.name);
        }
        for node in machine.nodes() {
            assert!(node.is_cpuless() || shape.in_use.contains(&node.number), "{}", shape.name);
            assert!(node.cpus.iter().all(|cpu| machine.node_of_cpu(cpu) == Some(node.number)));
        }
        let homes: usize = machine.nodes().iter().map(|node| node.cpus.len()).sum();
        assert_eq!(homes, machine.cpus().len(), "{}: each CPU has one home", shape.name);
    }
}

#[test]
fn plans_and_partitions_name_nodes_that_the_arena_has() {
    for shape in shapes::all() {
        let machine = seen(&shape);
        let policies = [
            PinPolicy::None,
            PinPolicy::Compact,
            PinPolicy::Scatter,
            PinPolicy::PerNode,
            PinPolicy::PerL3,
            PinPolicy::SmtLast,
            PinPolicy::Cpus(shape.affinity.clone()),
        ];
        for policy in policies {
            let plan = policy.plan(&machine, 5).expect("CPUs to run on");
            let home = |cpu: u32| shape.homes.iter().find(|home| home.0 == cpu).map(|home| home.1);
            for place in plan.places() {
                assert!(place.cpus.is_subset(machine.allowed()), "{policy} on {}", shape.name);
                let homes: Vec<_> = place.cpus.iter().map(home).collect();
                match place.node {
                    Some(node) => assert!(homes.iter().all(|&home| home == Some(node)), "{policy}"),
                    None => assert!(homes.iter().any(|home| *home != homes[0]), "{policy}"),
                }
            }
            for (_, node) in Partition::new(&plan, 0..=999).bounds() {
                assert!(shape.in_use.contains(&node), "{policy} on {}: node {node}", shape.name);
            }
        }
    }
}

#[test]
fn what_is_strange_is_noted() {
    let notes = |name: &str| seen(&Shape::named(name)).notes.join("\n");
    let told = notes("nps4");
    let both = [
        "node 0 has no memory for this process: its CPUs 0 have their home on node 1",
        "CPUs 3 have their home on node 2",
    ];
    assert!(both.iter().all(|part| told.contains(part)), "{told}");
    let told = notes("fakememinitiators");
    assert!(told.contains("CPUs 0-1 have their home on node 5") && !told.contains("node 4"), "{told}");
    let told = notes("8em64t-2s2ca2c-buggynuma");
    assert!(told.starts_with("several nodes list CPUs 0-3:") && told.contains("CPU 0 on node 0"), "{told}");
    let told = notes("lxcfs");
    assert_eq!(
        told,
        "the system shows CPUs 0-1 as online, but this process may run on CPUs 1,4-5: CPUs 4-5 are taken in; a container \
         that shows other CPUs than it gives (lxcfs) does this"
    );
    assert!(notes("lxcfs, no CPU in common").contains("CPUs 4-5 are taken in"));
    let told = notes("unlisted CPUs");
    assert!(told.contains("no node lists CPUs 9,1030: node 0 counts as their home"), "{told}");
    assert!(notes("memory of one node").contains("CPUs 0-3 have their home on node 1"));
    for quiet in ["nvidiagpunumanodes", "possible nodes", "CPUs from 1024", "hidden cpu/online"] {
        assert_eq!(notes(quiet), "", "{quiet}");
    }
}

#[test]
fn hidden_nodes_are_one_node() {
    for (name, reason) in
        [("hidden nodes", "/sys/devices/system/node"), ("memory of no node", "memory for this process")]
    {
        let machine = seen(&Shape::named(name));
        assert_eq!((machine.nodes().len(), machine.nodes()[0].number), (1, 0));
        assert!(machine.fallback().is_some_and(|told| told.contains(reason)), "{:?}", machine.fallback());
    }
    // Nodes are known although the list of CPUs is not: the kernel's mask stands in.
    let machine = seen(&Shape::named("hidden cpu/online"));
    assert_eq!((machine.fallback(), machine.nodes().len()), (None, 2));
    assert_eq!(machine.cpu_numbers().to_string(), "0,4");
    // Neither, and there is no machine.
    assert_eq!(super::machine(|_| None, Err(Hidden::NotShown), None), None);
}

#[test]
fn distances_are_those_of_the_files_or_none() {
    let distances = |name: &str| seen(&Shape::named(name)).distances;
    assert_eq!(distances("fakememinitiators").and_then(|matrix| matrix.get(1, 8)), Some(11));
    assert_eq!(distances("a short row"), None);
    assert_eq!(distances("no has_memory, no distances"), None);
}

#[test]
fn nodes_passed_over_say_why() {
    let machine = seen(&Shape::named("fakememinitiators"));
    let plan = PinPolicy::PerNode.plan(&machine, 2).expect("CPUs to run on");
    let notes = plan.notes().join("\n");
    assert!(notes.contains("node 0 has no memory for this process: no worker is placed there"), "{notes}");
    assert!(notes.contains("node 7 has no CPUs: no worker is placed there"), "{notes}");
}
