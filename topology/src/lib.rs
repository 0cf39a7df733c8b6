//! What does this machine look like, and where should worker threads run?
//!
//! A [`Machine`] knows its NUMA nodes, CPUs, caches and distances; a [`PinPolicy`] turns a machine
//! and a number of workers into a [`PinPlan`]; a [`WorkerPool`] starts the threads, each in its place; a
//! [`Partition`] divides keys among them, so that each node's are in one piece.
//!
//! ```
//! use bskip_topology::{Machine, Partition, PinPolicy, WorkerPool};
//!
//! let machine = Machine::discover();
//! println!("{machine}");
//! let plan = PinPolicy::Scatter.plan(&machine, machine.parallelism())?;
//! let partition = Partition::new(&plan, 0..=999_999);
//! let pool = WorkerPool::new(plan);
//! pool.notes().iter().for_each(|note| println!("note: {note}"));
//! let keys = pool.run(|worker| partition.range(worker.index()).count());
//! assert_eq!(keys.iter().sum::<usize>(), 1_000_000);
//! # Ok::<(), bskip_topology::PinError>(())
//! ```
//!
//! Who starts threads otherwise calls [`PinPlan::pin`] on each.
//!
//! # Pin policies
//!
//! | spelling | each worker gets | good for |
//! | --- | --- | --- |
//! | `none` | all allowed CPUs | letting the scheduler decide |
//! | `compact` | one CPU, siblings of a core and neighbours first | few threads that share data |
//! | `scatter` | one CPU, packages, nodes, L3 domains and cores in turn | memory bandwidth |
//! | `per-node` | all allowed CPUs of one node, nodes in turn | node-local memory, some slack |
//! | `per-l3` | all allowed CPUs of one L3 domain, nodes and their domains in turn | workers that share a cache, some slack |
//! | `smt-last` | one CPU, a thread per core before any sibling, nodes filled one by one | a scaling curve |
//! | `cpus:0,2,4-7` | one CPU of the list, in the order given | repeating someone's run |
//!
//! # Limits
//!
//! A plan only names CPUs that the process may use (`taskset`, cpusets of containers). More workers
//! than CPUs is not an error: the plan wraps around and [`PinPlan::notes`] says so.
//!
//! A cgroup may also limit CPU time (`cpu.max`, a container's `--cpus 2`): then the process sees all CPUs and
//! gets the time of two, and more than two workers only throttle each other. [`Machine::quota`] tells,
//! [`Machine::parallelism`] is the number of workers that respects it, and a plan of more says so in its
//! notes.
//!
//! The kernel's affinity mask is the truth about the CPUs that a process may use. Where the files under `/sys` show others
//! (lxcfs in a container), the CPUs of the mask are taken in, and [`Machine::notes`] says so.
//!
//! # Homes
//!
//! Every CPU has one home, a node with memory that the process may use; plans, [`Worker::node`] and [`Partition`] name
//! homes. Which node that is, the crate `bskip-numa-nodes` says, for this crate and for `numa-alloc`. So the arena has
//! every node that is named here, also where the CPUs' own node has no memory, where fake NUMA lists every CPU on every
//! node, or where nodes are hidden.
//!
//! # Handles
//!
//! This crate knows no arena. [`WorkerPool::with`] makes whatever each worker is to have, on the worker's own
//! thread and in its place: memory that it touches first is then on its node. [`Partition::bounds`] tells an
//! arena, in plain numbers, which node the leaves of a key range belong to.
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
//! `hwloc` (on by default), or where hwloc sees nothing, [`Machine::discover`] reads what Linux shows under
//! `/sys/devices/system`: nodes, packages, cores, caches and distances as well. Where nodes are hidden
//! (`node` there), cores and caches are still known. Where all is hidden the answer is one node 0 that holds
//! the CPUs that the process may use, every CPU a core of its own, no caches and no distances.
//! [`Machine::fallback`] says why only one node is known, [`Machine::notes`] where the picture comes
//! from. Pinning does not need hwloc, only Linux; elsewhere [`pin_current_thread`] returns
//! [`PinError::Unsupported`], and a [`WorkerPool`]'s threads run where the system likes.
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
mod gate;
mod homes;
#[cfg(feature = "hwloc")]
mod hwloc;
#[cfg(feature = "hwloc")]
mod hwloc_env;
mod machine;
mod order;
mod os;
mod partition;
mod pin;
mod plan;
mod policy;
mod pool;
mod summary;
mod sysfs_tree;
mod worker;

pub use cpuset::{CpuSet, ParseCpuListError};
pub use distances::Distances;
pub use error::{MachineError, PinError};
pub use machine::{Cache, Cpu, Machine, NumaNode};
pub use partition::Partition;
pub use pin::{current_cpu, current_node, pin_current_thread};
pub use plan::{PinPlan, Place};
pub use policy::{ParsePolicyError, PinPolicy};
pub use pool::{WorkerPool, Workers};
pub use worker::Worker;
