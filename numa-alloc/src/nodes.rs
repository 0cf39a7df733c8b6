//! Which NUMA nodes the machine has, as `/sys/devices/system/node` tells it.

use std::fs;
use std::path::Path;

/// One online node.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: u32,
    /// Has memory that this process may use.
    pub(crate) memory: bool,
    pub(crate) cpus: Vec<u32>,
    /// How far every online node is, in the machine's units (10 is local).
    distances: Vec<(u32, u32)>,
}

impl Node {
    /// How far `other` is; by itself where the machine does not say: 10 here, 20 elsewhere.
    pub(crate) fn distance(&self, other: u32) -> u32 {
        let told = self.distances.iter().find(|(node, _)| *node == other);
        told.map_or(if other == self.id { 10 } else { 20 }, |(_, distance)| *distance)
    }
}

/// The online nodes, by ascending number.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) nodes: Vec<Node>,
    /// The machine told them; else one node is assumed.
    pub(crate) known: bool,
}

impl Machine {
    /// Asks the running system.
    pub(crate) fn discover() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let allowed = status.lines().find_map(|l| l.strip_prefix("Mems_allowed_list:")).and_then(parse_list);
        Self::read(Path::new("/sys/devices/system/node"), allowed.as_deref())
    }

    /// Reads a directory laid out like `/sys/devices/system/node`. Of the nodes with memory only those in
    /// `allowed` count as such, if it is given.
    pub(crate) fn read(root: &Path, allowed: Option<&[u32]>) -> Self {
        let text = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
        let online = parse_list(&text("online")).unwrap_or_default();
        let with_memory = parse_list(&text("has_memory")).unwrap_or_else(|| online.clone());
        let nodes: Vec<Node> = online
            .iter()
            .map(|&id| Node {
                id,
                memory: with_memory.contains(&id) && allowed.is_none_or(|nodes| nodes.contains(&id)),
                cpus: parse_list(&text(&format!("node{id}/cpulist"))).unwrap_or_default(),
                distances: {
                    let row = text(&format!("node{id}/distance"));
                    online.iter().copied().zip(row.split_whitespace().map_while(|d| d.parse().ok())).collect()
                },
            })
            .collect();
        if nodes.iter().any(|node| node.memory) {
            Self { nodes, known: true }
        } else {
            let only = Node { id: 0, memory: true, cpus: Vec::new(), distances: Vec::new() };
            Self { nodes: vec![only], known: false }
        }
    }

    /// The numbers of the nodes with memory.
    pub(crate) fn with_memory(&self) -> Vec<u32> {
        self.nodes.iter().filter(|node| node.memory).map(|node| node.id).collect()
    }
}

/// Whether the kernel moves pages to the nodes that use them (automatic NUMA balancing), as the file at
/// `path` says.
pub(crate) fn balances(path: &Path) -> bool {
    // 0 is off; 1, 2 and 3 are ways of doing it.
    fs::read_to_string(path).is_ok_and(|mode| mode.trim() != "0")
}

/// The kernel's list format: `0-3,8,10-11`. `None` if there is nothing or nothing sensible in it.
fn parse_list(text: &str) -> Option<Vec<u32>> {
    /// More CPUs or nodes than any kernel is built for: such a list is not believed.
    const MOST: usize = 1 << 16;
    let mut list = Vec::new();
    for range in text.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        if list.len() + last.checked_sub(first)? as usize >= MOST {
            return None;
        }
        list.extend(first..=last);
    }
    Some(list)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A made-up machine: node number, cpulist, has memory, distance row.
    pub(crate) fn machine(nodes: &[(u32, &str, bool, &[u32])]) -> Machine {
        let node = |&(id, cpus, memory, row): &(u32, &str, bool, &[u32])| Node {
            id,
            memory,
            cpus: parse_list(cpus).unwrap_or_default(),
            distances: nodes.iter().map(|n| n.0).zip(row.iter().copied()).collect(),
        };
        Machine { nodes: nodes.iter().map(node).collect(), known: true }
    }

    #[test]
    fn lists() {
        assert_eq!(parse_list("0\n"), Some(vec![0]));
        assert_eq!(parse_list("0-2,8,10-11"), Some(vec![0, 1, 2, 8, 10, 11]));
        for bad in ["", "\n", "a", "3-1", "0-", "0,,1", "0-4294967295"] {
            assert_eq!(parse_list(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn reads_a_directory() {
        let root = std::env::temp_dir().join(format!("numa-alloc-nodes-{}", std::process::id()));
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("online", "0,2-3\n");
        write("has_memory", "0,3\n");
        write("node0/cpulist", "0-1\n");
        write("node0/distance", "10 17 28\n");
        write("node2/cpulist", "2-3\n");
        write("node2/distance", "17 10 21\n");
        write("node3/cpulist", "\n");
        let machine = Machine::read(&root, None);
        let memory_of_first = Machine::read(&root, Some(&[0])).with_memory();
        let nothing_allowed = Machine::read(&root, Some(&[7]));
        fs::remove_dir_all(&root).unwrap();

        assert!(machine.known);
        assert_eq!(machine.with_memory(), [0, 3]);
        let [n0, n2, n3] = &machine.nodes[..] else { panic!("three nodes") };
        assert_eq!((n0.id, n2.id, n3.id), (0, 2, 3));
        assert_eq!((n0.cpus.as_slice(), n2.cpus.as_slice()), (&[0, 1][..], &[2, 3][..]));
        assert!(n3.cpus.is_empty());
        assert_eq!((n0.distance(2), n0.distance(3), n2.distance(3)), (17, 28, 21));
        assert_eq!((n3.distance(0), n3.distance(3)), (20, 10));
        assert_eq!(memory_of_first, [0]);
        assert!(!nothing_allowed.known);
    }

    #[test]
    fn balancing_is_on_if_the_file_says_so() {
        let path = std::env::temp_dir().join(format!("numa-alloc-balancing-{}", std::process::id()));
        let told = ["0\n", "1\n", "2\n"].map(|mode| {
            fs::write(&path, mode).unwrap();
            balances(&path)
        });
        fs::remove_file(&path).unwrap();
        assert_eq!(told, [false, true, true]);
        assert!(!balances(&path), "no file, no balancing");
    }

    #[test]
    fn no_directory_is_one_node() {
        let machine = Machine::read(Path::new("/nonexistent"), None);
        assert!(!machine.known);
        assert_eq!(machine.with_memory(), [0]);
    }

    #[test]
    fn this_machine_has_a_node() {
        assert!(!Machine::discover().with_memory().is_empty());
    }
}
