//! hwloc's own answers.

use bskip_topology::CpuSet;
use hwlocality::object::TopologyObject;
use hwlocality::object::attributes::ObjectAttributes;
use hwlocality::object::types::ObjectType;
use hwlocality::topology::Topology;

pub(crate) fn number(object: &TopologyObject) -> u32 {
    object.os_index().and_then(|index| u32::try_from(index).ok()).expect("a numbered object")
}

fn cpus_of(object: &TopologyObject) -> CpuSet {
    let set = object.cpuset().expect("CPUs");
    set.iter_set().map(|cpu| u32::try_from(usize::from(cpu)).expect("a CPU")).collect()
}

/// What hwloc says of a node: its number, its CPUs and its bytes.
pub(crate) fn nodes(topology: &Topology) -> Vec<(u32, CpuSet, u64)> {
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

/// The CPUs that the process may use, of those that are online.
pub(crate) fn allowed_cpus(topology: &Topology) -> CpuSet {
    let set = topology.allowed_cpuset();
    set.iter_set().map(|cpu| u32::try_from(usize::from(cpu)).expect("a CPU")).collect()
}

/// The nodes that the process may use.
pub(crate) fn allowed_nodes(topology: &Topology) -> Vec<u32> {
    let set = topology.allowed_nodeset();
    set.iter_set().map(|node| u32::try_from(usize::from(node)).expect("a node")).collect()
}

/// The CPUs of the objects of a kind, without double ones.
pub(crate) fn domains(topology: &Topology, kind: ObjectType) -> Vec<CpuSet> {
    topology.objects_with_type(kind).map(cpus_of).collect()
}
