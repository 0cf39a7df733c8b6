//! What the kernel's perf events count while a cell runs: cycles, misses, lines that other cores have had, page faults.
//!
//! `linux` opens the events before a run and reads them behind it. On other systems, `elsewhere` says that there are none.

#[cfg(all(feature = "cell", target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod linux;
#[cfg(all(feature = "cell", target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) use linux::Counting;

#[cfg(all(
    feature = "cell",
    not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))
))]
mod elsewhere;
#[cfg(all(
    feature = "cell",
    not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))
))]
pub(crate) use elsewhere::Counting;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Every event: its name in the results, and its title in tables. The kernel counts the last three, the processor the
/// others.
pub const EVENTS: [(&str, &str); 12] = [
    ("cycles", "cycles"),
    ("instructions", "instr."),
    ("llc_loads", "LLC loads"),
    ("llc_load_misses", "LLC misses"),
    ("memory_loads", "memory"),
    ("far_memory_loads", "far memory"),
    ("contended_lines", "contended"),
    ("far_contended_lines", "far cont."),
    ("dtlb_load_misses", "dTLB misses"),
    ("page_faults", "page faults"),
    ("context_switches", "switches"),
    ("migrations", "migrations"),
];

/// What was counted while a cell ran, over all its threads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counters {
    /// Counts an operation, by the names of [`EVENTS`].
    pub per_op: BTreeMap<String, f64>,
    /// Events that took turns on the processor's counters: the part of the time in which each was counted. Their counts
    /// are extrapolated to the whole time.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub counted_for: BTreeMap<String, f64>,
    /// Events that were not counted, each with the reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub missing: BTreeMap<String, String>,
    /// If the processor counted nothing: why, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<String>,
    /// Whether only user mode was counted, because the kernel does not let this user count its own mode.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub user_only: bool,
}
