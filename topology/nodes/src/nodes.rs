//! The NUMA nodes of a machine.

use std::fmt;

/// An online NUMA node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Node {
    /// The number that the operating system gives the node.
    pub os_index: u32,
    /// The CPUs that the system lists with the node, ascending. Their home may be another node: see
    /// [`Nodes::homes`](crate::Nodes::homes).
    pub cpus: Vec<u32>,
    /// Whether the node has memory.
    pub memory: bool,
    /// Whether this process may allocate on the node.
    pub allowed: bool,
    /// Bytes of memory; `None` if unknown.
    pub bytes: Option<u64>,
    /// The known distances to nodes, as pairs of node and distance. 10 means local.
    pub distances: Vec<(u32, u64)>,
}

impl Node {
    /// A node with these CPUs and with memory that this process may use. Nothing else is known about it.
    #[must_use]
    pub fn new(os_index: u32, cpus: Vec<u32>) -> Self {
        Self { os_index, cpus, memory: true, allowed: true, bytes: None, distances: Vec::new() }
    }

    /// Whether the node has memory that this process may use.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.memory && self.allowed
    }

    /// The distance to `other`. If it is unknown: 10 to the node itself, 20 to another node.
    #[must_use]
    pub fn distance(&self, other: u32) -> u64 {
        let known = self.distances.iter().find(|(node, _)| *node == other);
        known.map_or(if other == self.os_index { 10 } else { 20 }, |(_, distance)| *distance)
    }
}

/// The online NUMA nodes of a machine. At least one of them is usable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nodes {
    /// Ascending by number.
    pub(crate) all: Vec<Node>,
}

/// Why the nodes of a machine are unknown. Callers then assume one node, number 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodesError {
    /// The system shows no nodes.
    NotShown,
    /// No node that the system shows has memory for this process. The process has memory, so the files are
    /// wrong.
    NoMemory,
}

impl fmt::Display for NodesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotShown => "the system does not show /sys/devices/system/node",
            Self::NoMemory => "no NUMA node that the system shows has memory for this process",
        })
    }
}

impl std::error::Error for NodesError {}

impl Nodes {
    /// The nodes of a described machine. If none of them is usable, all count as usable, because the
    /// description is not about this process.
    ///
    /// # Errors
    /// [`NodesError::NotShown`] if the list is empty.
    pub fn described(mut all: Vec<Node>) -> Result<Self, NodesError> {
        if !all.iter().any(Node::is_usable) {
            all.iter_mut().for_each(|node| (node.memory, node.allowed) = (true, true));
        }
        Self::new(all)
    }

    /// One node, number 0, which is the home of all CPUs.
    #[must_use]
    pub fn assumed() -> Self {
        Self { all: vec![Node::new(0, Vec::new())] }
    }

    /// These nodes, if at least one of them is usable.
    pub(crate) fn new(mut all: Vec<Node>) -> Result<Self, NodesError> {
        if all.is_empty() {
            return Err(NodesError::NotShown);
        }
        all.sort_by_key(|node| node.os_index);
        if all.iter().any(Node::is_usable) { Ok(Self { all }) } else { Err(NodesError::NoMemory) }
    }

    /// All nodes, ascending by number.
    #[must_use]
    pub fn all(&self) -> &[Node] {
        &self.all
    }

    /// The node with this number; `None` if the machine does not have it.
    #[must_use]
    pub fn node(&self, number: u32) -> Option<&Node> {
        self.all.binary_search_by_key(&number, |node| node.os_index).ok().map(|index| &self.all[index])
    }

    /// The numbers of the usable nodes, ascending.
    #[must_use]
    pub fn usable(&self) -> Vec<u32> {
        self.all.iter().filter(|node| node.is_usable()).map(|node| node.os_index).collect()
    }
}
