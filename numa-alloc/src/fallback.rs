//! What the machine refuses and what the arena does instead, each recorded once.

use core::fmt;
use std::sync::Mutex;

use bskip_core::arena::NumaNodeId;

use crate::sync::lock;
use crate::sys::Errno;

/// Something that this machine refuses and the arena does without. `Display` says what that means and how to
/// change it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fallback {
    /// The machine does not show its NUMA nodes. The arena assumes one node, number 0.
    NodesUnknown,
    /// A node has CPUs but no memory that this process may use. Its threads use the nearest node with memory.
    NodeWithoutMemory {
        /// The node without memory.
        node: NumaNodeId,
        /// The node that the blocks of its threads come from.
        instead: NumaNodeId,
    },
    /// No node lists a CPU that this process may run on. Threads on it count as threads of another node.
    /// Recorded for the first such CPU.
    UnlistedCpu {
        /// The CPU.
        cpu: u32,
        /// The node that threads on it count as on.
        instead: NumaNodeId,
    },
    /// The policy is [`NearestRemote`](crate::Policy::NearestRemote), but only one node has CPUs. Blocks go
    /// there.
    NoRemoteNode,
    /// The policy is [`MemoryOnly`](crate::Policy::MemoryOnly), but every node has CPUs. Blocks go to the
    /// nearest node, as with [`Local`](crate::Policy::Local).
    NoMemoryOnlyNode,
    /// The system does not show which CPU a thread runs on. All threads count as threads of the arena's first
    /// node.
    CurrentCpuUnknown,
    /// `mbind` was refused. The kernel places the pages, usually on the node that touches them first.
    MbindRefused {
        /// The system's error number.
        errno: i32,
    },
    /// `mbind` was refused and automatic NUMA balancing is on. The kernel may move pages to the nodes that
    /// use them. It does not move pages that were bound.
    PagesMayMove,
    /// Transparent huge pages are off for the whole system. The arena gets base pages.
    HugePagesOff,
    /// Transparent huge pages are off for this process (`PR_SET_THP_DISABLE`, which children inherit). The
    /// arena gets base pages. Checked when the arena is built.
    HugePagesOffForProcess,
    /// Transparent huge pages of this size are off for the whole system. The arena gets smaller pages.
    HugePageSizeOff {
        /// Bytes of a huge page.
        bytes: usize,
    },
    /// The kernel gives a huge page only if one is free at that moment (`defrag` is `never`). Some memory may
    /// be on base pages.
    HugePagesOnlyIfFree,
    /// The hugetlb pool had no page left. The arena uses transparent huge pages instead. Recorded once for
    /// each error number.
    HugetlbRefused {
        /// Bytes of a hugetlb page.
        bytes: usize,
        /// The system's error number. `EFAULT`: the node has no page left. `EINVAL`: the system has no pages
        /// of this size, or it is older than Linux 5.14 and has no safe way to take them.
        errno: i32,
    },
    /// The system refused to touch memory when it was committed. The memory's first user touches it.
    PrefaultRefused {
        /// The system's error number.
        errno: i32,
    },
    /// `madvise` was refused. The pages have the system's default size.
    HugePagesRefused {
        /// The system's error number.
        errno: i32,
    },
    /// A pool has fewer addresses than usual, because of a limit (`RLIMIT_AS`) or because there are many
    /// pools.
    SmallAddressRange {
        /// The bytes that the smallest pool can hold.
        bytes: usize,
    },
}

