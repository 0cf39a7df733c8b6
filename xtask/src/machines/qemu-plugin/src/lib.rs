//! A plugin for QEMU's code generator (TCG). For each operation of a program in a guest with several NUMA
//! nodes, it counts what the processors fetch, and from where. `cargo xtask numa-count` builds and loads it.
//!
//! The program marks what it does (`bench::marks`). Between [`ENTER`](bench::marks::ENTER) and
//! [`LEAVE`](bench::marks::LEAVE), every load and store goes through a model: a private cache for each
//! processor, and a directory of lines. TCG itself has neither caches nor time. The accesses are those of the
//! real program.
//!
//! The model leaves out what the kernel does, instruction fetches, page tables, prefetching, speculation, and
//! caches that processors share. It also makes no difference between an unmodified line in one cache and an
//! unmodified line in many.

// Only the code that talks to QEMU uses every part, and tests build without it.
#![cfg_attr(not(all(target_os = "linux", not(test))), allow(dead_code))]

mod cache;
mod code;
mod model;
mod physical;
#[cfg(all(target_os = "linux", not(test)))]
pub mod qemu;
mod watch;
