//! Nodes and homes from `bskip-numa-nodes`, in the types of this crate.

use bskip_numa_nodes::{Homes, Node, Nodes};

use crate::cpuset::CpuSet;
use crate::distances::Distances;
use crate::machine::{Cpu, NumaNode};

/// The nodes, each with the CPUs whose home it is.
pub(crate) fn numa_nodes(
    known: &Nodes,
    cpus: &[Cpu],
    bandwidth: impl Fn(u32) -> Option<u64>,
) -> Vec<NumaNode> {
    let node = |node: &Node| NumaNode {
        os_index: node.os_index,
        cpus: cpus.iter().filter(|cpu| cpu.node == node.os_index).map(|cpu| cpu.os_index).collect(),
        memory: node.bytes,
        allowed: node.allowed,
        bandwidth: bandwidth(node.os_index),
    };
    known.all().iter().map(node).collect()
}

/// The distance matrix; `None` unless it is complete.
pub(crate) fn distances(known: &Nodes) -> Option<Distances> {
    let nodes: Vec<u32> = known.all().iter().map(|node| node.os_index).collect();
    let values: Vec<u64> =
        known.all().iter().flat_map(|node| node.distances.iter().map(|(_, distance)| *distance)).collect();
    let complete = known.all().iter().all(|node| node.distances.len() == nodes.len());
    complete.then(|| Distances::new(&nodes, &values))?
}

/// What a reader should know about the homes of these CPUs, as sentences.
pub(crate) fn notes(known: &Nodes, homes: &Homes, cpus: &CpuSet) -> Vec<String> {
    let mut notes = Vec::new();
    for (node, stranded) in known.cpus_without_memory() {
        let stranded: CpuSet = stranded.into_iter().filter(|&cpu| cpus.contains(cpu)).collect();
        if let Some(home) = stranded.first().map(|cpu| homes.of(cpu)) {
            notes.push(format!(
                "node {} has no memory for this process: the home of its CPUs {stranded} is node {home}, the \
                 nearest with memory",
                node.os_index
            ));
        }
    }
    let by = |cpu: u32| known.all().iter().filter(move |node| node.cpus.contains(&cpu));
    let several: CpuSet = cpus.iter().filter(|&cpu| by(cpu).nth(1).is_some()).collect();
    if let Some(home) = several.first().map(|cpu| homes.of(cpu)) {
        notes.push(format!(
            "several nodes list CPUs {several}: the home of each is the node with the fewest CPUs, then the \
             one with the lowest number (node {home} for CPU {})",
            several.first().unwrap_or(0)
        ));
    }
    let unlisted: CpuSet = cpus.iter().filter(|&cpu| !homes.is_listed(cpu)).collect();
    if known.all().len() > 1 && !unlisted.is_empty() {
        let home = homes.of_others();
        notes.push(format!("no node lists CPUs {unlisted}: their home is node {home}"));
    }
    notes
}
