//! The stacks: for each CPU one for its work, one for interrupt handlers, one for faults.
//!
//! Interrupt handlers have a stack of their own, because the compiler lets functions use 128 bytes below the
//! stack pointer (the red zone). A handler on the same stack would overwrite them.

use core::cell::UnsafeCell;

use crate::cpu::MOST;

/// Bytes of each stack.
pub(crate) const STACK_SIZE: usize = 64 << 10;

/// Memory for a stack. It grows downwards from the end.
#[repr(C, align(4096))]
pub(crate) struct Stack(UnsafeCell<[u8; STACK_SIZE]>);

// SAFETY: only the processor reads and writes the bytes, and each stack belongs to one CPU.
unsafe impl Sync for Stack {}

impl Stack {
    const fn new() -> Self {
        Self(UnsafeCell::new([0; STACK_SIZE]))
    }

    /// The address behind the last byte.
    pub(crate) fn top(&self) -> usize {
        self.0.get().addr() + STACK_SIZE
    }
}

/// Where each CPU works. `boot` finds a CPU's stack by its number.
pub(crate) static CPU_STACKS: [Stack; MOST] = [const { Stack::new() }; MOST];
/// Where each CPU handles interrupts.
pub(crate) static HANDLER_STACKS: [Stack; MOST] = [const { Stack::new() }; MOST];
/// Where each CPU reports a fault.
pub(crate) static FAULT_STACKS: [Stack; MOST] = [const { Stack::new() }; MOST];
