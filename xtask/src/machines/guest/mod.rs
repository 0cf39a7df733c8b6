//! Guests: virtual machines with the NUMA nodes that this machine lacks, to run this workspace's programs in.
//!
//! `machine` describes a guest, and `kernel` fetches what it boots. `image` packs programs (with `guest-init`
//! as process 1). `boot` runs the guest under QEMU, and `console` reads its output (`guest-init`'s in
//! `words`).
//!
//! QEMU emulates the instructions (TCG). This is slow, and near and far memory take the same time. But the
//! kernel places pages as it does on real nodes.

mod boot;
mod console;
mod image;
mod kernel;
mod machine;
mod words;

pub(crate) use boot::Boot;
pub(crate) use console::Ran;
pub(crate) use image::Image;
pub(crate) use kernel::Kernel;
pub(crate) use machine::{Machine, Node};
#[cfg(test)]
pub(crate) use words::End;
