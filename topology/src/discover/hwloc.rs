//! Translates hwloc's tree of objects into a [`Machine`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bskip_numa_nodes::{Node, Nodes};
use hwlocality::bitmap::BitmapIndex;
use hwlocality::memory::attribute::MemoryAttribute;
use hwlocality::object::TopologyObject;
use hwlocality::object::attributes::ObjectAttributes;
use hwlocality::object::distance::DistancesKind;
use hwlocality::object::types::ObjectType;
use hwlocality::topology::Topology;
use hwlocality::topology::builder::{BuildFlags, TopologyBuilder};

use super::homes;
use super::hwloc_env::Variables;
use crate::cpuset::CpuSet;
use crate::distances::Distances;
use crate::error::MachineError;
use crate::machine::{Cache, Cpu, Machine};

/// The cache types with their levels. Instruction caches are left out.
const CACHES: [(ObjectType, u8); 5] = [
    (ObjectType::L1Cache, 1),
    (ObjectType::L2Cache, 2),
    (ObjectType::L3Cache, 3),
    (ObjectType::L4Cache, 4),
    (ObjectType::L5Cache, 5),
];

/// The most CPUs that Linux supports. hwloc takes time in the square of their number, so it would not return
/// after a typing error.
const MAX_SYNTHETIC: u64 = 8192;

/// The machine that runs the process, or why hwloc cannot show it. `known` holds the nodes that the system
/// shows. If it is `None`, hwloc's own nodes count. The allowed CPUs are those of the cgroup, not yet those
/// of the thread.
pub(crate) fn this_machine(known: Option<&Nodes>) -> Result<Machine, String> {
    let value = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    let variables = Variables { value: &value, works: &source_works };
    let topology =
        build(Topology::builder()).map_err(|why| format!("hwloc fails: {why}{}", variables.hint()))?;
    if !topology.is_this_system() {
        return Err(variables.another_machine());
    }
    let mut machine =
        machine(&topology, known).ok_or_else(|| format!("hwloc shows no CPU{}", variables.hint()))?;
    machine.notes.extend(variables.note());
    Ok(machine)
}

/// Whether hwloc accepts the value of a variable.
fn source_works(name: &str, value: &str) -> bool {
    let path = Path::new(value);
    match name {
        "HWLOC_FSROOT" => path.is_dir(),
        "HWLOC_CPUID_PATH" => path.join("hwloc-cpuid-info").is_file(),
        "HWLOC_SYNTHETIC" => Topology::builder().from_synthetic(value).is_ok(),
        _ => path.is_file(),
    }
}

/// See [`Machine::synthetic`].
pub(crate) fn synthetic(description: &str) -> Result<Machine, MachineError> {
    let cpus = described_cpus(description);
    if cpus > MAX_SYNTHETIC {
        let why =
            format!("synthetic description of a machine: {cpus} CPUs, at most {MAX_SYNTHETIC} are supported");
        return Err(MachineError::Invalid(why));
    }
    described("synthetic description", Topology::builder().from_synthetic(description))
}

/// The number of CPUs in a synthetic description is the product of its counts. Attributes `(...)` and
/// attached memory `[...]` do not count.
fn described_cpus(description: &str) -> u64 {
    let mut depth = 0_u32;
    let mut levels = String::new();
    for c in description.chars() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ if depth == 0 => levels.push(c),
            _ => {}
        }
    }
    let count = |level: &str| level.rsplit(':').next().and_then(|digits| digits.parse().ok()).unwrap_or(1);
    levels.split_whitespace().map(count).fold(1, u64::saturating_mul)
}

/// See [`Machine::from_xml`].
pub(crate) fn from_xml(xml: &str) -> Result<Machine, MachineError> {
    described("XML description", Topology::builder().from_xml(xml))
}

fn described<E: std::fmt::Display>(
    what: &str,
    builder: Result<TopologyBuilder, E>,
) -> Result<Machine, MachineError> {
    let invalid = |why: &dyn std::fmt::Display| MachineError::Invalid(format!("{what} of a machine: {why}"));
    let topology = build(builder.map_err(|why| invalid(&why))?).map_err(|why| invalid(&why))?;
    machine(&topology, None).ok_or_else(|| invalid(&"it has no CPU"))
}

