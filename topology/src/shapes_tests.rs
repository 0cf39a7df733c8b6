//! Machines whose NUMA set-up is unusual or wrong. Their CPUs must have the homes that an arena gives them,
//! and plans must name only these. `numa-alloc` has the same tests over the same machines.

use bskip_numa_nodes::NodesError;
use bskip_numa_nodes::shapes::{self, Shape};

use crate::cpuset::CpuSet;
use crate::discover::sysfs;
use crate::machine::Machine;
use crate::partition::Partition;
use crate::policy::PinPolicy;

/// The machine that the files of `shape` show to the process that runs there.
fn seen(shape: &Shape) -> Machine {
    let affinity: CpuSet = shape.affinity.iter().copied().collect();
    let mut machine = sysfs::machine(|name| shape.read(name), shape.nodes(), Some(&affinity)).expect("CPUs");
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
            assert!(node.is_cpuless() || shape.in_use.contains(&node.os_index), "{}", shape.name);
            assert!(node.cpus.iter().all(|cpu| machine.node_of_cpu(cpu) == Some(node.os_index)));
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
            let plan = policy.plan(&machine, 5).expect("a possible plan");
            let home = |cpu: u32| shape.homes.iter().find(|home| home.0 == cpu).map(|home| home.1);
            for binding in plan.bindings() {
                assert!(binding.cpus.is_subset(machine.allowed()), "{policy} on {}", shape.name);
                let homes: Vec<_> = binding.cpus.iter().map(home).collect();
                match binding.node {
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
fn unusual_machines_have_notes() {
    let notes = |name: &str| seen(&Shape::named(name)).notes.join("\n");
    let text = notes("nps4");
    let both = [
        "node 0 has no memory for this process: the home of its CPUs 0 is node 1",
        "the home of its CPUs 3 is node 2",
    ];
    assert!(both.iter().all(|part| text.contains(part)), "{text}");
    let text = notes("fakememinitiators");
    assert!(text.contains("the home of its CPUs 0-1 is node 5") && !text.contains("node 4"), "{text}");
    let text = notes("8em64t-2s2ca2c-buggynuma");
    assert!(text.starts_with("several nodes list CPUs 0-3:") && text.contains("node 0 for CPU 0"), "{text}");
    let text = notes("lxcfs");
    assert_eq!(
        text,
        "the system shows CPUs 0-1 as online, but this process may run on CPUs 1,4-5: CPUs 4-5 are added; \
         the cause may be a container that shows other CPUs than it grants (lxcfs)"
    );
    assert!(notes("lxcfs, no CPU in common").contains("CPUs 4-5 are added"));
    let text = notes("unlisted CPUs");
    assert!(text.contains("no node lists CPUs 9,1030: their home is node 0"), "{text}");
    assert!(notes("memory of one node").contains("the home of its CPUs 0-3 is node 1"));
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
        assert_eq!((machine.nodes().len(), machine.nodes()[0].os_index), (1, 0));
        assert!(machine.fallback().is_some_and(|text| text.contains(reason)), "{:?}", machine.fallback());
    }
    // The nodes are known although the list of CPUs is not. The kernel's mask replaces it.
    let machine = seen(&Shape::named("hidden cpu/online"));
    assert_eq!((machine.fallback(), machine.nodes().len()), (None, 2));
    assert_eq!(machine.cpu_set().to_string(), "0,4");
    // Without either there is no machine.
    assert_eq!(sysfs::machine(|_| None, Err(NodesError::NotShown), None), None);
}

#[test]
fn distances_are_those_of_the_files_or_none() {
    let distances = |name: &str| seen(&Shape::named(name)).distances;
    assert_eq!(distances("fakememinitiators").and_then(|matrix| matrix.get(1, 8)), Some(11));
    assert_eq!(distances("a short row"), None);
    assert_eq!(distances("no has_memory, no distances"), None);
}

#[test]
fn skipped_nodes_have_notes() {
    let machine = seen(&Shape::named("fakememinitiators"));
    let plan = PinPolicy::PerNode.plan(&machine, 2).expect("a possible plan");
    let notes = plan.notes().join("\n");
    assert!(notes.contains("node 0 has no memory for this process: no worker is placed there"), "{notes}");
    assert!(notes.contains("node 7 has no CPUs: no worker is placed there"), "{notes}");
}
