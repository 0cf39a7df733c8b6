//! What Linux says about NUMA nodes under `/sys/devices/system/node`, where hwloc says less.

use std::collections::BTreeMap;

use crate::{CpuSet, Distances};

/// Reads a file below `/sys/devices/system/node`, without the line end. `None` if there is none.
pub(crate) fn read(name: &str) -> Option<String> {
    let text = std::fs::read_to_string(format!("/sys/devices/system/node/{name}")).ok()?;
    Some(text.trim_end().to_owned())
}

/// The numbers of the online nodes, ascending.
fn online(read: impl Fn(&str) -> Option<String>) -> Option<Vec<u32>> {
    // The node list has the notation of CPU lists.
    let nodes: CpuSet = read("online")?.parse().ok()?;
    Some(nodes.iter().collect())
}

/// The CPUs of each online node. This is the truth about memory-only nodes, for which hwloc shows the
/// CPUs of a neighbour. Nodes that cannot be read are left out.
pub(crate) fn node_cpus(read: impl Fn(&str) -> Option<String>) -> BTreeMap<u32, CpuSet> {
    let nodes = online(&read).unwrap_or_default();
    let cpus = |node: &u32| Some((*node, read(&format!("node{node}/cpulist"))?.parse().ok()?));
    nodes.iter().filter_map(cpus).collect()
}

/// The distance matrix over the online nodes; `None` unless it is complete.
pub(crate) fn distances(read: impl Fn(&str) -> Option<String>) -> Option<Distances> {
    let nodes = online(&read)?;
    let mut values = Vec::new();
    for node in &nodes {
        // One number for each online node, ascending.
        for value in read(&format!("node{node}/distance"))?.split_whitespace() {
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
            "online" => "0-1,3",
            "node0/cpulist" => "0-1,4",
            "node1/cpulist" => "2-3",
            "node3/cpulist" => "",
            "node0/distance" => "10 21 17",
            "node1/distance" => "21 10 28",
            "node3/distance" => "17 28 10",
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
        assert_eq!(distances(|_| None), None);
        let lacks_a_row = |name: &str| (name != "node1/distance").then(|| fixture(name)).flatten();
        assert_eq!(distances(lacks_a_row), None);
        let short_row =
            |name: &str| if name == "node1/distance" { Some("21 10".to_owned()) } else { fixture(name) };
        assert_eq!(distances(short_row), None);
        let hidden_cpus = |name: &str| (name != "node1/cpulist").then(|| fixture(name)).flatten();
        assert_eq!(node_cpus(hidden_cpus).len(), 2);
    }
}
