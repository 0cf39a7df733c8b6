//! The errors of described machines and of pinning, and what to do about them.

use std::fmt;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::cpuset::CpuSet;

/// A described machine (synthetic or XML) that cannot be built.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MachineError {
    /// This build has no hwloc. Enable the feature `hwloc`.
    NoHwloc,
    /// hwloc refuses the description. The text says which kind of description and why.
    Invalid(String),
}

impl fmt::Display for MachineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHwloc => {
                f.write_str("described machines need hwloc: build bskip-topology with its feature `hwloc`")
            }
            Self::Invalid(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for MachineError {}

/// A plan that cannot be made, or a thread that cannot be pinned.
#[derive(Debug)]
#[non_exhaustive]
pub enum PinError {
    /// The list names a CPU that the machine does not have, or that is offline.
    NoSuchCpu {
        /// The CPU of the list.
        cpu: u32,
        /// The CPUs of the machine.
        machine: CpuSet,
    },
    /// The list names a CPU that exists but that this process may not use.
    NotAllowed {
        /// The CPU of the list.
        cpu: u32,
        /// The CPUs that the process may use.
        allowed: CpuSet,
    },
    /// The list names a CPU twice.
    Repeated {
        /// The CPU that the list names twice.
        cpu: u32,
    },
    /// The list is empty, or the process may use no CPU.
    NoCpus,
    /// The plan was made for a described machine (synthetic or XML), not for the machine that runs the
    /// process.
    OtherMachine,
    /// The system refuses the binding.
    Refused {
        /// The CPUs of the binding.
        cpus: CpuSet,
        /// The error of the system.
        source: io::Error,
    },
    /// The system accepted only a part of the CPUs. The thread is bound to that part.
    Narrowed {
        /// The CPUs of the binding.
        asked: CpuSet,
        /// The CPUs that the thread is bound to.
        bound: CpuSet,
    },
    /// Pinning works only on Linux.
    Unsupported,
}

/// How a user gives the process more CPUs.
const WIDEN: &str =
    "start the process with a wider set (taskset, cgroup cpuset, container option --cpuset-cpus)";

// std does not promise this for `io::Error`, because such an error may own anything. Those of this crate hold
// only error numbers of the system.
impl UnwindSafe for PinError {}
impl RefUnwindSafe for PinError {}

impl fmt::Display for PinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchCpu { cpu, machine } => {
                write!(f, "CPU {cpu} does not exist or is offline: choose among CPUs {machine}")
            }
            Self::NotAllowed { cpu, allowed } => write!(
                f,
                "CPU {cpu} exists, but this process may not use it: choose among CPUs {allowed}, or {WIDEN}"
            ),
            Self::Repeated { cpu } => write!(
                f,
                "CPU {cpu} is listed twice: list it once (if there are more workers than CPUs, a plan \
                 repeats the list by itself)"
            ),
            Self::NoCpus => {
                write!(f, "there is no CPU to run on: name at least one CPU that this process may use")
            }
            Self::OtherMachine => write!(
                f,
                "the plan is for a described machine, not for this one: make a plan of Machine::discover()"
            ),
            Self::Refused { cpus, source } if source.raw_os_error() == Some(EINVAL) => {
                write!(f, "this process may use none of CPUs {cpus}: choose others, or {WIDEN}")
            }
            Self::Refused { cpus, source } => {
                write!(
                    f,
                    "the system refuses to bind a thread to CPUs {cpus}: {source}; allow sched_setaffinity, \
                     or run without pinning"
                )
            }
            Self::Narrowed { asked, bound } => write!(
                f,
                "of CPUs {asked} this process may use only {bound}: leave the others out, or {WIDEN}"
            ),
            Self::Unsupported => f.write_str("pinning is supported on Linux only: run without pinning"),
        }
    }
}

impl std::error::Error for PinError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// `EINVAL` is the same number on every Linux target. It is stated here because `libc` is a dependency only
/// on Linux.
const EINVAL: i32 = 22;
