//! Compares plans and homes with hwloc's answers.

use std::collections::BTreeSet;

use bskip_numa_nodes::Nodes;
use bskip_topology::{CpuSet, Machine, PinPolicy};
use hwlocality::object::types::ObjectType;
use hwlocality::topology::Topology;

use super::hwlocs::{allowed_cpus, allowed_nodes, domains, nodes, number};

/// The nodes as Linux would show them to an arena on this machine.
fn of_the_arena(topology: &Topology, machine: &Machine) -> Nodes {
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
                "distance" => {
                    let row = |to: &u32| machine.distances()?.get(node.parse().ok()?, *to);
                    let mut numbers: Vec<u32> = own.iter().map(|node| node.0).collect();
                    numbers.sort_unstable();
                    let row: Option<Vec<u64>> = numbers.iter().map(row).collect();
                    Some(row?.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
                }
                "meminfo" => Some(format!("Node {node} MemTotal:  {} kB", bytes / 1024)),
                _ => None,
            }
        }
    };
    Nodes::read(read, Some(&allowed_nodes(topology))).expect("nodes")
}

/// Checks every plan of a machine, and the home of each CPU. `elsewhere` has the CPUs whose own node the process
/// cannot use, each with the home that it must have instead.
pub(crate) fn check(name: &str, topology: &Topology, machine: &Machine, elsewhere: &[(u32, u32)]) {
    // The CPUs in the order of hwloc's tree.
    let may_use = allowed_cpus(topology);
    let tree: Vec<u32> = topology.objects_with_type(ObjectType::PU).map(number).collect();
    assert_eq!(tree.iter().copied().collect::<CpuSet>(), machine.cpu_set(), "{name}");
    assert_eq!(&may_use.intersection(&machine.cpu_set()), machine.allowed(), "{name}");
    let tree: Vec<u32> = tree.into_iter().filter(|&cpu| may_use.contains(cpu)).collect();
    let workers = tree.len();
    let plan = |policy: PinPolicy| policy.plan(machine, workers).expect(name);
    let single = |policy: PinPolicy| -> Vec<u32> {
        let plan = plan(policy);
        plan.bindings().iter().map(|worker| worker.cpus.first().expect("a CPU")).collect()
    };
    assert_eq!(single(PinPolicy::Compact), tree, "compact on {name}");

    // One CPU of each core in the tree's order, then the second of each, and so on.
    let cores = match domains(topology, ObjectType::Core) {
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

    // The home by hwloc's nodes: with memory, with the fewest CPUs, with the lowest number.
    let known = nodes(topology);
    let usable = allowed_nodes(topology);
    let home = |cpu: u32| {
        if let Some(&(_, node)) = elsewhere.iter().find(|(other, _)| *other == cpu) {
            return Some(node);
        }
        let listing = known
            .iter()
            .filter(|(node, cpus, bytes)| *bytes > 0 && usable.contains(node) && cpus.contains(cpu));
        listing.min_by_key(|(number, cpus, _)| (cpus.len(), *number)).map(|node| node.0)
    };
    let arena = of_the_arena(topology, machine).homes();
    for &cpu in &tree {
        let node = machine.node_of_cpu(cpu);
        assert_eq!(node, home(cpu), "the home of CPU {cpu} of {name}");
        assert_eq!(node, Some(arena.of(cpu)), "the arena's home of CPU {cpu} of {name}");
    }

    // The first workers of scatter are on different packages, on different cores. If packages share a home, the homes
    // come first.
    let scatter = single(PinPolicy::Scatter);
    assert_eq!(&scatter.iter().copied().collect::<CpuSet>(), machine.allowed(), "scatter on {name}");
    let homes: BTreeSet<Option<u32>> = tree.iter().map(|&cpu| home(cpu)).collect();
    let of_home =
        |node: &Option<u32>| tree.iter().copied().filter(|&cpu| home(cpu) == *node).collect::<CpuSet>();
    let mut coarse = domains(topology, ObjectType::Package);
    if homes.len() < coarse.len() {
        coarse = homes.iter().map(of_home).collect();
    }
    let apart = |domains: &[CpuSet]| {
        let count = domains.iter().filter(|domain| !domain.intersection(&may_use).is_empty()).count();
        let of = |cpu: &u32| domains.iter().position(|domain| domain.contains(*cpu));
        scatter.iter().take(count).map(of).collect::<BTreeSet<_>>().len() == count
    };
    assert!(apart(&coarse), "scatter on {name}: {scatter:?}");
    assert!(apart(&cores), "scatter on {name}: {scatter:?}");

    // Each worker's CPUs are all that have the worker's home, and the workers take the homes in turn.
    let by_node = plan(PinPolicy::PerNode);
    for worker in by_node.bindings() {
        assert_eq!(worker.cpus, of_home(&worker.node), "per-node on {name}");
    }
    let first: BTreeSet<_> = by_node.bindings().iter().take(homes.len()).map(|worker| worker.node).collect();
    assert_eq!(first, homes, "per-node on {name}");

    // Each domain of per-l3 is the part of a cache that has one home.
    for worker in plan(PinPolicy::PerL3).bindings() {
        let cpu = worker.cpus.first().expect("a CPU");
        let cache = domains(topology, ObjectType::L3Cache).into_iter().find(|cache| cache.contains(cpu));
        let near = cache.unwrap_or_else(|| machine.cpu_set()).intersection(&may_use);
        let cpus: CpuSet = near.iter().filter(|&other| home(other) == home(cpu)).collect();
        assert_eq!(worker.cpus, cpus, "per-l3 on {name}");
    }
}
