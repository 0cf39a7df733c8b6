//! The local APIC of each CPU: interrupts to other CPUs, and the timer.

use core::ptr::with_exposed_provenance_mut;

use crate::port;

/// Where every CPU sees its own local APIC.
const BASE: usize = 0xfee0_0000;
const END_OF_INTERRUPT: usize = 0xb0;
const SPURIOUS: usize = 0xf0;
const COMMAND: usize = 0x300;
const COMMAND_TARGET: usize = 0x310;
const TIMER: usize = 0x320;
const PIN_0: usize = 0x350;
const TIMER_COUNT: usize = 0x380;
const TIMER_DIVIDE: usize = 0x3e0;

/// In [`COMMAND`]: the last command is still under way.
const PENDING: u32 = 1 << 12;
/// In [`COMMAND`]: to all CPUs but this one.
const TO_OTHERS: u32 = 3 << 18;
/// In [`COMMAND`]: INIT, as a pulse.
const INIT: u32 = 0x4500;
/// In [`COMMAND`]: start in real mode; the low bits are the number of the page.
const START_UP: u32 = 0x4600;
/// In the table of local interrupts: off.
const MASKED: u32 = 1 << 16;
/// The timer counts at the full frequency.
const DIVIDE_BY_ONE: u32 = 0b1011;
/// In [`SPURIOUS`]: the APIC is on.
const ENABLED: u32 = 1 << 8;

/// The ports that mask the interrupts of the two old controllers.
const OLD_CONTROLLERS: [u16; 2] = [0x21, 0xa1];

fn read(register: usize) -> u32 {
    let register = with_exposed_provenance_mut::<u32>(BASE + register);
    // SAFETY: a register of the local APIC; the page tables map it, and it is no memory of Rust's.
    unsafe { register.read_volatile() }
}

fn write(register: usize, value: u32) {
    let register = with_exposed_provenance_mut::<u32>(BASE + register);
    // SAFETY: as in `read`. What the kernel writes makes the APIC send interrupts, which `interrupts` handles.
    unsafe { register.write_volatile(value) };
}

/// Turns this CPU's APIC on. No device interrupts the CPU, not even by the old controllers.
pub(crate) fn turn_on(spurious_vector: u8) {
    for controller in OLD_CONTROLLERS {
        // SAFETY: the controller uses no memory.
        unsafe { port::write(controller, 0xff) };
    }
    write(PIN_0, MASKED);
    write(TIMER, MASKED);
    write(SPURIOUS, ENABLED | u32::from(spurious_vector));
}

/// Says that the handler of an interrupt is at its end, so the next one may come.
pub(crate) fn end_of_interrupt() {
    write(END_OF_INTERRUPT, 0);
}

/// Interrupts this CPU once, after `count` ticks of the timer. Under QEMU a tick is a nanosecond.
pub(crate) fn interrupt_after(count: u32, vector: u8) {
    write(TIMER_DIVIDE, DIVIDE_BY_ONE);
    write(TIMER, u32::from(vector));
    write(TIMER_COUNT, count);
}

/// Interrupts all other CPUs.
pub(crate) fn interrupt_others(vector: u8) {
    command(TO_OTHERS | u32::from(vector), 0);
}

/// Starts the CPU with this APIC at the page of `address`.
pub(crate) fn start(apic: u32, address: usize) {
    command(INIT, apic);
    // A real processor needs 10 ms here, and a second try. QEMU needs neither.
    (0..1000).for_each(|_| core::hint::spin_loop());
    let page = u32::try_from(address >> 12).expect("CPUs start below 1 MiB");
    command(START_UP | page, apic);
}

fn command(command: u32, apic: u32) {
    // An interrupt between the two stores might send a command of its own.
    let were_on = crate::cpu::interrupts_off();
    write(COMMAND_TARGET, apic << 24);
    write(COMMAND, command);
    while read(COMMAND) & PENDING != 0 {
        core::hint::spin_loop();
    }
    if were_on {
        crate::cpu::interrupts_on();
    }
}
