//! Synthetic and XML machines of one to eight nodes, read through hwloc.
#![cfg(feature = "hwloc")]

use bskip_topology::{Cpu, CpuSet, Machine, MachineError, Partition, PinPolicy};
use hwlocality::object::distance::{AddDistancesFlags, DistancesKind};
use hwlocality::object::types::ObjectType;
use hwlocality::topology::Topology;
use hwlocality::topology::export::xml::XMLExportFlags;

fn synthetic(description: &str) -> Machine {
    Machine::synthetic(description).expect("a valid description")
}

fn topology(description: &str) -> Topology {
    let builder = Topology::builder().from_synthetic(description).expect("a valid description");
    builder.build().expect("a valid topology")
}

fn through_xml(topology: &Topology) -> Machine {
    let xml = topology.export_xml(XMLExportFlags::empty()).expect("hwloc writes XML");
    Machine::from_xml(xml.as_str()).expect("hwloc reads what it wrote")
}

#[test]
fn nodes_cores_threads_and_caches() {
    for nodes in [1_u32, 2, 4, 8] {
        let machine = synthetic(&format!(
            "package:{nodes} numa:1(memory=1GiB) l3:2(size=8MiB) l2:2(size=1MiB) core:1 pu:2"
        ));
        assert!(!machine.is_this_machine());
        assert_eq!((machine.fallback(), machine.distances()), (None, None));
        assert_eq!(machine.nodes().len(), nodes as usize);
        for (number, node) in (0..).zip(machine.nodes()) {
            assert_eq!(node.os_index, number);
            assert_eq!(node.cpus, (number * 8..number * 8 + 8).collect());
            assert_eq!(node.memory, Some(1 << 30));
            assert!(node.allowed && !node.is_cpuless());
        }
        assert_eq!(machine.cpus().len(), 8 * nodes as usize);
        for cpu in machine.cpus() {
            let n = cpu.os_index;
            let found = (cpu.core, cpu.package, cpu.node, cpu.l2, cpu.l3, cpu.smt);
            assert_eq!(found, (n / 2, n / 8, n / 8, Some(n / 2), Some(n / 4), n % 2), "CPU {n}");
            assert_eq!(machine.node_of_cpu(n), Some(n / 8));
        }
        assert_eq!(machine.node_of_cpu(8 * nodes), None);
        assert_eq!(machine.allowed(), &machine.cpu_set());

        let level = |level| machine.caches().iter().filter(move |cache| cache.level == level);
        assert_eq!(
            (level(1).count(), level(2).count(), level(3).count()),
            (0, 4 * nodes as usize, 2 * nodes as usize)
        );
        for (index, cache) in (0..).zip(level(3)) {
            assert_eq!((cache.index, cache.size), (index, Some(8 << 20)));
            assert_eq!(cache.cpus, (index * 4..index * 4 + 4).collect());
        }
    }
}

#[test]
fn summaries() {
    let machine = synthetic("package:2 numa:1(memory=1GiB) l3:2(size=8MiB) l2:2(size=1MiB) core:1 pu:2");
    let summary = "2 packages, 2 nodes (0-1), 8 cores, 16 threads, 2 GiB; L2 1 MiB x8, L3 8 MiB x4";
    assert_eq!(machine.to_string(), summary);
    let machine = machine.with_allowed(&CpuSet::from([1, 2, 3]));
    assert_eq!(machine.to_string(), format!("{summary}; 3 threads allowed (1-3)"));
    let machine = synthetic("numa:1(memory=1GiB) pu:1").with_allowed(&CpuSet::new());
    assert_eq!(machine.to_string(), "1 package, 1 node (0), 1 core, 1 thread, 1 GiB; 0 threads allowed");
}

#[test]
fn system_numbers_need_not_follow_the_tree() {
    // Nodes are numbered against the tree; siblings are numbered apart, as Linux does on x86.
    let machine = synthetic("numa:2(indexes=1,0) core:2 pu:2(indexes=0,4,1,5,2,6,3,7)");
    assert_eq!(machine.nodes()[0].os_index, 0);
    assert_eq!(machine.nodes()[0].cpus.to_string(), "2-3,6-7");
    assert_eq!(machine.nodes()[1].cpus.to_string(), "0-1,4-5");
    let cpu = |number| machine.cpu(number).map(|cpu: &Cpu| (cpu.core, cpu.smt, cpu.node));
    assert_eq!(
        (cpu(0), cpu(4), cpu(3), cpu(7)),
        (Some((0, 0, 1)), Some((0, 1, 1)), Some((3, 0, 0)), Some((3, 1, 0)))
    );
}

