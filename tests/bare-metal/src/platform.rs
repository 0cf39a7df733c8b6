//! What the maps ask of this kernel.

use bskip_core::Platform;
use bskip_core::arena::NumaNodeId;

use crate::{cpu, machine};

/// The kernel's own answers. An interrupt may come while a CPU holds a lock of a map.
pub(crate) struct Kernel;

impl Platform for Kernel {
    fn relax(_: u32) {
        // There are no other threads that could run meanwhile.
        core::hint::spin_loop();
    }

    fn numa_node() -> Option<NumaNodeId> {
        Some(NumaNodeId(machine::node()))
    }

    fn seed() -> u64 {
        cpu::cycles()
    }
}

/// As [`Kernel`], but interrupts are off while a CPU holds a lock.
pub(crate) struct Masking;

impl Platform for Masking {
    fn relax(attempts: u32) {
        Kernel::relax(attempts);
    }

    fn numa_node() -> Option<NumaNodeId> {
        Kernel::numa_node()
    }

    fn seed() -> u64 {
        Kernel::seed()
    }

    fn enter() -> usize {
        usize::from(cpu::interrupts_off())
    }

    fn leave(were_on: usize) {
        if were_on != 0 {
            cpu::interrupts_on();
        }
    }
}
