//! Virtual machines with the NUMA nodes that the host lacks: see `README.md` in this folder.
//!
//! The rest of `xtask` uses only two commands of this module.

mod guest;
mod numa_count;
mod numa_vm;

pub(crate) use numa_count::{Args as NumaCount, command as numa_count};
pub(crate) use numa_vm::{Args as NumaVm, command as numa_vm};
