//! Measures ordered maps: workloads, peers, and the process that runs one cell of a sweep.
//!
//! Without features, this crate is what a sweep and `bench` share: their [`protocol`], the [`ceilings`] of a machine, a
//! machine that is [`described`], the [names](maps) of the maps, the rules for a [`trace`], the [`memory`] that a cell
//! needs and may have, and how [`numbers`] are read and written with their [`units`]. The feature `counts` adds
//! [`mod@counts`]. `cell` adds everything that measures. `peers` adds the maps that ours is compared with, and `stats`
//! the counts of locks and writes. The program `bench` has a subcommand for each measurement.
//!
//! A cell goes through these modules: [`mod@workload`] says what share of the operations does what. [`mod@generate`]
//! turns that into arrays of operations with their expected answers. [`mod@exec`] runs them against a map and compares,
//! one after the other or by the schedule of an [`mod@open_loop`]. [`mod@verify`] checks the whole map afterwards.
//! [`mod@cell`] puts the numbers together. [`mod@versus`] does the same with several maps in turns, for ratios that a
//! noisy machine does not blur. [`mod@perf`] counts what the processor does meanwhile, and
//! [`mod@locks`] what our maps lock and write.
//!
//! [`mod@ceilings`] measures the memory of the machine. The other subcommands measure our map alone. [`mod@contention`]
//! has many threads on one key. [`mod@scan`], [`mod@batch`] and [`mod@bulk`] measure scans, batched lookups and
//! building from sorted pairs, each against the speed of the memory. [`mod@counts`] does one operation many times, so
//! that its instructions can be counted. [`mod@bus`] measures floor queries. [`mod@ranges`] measures calls for many
//! pairs. [`mod@stem`] measures keys that have many bytes in common. [`mod@memtable`] measures memtables of a storage
//! engine in turns.

pub mod ceilings;
pub mod described;
pub mod interference;
pub mod lines;
pub mod locks;
pub mod maps;
pub mod marks;
pub mod memory;
pub mod numbers;
pub mod perf;
mod print;
pub mod protocol;
pub mod strings;
pub mod trace;
pub mod units;
pub mod workload;
pub use print::print;

#[cfg(feature = "counts")]
pub mod counts;
#[cfg(feature = "counts")]
pub mod keys;

#[cfg(feature = "cell")]
pub mod batch;
#[cfg(feature = "cell")]
pub mod bulk;
#[cfg(feature = "cell")]
pub mod bus;
#[cfg(feature = "cell")]
pub mod cell;
#[cfg(feature = "cell")]
pub mod contention;
#[cfg(feature = "cell")]
pub mod dyn_map;
#[cfg(feature = "cell")]
pub mod exec;
#[cfg(feature = "cell")]
mod filled;
#[cfg(feature = "cell")]
pub mod generate;
#[cfg(feature = "cell")]
mod interleaved;
#[cfg(feature = "cell")]
mod memory_baseline;
#[cfg(feature = "peers")]
pub mod memtable;
#[cfg(feature = "cell")]
pub mod numa_count;
#[cfg(feature = "cell")]
pub mod open_loop;
#[cfg(feature = "cell")]
pub mod ops;
#[cfg(feature = "cell")]
pub mod random;
#[cfg(feature = "rayon")]
pub mod ranges;
#[cfg(feature = "cell")]
mod rusage;
#[cfg(feature = "cell")]
pub mod scan;
#[cfg(feature = "stats")]
pub mod stats;
#[cfg(feature = "cell")]
pub mod stem;
#[cfg(feature = "cell")]
pub mod team;
#[cfg(feature = "cell")]
pub mod verify;
#[cfg(feature = "cell")]
pub mod versus;
