//! Where CPUs, caches and memory of the machine are: what the report draws.

use bskip_topology::Machine;
use serde::{Deserialize, Serialize};

/// A NUMA node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct NodeLayout {
    /// The number that the operating system gives it.
    pub(crate) node: u32,
    /// The CPUs whose home it is, as `0-15,32-47`.
    pub(crate) cpus: String,
    /// Bytes of memory; `None` if unknown.
    pub(crate) memory: Option<u64>,
    /// Its caches by level.
    pub(crate) caches: Vec<CacheLayout>,
    /// What the firmware says about the latency to each node, in the order of the nodes; 10 is the node itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) distances: Vec<u64>,
}

/// Equal caches of one level.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct CacheLayout {
    /// 1 for L1 data caches, 2 for L2, and so on.
    pub(crate) level: u8,
    /// Bytes of one of them.
    pub(crate) size: u64,
    /// How many there are.
    pub(crate) count: usize,
}

/// The nodes of a machine.
pub(crate) fn nodes(machine: &Machine) -> Vec<NodeLayout> {
    let node = |node: &bskip_topology::NumaNode| NodeLayout {
        node: node.os_index,
        cpus: node.cpus.to_string(),
        memory: node.memory,
        caches: caches(machine, node.os_index),
        distances: distances(machine, node.os_index),
    };
    machine.nodes().iter().map(node).collect()
}

/// The caches of the CPUs of a node. A cache that CPUs of several nodes share belongs to that of its first CPU.
fn caches(machine: &Machine, node: u32) -> Vec<CacheLayout> {
    let mut levels: Vec<CacheLayout> = Vec::new();
    for cache in machine.caches() {
        let home = cache.cpus.iter().next().and_then(|cpu| machine.node_of_cpu(cpu));
        let Some(size) = cache.size.filter(|_| home == Some(node)) else { continue };
        match levels.iter_mut().find(|of| (of.level, of.size) == (cache.level, size)) {
            Some(same) => same.count += 1,
            None => levels.push(CacheLayout { level: cache.level, size, count: 1 }),
        }
    }
    levels.sort_by_key(|cache| cache.level);
    levels
}

fn distances(machine: &Machine, from: u32) -> Vec<u64> {
    let Some(distances) = machine.distances() else { return Vec::new() };
    machine.nodes().iter().map_while(|to| distances.get(from, to.os_index)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cpu_of_this_machine_is_on_one_node() {
        let machine = Machine::discover();
        let cpus = |node: &NodeLayout| node.cpus.parse::<bskip_topology::CpuSet>().unwrap().iter().count();
        let nodes = nodes(&machine);
        assert_eq!(nodes.iter().map(cpus).sum::<usize>(), machine.cpus().len());
        assert!(nodes.iter().all(|node| node.distances.is_empty() || node.distances.len() == nodes.len()));
        let text = serde_json::to_string(&nodes).unwrap();
        assert_eq!(serde_json::from_str::<Vec<NodeLayout>>(&text).unwrap(), nodes);
    }
}
