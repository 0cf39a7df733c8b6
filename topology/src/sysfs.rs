//! What Linux says about NUMA nodes under `/sys/devices/system/node`, where hwloc says less or is absent.

use std::collections::BTreeMap;

use crate::{CpuSet, Distances, NumaNode};

/// Why nodes are unknown.
pub(crate) const NO_NODES: &str = "the system does not show /sys/devices/system/node";

/// Reads a file below `/sys/devices/system`, without the line end. `None` if there is none.
pub(crate) fn read(name: &str) -> Option<String> {
    let text = std::fs::read_to_string(format!("/sys/devices/system/{name}")).ok()?;
    Some(text.trim_end().to_owned())
}

/// The numbers of the online nodes, ascending.
fn online(read: impl Fn(&str) -> Option<String>) -> Option<Vec<u32>> {
    // The node list has the notation of CPU lists.
    let nodes: CpuSet = read("node/online")?.parse().ok()?;
    Some(nodes.iter().collect())
}

/// The CPUs of each online node. This is the truth about memory-only nodes, for which hwloc shows the
/// CPUs of a neighbour. Nodes that cannot be read are left out.
pub(crate) fn node_cpus(read: impl Fn(&str) -> Option<String>) -> BTreeMap<u32, CpuSet> {
    let nodes = online(&read).unwrap_or_default();
    let cpus = |node: &u32| Some((*node, read(&format!("node/node{node}/cpulist"))?.parse().ok()?));
    nodes.iter().filter_map(cpus).collect()
}

/// The nodes by number, with the memory and the CPUs that the system accounts to each; `None` if it shows no
/// node. The process may allocate on those of `allowed`, or on all.
pub(crate) fn nodes(
    read: impl Fn(&str) -> Option<String>,
    allowed: Option<&CpuSet>,
) -> Option<Vec<NumaNode>> {
    let cpus = node_cpus(&read);
    let memory = |number: u32| {
        let text = read(&format!("node/node{number}/meminfo"))?;
        let kib = text.lines().find_map(|line| line.split_once("MemTotal:"))?.1.trim().strip_suffix(" kB")?;
        kib.parse::<u64>().ok()?.checked_mul(1024)
    };
    let node = |number: u32| NumaNode {
        number,
        cpus: cpus.get(&number).cloned().unwrap_or_default(),
        memory: memory(number),
        allowed: allowed.is_none_or(|nodes| nodes.contains(number)),
        bandwidth: read(&format!("node/node{number}/access0/initiators/read_bandwidth"))
            .and_then(|text| text.trim().parse().ok()),
    };
    let nodes: Vec<_> = online(&read)?.into_iter().map(node).collect();
    (!nodes.is_empty()).then_some(nodes)
}

/// The distance matrix over the online nodes; `None` unless it is complete.
pub(crate) fn distances(read: impl Fn(&str) -> Option<String>) -> Option<Distances> {
    let nodes = online(&read)?;
    let mut values = Vec::new();
    for node in &nodes {
        // One number for each online node, ascending.
        for value in read(&format!("node/node{node}/distance"))?.split_whitespace() {
            values.push(value.parse().ok()?);
        }
    }
    Distances::new(&nodes, &values)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three nodes with a gap in the numbers; node 3 is memory only.
    fn fixture(name: &str) -> Option<String> {
        let text = match name {
            "node/online" => "0-1,3",
            "node/node0/cpulist" => "0-1,4",
            "node/node1/cpulist" => "2-3",
            "node/node3/cpulist" => "",
            "node/node0/distance" => "10 21 17",
            "node/node1/distance" => "21 10 28",
            "node/node3/distance" => "17 28 10",
            "node/node0/meminfo" => "Node 0 MemTotal:        6777036 kB\nNode 0 MemFree:         4941276 kB",
            _ => return None,
        };
        Some(text.to_owned())
    }

    #[test]
    fn nodes_and_distances_are_read() {
        let cpus = node_cpus(fixture);
        assert_eq!(cpus.keys().copied().collect::<Vec<_>>(), [0, 1, 3]);
        assert_eq!(cpus[&0], CpuSet::from([0, 1, 4]));
        assert_eq!(cpus[&3], CpuSet::new());
        let nodes = nodes(fixture, None).expect("three nodes");
        let seen: Vec<_> =
            nodes.iter().map(|node| (node.number, node.cpus.to_string(), node.memory)).collect();
        let none = |number, cpus: &str| (number, cpus.to_owned(), None);
        assert_eq!(seen, [(0, "0-1,4".to_owned(), Some(6_777_036 << 10)), none(1, "2-3"), none(3, "")]);
        assert!(nodes.iter().all(|node| node.allowed) && nodes[2].is_cpuless());
        let bound = super::nodes(fixture, Some(&CpuSet::from([1]))).expect("three nodes");
        assert_eq!(bound.iter().map(|node| node.allowed).collect::<Vec<_>>(), [false, true, false]);
        let distances = distances(fixture).expect("a complete matrix");
        assert_eq!(distances.nodes(), [0, 1, 3]);
        assert_eq!(
            (distances.get(0, 3), distances.get(1, 3), distances.get(3, 3)),
            (Some(17), Some(28), Some(10))
        );
    }

    #[test]
    fn missing_and_broken_files_are_unknown() {
        assert!(node_cpus(|_| None).is_empty());
        assert_eq!(nodes(|_| None, None), None);
        assert_eq!(distances(|_| None), None);
        let lacks_a_row = |name: &str| (name != "node/node1/distance").then(|| fixture(name)).flatten();
        assert_eq!(distances(lacks_a_row), None);
        let short_row =
            |name: &str| if name == "node/node1/distance" { Some("21 10".to_owned()) } else { fixture(name) };
        assert_eq!(distances(short_row), None);
        let hidden_cpus = |name: &str| (name != "node/node1/cpulist").then(|| fixture(name)).flatten();
        assert_eq!(node_cpus(hidden_cpus).len(), 2);
    }
}
