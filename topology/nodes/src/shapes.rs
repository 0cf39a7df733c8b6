//! For tests: machines whose NUMA set-up is unusual or wrong, made by hand. Each has the files that Linux
//! shows of it, and the homes of its CPUs. Most are modelled on machines that hwloc is tested with, and have
//! their names. The arena and the pin plans run the same tests over this one list.

use std::collections::BTreeMap;

use crate::nodes::{Nodes, NodesError};

/// A machine made by hand.
#[derive(Clone, Debug)]
pub struct Shape {
    /// A name for messages.
    pub name: &'static str,
    /// The contents of the files below `/sys/devices/system`.
    pub files: BTreeMap<String, String>,
    /// The nodes that the process may allocate on; `None` means all.
    pub allowed_nodes: Option<Vec<u32>>,
    /// The CPUs that the kernel lets the process run on.
    pub affinity: Vec<u32>,
    /// CPUs with their homes: all of `affinity`, and possibly others.
    pub homes: Vec<(u32, u32)>,
    /// The nodes in use.
    pub in_use: Vec<u32>,
}

impl Shape {
    /// The machine of this name.
    ///
    /// # Panics
    /// If the list has no such machine.
    #[must_use]
    pub fn named(name: &str) -> Self {
        all().into_iter().find(|shape| shape.name == name).expect("a shape of this name")
    }

    /// The text of a file.
    #[must_use]
    pub fn read(&self, name: &str) -> Option<String> {
        self.files.get(name).cloned()
    }

    /// The nodes as Linux shows them.
    ///
    /// # Errors
    /// The files hide them.
    pub fn nodes(&self) -> Result<Nodes, NodesError> {
        Nodes::read(|name| self.read(name), self.allowed_nodes.as_deref())
    }

    fn new(name: &'static str, online: &str, homes: &[(u32, u32)], in_use: &[u32]) -> Self {
        let affinity = homes.iter().map(|&(cpu, _)| cpu).collect();
        let (homes, in_use) = (homes.to_vec(), in_use.to_vec());
        let shape = Self { name, files: BTreeMap::new(), allowed_nodes: None, affinity, homes, in_use };
        shape.with("cpu/online", online)
    }

    fn with(mut self, file: &str, text: &str) -> Self {
        self.files.insert(file.to_owned(), text.to_owned());
        self
    }

    fn without(mut self, part: &str) -> Self {
        self.files.retain(|name, _| !name.contains(part));
        self
    }

    /// Adds nodes with their lists of CPUs, their MiB and their rows of distances. A row may be empty.
    fn nodes_of(self, nodes: &[(u32, &str, u64, &str)]) -> Self {
        let list = |of: &dyn Fn(u64) -> bool| {
            let numbers = nodes.iter().filter(|node| of(node.2)).map(|node| node.0.to_string());
            numbers.collect::<Vec<_>>().join(",")
        };
        let mut shape = self.with("node/online", &list(&|_| true));
        shape = shape.with("node/has_memory", &list(&|mib| mib > 0));
        for &(number, cpus, mib, row) in nodes {
            let node = format!("node/node{number}");
            shape = shape.with(&format!("{node}/cpulist"), cpus);
            let meminfo = format!("Node {number} MemTotal:  {} kB", mib * 1024);
            shape = shape.with(&format!("{node}/meminfo"), &meminfo);
            if !row.is_empty() {
                shape = shape.with(&format!("{node}/distance"), row);
            }
        }
        shape
    }
}

