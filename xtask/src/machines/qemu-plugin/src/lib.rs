//! A plugin for QEMU's code generator (TCG): counts what a program in a guest with several NUMA nodes makes
//! the processors fetch from where, operation by operation. Built and loaded by `cargo xtask numa-count`.
//!
//! The program says by marks (`bench::marks`) what it does; between [`ENTER`](bench::marks::ENTER) and
//! [`LEAVE`](bench::marks::LEAVE) every load and store goes through a model of a private cache for each
//! processor and a directory of lines. TCG has no caches and no time, so it offers nothing else. The accesses are
//! the program's own.
//!
//! Left out: what the kernel does, instruction fetches, page tables, prefetching, speculation, caches that
//! processors share, and the difference between a line that one cache has and one that many have, both
//! unmodified.

// Tests have no QEMU, and nothing else than QEMU's side uses all parts.
#![cfg_attr(not(all(target_os = "linux", not(test))), allow(dead_code))]

mod cache;
mod code;
mod model;
mod physical;
#[cfg(all(target_os = "linux", not(test)))]
pub mod qemu;
mod settings;
mod watch;
