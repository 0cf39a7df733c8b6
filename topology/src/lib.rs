//! What a machine looks like, and where its worker threads should run.
//!
//! A [`Machine`] knows its NUMA nodes, CPUs, caches and distances. A [`PinPolicy`] makes a [`PinPlan`] from a
//! machine and a number of workers. A [`WorkerPool`] starts the threads, each bound as planned. A
//! [`Partition`] divides keys among the workers, so that the keys of each node are in one piece. In this
//! crate, *node* always means a NUMA node.
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
//! If a program starts its threads itself, it calls [`PinPlan::pin`] on each of them.
//!
//! # Pin policies
//!
//! | name | each worker gets | good for |
//! | --- | --- | --- |
//! | `none` | all allowed CPUs | leaving the choice to the scheduler |
//! | `compact` | one CPU, siblings of a core and neighbours first | few threads that share data |
//! | `scatter` | one CPU, packages, nodes, L3 domains and cores in turn | memory bandwidth |
//! | `per-node` | all allowed CPUs of one node, nodes in turn | node-local memory, with some freedom for the scheduler |
//! | `per-l3` | all allowed CPUs of one L3 domain, nodes and their domains in turn | workers that share a cache, with some freedom for the scheduler |
//! | `smt-last` | one CPU, one thread per core before any sibling, nodes filled one by one | a scaling curve |
//! | `cpus:0,2,4-7` | one CPU of the list, in the order given | repeating an earlier run |
//!
//! # Limits
//!
//! A plan names only CPUs that the process may use (`taskset`, cpusets of containers). More workers than CPUs
//! are not an error: several workers get the same CPUs, and [`PinPlan::notes`] says so.
//!
//! A cgroup may also limit CPU time (`cpu.max`, a container's `--cpus 2`). The process then sees all CPUs but
//! gets the time of two, and more than two workers only slow each other down. [`Machine::quota`] is this
//! limit, and [`Machine::parallelism`] is the number of workers that respects it. A plan of more workers has
//! a note about it.
//!
//! The kernel's affinity mask decides which CPUs a process may use. If the files under `/sys` show other CPUs
//! (lxcfs in a container), the CPUs of the mask are added, and [`Machine::notes`] says so.
//!
//! # Homes
//!
//! Every CPU has one home, a node with memory that the process may use. Plans, [`Worker::node`] and
//! [`Partition`] name homes. The crate `bskip-numa-nodes` says which node that is, for this crate and for
//! `numa-alloc`. So the arena has every node that is named here, even if the CPUs' own node has no memory, if
//! fake NUMA lists every CPU on every node, or if nodes are hidden.
//!
//! # Handles
//!
//! This crate knows no arena. [`WorkerPool::with`] makes a value of your choice for each worker. It does so
//! on the worker's own thread, after the thread was pinned: memory that the thread touches first is then on
//! the worker's node. [`Partition::bounds`] says, in plain numbers, which node the leaves of a key range
//! belong to; an arena can use these.
//!
//! # Numbers
//!
//! Nodes and CPUs have the numbers of the operating system, as `u32`: the numbers that `mbind`, `taskset` and
//! `/sys` use, and that hwloc calls `os_index`. Cores, packages and caches have no such numbers that are
//! unique in a machine. They are counted from 0 in the order of the hardware tree.
//!
//! # When hwloc is absent
//!
//! [`Machine::discover`] uses [hwloc](https://www.open-mpi.org/projects/hwloc/). Without the feature `hwloc`,
//! which is on by default, or if hwloc shows nothing, it reads the files of Linux under
//! `/sys/devices/system`. These show nodes, packages, cores, caches and distances too. If they hide the
//! nodes, cores and caches are still known. If they hide everything, the machine is one node 0 with the CPUs
//! that the process may use, each CPU a core of its own, without caches and distances. [`Machine::fallback`]
//! says why only one node is known, and [`Machine::notes`] says where the data come from.
//!
//! Pinning does not need hwloc, only Linux. On other systems, [`pin_current_thread`] returns
//! [`PinError::Unsupported`], and the threads of a [`WorkerPool`] run unbound.
//!
//! # When to choose something else
//!
//! - To pin threads and nothing more, the crate `core_affinity` is smaller.
//! - For I/O devices, memory attributes, CPU kinds or the whole tree, use `hwlocality` directly, which this
//!   crate uses.
//! - To place memory, use the crate `numa-alloc` of this workspace, which takes the node numbers from here.
#![deny(unsafe_code)]

mod cpuset;
mod discover;
mod distances;
mod error;
#[cfg(test)]
mod fixtures;
mod gate;
mod machine;
mod os;
mod partition;
mod pin;
mod plan;
mod policy;
mod pool;
#[cfg(test)]
mod shapes_tests;
mod summary;
mod worker;

pub use cpuset::{CpuSet, ParseCpuListError};
pub use distances::Distances;
pub use error::{MachineError, PinError};
pub use machine::{Cache, Cpu, Machine, NumaNode};
pub use partition::Partition;
pub use pin::{current_cpu, current_node, pin_current_thread};
pub use plan::{Binding, PinPlan};
pub use policy::{ParsePolicyError, PinPolicy};
pub use pool::{WorkerPool, Workers};
pub use worker::Worker;
