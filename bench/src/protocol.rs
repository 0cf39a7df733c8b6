//! What a sweep sends to the process that measures one cell, and what it gets back.
//!
//! `bench cell` takes one [`CellSpec`] as JSON in its argument, runs it, and prints one [`CellOutcome`] as a
//! line of JSON on standard output. All else goes to standard error. It exits with 0 if it printed an
//! outcome, even [`CellOutcome::Failed`], and with 2 if the spec makes no sense (an unknown map, no threads).
//! A map that crashes or hangs takes the process with it. The caller must notice that and report the cell as
//! failed.

use crate::interference::Interference;
use crate::locks::Locks;
use crate::perf::Counters;
use serde::{Deserialize, Serialize};

/// One cell of a sweep: a map under a workload in a setting.
///
/// Fields that the JSON leaves out take the values of [`CellSpec::default`]. Unknown fields are an error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CellSpec {
    /// Name of the map, one of [`maps::NAMES`](crate::maps::NAMES).
    pub map: String,
    /// What is run: `load`, `a`, `b`, `c`, `e`, `u`, `x`, `s`, `m`, `n` or `trace`.
    pub workload: String,
    /// How keys are chosen, one of [`DISTRIBUTIONS`]. `trace` ignores it.
    pub dist: String,
    /// What keys look like, one of [`KEYS_LIKE`](crate::strings::names::KEYS_LIKE): numbers, or a shape of
    /// byte strings.
    pub keys_like: String,
    /// Worker threads.
    pub threads: usize,
    /// Keys loaded before the run.
    pub keys: u64,
    /// Operations of the run, over all threads. `trace` ignores it, and so does `load`, which does `keys`
    /// operations. For `s` these are pairs visited, not scans: each thread scans the whole map `ops / keys /
    /// threads` times, at least once, and throughput is in pairs.
    pub ops: u64,
    /// Seed of keys and operations.
    pub seed: u64,
    /// Where the arena puts nodes: `local`, `interleave`, `weighted-interleave:N=3,M=1`, `node:N`,
    /// `preferred-many:N,M`, `nearest-remote` or `memory-only`. Or two of them, as in `memory-only+local`:
    /// the first is for leaves, the second for inner levels. Only `bskip-numa` and its variants use it.
    /// `bench-numa` writes `default` for the other maps.
    pub placement: String,
    /// How workers are pinned: `none`, `compact`, `scatter`, `per-node`, `per-l3`, `smt-last` or `cpus:0,2`.
    pub pin: String,
    /// Pages that the arena asks for, one of [`PAGES`]. The same maps use it.
    pub pages: String,
    /// Whether operations also arrive by a schedule, at 50, 70 and 90 % of the throughput that the run has reached.
    /// Not for `load`, `s`, `m`, `n` and `trace`. A cell with more threads than CPUs is then skipped.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub open_loop: bool,
    /// Whether perf events count what happens during the run.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub counters: bool,
    /// With workload `trace`: the text files of the load and of the run.
    pub trace: Option<TraceFiles>,
}

impl Default for CellSpec {
    fn default() -> Self {
        Self {
            map: "bskip".into(),
            workload: "c".into(),
            dist: "uniform".into(),
            keys_like: "u64".into(),
            threads: 1,
            keys: 1_000_000,
            ops: 1_000_000,
            seed: 1,
            placement: "local".into(),
            pin: "none".into(),
            pages: "thp".into(),
            open_loop: false,
            counters: false,
            trace: None,
        }
    }
}

/// What [`CellSpec::workload`] may say.
pub const WORKLOADS: &[&str] = &["load", "a", "b", "c", "e", "u", "x", "s", "m", "n", "trace"];

/// Worker threads that a cell may have: more than any machine has CPUs, so a larger number is a mistake.
pub const MOST_THREADS: usize = 4096;

/// Pages that an arena can ask for: transparent huge pages, base pages, and those of the hugetlb pool.
pub const PAGES: &[&str] = &["thp", "4k", "hugetlb-2m", "hugetlb-1g"];

/// What [`CellSpec::dist`] may say: the YCSB distributions over well-mixed keys, then keys of a shape that
/// makes some indexes slow. The latter are inserted in the order that the name says, and drawn uniformly.
pub const DISTRIBUTIONS: &[&str] =
    &["uniform", "zipfian", "sequential", "odd", "shift24", "ascending", "descending", "bitrev"];

/// How a trace spells its keys. See [`trace`](crate::trace).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TraceKeys {
    /// As unsigned 64-bit numbers.
    #[default]
    Numbers,
    /// As words or quoted strings: the keys are byte strings.
    Strings,
    /// As the output of YCSB's `basic` binding: the keys are byte strings.
    Ycsb,
}

impl TraceKeys {
    /// Every kind with its name.
    pub const ALL: [(&str, Self); 3] =
        [("numbers", Self::Numbers), ("strings", Self::Strings), ("ycsb", Self::Ycsb)];

