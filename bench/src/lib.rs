//! Measures ordered maps: workloads, peers, and the process that runs one cell of a sweep.

pub mod protocol;
