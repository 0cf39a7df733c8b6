//! What the machine refused, and what the arena does instead: each told once.

use core::fmt;
use std::sync::{Mutex, PoisonError};

use bskip_core::arena::NumaNodeId;

use crate::sys::Errno;

/// Something that this machine refuses, so that the arena works without it. `Display` says what it means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fallback {
    /// The machine does not say which NUMA nodes it has: one node, number 0, is assumed.
    NodesUnknown,
    /// This node has CPUs but no memory that this process may use: its threads use the nearest node instead.
    NoMemoryOn {
        /// The node without memory.
        node: NumaNodeId,
        /// Where its blocks come from.
        instead: NumaNodeId,
    },
    /// No node lists a CPU that this process may run on: threads there count as on another node. Told for the first such
    /// CPU.
    CpuOfNoNode {
        /// The CPU.
        cpu: u32,
        /// The node that its threads count as on.
        instead: NumaNodeId,
    },
    /// [`Policy::Nearest`](crate::Policy::Nearest) and one node with CPUs: blocks go there.
    NoOtherNode,
    /// [`Policy::Tiered`](crate::Policy::Tiered) and every node has CPUs: blocks go to the nearest node, as
    /// with
    /// [`Policy::Local`](crate::Policy::Local).
    NoCpulessNode,
    /// The system does not tell which CPU a thread runs on: every thread counts as one of the arena's first
    /// node.
    CurrentNodeUnknown,
    /// `mbind` was refused: pages lie where the kernel puts them, as a rule on the node that touches them
    /// first.
    BindRefused {
        /// The system's error number.
        errno: i32,
    },
    /// `mbind` was refused and automatic NUMA balancing is on: the kernel may move pages to the nodes that
    /// use them. (Pages that were bound it leaves alone.)
    PagesMayMove,
    /// Transparent huge pages are switched off for the whole system: base pages are used.
    HugePagesOff,
    /// Transparent huge pages are switched off for this process (`PR_SET_THP_DISABLE`, which children inherit): base
    /// pages are used. Asked when the arena is built.
    HugePagesOffForProcess,
    /// Transparent huge pages of this size are switched off for the whole system: smaller ones are used.
    HugePageSizeOff {
        /// Bytes of a huge page.
        bytes: usize,
    },
    /// The kernel gives a huge page only if one is free at that moment (`defrag` is `never`): some memory may lie on base
    /// pages.
    HugePagesOnlyIfFree,
    /// The hugetlb pool had no page left where one was wanted: transparent huge pages are used instead. Told
    /// once for each error number.
    HugetlbRefused {
        /// Bytes of the pages that were wanted.
        bytes: usize,
        /// The system's error number: `EFAULT` if the node has no page left, `EINVAL` if the system has no
        /// pages of this size, or, before Linux 5.14, no safe way to take them.
        errno: i32,
    },
    /// Memory could not be touched when it was committed: that is left to whoever uses it first.
    PrefaultRefused {
        /// The system's error number.
        errno: i32,
    },
    /// `madvise` was refused: the pages are of the system's default size.
    HugePagesRefused {
        /// The system's error number.
        errno: i32,
    },
    /// A pool has fewer addresses than usual: the process may not have them (`RLIMIT_AS`), or has many pools.
    SmallRange {
        /// Bytes that the smallest of the pools can hold.
        bytes: usize,
    },
}