/// All machines of the list.
#[must_use]
pub fn all() -> Vec<Shape> {
    // Each two CPUs of a package are a node. Every second node has no memory.
    let nps4 = Shape::new("nps4", "0-3", &[(0, 1), (1, 1), (2, 2), (3, 2)], &[1, 2]).nodes_of(&[
        (0, "0", 0, "10 12 32 32"),
        (1, "1", 1024, "12 10 32 32"),
        (2, "2", 1024, "32 32 10 12"),
        (3, "3", 0, "32 32 12 10"),
    ]);
    // CPUs are on nodes 0 and 1, their memory on nodes 5 and 8, persistent memory on nodes 7 and 10. Node 4
    // has only a device.
    let initiators = Shape::new("fakememinitiators", "0-3", &[(0, 5), (1, 5), (2, 8), (3, 8)], &[5, 8])
        .nodes_of(&[
            (0, "0-1", 0, "10 21 12 11 17 21 28"),
            (1, "2-3", 0, "21 10 31 21 28 11 17"),
            (4, "", 0, "12 31 10 15 13 31 13"),
            (5, "", 2048, "11 21 15 10 17 21 28"),
            (7, "", 8192, "17 28 13 17 10 28 28"),
            (8, "", 2048, "21 11 31 21 28 10 17"),
            (10, "", 8192, "28 17 13 28 28 17 10"),
        ])
        .with("node/has_normal_memory", "5,8");
    let same = "10 10 10 10 10 10 10 10";
    let buggy: Vec<_> = (0..8).map(|node| (node, "0-3", 2048, same)).collect();
    let buggy = Shape::new("8em64t-2s2ca2c-buggynuma", "0-3", &[(0, 0), (1, 0), (2, 0), (3, 0)], &{
        [0, 1, 2, 3, 4, 5, 6, 7]
    })
    .nodes_of(&buggy)
    .with("node/online", "0-7\n\0");
    let gpus = Shape::new("nvidiagpunumanodes", "0-1,88-89", &[(0, 0), (1, 0), (88, 8), (89, 8)], &[0, 8])
        .nodes_of(&[
            (0, "0-87", 8192, "10 40 80 80 80"),
            (8, "88-175", 8192, "40 10 80 80 80"),
            (250, "", 4096, "80 80 10 80 80"),
            (251, "", 4096, "80 80 80 10 80"),
            (255, "", 4096, "80 80 80 80 10"),
        ])
        .with("node/has_normal_memory", "0,8");
    let two = |name, online, homes: &[(u32, u32)]| {
        Shape::new(name, online, homes, &[0, 1])
            .nodes_of(&[(0, "0-3", 1024, "10 20"), (1, "4-7", 1024, "20 10")])
    };
    // The container shows two CPUs, renumbered, and runs on two others.
    let lxcfs = two("lxcfs", "0-1", &[(1, 0), (4, 1), (5, 1)]);
    let lxcfs_alone = two("lxcfs, no CPU in common", "0-1", &[(4, 1), (5, 1)]);
    // The affinity names CPUs that no node lists.
    let strangers = two("unlisted CPUs", "0-7", &[(3, 0), (9, 0), (1030, 0)]);
    let no_node = two("hidden nodes", "0-7", &[(0, 0), (7, 0)]).without("node/");
    let no_node = Shape { in_use: vec![0], ..no_node };
    let no_online = two("hidden cpu/online", "", &[(0, 0), (4, 1)]).without("cpu/online");
    // The cpuset allows only the memory of node 1.
    let bound = two("memory of one node", "0-7", &[(0, 1), (4, 1)]);
    let bound = Shape { allowed_nodes: Some(vec![1]), in_use: vec![1], ..bound };
    let contradicted = two("memory of no node", "0-7", &[(0, 0), (4, 0)]);
    let contradicted = Shape { allowed_nodes: Some(vec![3]), in_use: vec![0], ..contradicted };
    let possible = two("possible nodes", "0-7", &[(0, 0), (4, 1)]).with("node/possible", "0-63");
    let large =
        Shape::new("CPUs from 1024", "1022-1025", &[(1022, 2), (1023, 2), (1024, 3), (1025, 3)], &[2, 3])
            .nodes_of(&[(2, "1022-1023", 1024, "10 20"), (3, "1024-1025", 1024, "20 10")]);
    let bare = two("no has_memory, no distances", "0-7", &[(0, 0), (4, 1)]).without("has_memory");
    let bare = bare.without("distance");
    // Node 0 has no memory. Its row is too short to say which other node is near.
    let short = Shape::new("a short row", "0-2", &[(0, 2), (1, 2), (2, 3)], &[2, 3]).nodes_of(&[
        (0, "0", 0, "10"),
        (2, "1", 1024, "20 10"),
        (3, "2", 1024, "20 20 10"),
        (9, "", 1024, ""),
    ]);
    vec![
        nps4,
        initiators,
        buggy,
        gpus,
        lxcfs,
        lxcfs_alone,
        strangers,
        no_node,
        no_online,
        bound,
        contradicted,
        possible,
        large,
        bare,
        short,
    ]
}
