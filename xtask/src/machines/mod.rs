//! Virtual machines with the NUMA nodes that the host lacks, and one without an operating system: see `README.md`
//! in this folder.
//!
//! The rest of `xtask` uses only the commands of this module.

mod bare_metal;
mod guest;
mod numa_count;
mod numa_vm;
mod qemu;

pub(crate) use bare_metal::{Args as BareMetal, command as bare_metal};
pub(crate) use numa_count::{Args as NumaCount, command as numa_count};
pub(crate) use numa_vm::{Args as NumaVm, command as numa_vm};
