//! A kernel that runs the map on bare metal: no operating system, no std, no allocator.
//!
//! `cargo xtask bare-metal` builds it, boots it under QEMU, and reads what it prints on the serial port. The
//! kernel starts all CPUs, runs the checks in `checks` on them, prints a line for each, and ends QEMU with a
//! status. Each check panics if it finds a wrong answer.
#![no_std]
#![no_main]

extern crate alloc;

mod acpi;
mod allocator;
mod apic;
mod boot;
#[path = "../../no-std-link/src/builtins.rs"]
mod builtins;
mod checks;
mod cpu;
mod exit;
mod interrupts;
mod list;
mod machine;
mod memory;
mod options;
mod panic;
mod per_cpu;
mod physical;
mod platform;
mod port;
mod random;
mod serial;
mod stack;
mod start_info;
mod team;

use checks::Context;
use exit::{Status, exit};
use machine::Machine;
use memory::Memory;
use options::Options;
use start_info::StartInfo;

/// Where every CPU enters, on its own stack, with interrupts off. The first CPU has number 0 and gets the address
/// of the start information.
// SAFETY: no other symbol of this name is linked. `boot` calls it with these arguments.
#[unsafe(no_mangle)]
extern "C" fn kernel_enter(number: u32, start_info: u32) -> ! {
    let number = number as usize;
    cpu::set_number(number);
    if number == 0 {
        interrupts::prepare();
    }
    interrupts::load(number);
    cpu::interrupts_on();
    if number > 0 {
        team::serve();
    }
    run(StartInfo::at(start_info as usize));
    // If another CPU is reporting a panic, that CPU ends the machine. No handler may panic in between.
    cpu::interrupts_off();
    panic::be_last();
    exit(Status::Passed)
}

/// What the first CPU does.
fn run(start_info: StartInfo) {
    let options = Options::read(start_info.command_line());
    let machine = Machine::find(start_info);
    boot::forget_page_0();
    stack::paint();
    team::start(&machine);
    let memory = Memory::new(&machine);
    checks::run(Context { options, machine, memory });
}
