//! What can go wrong when a machine is described or a thread is pinned, and what to do about it.

use std::fmt;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::CpuSet;

/// A described machine (synthetic or XML) that cannot be built.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MachineError {
    /// This build has no hwloc: enable the feature `hwloc`.
    NoHwloc,
    /// hwloc refuses the description; the text says which kind and why.
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
        /// The CPU asked for.
        cpu: u32,
        /// The CPUs of the machine.
        machine: CpuSet,
    },
    /// The list names a CPU that exists but that this process may not use.
    NotAllowed {
        /// The CPU asked for.
        cpu: u32,
        /// The CPUs that the process may use.
        allowed: CpuSet,
    },
    /// The list names a CPU twice.
    Repeated {
        /// The CPU named twice.
        cpu: u32,
    },
    /// No CPU was asked for, or none is left of the allowed ones.
    NoCpus,
    /// The plan was made for a described machine (synthetic or XML), not for the one that runs it.
    OtherMachine,
    /// The system refused the binding.
    Refused {
        /// The CPUs asked for.
        cpus: CpuSet,
        /// What the system said.
        source: io::Error,
    },
    /// The system took only a part of the CPUs; the thread is now bound to that part.
    Narrowed {
        /// The CPUs asked for.
        asked: CpuSet,
        /// The CPUs that the thread is bound to.
        bound: CpuSet,
    },
    /// This operating system is not supported: only Linux is.
    Unsupported,
}

/// How a user widens what the process may use.
const WIDEN: &str =
    "start the process with a wider set (taskset, cgroup cpuset, container option --cpuset-cpus)";

// An `io::Error` may own anything, so std does not promise this for it. The crate's own ones are the system's error numbers.
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
                "CPU {cpu} is listed twice: list it once (a plan wraps around by itself when there are more workers than CPUs)"
            ),
            Self::NoCpus => {
                write!(f, "there is no CPU to run on: name at least one CPU that this process may use")
            }
            Self::OtherMachine => write!(
                f,
                "the plan is for a described machine, not for this one: plan with Machine::discover()"
            ),
            Self::Refused { cpus, source } if source.raw_os_error() == Some(EINVAL) => {
                write!(f, "this process may use none of CPUs {cpus}: choose others, or {WIDEN}")
            }
            Self::Refused { cpus, source } => {
                write!(f, "the system refuses to bind a thread to CPUs {cpus}: {source}; run without pinning")
            }
            Self::Narrowed { asked, bound } => write!(
                f,
                "asked for CPUs {asked}, but this process may use only {bound} of them: leave the others out, or {WIDEN}"
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

/// `EINVAL`, the same number on every Linux target; stated here because `libc` is a Linux-only dependency.
const EINVAL: i32 = 22;
