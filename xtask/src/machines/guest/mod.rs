//! Guests: virtual machines with the NUMA nodes that this machine lacks, to run this workspace's programs in.
//!
//! `machine` describes one, `kernel` fetches what it boots, `image` packs programs (in `cpio`, with
//! `guest-init` as process 1), `boot` runs it under QEMU, `console` reads what it said.
//!
//! QEMU emulates the instructions (TCG): slow, and without any difference in time between near and far
//! memory, but the kernel places pages as it does on real nodes.

mod boot;
mod console;
mod cpio;
mod image;
mod kernel;
mod machine;

pub(crate) use boot::{Boot, Booted, Failure, Plugin, check_host};
pub(crate) use image::{Image, Script};
pub(crate) use kernel::Kernel;
pub(crate) use machine::{Machine, Node};
