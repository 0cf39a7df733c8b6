//! Machines like those that hwloc is tested with, described afresh. hwloc itself says which CPUs and nodes each has
//! and in which order. The plans of every policy must have these CPUs, and an arena on the same machine must give
//! each CPU the same home.
#![cfg(feature = "hwloc")]

use std::collections::BTreeSet;

use bskip_numa_nodes::Nodes;
use bskip_topology::{CpuSet, Machine, PinPolicy};
use hwlocality::object::TopologyObject;
use hwlocality::object::attributes::ObjectAttributes;
use hwlocality::object::types::ObjectType;
use hwlocality::topology::Topology;

/// Descriptions in hwloc's synthetic notation. The names are those of the machines in hwloc's test suite that they
/// are like, or say what is unusual.
const MACHINES: &[(&str, &str)] = &[
    ("2arm-2c", "package:1 l2:1 core:2 pu:1"),
    ("8ia64-2s2c2t", "package:2 core:2 pu:2"),
    ("16amd64-8n2c", "package:8 [numa] core:2 pu:1"),
    ("16em64t-4s2c2t", "package:4 l3:1 core:2 pu:2"),
    ("16em64t-4s2ca2c", "package:4 l2:2 core:2 pu:1"),
    ("16ia64-8n2s", "numa:8 package:2 core:1 pu:1"),
    ("32em64t-2n8c2t", "package:2 [numa] l3:1 core:8 pu:2"),
    ("32amd64-4s2n4c", "package:4 group:2 [numa] l3:1 core:4 pu:1"),
    ("48amd64-4d2n6c", "package:4 group:2 [numa] l3:1 core:6 pu:1"),
    ("64amd64-4s2n4ca2co", "package:4 group:2 [numa] l2:4 core:2 pu:1"),
    ("96em64t-4n4d3ca2co", "numa:4 package:4 l2:3 core:2 pu:1"),
    ("128ia64-17n4s2c", "[numa] group:16 [numa] package:4 core:2 pu:1"),
    ("256ppc-8n8s4t", "numa:8 package:8 core:1 pu:4"),
    ("4fake-4gr1nu1pu", "group:4 [numa] pu:1"),
    (
        "knl in flat mode: fast memory beside slow",
        "package:1 [numa(memory=96GiB)] [numa(memory=16GiB)] l2:36 core:2 pu:4",
    ),
    ("knl-snc4: fast memory in four clusters", "package:1 group:4 [numa] [numa] l2:9 core:2 pu:4"),
    ("memory of a switch beside all packages", "[numa(memory=256GiB)] package:2 [numa] core:4 pu:2"),
    ("memory of GPUs beside each package", "package:2 [numa] [numa] [numa] [numa] core:4 pu:4"),
    ("fake NUMA: every node lists all CPUs", "package:1 [numa] [numa] [numa] [numa] core:4 pu:1"),
    ("CPUs on nodes without memory", "[numa(memory=1GiB)] group:2 [numa(memory=0)] core:2 pu:1"),
    ("nodes numbered backwards", "numa:4(indexes=3,2,1,0) core:2 pu:2"),
    ("siblings numbered apart", "numa:2 core:2 pu:2(indexes=0,4,1,5,2,6,3,7)"),
    ("CPUs numbered across nodes", "numa:2 core:4 pu:1(indexes=0,2,4,6,1,3,5,7)"),
    ("a cache that spans nodes", "package:2 l3:1 numa:2 core:2 pu:2"),
    ("1280 CPUs", "package:4 group:2 [numa] l3:8 core:10 pu:2"),
];

fn number(object: &TopologyObject) -> u32 {
    object.os_index().and_then(|index| u32::try_from(index).ok()).expect("a numbered object")
}

fn cpus_of(object: &TopologyObject) -> CpuSet {
    let set = object.cpuset().expect("CPUs");
    set.iter_set().map(|cpu| u32::try_from(usize::from(cpu)).expect("a CPU")).collect()
}

/// What hwloc says of a node: its number, its CPUs and its bytes.
fn nodes(topology: &Topology) -> Vec<(u32, CpuSet, u64)> {
    let bytes = |object: &TopologyObject| match object.attributes() {
        Some(ObjectAttributes::NUMANode(node)) => node.local_memory().map_or(0, u64::from),
        _ => 0,
    };
    let all = topology.objects_with_type(ObjectType::NUMANode);
    let mut nodes: Vec<_> = all.map(|node| (number(node), cpus_of(node), bytes(node))).collect();
    // If a description gives memory to no node, the sizes are unknown.
    if nodes.iter().all(|node| node.2 == 0) {
        nodes.iter_mut().for_each(|node| node.2 = 1 << 30);
    }
    nodes
}

/// The CPUs of the objects of a kind, without double ones.
fn domains(topology: &Topology, kind: ObjectType) -> Vec<CpuSet> {
    topology.objects_with_type(kind).map(cpus_of).collect()
}

