//! What a sweep says to the process that measures one cell, and what it hears back.
//!
//! `bench-cell` gets one [`CellSpec`] as JSON in its only argument, runs it, and prints one
//! [`CellOutcome`] as a line of JSON on standard output. Anything else it has to say goes to standard error.

use serde::{Deserialize, Serialize};

/// One cell of a sweep: a map under a workload in a setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellSpec {
    /// Name of the map, one of `bench::maps::NAMES`.
    pub map: String,
    /// What is run: `load`, `a`, `b`, `c`, `e`, `u`, `x`, `s` or `trace`.
    pub workload: String,
    /// How keys are chosen: `uniform`, `zipfian` or `sequential`.
    pub dist: String,
    /// Worker threads.
    pub threads: usize,
    /// Keys loaded before the run.
    pub keys: u64,
    /// Operations of the run, over all threads (ignored by `load`, which does `keys` of them).
    pub ops: u64,
    /// Seed of keys and operations.
    pub seed: u64,
    /// Where the arena puts nodes: `local`, `interleave`, `node:N`, `preferred:N,M`; for our map only.
    pub placement: String,
    /// How workers are pinned: `none`, `compact`, `scatter`, `per-node`, `smt-last` or `cpus:0,2`.
    pub pin: String,
    /// Pages asked for by the arena: `thp` or `4k`; for our map only.
    pub pages: String,
    /// With workload `trace`: the text files of the load and of the run.
    pub trace: Option<TraceFiles>,
}

/// A user's own workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceFiles {
    /// Lines run before the measurement.
    pub load: String,
    /// Lines measured.
    pub run: String,
}

/// How a cell ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum CellOutcome {
    /// Every answer was right; these are the numbers.
    Measured(Measurement),
    /// An answer was wrong, or the map gave up: no number is given.
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
    /// Operations done.
    pub ops: u64,
    /// Wall-clock seconds from the common start to the last worker's end.
    pub seconds: f64,
    /// Latency of the operations that were timed one by one, in nanoseconds.
    pub latency: Latency,
    /// Bytes per key at the end.
    pub bytes_per_key: Option<f64>,
    /// Where the bytes come from: `arena` (counted by the arena) or `rss` (growth of the process).
    pub bytes_source: String,
    /// Blocks on the NUMA node of the thread that asked for them, where the arena knows.
    pub local_blocks: Option<u64>,
    /// Blocks on another node than asked for, where the arena knows.
    pub remote_blocks: Option<u64>,
    /// Answers that were checked.
    pub checked: u64,
    /// What the arena or the pinning fell back to, in words.
    pub notes: Vec<String>,
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
    /// Slowest.
    pub max: u64,
}
