//! Machines in hwloc's XML (version 2): what its synthetic notation cannot say. hwloc's own parser takes no comments.

use bskip_topology::{CpuSet, Machine, PinPolicy};
use hwlocality::topology::Topology;
use hwlocality::topology::builder::BuildFlags;
use hwlocality::topology::export::xml::XMLExportFlags;

use super::checks::check;

/// A machine with the CPUs that a process there may use, and those whose own node it cannot use, with their homes.
type Described = (&'static str, &'static str, &'static str, &'static [(u32, u32)]);

const MACHINES: &[Described] = &[
    ("hybrid cores", include_str!("xml/hybrid.xml"), "0-7", &[]),
    ("offline CPUs", include_str!("xml/offline.xml"), "0-2,4-5,7", &[]),
    ("a container with a cpuset", include_str!("xml/container.xml"), "2-5", &[(4, 0), (5, 0)]),
    ("memory of GPUs as nodes", include_str!("xml/gpu-memory.xml"), "0-3,88-91", &[]),
    ("CPUs beyond 1024", include_str!("xml/beyond-1024.xml"), "1022-1025", &[]),
    ("CPUs on a node without memory", include_str!("xml/no-memory.xml"), "0-5", &[(2, 2), (3, 2)]),
];

/// The machine as hwloc reads it, with what the process may not use.
fn topology(xml: &str) -> Topology {
    let builder = Topology::builder().from_xml(xml).expect("hwloc reads it");
    builder.with_flags(BuildFlags::INCLUDE_DISALLOWED).expect("a known flag").build().expect("a machine")
}

fn named(name: &str) -> Machine {
    let (_, xml, ..) = MACHINES.iter().find(|machine| machine.0 == name).expect("a machine of this name");
    Machine::from_xml(xml).expect(name)
}

#[test]
fn plans_have_the_cpus_that_hwloc_names_and_the_arena_agrees_on_homes() {
    for &(name, xml, allowed, elsewhere) in MACHINES {
        let machine = Machine::from_xml(xml).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(machine.allowed().to_string(), allowed, "{name}");
        check(name, &topology(xml), &machine, elsewhere);
    }
}

#[test]
fn more_than_1024_cpus_survive_xml() {
    let description = "package:4 group:2 [numa] l3:8 core:10 pu:2";
    let builder = Topology::builder().from_synthetic(description).expect("a valid description");
    let original = builder.build().expect("a machine");
    let xml = original.export_xml(XMLExportFlags::empty()).expect("XML");
    let machine = Machine::from_xml(xml.as_str()).expect("hwloc reads what it wrote");
    assert_eq!(machine.cpus().len(), 1280);
    check(description, &topology(xml.as_str()), &machine, &[]);
}

#[test]
fn hybrid_cores_have_their_own_numbers_of_siblings_and_caches() {
    let machine = named("hybrid cores");
    let siblings = |core: u32| machine.cpus().iter().filter(|cpu| cpu.core == core).count();
    assert_eq!((0..6).map(siblings).collect::<Vec<_>>(), [2, 2, 1, 1, 1, 1]);
    let l2: Vec<_> = machine.cpus().iter().map(|cpu| cpu.l2).collect();
    assert_eq!(l2, [0, 0, 1, 1, 2, 2, 2, 2].map(Some));
    // A worker for each core, before any core gets a second one.
    let plan = PinPolicy::SmtLast.plan(&machine, 6).expect("a possible plan");
    let cpus: CpuSet =
        plan.bindings().iter().flat_map(|worker| worker.cpus.iter().collect::<Vec<_>>()).collect();
    assert_eq!(cpus.to_string(), "0,2,4-7");
}

#[test]
fn offline_cpus_and_those_outside_the_cpuset_are_told_apart() {
    let refused =
        |name: &str, cpu: u32| PinPolicy::Cpus(vec![cpu]).plan(&named(name), 1).unwrap_err().to_string();
    assert!(refused("offline CPUs", 3).contains("CPU 3 does not exist or is offline"));
    let why = refused("a container with a cpuset", 6);
    assert!(!why.contains("does not exist") && why.contains("2-5"), "{why}");
}

#[test]
fn isolated_cpus_are_planned_only_if_the_process_may_use_them() {
    // The kernel's `isolcpus=` hides no CPU from hwloc. It takes the CPUs out of every process's affinity.
    let machine = named("hybrid cores").with_allowed(&"0-1,4-6".parse().expect("a list"));
    for policy in
        [PinPolicy::Compact, PinPolicy::Scatter, PinPolicy::SmtLast, PinPolicy::PerNode, PinPolicy::PerL3]
    {
        let plan = policy.plan(&machine, 8).expect("a possible plan");
        assert!(plan.bindings().iter().all(|worker| worker.cpus.is_subset(machine.allowed())), "{policy}");
    }
}

#[test]
fn memory_of_gpus_is_no_home() {
    let machine = named("memory of GPUs as nodes");
    let cpus: Vec<_> = machine.nodes().iter().map(|node| (node.os_index, node.cpus.to_string())).collect();
    let none = |node| (node, String::new());
    let expected = [(0, "0-3".into()), (8, "88-91".into()), none(252), none(253), none(254), none(255)];
    assert_eq!(cpus, expected);
    assert_eq!(machine.distances().and_then(|matrix| matrix.get(0, 252)), Some(80));
}
