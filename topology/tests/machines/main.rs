//! Machines like those that hwloc is tested with, described afresh. hwloc itself says which CPUs and nodes each has
//! and in which order. The plans of every policy must have these CPUs, and an arena on the same machine must give
//! each CPU the same home. `synthetic` has machines in hwloc's synthetic notation, `xml` those that it cannot say.
//! `hwlocs` asks hwloc, and `checks` compares.
//!
//! No arena is built here, because the kernel has no such nodes: the arena's rule answers from the files that Linux
//! would show. `tests/tests/homes.rs` compares a built arena with the machine that runs it, also in guests.
#![cfg(feature = "hwloc")]

mod checks;
mod hwlocs;
mod synthetic;
mod xml;
