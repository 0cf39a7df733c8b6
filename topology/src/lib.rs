//! What does this machine look like, and where should worker threads run?
//!
//! A [`Machine`] knows its NUMA nodes, CPUs, caches and distances; a [`PinPolicy`] turns a machine
//! and a number of workers into a [`PinPlan`]; each worker applies its own line of the plan.
//!
//! ```
//! use bskip_topology::{Machine, PinPolicy};
//!
//! let machine = Machine::discover();
//! println!("{machine}");
//! let plan = PinPolicy::Scatter.plan(&machine, 2)?;
//! std::thread::scope(|s| {
//!     for worker in 0..plan.len() {
//!         let plan = &plan;
//!         s.spawn(move || plan.pin(worker).unwrap_or_else(|why| eprintln!("not pinned: {why}")));
//!     }
//! });
//! # Ok::<(), bskip_topology::PinError>(())
//! ```
//!
//! # Pin policies
//!
//! | spelling | each worker gets | good for |
//! | --- | --- | --- |
//! | `none` | all allowed CPUs | letting the scheduler decide |
//! | `compact` | one CPU, siblings of a core and neighbours first | few threads that share data |
//! | `scatter` | one CPU, packages, nodes, L3 domains and cores in turn | memory bandwidth |
//! | `per-node` | all allowed CPUs of one node, nodes in turn | node-local memory, some slack |
//! | `smt-last` | one CPU, a thread per core before any sibling, nodes filled one by one | a scaling curve |
//! | `cpus:0,2,4-7` | one CPU of the list, in the order given | repeating someone's run |
//!
//! A plan only names CPUs that the process may use (`taskset`, cpusets of containers). More workers
//! than CPUs is not an error: the plan wraps around and [`PinPlan::notes`] says so.
//!
//! # Numbers
//!
//! Nodes and CPUs are known by the numbers of the operating system, as `u32`: the numbers that
//! `mbind`, `taskset` and `/sys` take. Cores, packages and caches have no such numbers that are
//! unique in a machine; they are counted from 0 in the order of the hardware tree.
//!
//! # When hwloc is absent
//!
//! Discovery goes through [hwloc](https://www.open-mpi.org/projects/hwloc/). Without the feature
//! `hwloc` (on by default), or where hwloc sees nothing, [`Machine::discover`] still answers: one
//! node 0 that holds the CPUs that the process may use, every CPU a core of its own, no caches and no
//! distances. Where the system hides its nodes only (`/sys/devices/system/node`), cores and caches are
//! still known. [`Machine::fallback`] gives the reason and [`Machine::notes`] repeats it. Pinning does
//! not need hwloc, only Linux; elsewhere [`pin_current_thread`] returns [`PinError::Unsupported`].
//!
//! # When to choose something else
//!
//! - To pin threads and nothing more: the crate `core_affinity` is smaller.
//! - For I/O devices, memory attributes, CPU kinds or the whole tree: use `hwlocality` itself, which
//!   does the work here.
//! - To place memory: the crate `numa-alloc` of this workspace takes the node numbers given here.
#![deny(unsafe_code)]

mod cpuset;
mod discover;
mod distances;
mod error;
#[cfg(feature = "hwloc")]
mod hwloc;
mod machine;
mod order;
mod os;
mod pin;
mod plan;
mod policy;
mod summary;
#[cfg(feature = "hwloc")]
mod sysfs;

pub use cpuset::{CpuSet, ParseCpuListError};
pub use distances::Distances;
pub use error::{MachineError, PinError};
pub use machine::{Cache, Cpu, Machine, NumaNode};
pub use pin::{current_cpu, current_node, pin_current_thread};
pub use plan::{PinPlan, Place};
pub use policy::{ParsePolicyError, PinPolicy};