/// Loads everything that is online, even what the process may not use, so that an error can distinguish "not
/// allowed" from "does not exist".
fn build(builder: TopologyBuilder) -> Result<Topology, String> {
    let builder = builder.with_flags(BuildFlags::INCLUDE_DISALLOWED).map_err(|why| why.to_string())?;
    builder.build().map_err(|why| match why.errno {
        Some(errno) => format!("hwloc cannot build the machine: {errno}"),
        None => "hwloc cannot build the machine".to_owned(),
    })
}

/// The machine; `None` if the tree has no CPU or no node.
fn machine(topology: &Topology, system: Option<&Nodes>) -> Option<Machine> {
    let distances = distances(topology);
    let (seen, bandwidths) = nodes(topology, distances.as_ref());
    let known = system.cloned().map_or_else(|| Nodes::described(seen).ok(), Some)?;
    let homes = known.homes();
    let cpus = cpus(topology, |cpu| homes.of(cpu));
    let online: CpuSet = cpus.iter().map(|cpu| cpu.os_index).collect();
    let allowed: CpuSet = numbers(topology.allowed_cpuset().iter_set());
    // For a memory-only node, hwloc lists the CPUs of a neighbour. That is not worth a note.
    let notes = system.map(|nodes| homes::notes(nodes, &homes, &online)).unwrap_or_default();
    (!cpus.is_empty()).then(|| Machine {
        allowed: online.intersection(&allowed),
        nodes: homes::numa_nodes(&known, &cpus, |node| bandwidths.get(&node).copied()),
        cpus,
        caches: caches(topology),
        // hwloc's matrix may cover other nodes, and there is none for a single node.
        distances: system.map_or(distances, homes::distances),
        quota: None,
        is_this_machine: topology.is_this_system(),
        fallback: None,
        notes,
    })
}

/// The nodes as hwloc shows them, and the known bandwidths.
fn nodes(topology: &Topology, distances: Option<&Distances>) -> (Vec<Node>, BTreeMap<u32, u64>) {
    let allowed: BTreeSet<u32> = numbers(topology.allowed_nodeset().iter_set());
    let (mut nodes, mut bandwidths) = (Vec::new(), BTreeMap::new());
    for object in topology.objects_with_type(ObjectType::NUMANode) {
        let Some(os_index) = object.os_index().and_then(|index| u32::try_from(index).ok()) else { continue };
        let bytes = match object.attributes() {
            Some(ObjectAttributes::NUMANode(numa)) => numa.local_memory().map(u64::from),
            _ => None,
        };
        let row = distances.iter().flat_map(|matrix| matrix.nodes());
        let mut node = Node::new(os_index, cpuset(object).iter().collect());
        node.memory = bytes.is_some();
        node.allowed = allowed.contains(&os_index);
        node.bytes = bytes;
        node.distances = row.filter_map(|&to| Some((to, distances?.get(os_index, to)?))).collect();
        nodes.push(node);
        bandwidths.extend(bandwidth(topology, object).map(|rate| (os_index, rate)));
    }
    // hwloc does not distinguish "none" from "unknown". If it shows the memory of some nodes, the others have
    // none.
    if nodes.iter().any(|node| node.memory) {
        nodes.iter_mut().for_each(|node| node.bytes = node.bytes.or(Some(0)));
    }
    (nodes, bandwidths)
}

/// The largest bandwidth between a node and CPUs; `None` if none is known.
fn bandwidth(topology: &Topology, node: &TopologyObject) -> Option<u64> {
    // An error means that there is no number for this node.
    let (_, values) = MemoryAttribute::bandwidth(topology).initiators(node).ok()?;
    values.into_iter().max()
}

