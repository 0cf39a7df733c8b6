//! What `bench topology` prints, as JSON.

use serde::{Deserialize, Serialize};

/// A described machine, and plans for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Described {
    /// The CPUs that a process may use.
    pub cpus: Vec<u32>,
    /// NUMA nodes with memory that are home to CPUs.
    pub nodes: Vec<usize>,
    /// The other NUMA nodes with memory.
    pub memory_alone: Vec<usize>,
    /// Bytes of memory of all nodes. hwloc assumes 1 GiB a node if a synthetic description does not say it.
    pub memory: u64,
    /// Bytes of the largest cache.
    pub cache: Option<u64>,
    /// What a reader should know of the machine, as sentences.
    pub notes: Vec<String>,
    /// Where workers run, for each policy and number of threads that was asked for.
    pub pins: Vec<PlannedPins>,
    /// Where memory is, for each placement that was asked for.
    pub placements: Vec<PlannedPlacement>,
}

/// Where the workers of one setting run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedPins {
    /// The policy.
    pub pin: String,
    /// The number of workers.
    pub threads: usize,
    /// The workers, in their order.
    pub workers: Vec<Worker>,
    /// What a reader should know of the plan, as sentences.
    pub notes: Vec<String>,
}

/// Where one worker runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Worker {
    /// Its CPUs, in the notation of `taskset`: `0,2-3`.
    pub cpus: String,
    /// The node that is home to all of them.
    pub node: Option<u32>,
}

/// Where one placement puts memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedPlacement {
    /// The placement.
    pub placement: String,
    /// For leaves, and for inner levels if the placement says that they differ: the nodes from each node that
    /// is home to CPUs, the first choice first.
    pub nodes: Vec<Vec<(u32, Vec<u32>)>>,
}
