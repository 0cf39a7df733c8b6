//! The stacks: for each CPU one for its work, one for interrupt handlers, one for faults.
//!
//! Interrupt handlers have a stack of their own, because the compiler lets functions use 128 bytes below the
//! stack pointer (the red zone). A handler on the same stack would overwrite them.

use core::cell::UnsafeCell;

use crate::cpu::MOST;

/// Bytes of each stack.
pub(crate) const STACK_SIZE: usize = 64 << 10;

/// Bytes at the low end of each stack that no CPU may use. A stack that overflows changes them.
const GUARD: usize = 4 << 10;
/// What these bytes are.
const PAINT: u8 = 0xa5;

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

    /// The bytes that no CPU may use.
    fn guard(&self) -> impl Iterator<Item = *mut u8> {
        let start = self.0.get().cast::<u8>();
        (0..GUARD).map(move |offset| start.wrapping_add(offset))
    }
}

/// Where each CPU works. `boot` finds a CPU's stack by its number.
pub(crate) static CPU_STACKS: [Stack; MOST] = [const { Stack::new() }; MOST];
/// Where each CPU handles interrupts.
pub(crate) static HANDLER_STACKS: [Stack; MOST] = [const { Stack::new() }; MOST];
/// Where each CPU reports a fault.
pub(crate) static FAULT_STACKS: [Stack; MOST] = [const { Stack::new() }; MOST];

/// Each kind of stack, with its name.
fn all() -> [(&'static str, &'static [Stack; MOST]); 3] {
    [("work", &CPU_STACKS), ("interrupt handlers", &HANDLER_STACKS), ("faults", &FAULT_STACKS)]
}

/// Paints the guards. The first CPU calls this, before any other starts.
pub(crate) fn paint() {
    for byte in all().into_iter().flat_map(|(_, stacks)| stacks).flat_map(Stack::guard) {
        // SAFETY: the byte is in a static stack. The first CPU uses only the other end of its stack until now.
        unsafe { byte.write_volatile(PAINT) };
    }
}

/// Checks that no stack has overflowed.
pub(crate) fn check() {
    for (name, stacks) in all() {
        for (cpu, stack) in stacks.iter().enumerate() {
            // SAFETY: the byte is in a static stack, and no CPU writes there unless its stack overflows.
            let is_painted = stack.guard().all(|byte| unsafe { byte.read_volatile() } == PAINT);
            assert!(is_painted, "CPU {cpu}: its stack for {name} overflowed");
        }
    }
}
