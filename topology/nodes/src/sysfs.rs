//! Reads the nodes of this machine from the files of Linux below `/sys/devices/system/node`.

use crate::list::{parse_list, parse_mask};
use crate::nodes::{Node, Nodes, NodesError};

/// Reads a file below `/sys/devices/system`, without the line end. `None` if the file does not exist.
#[must_use]
pub fn read(name: &str) -> Option<String> {
    let text = std::fs::read_to_string(format!("/sys/devices/system/{name}")).ok()?;
    Some(text.trim_end_matches(|c: char| c.is_whitespace() || c == '\0').to_owned())
}

/// The nodes that this process may allocate on; `None` if unknown.
fn allowed_nodes() -> Option<Vec<u32>> {
    status("Mems_allowed_list:")
}

/// The CPUs that the calling thread may run on; `None` if unknown. The kernel itself answers this: no
/// container replaces `/proc/thread-self/status`.
#[must_use]
pub fn allowed_cpus() -> Option<Vec<u32>> {
    status("Cpus_allowed_list:")
}

/// The list in this line of the thread's status.
fn status(field: &str) -> Option<Vec<u32>> {
    let text = std::fs::read_to_string("/proc/thread-self/status").ok()?;
    parse_list(text.lines().find_map(|line| line.strip_prefix(field))?)
}

impl Nodes {
    /// The nodes of the machine that runs this process.
    ///
    /// # Errors
    /// The system does not show its nodes, or none of them is usable.
    pub fn this_machine() -> Result<Self, NodesError> {
        Self::read(read, allowed_nodes().as_deref())
    }

    /// Reads files laid out like those below `/sys/devices/system`. The process may allocate on the nodes of
    /// `allowed`, or on all nodes if that is `None`.
    ///
    /// The nodes are those of `node/online`; `node/possible` does not count. `node/has_memory` says whether a
    /// node has memory. An older Linux has `node/has_normal_memory` instead. If neither exists, the node's
    /// `meminfo` says it. A node without any of these files has memory.
    ///
    /// # Errors
    /// There are no nodes, or none of them is usable.
    pub fn read(read: impl Fn(&str) -> Option<String>, allowed: Option<&[u32]>) -> Result<Self, NodesError> {
        let list = |name: &str| parse_list(&read(&format!("node/{name}"))?);
        let online = list("online").ok_or(NodesError::NotShown)?;
        let with_memory = list("has_memory").or_else(|| list("has_normal_memory"));
        let node = |&os_index: &u32| {
            let file = |name: &str| read(&format!("node/node{os_index}/{name}"));
            let bytes = file("meminfo").as_deref().and_then(total);
            let cpus = match file("cpulist") {
                Some(list) => parse_list(&list),
                None => file("cpumap").as_deref().and_then(parse_mask),
            };
            let row = file("distance").unwrap_or_default();
            let row = row.split_whitespace().map_while(|distance| distance.parse().ok());
            Node {
                os_index,
                cpus: cpus.unwrap_or_default(),
                memory: with_memory.as_ref().map_or(bytes != Some(0), |nodes| nodes.contains(&os_index)),
                allowed: allowed.is_none_or(|nodes| nodes.contains(&os_index)),
                bytes,
                distances: online.iter().copied().zip(row).collect(),
            }
        };
        Self::new(online.iter().map(node).collect())
    }
}

/// Bytes of memory, from the `meminfo` of a node.
fn total(meminfo: &str) -> Option<u64> {
    let kib = meminfo.lines().find_map(|line| line.split_once("MemTotal:"))?.1.trim().strip_suffix(" kB")?;
    kib.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nodes 0 and 2 with CPUs, 3 without; 2 without memory.
    fn fixture(name: &str) -> Option<String> {
        let text = match name {
            "node/online" => "0,2-3\n",
            "node/possible" => "0-7\n",
            "node/has_memory" => "0,3\n",
            "node/node0/cpulist" => "0-1\n",
            "node/node0/distance" => "10 17 28\n",
            "node/node0/meminfo" => "Node 0 MemTotal:        6777036 kB\nNode 0 MemFree:         4941276 kB",
            "node/node2/cpulist" => "2-3,1024\n",
            "node/node2/distance" => "17 10\n",
            "node/node2/meminfo" => "Node 2 MemTotal:        0 kB",
            "node/node3/cpulist" => "\n",
            _ => return None,
        };
        Some(text.to_owned())
    }

    fn without(hidden: &'static str) -> impl Fn(&str) -> Option<String> {
        move |name| if name == hidden { None } else { fixture(name) }
    }

    #[test]
    fn nodes_are_read() {
        let nodes = Nodes::read(fixture, None).unwrap();
        assert_eq!(nodes.usable(), [0, 3]);
        let [n0, n2, n3] = nodes.all() else { panic!("three nodes, without those that are only possible") };
        assert_eq!((n0.os_index, n2.os_index, n3.os_index), (0, 2, 3));
        assert_eq!((&n0.cpus[..], &n2.cpus[..], &n3.cpus[..]), (&[0, 1][..], &[2, 3, 1024][..], &[][..]));
        assert_eq!((n0.bytes, n2.bytes, n3.bytes), (Some(6_777_036 << 10), Some(0), None));
        // Distances that a short or missing row does not hold are 10 or 20.
        assert_eq!((n0.distance(2), n0.distance(3), n2.distance(3)), (17, 28, 20));
        assert_eq!((n3.distance(0), n3.distance(3)), (20, 10));
        assert_eq!(nodes.node(2), Some(n2));
        assert_eq!(nodes.node(1), None);
    }

    #[test]
    fn only_allowed_memory_is_usable() {
        assert_eq!(Nodes::read(fixture, Some(&[0])).unwrap().usable(), [0]);
        assert_eq!(Nodes::read(fixture, Some(&[2])), Err(NodesError::NoMemory));
        assert_eq!(Nodes::read(|_| None, None), Err(NodesError::NotShown));
        assert_eq!(Nodes::read(without("node/online"), None), Err(NodesError::NotShown));
    }

    #[test]
    fn memory_is_known_without_its_list() {
        let older = |name: &str| match name {
            "node/has_memory" => None,
            "node/has_normal_memory" => Some("0".to_owned()),
            name => fixture(name),
        };
        assert_eq!(Nodes::read(older, None).unwrap().usable(), [0]);
        // Node 2 has no memory according to its own file; node 3 has no file.
        assert_eq!(Nodes::read(without("node/has_memory"), None).unwrap().usable(), [0, 3]);
    }

    #[test]
    fn a_mask_stands_in_for_a_list() {
        let masks = |name: &str| match name {
            "node/node0/cpulist" => None,
            "node/node0/cpumap" => Some("00000001,00000003".to_owned()),
            name => fixture(name),
        };
        assert_eq!(Nodes::read(masks, None).unwrap().all()[0].cpus, [0, 1, 32]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_thread_may_run_somewhere() {
        assert!(!allowed_cpus().unwrap().is_empty());
    }
}
