//! A panic: the first one prints its message and ends the machine.

use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::exit::{Status, exit};
use crate::{cpu, print, println};

/// Whether a CPU is about to end the machine.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Stops this CPU if another one is ending the machine. Messages of two CPUs would mix.
pub(crate) fn be_last() {
    // Relaxed: only one CPU gets `false`, and that is all that matters.
    if ENDING.swap(true, Ordering::Relaxed) {
        cpu::stop();
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    cpu::interrupts_off();
    be_last();
    print!("\nCPU {}: {}", cpu::number(), info.message());
    match info.location() {
        Some(place) => println!(" ({place})"),
        None => println!(""),
    }
    exit(Status::Failed)
}