/// The nodes as Linux would show them to an arena on this machine.
fn of_the_arena(topology: &Topology) -> Nodes {
    let nodes = nodes(topology);
    let mut listed = CpuSet::new();
    // Linux lists each CPU once. hwloc lists it also with memory that is near.
    let mut by_size: Vec<_> = nodes.iter().collect();
    by_size.sort_by_key(|(number, cpus, bytes)| (*bytes == 0, cpus.len(), *number));
    let own: Vec<(u32, CpuSet, u64)> = by_size
        .into_iter()
        .map(|(number, cpus, bytes)| {
            let own: CpuSet = cpus.iter().filter(|&cpu| !listed.contains(cpu)).collect();
            own.iter().for_each(|cpu| _ = listed.insert(cpu));
            (*number, own, *bytes)
        })
        .collect();
    let list = |with_memory: bool| {
        let mut numbers: Vec<u32> =
            own.iter().filter(|node| node.2 > 0 || !with_memory).map(|node| node.0).collect();
        numbers.sort_unstable();
        numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    };
    let read = |name: &str| match name {
        "node/online" => Some(list(false)),
        "node/has_memory" => Some(list(true)),
        name => {
            let (node, file) = name.strip_prefix("node/node")?.split_once('/')?;
            let (_, cpus, bytes) = own.iter().find(|(number, ..)| number.to_string() == node)?;
            match file {
                "cpulist" => Some(cpus.to_string()),
                "meminfo" => Some(format!("Node {node} MemTotal:  {} kB", bytes / 1024)),
                _ => None,
            }
        }
    };
    Nodes::read(read, None).expect("nodes")
}

#[test]
fn plans_have_the_cpus_that_hwloc_names_and_the_arena_agrees_on_homes() {
    assert!(MACHINES.len() >= 20);
    for &(name, description) in MACHINES {
        let builder = Topology::builder().from_synthetic(description).expect(name);
        let topology = builder.build().expect(name);
        let machine = Machine::synthetic(description).expect(name);
        // The CPUs in the order of hwloc's tree.
        let tree: Vec<u32> = topology.objects_with_type(ObjectType::PU).map(number).collect();
        let workers = tree.len();
        let plan = |policy: PinPolicy| policy.plan(&machine, workers).expect(name);
        let single = |policy: PinPolicy| -> Vec<u32> {
            let plan = plan(policy);
            plan.bindings().iter().map(|worker| worker.cpus.first().expect("a CPU")).collect()
        };
        assert_eq!(single(PinPolicy::Compact), tree, "compact on {name}");

        // One CPU of each core in the tree's order, then the second of each, and so on.
        let cores = match domains(&topology, ObjectType::Core) {
            cores if cores.is_empty() => tree.iter().map(|&cpu| CpuSet::from([cpu])).collect(),
            cores => cores,
        };
        let core_of = |cpu: u32| cores.iter().position(|core| core.contains(cpu)).expect("a core");
        let mut seen = vec![0; cores.len()];
        let mut ranked: Vec<(usize, u32)> = Vec::new();
        for &cpu in &tree {
            let rank = &mut seen[core_of(cpu)];
            ranked.push((*rank, cpu));
            *rank += 1;
        }
        ranked.sort_by_key(|(rank, _)| *rank);
        assert_eq!(
            single(PinPolicy::SmtLast),
            ranked.into_iter().map(|(_, cpu)| cpu).collect::<Vec<_>>(),
            "{name}"
        );

        // The first workers of scatter are on different packages, on different cores.
        let scatter = single(PinPolicy::Scatter);
        assert_eq!(scatter.iter().copied().collect::<CpuSet>(), machine.cpu_set(), "scatter on {name}");
        let packages = domains(&topology, ObjectType::Package);
        let apart = |domains: &[CpuSet], count: usize| {
            let of = |cpu: &u32| domains.iter().position(|domain| domain.contains(*cpu));
            scatter.iter().take(count).map(of).collect::<BTreeSet<_>>().len() == count
        };
        assert!(apart(&packages, packages.len()), "scatter on {name}: {scatter:?}");
        assert!(apart(&cores, cores.len()), "scatter on {name}: {scatter:?}");

        // The home by hwloc's nodes: with memory, with the fewest CPUs, with the lowest number.
        let known = nodes(&topology);
        let home = |cpu: u32| {
            let listing = known.iter().filter(|(_, cpus, bytes)| *bytes > 0 && cpus.contains(cpu));
            listing.min_by_key(|(number, cpus, _)| (cpus.len(), *number)).map(|node| node.0)
        };
        let arena = of_the_arena(&topology).homes();
        for &cpu in &tree {
            let node = machine.node_of_cpu(cpu);
            assert_eq!(node, home(cpu), "the home of CPU {cpu} of {name}");
            assert_eq!(node, Some(arena.of(cpu)), "the arena's home of CPU {cpu} of {name}");
        }

        // Each worker's CPUs are all that have the worker's home, and the workers take the homes in turn.
        let by_node = plan(PinPolicy::PerNode);
        let homes: BTreeSet<Option<u32>> = tree.iter().map(|&cpu| home(cpu)).collect();
        for worker in by_node.bindings() {
            let cpus: CpuSet = tree.iter().copied().filter(|&cpu| home(cpu) == worker.node).collect();
            assert_eq!(worker.cpus, cpus, "per-node on {name}");
        }
        let first: BTreeSet<_> =
            by_node.bindings().iter().take(homes.len()).map(|worker| worker.node).collect();
        assert_eq!(first, homes, "per-node on {name}");

        // Each domain of per-l3 is the part of a cache that has one home.
        for worker in plan(PinPolicy::PerL3).bindings() {
            let cpu = worker.cpus.first().expect("a CPU");
            let cache = domains(&topology, ObjectType::L3Cache).into_iter().find(|cache| cache.contains(cpu));
            let near: CpuSet = cache.unwrap_or_else(|| machine.cpu_set());
            let cpus: CpuSet = near.iter().filter(|&other| home(other) == home(cpu)).collect();
            assert_eq!(worker.cpus, cpus, "per-l3 on {name}");
        }
    }
}
