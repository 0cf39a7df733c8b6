//! Which NUMA nodes a machine has, and which of them is home to a CPU.
//!
//! The arena (`numa-alloc`) places blocks on nodes, and `bskip-topology` names nodes for workers and keys. Both ask
//! this crate, so that they never disagree. It depends on nothing.
//!
//! # The rule
//!
//! A node is *usable* if it has memory and this process may allocate there. The *home* of a CPU is a usable node:
//!
//! 1. If usable nodes list the CPU, its home is the one of them that lists the fewest CPUs, and among equals the one
//!    with the lowest number. (Linux lists a CPU once. Some fake NUMA set-ups list every CPU on every node, and hwloc
//!    lists the CPUs of a package on the memory-only nodes beside it.)
//! 2. If only other nodes list the CPU, its home is the usable node nearest to the one of them that rule 1 would take.
//!    Among equally near nodes one that lists CPUs comes first, then the lowest number.
//! 3. If no node lists the CPU, its home is the lowest-numbered home of all.
//!
//! A usable node is *in use* if it is a home or lists CPUs. Every other one has memory alone: CXL, persistent memory,
//! high-bandwidth memory, the memory of a GPU. Such a node is used only when it is named.
//!
//! ```
//! use bskip_numa_nodes::Nodes;
//!
//! match Nodes::this_machine() {
//!     Ok(nodes) => println!("CPU 0 has its home on node {}", nodes.homes().of(0)),
//!     Err(hidden) => println!("one node is assumed: {hidden}"),
//! }
//! ```

mod homes;
mod list;
#[cfg(any(test, feature = "shapes"))]
pub mod shapes;
mod sysfs;

use std::fmt;

pub use homes::Homes;
pub use list::parse_list;
pub use sysfs::{allowed_cpus, read};

/// One online NUMA node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The operating system's number of the node.
    pub number: u32,
    /// The CPUs that the system lists with the node, ascending. Not yet their home: see [`Nodes::homes`].
    pub cpus: Vec<u32>,
    /// Whether the node has memory.
    pub memory: bool,
    /// Whether this process may allocate here.
    pub allowed: bool,
    /// Bytes of memory, if the system tells.
    pub bytes: Option<u64>,
    /// How far other nodes are, as far as the system tells: number and distance, 10 being local.
    pub distances: Vec<(u32, u64)>,
}

impl Node {
    /// Whether the node has memory that this process may use.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.memory && self.allowed
    }

    /// How far `other` is. Where the system does not tell: 10 to the node itself, 20 to another.
    #[must_use]
    pub fn distance(&self, other: u32) -> u64 {
        let told = self.distances.iter().find(|(node, _)| *node == other);
        told.map_or(if other == self.number { 10 } else { 20 }, |(_, distance)| *distance)
    }
}

/// The online NUMA nodes of a machine. At least one of them is usable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nodes {
    /// Ascending by number.
    all: Vec<Node>,
}

/// Why the nodes of a machine are unknown. One node, number 0, is assumed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    /// The system shows no nodes.
    NotShown,
    /// No node that the system shows has memory for this process. (The process runs, so the files are wrong.)
    NoMemory,
}

impl fmt::Display for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotShown => "the system does not show /sys/devices/system/node",
            Self::NoMemory => "no NUMA node that the system shows has memory for this process",
        })
    }
}

impl std::error::Error for Hidden {}

impl Nodes {
    /// The nodes of the machine that runs this process.
    ///
    /// # Errors
    /// The system hides them.
    pub fn this_machine() -> Result<Self, Hidden> {
        Self::read(sysfs::read, sysfs::allowed_nodes().as_deref())
    }

    /// These nodes. If none of them is usable, all count as usable: the description is not about this process.
    ///
    /// # Errors
    /// [`Hidden::NotShown`] if the list is empty.
    pub fn described(mut all: Vec<Node>) -> Result<Self, Hidden> {
        if !all.iter().any(Node::is_usable) {
            all.iter_mut().for_each(|node| (node.memory, node.allowed) = (true, true));
        }
        Self::new(all)
    }

    /// One node, number 0, which is home to all CPUs.
    #[must_use]
    pub fn assumed() -> Self {
        let only = Node {
            number: 0,
            cpus: Vec::new(),
            memory: true,
            allowed: true,
            bytes: None,
            distances: Vec::new(),
        };
        Self { all: vec![only] }
    }

    /// These nodes, if one of them is usable.
    fn new(mut all: Vec<Node>) -> Result<Self, Hidden> {
        if all.is_empty() {
            return Err(Hidden::NotShown);
        }
        all.sort_by_key(|node| node.number);
        if all.iter().any(Node::is_usable) { Ok(Self { all }) } else { Err(Hidden::NoMemory) }
    }

    /// All nodes, ascending by number.
    #[must_use]
    pub fn all(&self) -> &[Node] {
        &self.all
    }

    /// The node with this number.
    #[must_use]
    pub fn node(&self, number: u32) -> Option<&Node> {
        self.all.binary_search_by_key(&number, |node| node.number).ok().map(|index| &self.all[index])
    }

    /// The numbers of the usable nodes, ascending.
    #[must_use]
    pub fn usable(&self) -> Vec<u32> {
        self.all.iter().filter(|node| node.is_usable()).map(|node| node.number).collect()
    }

    /// The numbers of the nodes in use unless others are named, ascending: every usable node that is a home or lists
    /// CPUs.
    #[must_use]
    pub fn in_use(&self) -> Vec<u32> {
        let homes = self.homes();
        let used = |node: &&Node| node.is_usable() && (!node.cpus.is_empty() || homes.is_home(node.number));
        self.all.iter().filter(used).map(|node| node.number).collect()
    }
}