fn cpus(topology: &Topology, home: impl Fn(u32) -> u32) -> Vec<Cpu> {
    let cores = topology.objects_with_type(ObjectType::Core).len();
    let mut siblings = BTreeMap::<u32, u32>::new();
    let mut cpus = Vec::new();
    for pu in topology.objects_with_type(ObjectType::PU) {
        let Some(os_index) = pu.os_index().and_then(|index| u32::try_from(index).ok()) else { continue };
        // A CPU without a core counts as a core of its own. Guests may hide cores.
        let core = ordinal(pu, ObjectType::Core).unwrap_or_else(|| index(cores + pu.logical_index()));
        let seen = siblings.entry(core).or_default();
        let smt = std::mem::replace(seen, *seen + 1);
        cpus.push(Cpu {
            os_index,
            core,
            package: ordinal(pu, ObjectType::Package).unwrap_or(0),
            node: home(os_index),
            l2: ordinal(pu, ObjectType::L2Cache),
            l3: ordinal(pu, ObjectType::L3Cache),
            smt,
        });
    }
    cpus.sort_unstable_by_key(|cpu| cpu.os_index);
    cpus
}

fn caches(topology: &Topology) -> Vec<Cache> {
    let mut caches = Vec::new();
    for (kind, level) in CACHES {
        for object in topology.objects_with_type(kind) {
            let Some(ObjectAttributes::Cache(cache)) = object.attributes() else { continue };
            caches.push(Cache {
                level,
                index: index(object.logical_index()),
                size: cache.size().map(u64::from),
                line_size: cache.line_size().and_then(|bytes| u32::try_from(bytes.get()).ok()),
                cpus: cpuset(object),
            });
        }
    }
    caches
}

/// The first latency matrix over NUMA nodes. The matrix has its own order of objects.
fn distances(topology: &Topology) -> Option<Distances> {
    let latencies = topology.distances_with_type(Some(DistancesKind::MEANS_LATENCY), ObjectType::NUMANode);
    latencies.ok()?.iter().find_map(|matrix| {
        let number = |object: Option<&TopologyObject>| u32::try_from(object?.os_index()?).ok();
        let nodes = matrix.objects().map(number).collect::<Option<Vec<_>>>()?;
        Distances::new(&nodes, matrix.distances())
    })
}

/// The number of an object's ancestor of this kind, among all objects of the kind.
fn ordinal(object: &TopologyObject, kind: ObjectType) -> Option<u32> {
    object.first_ancestor_with_type(kind).map(|ancestor| index(ancestor.logical_index()))
}

/// The CPUs at or below an object.
fn cpuset(object: &TopologyObject) -> CpuSet {
    object.cpuset().map(|set| numbers(set.iter_set())).unwrap_or_default()
}

fn numbers<C: FromIterator<u32>>(indices: impl Iterator<Item = BitmapIndex>) -> C {
    indices.filter_map(|index| u32::try_from(usize::from(index)).ok()).collect()
}

/// hwloc's own indices are C `unsigned int`, so they fit.
fn index(logical: usize) -> u32 {
    u32::try_from(logical).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use bskip_numa_nodes::shapes::Shape;

    use super::*;

    /// hwloc shows one node here, or two. The nodes that the system shows count, as they do for an arena.
    #[test]
    fn the_nodes_that_the_system_shows_win() {
        for description in ["core:4 pu:1", "numa:2 core:2 pu:1"] {
            for name in ["nps4", "fakememinitiators", "8em64t-2s2ca2c-buggynuma"] {
                let shape = Shape::named(name);
                let nodes = shape.nodes().expect("nodes");
                let builder = Topology::builder().from_synthetic(description).expect("a valid description");
                let topology = build(builder).expect("a valid topology");
                let machine = machine(&topology, Some(&nodes)).expect("CPUs");
                for &(cpu, node) in &shape.homes {
                    assert_eq!(machine.node_of_cpu(cpu), Some(node), "CPU {cpu} of {name}");
                }
                assert_eq!(machine.nodes().len(), nodes.all().len());
                assert!(!machine.notes().is_empty() && machine.distances().is_some(), "{name}");
            }
        }
    }
}