    /// Whether the keys are byte strings.
    #[must_use]
    pub const fn are_strings(self) -> bool {
        !matches!(self, Self::Numbers)
    }
}

/// A user's own workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceFiles {
    /// Lines run before the measurement.
    pub load: String,
    /// Lines measured.
    pub run: String,
    /// How both spell their keys.
    #[serde(default)]
    pub keys: TraceKeys,
}

impl CellSpec {
    /// Whether the keys are byte strings.
    #[must_use]
    pub fn has_strings(&self) -> bool {
        self.keys_like != "u64" || self.trace.as_ref().is_some_and(|trace| trace.keys.are_strings())
    }
}

/// How a cell ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum CellOutcome {
    /// Every answer was right.
    Measured(Box<Measurement>),
    /// An answer was wrong, or the map gave up, so there are no numbers.
    Failed {
        /// What was wrong.
        reason: String,
    },
    /// The map or the machine cannot do this cell.
    Skipped {
        /// Why not.
        reason: String,
    },
}

/// The numbers of one run of one cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Operations done (for `s`: pairs visited).
    pub ops: u64,
    /// Wall-clock seconds from the common start to the last worker's end.
    pub seconds: f64,
    /// Latency of the operations that were timed one by one, in nanoseconds.
    pub latency: Latency,
    /// The same of those that read.
    #[serde(default)]
    pub reads: Latency,
    /// The same of those that insert, update or remove.
    #[serde(default)]
    pub writes: Latency,
    /// Million operations a second of the slowest worker, by its own clock.
    #[serde(default)]
    pub slowest_mops: Option<f64>,
    /// The same of the fastest.
    #[serde(default)]
    pub fastest_mops: Option<f64>,
    /// Latencies at some rates, if the cell asks for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open_loop: Vec<OpenLoop>,
    /// What else used the machine during the run.
    #[serde(default)]
    pub interference: Option<Interference>,
    /// What perf events counted during the run, if the cell asks for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counters: Option<Counters>,
    /// What the map locked and wrote, if it is one of ours and the program was built with the feature `stats`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locks: Option<Locks>,
    /// Bytes per key after the load. For `arena` these are the bytes of the blocks in use. For `rss` they are
    /// what the process grew by while it built and loaded the map. `None` if they are not known.
    pub bytes_per_key: Option<f64>,
    /// Where the bytes come from: `arena` (counted by the arena) or `rss` (growth of the process).
    pub bytes_source: String,
    /// Bytes of a loaded key itself, the mean: 8 for numbers, the length for byte strings.
    #[serde(default)]
    pub key_bytes: Option<f64>,
    /// With `arena`: bytes per key that the arena has taken from the system, including blocks that are not in
    /// use.
    #[serde(default)]
    pub reserved_per_key: Option<f64>,
    /// Blocks that are on the NUMA node of the thread that asked for them, at the end of the run. `None` if
    /// they are not known: the map's arena does not place blocks, or workers run on several nodes and the
    /// placement is not `local`.
    pub local_blocks: Option<u64>,
    /// Blocks that are on another node, at the end of the run. `None` if `local_blocks` is.
    pub remote_blocks: Option<u64>,
    /// Blocks on each NUMA node at the end of the run; empty if the map's arena does not place blocks.
    #[serde(default)]
    pub blocks_by_node: Vec<(u32, u64)>,
    /// Answers that were checked.
    pub checked: u64,
    /// What the arena or the pinning fell back to, in words.
    pub notes: Vec<String>,
}

/// Checks that there is a rate: an operation, and a time that the clock saw.
///
/// # Errors
/// There is no operation, or no time. The message says which, and what to do.
pub fn check_rate(ops: u64, seconds: f64) -> Result<(), String> {
    if ops == 0 {
        return Err("no operation was done, so there is no rate: give it some".into());
    }
    match seconds.is_finite() && seconds > 0.0 {
        true => Ok(()),
        false => Err(format!(
            "{ops} operations in {seconds} s give no rate: use more operations, so that the clock sees them"
        )),
    }
}

/// Operations that arrived by a schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OpenLoop {
    /// Per cent of the throughput that the run before had reached.
    pub percent: u32,
    /// Million operations a second that arrived.
    pub offered_mops: f64,
    /// Million operations a second that were done.
    pub achieved_mops: f64,
    /// Latencies of all operations, each from the time at which it should have begun.
    pub latency: Latency,
}

/// Percentiles of the timed operations, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Operations timed.
    pub samples: u64,
    /// Median.
    pub p50: u64,
    /// 99th percentile.
    pub p99: u64,
    /// 99.9th percentile.
    pub p999: u64,
    /// 99.99th percentile.
    #[serde(default)]
    pub p9999: u64,
    /// Slowest.
    pub max: u64,
}
