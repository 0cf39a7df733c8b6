//! Binding the calling thread, and asking where it runs.

use crate::{CpuSet, PinError, os};

/// Binds the calling thread to `cpus`: from its next instruction on it runs only there. Threads that
/// it starts later inherit the binding; its other threads and its memory do not move.
///
/// Uses `sched_setaffinity` and reads the result back: works without hwloc and in containers with the
/// usual seccomp filters. A few microseconds: two system calls, and a migration if the thread runs elsewhere.
///
/// ```
/// use bskip_topology::{CpuSet, Machine, PinError, current_cpu, pin_current_thread};
///
/// let cpu = Machine::discover().allowed().first().expect("a process has a CPU");
/// match pin_current_thread(&CpuSet::from([cpu])) {
///     Ok(()) => assert_eq!(current_cpu(), Some(cpu)),
///     Err(PinError::Unsupported) => {} // not Linux
///     Err(other) => panic!("{other}"),
/// }
/// ```
///
/// # Errors
/// [`PinError::NoCpus`] for an empty set; [`PinError::Refused`] if the process may use none of the
/// CPUs or the system forbids the call; [`PinError::Narrowed`] if it may use only some of them (the
/// thread is then bound to those); [`PinError::Unsupported`] where this is not Linux.
pub fn pin_current_thread(cpus: &CpuSet) -> Result<(), PinError> {
    if cpus.is_empty() {
        return Err(PinError::NoCpus);
    }
    os::bind(cpus)
}

/// The CPU that the calling thread runs on; `None` where unknown. Unless the thread is pinned, the
/// answer may be out of date at once.
///
/// Cost: 5 to 30 nanoseconds (no system call on x86-64 and ARM64 with glibc). With
/// [`Machine::node_of_cpu`](crate::Machine::node_of_cpu) it is the fast way to the node.
#[must_use]
pub fn current_cpu() -> Option<u32> {
    os::current_cpu()
}

/// The NUMA node that the calling thread runs on, by the operating system's number; 0 where unknown.
/// Unless the thread is pinned within a node, the answer may be out of date at once. The node may have no memory; the
/// home of the CPU, which has, is [`Machine::node_of_cpu`](crate::Machine::node_of_cpu) of [`current_cpu`].
///
/// Cost: a system call, 0.1 to 0.6 microseconds. Ask once per thread or per slab, not per operation.
#[must_use]
pub fn current_node() -> u32 {
    os::current_node().unwrap_or(0)
}
