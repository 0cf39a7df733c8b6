//! The CPU that runs this: its number, its interrupt flag, how it waits.

use core::arch::asm;
use core::arch::x86_64::_rdtsc;

/// CPUs at most. Those of a machine with more stay off.
pub(crate) const MOST: usize = 16;

/// The CPUs' numbers. The base of segment GS points to a CPU's own.
static NUMBERS: [usize; MOST] = {
    let mut numbers = [0; MOST];
    let mut number = 0;
    while number < MOST {
        numbers[number] = number;
        number += 1;
    }
    numbers
};

/// The register with the base of segment GS.
const GS_BASE: u32 = 0xc000_0101;
/// The bit of the flags that allows interrupts.
const INTERRUPT_FLAG: usize = 1 << 9;

/// Gives this CPU its number. A CPU calls this before all else.
pub(crate) fn set_number(number: usize) {
    let address = (&raw const NUMBERS[number]).addr();
    // SAFETY: the kernel uses segment GS for this number alone.
    unsafe {
        asm!("wrmsr", in("ecx") GS_BASE, in("eax") address as u32, in("edx") address >> 32,
            options(nostack, preserves_flags));
    }
}

/// The number of the CPU that runs this, from 0 on.
pub(crate) fn number() -> usize {
    let number: usize;
    // SAFETY: `set_number` has pointed the segment to one of `NUMBERS`.
    unsafe { asm!("mov {}, gs:[0]", out(reg) number, options(pure, readonly, nostack, preserves_flags)) }
    number
}

/// The processor's counter of cycles.
pub(crate) fn cycles() -> u64 {
    // SAFETY: every x86-64 processor has the counter, and nothing forbids reading it.
    unsafe { _rdtsc() }
}

/// Turns interrupts off, and says whether they were on.
///
/// No `nomem`: what comes before and after it in the program stays there.
pub(crate) fn interrupts_off() -> bool {
    let flags: usize;
    // SAFETY: the kernel works with and without interrupts. The flags are pushed and popped again.
    unsafe { asm!("pushfq", "pop {}", "cli", out(reg) flags) };
    flags & INTERRUPT_FLAG != 0
}

/// Turns interrupts on.
pub(crate) fn interrupts_on() {
    // SAFETY: the table of interrupts is loaded before the first call.
    unsafe { asm!("sti", options(nostack)) };
}

/// Sleeps until `is_so`. The CPU that makes it so sends an interrupt afterwards.
pub(crate) fn sleep_until(is_so: impl Fn() -> bool) {
    loop {
        interrupts_off();
        if is_so() {
            return interrupts_on();
        }
        // SAFETY: `sti` takes effect behind the next instruction, so an interrupt that came since the look at
        // `is_so` ends `hlt`.
        unsafe { asm!("sti", "hlt", options(nostack)) };
    }
}

/// Stops this CPU for good.
pub(crate) fn stop() -> ! {
    loop {
        // SAFETY: no interrupt wakes the CPU. If another kind of event does, it stops again.
        unsafe { asm!("cli", "hlt", options(nostack)) };
    }
}