impl fmt::Display for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = |errno: &Errno| std::io::Error::from_raw_os_error(*errno);
        match self {
            Self::NodesUnknown => f.write_str("the machine does not tell its NUMA nodes: node 0 is assumed"),
            Self::NoMemoryOn { node, instead } => {
                write!(
                    f,
                    "node {node} has no memory for this process: its threads use node {instead}, the nearest with \
                     memory; name another by a placement if that is wrong"
                )
            }
            Self::CpuOfNoNode { cpu, instead } => write!(
                f,
                "no NUMA node lists CPU {cpu}, on which this process may run: threads there count as on node \
                 {instead}; a container that shows other CPUs than it gives (lxcfs) does this"
            ),
            Self::NoOtherNode => f.write_str(
                "placement nearest, but only one NUMA node has CPUs: blocks go there; name nodes of memory alone to \
                 use them",
            ),
            Self::NoCpulessNode => f.write_str(
                "placement tiered, but every NUMA node has CPUs: blocks go to the nearest, as local",
            ),
            Self::CurrentNodeUnknown => f.write_str(
                "the system does not tell the current CPU: all threads count as on the first node",
            ),
            Self::BindRefused { errno } => {
                write!(f, "mbind was refused ({}): pages lie where the kernel puts them", error(errno))
            }
            Self::PagesMayMove => f.write_str(
                "automatic NUMA balancing may move pages that could not be bound: switch it off by \
                 `sysctl kernel.numa_balancing=0`, or allow mbind (CAP_SYS_NICE in a container)",
            ),
            Self::HugePagesOff => f.write_str(
                "transparent huge pages are off: base pages are used; write madvise to \
                 /sys/kernel/mm/transparent_hugepage/enabled",
            ),
            Self::HugePagesOffForProcess => f.write_str(
                "transparent huge pages are off for this process: base pages are used; start it without \
                 prctl(PR_SET_THP_DISABLE), which a parent process may have called",
            ),
            Self::HugePageSizeOff { bytes } => {
                let kib = bytes >> 10;
                write!(
                    f,
                    "transparent huge pages of {kib} KiB are off: smaller pages are used; write inherit to \
                     /sys/kernel/mm/transparent_hugepage/hugepages-{kib}kB/enabled"
                )
            }
            Self::HugePagesOnlyIfFree => f.write_str(
                "the kernel makes no room for transparent huge pages: some memory may lie on base pages; write madvise \
                 to /sys/kernel/mm/transparent_hugepage/defrag",
            ),
            Self::HugetlbRefused { bytes, errno } => {
                let kib = bytes >> 10;
                write!(
                    f,
                    "no hugetlb page of {kib} KiB to be had ({}): transparent huge pages are used; reserve some in \
                     /sys/devices/system/node/node*/hugepages/hugepages-{kib}kB/nr_hugepages",
                    error(errno)
                )
            }
            Self::PrefaultRefused { errno } => {
                write!(f, "memory could not be touched in advance ({}): it is when it is used", error(errno))
            }
            Self::HugePagesRefused { errno } => {
                write!(f, "madvise was refused ({}): pages have the system's default size", error(errno))
            }
            Self::SmallRange { bytes } => {
                write!(f, "few addresses, by a limit or for many pools: a pool holds at most {bytes} bytes")
            }
        }
    }
}

/// The fallbacks of an arena, in the order in which they were met.
#[derive(Debug, Default)]
pub(crate) struct Fallbacks(Mutex<Vec<Fallback>>);

impl Fallbacks {
    /// Notes one, unless it is there already. Of small ranges only the smallest is kept.
    pub(crate) fn note(&self, new: Fallback) {
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if list.contains(&new) {
            return;
        }
        if let Fallback::SmallRange { bytes: new } = new {
            let old = list.iter_mut().find_map(|f| match f {
                Fallback::SmallRange { bytes } => Some(bytes),
                _ => None,
            });
            if let Some(old) = old {
                *old = new.min(*old);
                return;
            }
        }
        // Without memory for it the note is lost; the arena must not fail for that.
        if list.try_reserve(1).is_ok() {
            list.push(new);
        }
    }

    /// All of them.
    pub(crate) fn list(&self) -> Vec<Fallback> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_told_once() {
        let notes = Fallbacks::default();
        for bytes in [7, 5, 9] {
            notes.note(Fallback::HugePagesOff);
            notes.note(Fallback::BindRefused { errno: libc::EPERM });
            notes.note(Fallback::SmallRange { bytes });
        }
        let expected = [
            Fallback::HugePagesOff,
            Fallback::BindRefused { errno: libc::EPERM },
            Fallback::SmallRange { bytes: 5 },
        ];
        assert_eq!(notes.list(), expected);
    }
}
