//! Guests: virtual machines with the NUMA nodes that this machine lacks, to run this workspace's programs in.
//!
//! `machine` describes a guest, and `kernel` fetches what it boots. `image` packs programs (in `cpio`, with
//! `guest-init` as process 1). `boot` runs the guest under QEMU, and `console` reads its output.
//!
//! QEMU emulates the instructions (TCG). This is slow, and near and far memory take the same time. But the
//! kernel places pages as it does on real nodes.

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
