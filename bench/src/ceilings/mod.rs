//! `bench ceilings`: what the memory of this machine can do at best, so that the numbers of a map can be judged.
//!
//! For each pair of NUMA nodes (the CPU's and the memory's) and each page size, it measures the latency of a
//! dependent miss, the rate of independent misses, and the rate at which one thread writes lines. For 1 to n
//! threads, it measures the bandwidth of reading and both rates. Between two CPUs, it measures how long a written
//! line takes from one to the other.
//!
//! `report` is what comes out, and `table` prints it. `cycle` and `region` make memory of known contents on a node.
//! `work` has the loops, each of which checks what it reads. `windows` times them, and `handover` times a line between
//! two CPUs. `measure` does this on the memory of one page size, `budget` divides the time, `command` puts
//! everything together, and `error` says why it cannot.

#[cfg(feature = "cell")]
mod budget;
#[cfg(feature = "cell")]
mod command;
#[cfg(feature = "cell")]
mod cycle;
#[cfg(feature = "cell")]
mod error;
#[cfg(feature = "cell")]
mod handover;
#[cfg(feature = "cell")]
mod measure;
#[cfg(feature = "cell")]
mod region;
mod report;
mod table;
#[cfg(feature = "cell")]
mod windows;
#[cfg(feature = "cell")]
mod work;

#[cfg(feature = "cell")]
pub use command::CeilingsCommand;
#[cfg(feature = "cell")]
pub use error::CeilingsError;
pub use report::{Bandwidth, Ceilings, Handover, Pair, Range};
