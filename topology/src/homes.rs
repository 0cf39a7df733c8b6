//! What `bskip-numa-nodes` knows about nodes and homes, in this crate's terms.

use bskip_numa_nodes::{Homes, Node, Nodes};

use crate::{Cpu, CpuSet, Distances, NumaNode};

/// The nodes with the CPUs that have their home there.
pub(crate) fn numa_nodes(
    known: &Nodes,
    cpus: &[Cpu],
    bandwidth: impl Fn(u32) -> Option<u64>,
) -> Vec<NumaNode> {
    let node = |node: &Node| NumaNode {
        number: node.number,
        cpus: cpus.iter().filter(|cpu| cpu.node == node.number).map(|cpu| cpu.number).collect(),
        memory: node.bytes,
        allowed: node.allowed,
        bandwidth: bandwidth(node.number),
    };
    known.all().iter().map(node).collect()
}

/// The distance matrix; `None` unless it is complete.
pub(crate) fn distances(known: &Nodes) -> Option<Distances> {
    let numbers: Vec<u32> = known.all().iter().map(|node| node.number).collect();
    let values: Vec<u64> =
        known.all().iter().flat_map(|node| node.distances.iter().map(|(_, distance)| *distance)).collect();
    let complete = known.all().iter().all(|node| node.distances.len() == numbers.len());
    complete.then(|| Distances::new(&numbers, &values))?
}

/// What a reader should know about the homes of these CPUs, as sentences.
pub(crate) fn notes(known: &Nodes, homes: &Homes, cpus: &CpuSet) -> Vec<String> {
    let mut notes = Vec::new();
    let by = |cpu: u32| known.all().iter().filter(move |node| node.cpus.contains(&cpu));
    for node in known.all().iter().filter(|node| !node.is_usable()) {
        let stranded = |cpu: &u32| cpus.contains(*cpu) && !by(*cpu).any(Node::is_usable);
        let stranded: CpuSet = node.cpus.iter().copied().filter(stranded).collect();
        if let Some(home) = stranded.first().map(|cpu| homes.of(cpu)) {
            let number = node.number;
            notes.push(format!(
                "node {number} has no memory for this process: its CPUs {stranded} have their home on node {home}, the \
                 nearest with memory"
            ));
        }
    }
    let several: CpuSet = cpus.iter().filter(|&cpu| by(cpu).nth(1).is_some()).collect();
    if let Some(home) = several.first().map(|cpu| homes.of(cpu)) {
        notes.push(format!(
            "several nodes list CPUs {several}: each has its home on the node with the fewest CPUs, or else the lowest \
             number (CPU {} on node {home})",
            several.first().unwrap_or(0)
        ));
    }
    let unlisted: CpuSet = cpus.iter().filter(|&cpu| !homes.is_listed(cpu)).collect();
    if known.all().len() > 1 && !unlisted.is_empty() {
        let home = homes.of_others();
        notes.push(format!("no node lists CPUs {unlisted}: node {home} counts as their home"));
    }
    notes
}
