//! What `bench ceilings` found, as it stands in its JSON and in the `ceilings` of a sweep's `results.json`.

use serde::{Deserialize, Serialize};

/// The ceilings of a machine.
///
/// ```json
/// {
///   "bytes": 268435456,
///   "cache": 33554432,
///   "pairs": [{
///     "cpu_node": 0, "cpu": 0, "memory_node": 0, "pages": "thp",
///     "dependent_ns": 98.1, "dependent_ns_range": [98.1, 103.0],
///     "independent_mops": 182.0, "independent_mops_range": [171.0, 182.0],
///     "written_mops": 91.0, "written_mops_range": [88.0, 91.0],
///     "huge_share": 0.99
///   }],
///   "bandwidth": [{
///     "pin": "compact", "pages": "thp", "threads": 2,
///     "gib_s": 41.0, "gib_s_range": [39.0, 41.0],
///     "independent_mops": 350.0, "independent_mops_range": [320.0, 350.0],
///     "written_mops": 170.0, "written_mops_range": [160.0, 170.0]
///   }],
///   "handovers": [{ "cpus": [0, 1], "nodes": [0, 0], "ns": 55.0, "ns_range": [55.0, 71.0] }],
///   "written_line_ns": 55.0,
///   "seconds": 28.0,
///   "notes": []
/// }
/// ```
///
/// Each number is that of the best of several windows, as STREAM reports it: a ceiling is what the machine does when
/// nothing disturbs it. The range beside it has the least and the greatest number of all windows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ceilings {
    /// Bytes of the memory of each node that each measurement uses.
    pub bytes: u64,
    /// Bytes of the largest cache, if it is known.
    pub cache: Option<u64>,
    /// One thread, for each pair of nodes and each page size.
    pub pairs: Vec<Pair>,
    /// Several threads, each with memory of its own node.
    pub bandwidth: Vec<Bandwidth>,
    /// A line that two CPUs write in turns.
    pub handovers: Vec<Handover>,
    /// The shortest of the handovers: the least that a written line costs the next CPU that writes it.
    pub written_line_ns: Option<f64>,
    /// How long all of it took.
    pub seconds: f64,
    /// What could not be measured, and what the system fell back to.
    pub notes: Vec<String>,
}

/// The least and the greatest number of all windows.
pub type Range = [f64; 2];

/// What one thread gets from memory of one node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pair {
    /// The node of the CPU.
    pub cpu_node: u32,
    /// The CPU.
    pub cpu: u32,
    /// The node of the memory.
    pub memory_node: u32,
    /// The pages, by the names of [`PAGES`](crate::protocol::PAGES).
    pub pages: String,
    /// Nanoseconds of a load whose address comes from the load before it.
    pub dependent_ns: f64,
    /// The range of it.
    pub dependent_ns_range: Range,
    /// Million loads of random lines a second. No load waits for another.
    pub independent_mops: f64,
    /// The range of it.
    pub independent_mops_range: Range,
    /// Million random lines a second that are read and written.
    pub written_mops: f64,
    /// The range of it.
    pub written_mops_range: Range,
    /// The part of the memory that is on huge pages; `None` if the system does not say.
    pub huge_share: Option<f64>,
}

impl Pair {
    /// How many independent misses a CPU has under way at once, on average.
    #[must_use]
    pub fn parallelism(&self) -> f64 {
        self.dependent_ns * self.independent_mops / 1e3
    }
}

/// What several threads get together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Bandwidth {
    /// How the threads are pinned.
    pub pin: String,
    /// The pages.
    pub pages: String,
    /// Threads.
    pub threads: usize,
    /// GiB a second that all threads read, each from beginning to end of its part.
    pub gib_s: f64,
    /// The range of it.
    pub gib_s_range: Range,
    /// As [`Pair::independent_mops`], of all threads together.
    pub independent_mops: f64,
    /// The range of it.
    pub independent_mops_range: Range,
    /// As [`Pair::written_mops`], of all threads together.
    pub written_mops: f64,
    /// The range of it.
    pub written_mops_range: Range,
}

/// A line that two CPUs write in turns.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Handover {
    /// The two CPUs.
    pub cpus: [u32; 2],
    /// Their nodes. The line is on the first one's.
    pub nodes: [u32; 2],
    /// Nanoseconds from one CPU's write until the other one has seen it and written.
    pub ns: f64,
    /// The range of it.
    pub ns_range: Range,
}
