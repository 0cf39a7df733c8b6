//! Why the kernel does not count, and what to do.

use std::io;

/// What an event can be refused for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// This user may not count, or not in kernel mode.
    Forbidden,
    /// There is no counter for it.
    NoCounter,
    /// The kernel has no perf events.
    NoPerf,
    /// Anything else, in the system's words.
    Other(String),
}

impl Refusal {
    pub(super) fn of(error: &io::Error) -> Self {
        match error.raw_os_error() {
            Some(libc::EACCES | libc::EPERM) => Self::Forbidden,
            Some(libc::ENOENT | libc::ENODEV | libc::EOPNOTSUPP | libc::EINVAL) => Self::NoCounter,
            Some(libc::ENOSYS) => Self::NoPerf,
            _ => Self::Other(error.to_string()),
        }
    }

    /// Why the processor's events are not counted, in a sentence with what to do. `paranoid` is
    /// `kernel.perf_event_paranoid`.
    pub(super) fn advice(&self, paranoid: Option<i32>) -> String {
        match self {
            Self::Forbidden => match paranoid {
                Some(level) if level > 2 => format!(
                    "kernel.perf_event_paranoid is {level}, so only root may count: \
                     `sudo sysctl kernel.perf_event_paranoid=1`"
                ),
                _ => "a filter of system calls, such as a container's, refuses perf_event_open: allow it, or run \
                      outside of the container"
                    .into(),
            },
            Self::NoCounter => "the processor shows no performance counters, as in most virtual machines: count on the \
                                host, or give the guest a virtual PMU"
                .into(),
            Self::NoPerf => "this kernel has no perf events: use one that was built with CONFIG_PERF_EVENTS".into(),
            Self::Other(why) => format!("perf_event_open says: {why}"),
        }
    }

    /// Why one event is not counted while others are.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Forbidden => "not allowed".into(),
            Self::NoCounter => "this processor has no counter for it".into(),
            Self::NoPerf => "no perf events".into(),
            Self::Other(why) => why.clone(),
        }
    }
}

/// The kernel's `kernel.perf_event_paranoid`.
pub(super) fn paranoid() -> Option<i32> {
    std::fs::read_to_string("/proc/sys/kernel/perf_event_paranoid").ok()?.trim().parse().ok()
}
