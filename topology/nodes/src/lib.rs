//! Which NUMA nodes a machine has, and which node is the home of each CPU.
//!
//! The arena (`numa-alloc`) places blocks on nodes, and `bskip-topology` names nodes for workers and keys.
//! Both use this crate, so that they never disagree. It has no dependencies.
//!
//! # The rule
//!
//! A node is *usable* if it has memory and this process may allocate there. The *home* of a CPU is a usable
//! node:
//!
//! 1. If usable nodes list the CPU, its home is the one of them that lists the fewest CPUs. If several list
//!    as few, it is the one with the lowest number. (Linux lists a CPU once. But some fake NUMA set-ups list
//!    every CPU on every node, and hwloc also lists the CPUs of a package on the memory-only nodes next to
//!    it.)
//! 2. If only unusable nodes list the CPU, take the node that rule 1 would choose among them. The home is the
//!    usable node nearest to that node. Of equally near nodes, one that lists CPUs is preferred, then the one
//!    with the lowest number.
//! 3. If no node lists the CPU, its home is the lowest-numbered of all homes.
//!
//! A usable node is *in use* if it is a home or lists CPUs. The other usable nodes are *memory-only* nodes:
//! CXL, persistent memory, high-bandwidth memory, the memory of a GPU. A memory-only node is used only if the
//! user names it.
//!
//! ```
//! use bskip_numa_nodes::Nodes;
//!
//! match Nodes::this_machine() {
//!     Ok(nodes) => println!("the home of CPU 0 is node {}", nodes.homes().of(0)),
//!     Err(error) => println!("one node is assumed: {error}"),
//! }
//! ```
//!
//! From the bottom up; a file uses only what stands above it:
//!
//! | file | what it is for |
//! | --- | --- |
//! | `list` | the kernel's notation of lists and masks |
//! | `nodes` | the nodes of a machine |
//! | `homes` | the home of each CPU: the rule, in code |
//! | `sysfs` | reads the nodes of this machine from the files of Linux |
//! | `shapes` | for tests: machines whose NUMA set-up is unusual or wrong |

mod homes;
mod list;
mod nodes;
#[cfg(any(test, feature = "shapes"))]
pub mod shapes;
mod sysfs;

pub use homes::Homes;
pub use list::parse_list;
pub use nodes::{Node, Nodes, NodesError};
pub use sysfs::{allowed_cpus, read};
