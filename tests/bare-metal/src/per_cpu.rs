//! One value for each CPU, which the CPU's writer and its interrupt handler share.

use core::cell::{Cell, UnsafeCell};

use crate::cpu::{self, MOST};

/// A value for each CPU.
pub(crate) struct PerCpu<T>([Slot<T>; MOST]);

struct Slot<T> {
    value: UnsafeCell<T>,
    is_in_use: Cell<bool>,
}

// SAFETY: a CPU reaches only its own value, with interrupts off, and `is_in_use` forbids a second use meanwhile.
// Values may be used on another CPU than the one that made them, because they are `Send`.
unsafe impl<T: Send> Sync for PerCpu<T> {}

impl<T> PerCpu<Option<T>> {
    /// No value for any CPU.
    pub(crate) const fn none() -> Self {
        Self([const { Slot { value: UnsafeCell::new(None), is_in_use: Cell::new(false) } }; MOST])
    }
}

impl<T> PerCpu<T> {
    /// Runs `use_it` on this CPU's value, with interrupts off.
    ///
    /// # Panics
    /// If `use_it` calls this again.
    pub(crate) fn with<R>(&self, use_it: impl FnOnce(&mut T) -> R) -> R {
        let were_on = cpu::interrupts_off();
        let slot = &self.0[cpu::number()];
        assert!(!slot.is_in_use.replace(true), "a CPU's value is used within its own use");
        // SAFETY: only this CPU reaches the value, no handler interrupts it, and this is the only use.
        let result = use_it(unsafe { &mut *slot.value.get() });
        slot.is_in_use.set(false);
        if were_on {
            cpu::interrupts_on();
        }
        result
    }
}
