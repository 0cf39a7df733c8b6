//! Many threads on one map: nothing is lost, nothing is seen twice, every answer is possible.
//! (`histories.rs` checks recorded calls.)

mod computed;
mod counted;
mod crowds;
mod owners;
mod pops;
mod scans;
mod shared;
mod shrink_to_fit;
mod snapshots;
