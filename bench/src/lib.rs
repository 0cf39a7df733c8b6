//! Measures ordered maps: workloads, peers, and the process that runs one cell of a sweep.
//!
//! Without features this is the language that a sweep and `bench-cell` speak ([`protocol`]), the names of
//! the maps ([`maps::NAMES`]), what a [`trace`] may say, how much [`memory`] a cell needs and may have, and how the
//! measuring programs read their flags ([`program`]) and write their numbers ([`units`]). The feature `cell` adds what measures; `peers` adds the maps we
//! compare with; `counts` is the part of `cell` that counting needs.
//!
//! The road of a cell: [`workload`](mod@workload) says what share of operations does what,
//! [`generate`](mod@generate) turns that
//! into arrays of operations with their expected answers, [`exec`](mod@exec) runs them against a map and
//! compares, [`verify`](mod@verify) looks at the whole map afterwards, and [`cell`](mod@cell) puts the
//! numbers together. [`versus`](mod@versus) does the same with several maps in turns, for ratios that a
//! noisy machine does not blur. [`crowd`](mod@crowd) is a program of its own: many threads on one key; and so is
//! [`counts`](mod@counts): one operation again and again, whose instructions are counted; and
//! [`scan`](mod@scan), [`many`](mod@many) and [`bulk`](mod@bulk): scans, lookups many at a time, and building from sorted
//! pairs against the speed of the memory; and, with
//! the feature of that name, `stats`: what is locked and written by each operation. [`numa_count`](mod@numa_count) runs in a
//! guest whose emulator counts what each operation fetches from where; [`marks`] is how it tells.

pub mod maps;
pub mod marks;
pub mod memory;
pub mod program;
pub mod protocol;
pub mod trace;
pub mod units;
pub mod workload;

#[cfg(feature = "cell")]
pub mod bulk;
#[cfg(feature = "cell")]
pub mod cell;
#[cfg(feature = "counts")]
pub mod counts;
#[cfg(feature = "cell")]
pub mod crowd;
#[cfg(feature = "cell")]
pub mod exec;
#[cfg(feature = "cell")]
mod filled;
#[cfg(feature = "cell")]
pub mod generate;
#[cfg(feature = "counts")]
pub mod keys;
#[cfg(feature = "cell")]
pub mod many;
#[cfg(feature = "cell")]
pub mod numa_count;
#[cfg(feature = "cell")]
pub mod ops;
#[cfg(feature = "cell")]
mod plain;
#[cfg(feature = "cell")]
mod rusage;
#[cfg(feature = "cell")]
pub mod scan;
#[cfg(feature = "stats")]
pub mod stats;
#[cfg(feature = "cell")]
pub mod subject;
#[cfg(feature = "cell")]
pub mod team;
#[cfg(feature = "cell")]
mod turns;
#[cfg(feature = "cell")]
pub mod verify;
#[cfg(feature = "cell")]
pub mod versus;
#[cfg(feature = "cell")]
pub mod zipf;