impl fmt::Display for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = |errno: &Errno| std::io::Error::from_raw_os_error(*errno);
        match self {
            Self::NodesUnknown => f.write_str("the machine does not show its NUMA nodes: node 0 is assumed"),
            Self::NodeWithoutMemory { node, instead } => write!(
                f,
                "node {node} has no memory for this process: its threads use node {instead}, the nearest \
                 with memory; to use another node, name it in the placement"
            ),
            Self::UnlistedCpu { cpu, instead } => write!(
                f,
                "no NUMA node lists CPU {cpu}, which this process may use: threads there count as on node \
                 {instead}; the cause may be a container that shows other CPUs than it grants (lxcfs)"
            ),
            Self::NoRemoteNode => f.write_str(
                "placement nearest-remote, but only one NUMA node has CPUs: blocks go there; to use \
                 memory-only nodes, name them",
            ),
            Self::NoMemoryOnlyNode => f.write_str(
                "placement memory-only, but every NUMA node has CPUs: blocks go to the nearest node, as with \
                 local",
            ),
            Self::CurrentCpuUnknown => f.write_str(
                "the system does not show the current CPU: all threads count as on the first node",
            ),
            Self::MbindRefused { errno } => {
                write!(f, "mbind was refused ({}): the kernel places the pages", error(errno))
            }
            Self::PagesMayMove => f.write_str(
                "automatic NUMA balancing may move pages that could not be bound: switch it off with \
                 `sysctl kernel.numa_balancing=0`, or allow mbind (CAP_SYS_NICE in a container)",
            ),
            Self::HugePagesOff => f.write_str(
                "transparent huge pages are off: base pages are used; to get huge pages, write madvise to \
                 /sys/kernel/mm/transparent_hugepage/enabled",
            ),
            Self::HugePagesOffForProcess => f.write_str(
                "transparent huge pages are off for this process: base pages are used; to get huge pages, \
                 start it without prctl(PR_SET_THP_DISABLE), which a parent process may have called",
            ),
            Self::HugePageSizeOff { bytes } => {
                let kib = bytes >> 10;
                write!(
                    f,
                    "transparent huge pages of {kib} KiB are off: smaller pages are used; to get huge pages, \
                     write inherit to /sys/kernel/mm/transparent_hugepage/hugepages-{kib}kB/enabled"
                )
            }
            Self::HugePagesOnlyIfFree => f.write_str(
                "the kernel does not make room for transparent huge pages: some memory may be on base pages; \
                 to change that, write madvise to /sys/kernel/mm/transparent_hugepage/defrag",
            ),
            Self::HugetlbRefused { bytes, errno } => {
                let kib = bytes >> 10;
                write!(
                    f,
                    "there is no free hugetlb page of {kib} KiB ({}): transparent huge pages are used; \
                     reserve some in \
                     /sys/devices/system/node/node*/hugepages/hugepages-{kib}kB/nr_hugepages",
                    error(errno)
                )
            }
            Self::PrefaultRefused { errno } => {
                write!(
                    f,
                    "memory could not be touched in advance ({}): its first user touches it",
                    error(errno)
                )
            }
            Self::HugePagesRefused { errno } => {
                write!(f, "madvise was refused ({}): pages have the system's default size", error(errno))
            }
            Self::SmallAddressRange { bytes } => write!(
                f,
                "a pool holds at most {bytes} bytes, because addresses are limited or there are many pools; \
                 raise `ulimit -v`, or make large maps first"
            ),
        }
    }
}

/// The fallbacks of an arena, in the order in which it met them.
#[derive(Debug, Default)]
pub(crate) struct Fallbacks(Mutex<Vec<Fallback>>);

impl Fallbacks {
    /// Records a fallback, unless it is recorded already. Of small address ranges only the smallest is kept.
    pub(crate) fn note(&self, new: Fallback) {
        let mut list = lock(&self.0);
        if list.contains(&new) {
            return;
        }
        if let Fallback::SmallAddressRange { bytes: new } = new {
            let old = list.iter_mut().find_map(|f| match f {
                Fallback::SmallAddressRange { bytes } => Some(bytes),
                _ => None,
            });
            if let Some(old) = old {
                *old = new.min(*old);
                return;
            }
        }
        // Without memory for it, the fallback is not recorded. The arena must not fail for that.
        if list.try_reserve(1).is_ok() {
            list.push(new);
        }
    }

    /// All recorded fallbacks.
    pub(crate) fn list(&self) -> Vec<Fallback> {
        lock(&self.0).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fallback_is_recorded_once() {
        let notes = Fallbacks::default();
        for bytes in [7, 5, 9] {
            notes.note(Fallback::HugePagesOff);
            notes.note(Fallback::MbindRefused { errno: libc::EPERM });
            notes.note(Fallback::SmallAddressRange { bytes });
        }
        let expected = [
            Fallback::HugePagesOff,
            Fallback::MbindRefused { errno: libc::EPERM },
            Fallback::SmallAddressRange { bytes: 5 },
        ];
        assert_eq!(notes.list(), expected);
    }
}