#[test]
fn memory_only_nodes_have_no_cpus() {
    let machine = synthetic("[numa(memory=1GiB)] package:2 [numa(memory=4GiB)] core:2 pu:1");
    let cpus: Vec<_> = machine.nodes().iter().map(|node| (node.cpus.to_string(), node.memory)).collect();
    let expected =
        [("0-1", 4 << 30), ("2-3", 4 << 30), ("", 1 << 30)].map(|(cpus, m)| (cpus.to_owned(), Some(m)));
    assert_eq!(cpus, expected);
    assert!(machine.nodes()[2].is_cpuless());
    // The smaller locality is the home, even if the memory-only node has the lowest number.
    let machine = synthetic("[numa] package:2 [numa(indexes=2,1,0)] core:2 pu:1");
    let cpus: Vec<_> = machine.nodes().iter().map(|node| node.cpus.to_string()).collect();
    assert_eq!(cpus, ["", "2-3", "0-1"]);
    // Of two nodes of one locality, the lower number is the home.
    let machine = synthetic("package:1 [numa] [numa] core:2 pu:1");
    assert_eq!(machine.nodes().iter().map(|node| node.is_cpuless()).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn cpus_of_nodes_without_memory_have_their_home_on_the_nearest_with_memory() {
    // Two groups of CPUs on nodes without memory, and one memory-only node.
    let machine = synthetic("[numa(memory=1GiB)] group:2 [numa(memory=0)] core:2 pu:1");
    let memory = |cpu: &Cpu| machine.node(cpu.node).and_then(|node| node.memory);
    assert!(machine.cpus().iter().all(|cpu| memory(cpu) == Some(1 << 30)), "{machine:?}");
    for policy in [PinPolicy::PerNode, PinPolicy::Scatter, PinPolicy::Compact] {
        let plan = policy.plan(&machine, 4).expect("a possible plan");
        let bounds = Partition::new(&plan, 0..=99).bounds();
        assert_eq!(bounds, [(0, machine.cpus()[0].node)], "{policy}");
    }
    // The home is the nearest node if distances are known.
    let mut topology = topology("numa:4 core:1 pu:1");
    let values = [10, 31, 30, 12, 31, 10, 12, 30, 30, 12, 10, 31, 12, 30, 31, 10];
    topology.edit(|editor| {
        editor
            .add_distances(
                None,
                DistancesKind::FROM_USER | DistancesKind::MEANS_LATENCY,
                AddDistancesFlags::empty(),
                |topology| {
                    let nodes = topology.objects_with_type(ObjectType::NUMANode);
                    (nodes.map(Some).collect(), values.to_vec())
                },
            )
            .expect("a valid matrix");
    });
    let xml = topology.export_xml(XMLExportFlags::empty()).expect("hwloc writes XML");
    // Nodes 0 and 2 lose their memory.
    let mut nodes = 0;
    let bare = xml.as_str().split_inclusive('>').map(|tag| {
        let is_node = tag.contains("local_memory=\"");
        let number = nodes;
        nodes += u32::from(is_node);
        let (before, after) = tag.split_once("local_memory=\"").unwrap_or((tag, ""));
        match is_node && number % 2 == 0 {
            true => format!("{before}{}", after.split_once('"').expect("an attribute").1),
            false => tag.to_owned(),
        }
    });
    let machine = Machine::from_xml(&bare.collect::<String>()).expect("valid XML");
    let homes: Vec<u32> = machine.cpus().iter().map(|cpu| cpu.node).collect();
    assert_eq!(homes, [3, 1, 1, 3]);
    assert!(machine.node(0).is_some_and(|node| node.memory == Some(0) && node.is_cpuless()));
}

#[test]
fn nodes_of_one_locality_have_one_home() {
    // Like fake NUMA, and like GPUs next to the memory of a package: the lowest number is the home.
    let machine = synthetic("package:2 [numa] [numa] [numa] core:2 pu:1");
    assert_eq!(machine.cpus().iter().map(|cpu| cpu.node).collect::<Vec<_>>(), [0, 0, 3, 3]);
    let plan = PinPolicy::PerNode.plan(&machine, 4).expect("a possible plan");
    assert!(plan.bindings().iter().all(|binding| matches!(binding.node, Some(0 | 3))), "{plan}");
    assert!(Partition::new(&plan, 0..=99).bounds().iter().all(|(_, node)| [0, 3].contains(node)));
}

#[test]
fn xml_round_trips() {
    for description in [
        "pu:1",
        "package:2 numa:1 l3:1 core:2 pu:2",
        "package:4 numa:2(memory=3GB) l3:2 l2:1 core:2 pu:2",
        "numa:8 core:1 pu:1",
        "[numa(memory=1GB)] package:2 [numa(memory=4GB)] l3:2 core:4 pu:1",
    ] {
        assert_eq!(through_xml(&topology(description)), synthetic(description), "{description}");
    }
}

#[test]
fn xml_carries_distances_between_numbered_nodes() {
    // The order in the tree is 1, 0, 2. The matrix follows the objects, and the answers follow the numbers.
    let mut topology = topology("numa:3(indexes=1,0,2) core:2 pu:1");
    let distance = |from: u64, to: u64| if from == to { 10 } else { 20 + 3 * from + to };
    topology.edit(|editor| {
        editor
            .add_distances(
                None,
                DistancesKind::FROM_USER | DistancesKind::MEANS_LATENCY,
                AddDistancesFlags::empty(),
                |topology| {
                    let nodes: Vec<_> = topology.objects_with_type(ObjectType::NUMANode).collect();
                    let numbers: Vec<u64> =
                        nodes.iter().map(|node| node.os_index().expect("a numbered node") as u64).collect();
                    let row = |&from| numbers.iter().map(move |&to| distance(from, to));
                    (nodes.into_iter().map(Some).collect(), numbers.iter().flat_map(row).collect())
                },
            )
            .expect("a valid matrix");
    });
    let machine = through_xml(&topology);
    let distances = machine.distances().expect("the file carries them");
    assert_eq!(distances.nodes(), [0, 1, 2]);
    for from in 0..3_u32 {
        for to in 0..3_u32 {
            let expected = distance(u64::from(from), u64::from(to));
            assert_eq!(distances.get(from, to), Some(expected), "from {from} to {to}");
        }
    }
}

#[test]
fn xml_carries_bandwidths() {
    // Three nodes, of which the last is memory-only, and bandwidths for two of them from either package.
    let topology = topology("[numa] package:2 [numa(indexes=0,1)] core:2 pu:1");
    let node = |number| {
        let mut nodes = topology.objects_with_type(ObjectType::NUMANode);
        nodes.find(|node| node.os_index() == Some(number)).expect("a node of this number")
    };
    let value = |number, cpus, bandwidth| {
        format!(
            "<memattr_value target_obj_gp_index=\"{}\" target_obj_type=\"NUMANode\" value=\"{bandwidth}\" \
             initiator_cpuset=\"{cpus}\"/>",
            node(number).global_persistent_index()
        )
    };
    let values = [(0, "0x3", 100_000), (0, "0xc", 60_000), (2, "0x3", 25_000), (2, "0xc", 30_000)];
    let values: String = values.map(|(number, cpus, bandwidth)| value(number, cpus, bandwidth)).concat();
    let xml = topology.export_xml(XMLExportFlags::empty()).expect("hwloc writes XML");
    let attribute = format!("<memattr name=\"Bandwidth\" flags=\"5\">{values}</memattr></topology>");
    let machine = Machine::from_xml(&xml.as_str().replace("</topology>", &attribute)).expect("valid XML");
    let bandwidths: Vec<_> = machine.nodes().iter().map(|node| (node.os_index, node.bandwidth)).collect();
    assert_eq!(bandwidths, [(0, Some(100_000)), (1, None), (2, Some(30_000))]);
}

#[test]
fn wrong_descriptions_are_errors() {
    for description in
        ["", "nonsense:", "package:2", "core:-1 pu:1", "pu:0", "numa:2 numa:2 pu:1", "a\0b", "[numa"]
    {
        let error = Machine::synthetic(description).expect_err(description);
        assert!(matches!(error, MachineError::Invalid(_)));
        assert!(error.to_string().starts_with("synthetic description of a machine: "), "{error}");
    }
    for xml in ["", "x", "<topology>", "<topology version=\"2.0\"></topology>", "a\0b"] {
        let error = Machine::from_xml(xml).expect_err(xml);
        assert!(error.to_string().starts_with("XML description of a machine: "), "{error}");
    }
}

#[test]
fn oversized_descriptions_are_refused_at_once() {
    // Attributes and attached memory do not multiply the count.
    assert_eq!(
        synthetic("package:2 [numa(memory=99999)] core:2(indexes=3,2,1,0) pu:1(indexes=3,2,1,0)")
            .cpus()
            .len(),
        4
    );
    for description in
        ["package:999999999 pu:1", "pu:8193", "4294967296 4294967296 4294967296 2", "l3:128 core:64 pu:2"]
    {
        let error = Machine::synthetic(description).expect_err(description);
        assert!(error.to_string().contains("at most 8192"), "{error}");
    }
}
