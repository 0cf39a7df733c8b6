//! What a program needs from a system besides an entry: an exit, and memory.

#[path = "memory.rs"]
mod memory;

use core::arch::asm;
use core::panic::PanicInfo;

/// Ends the process.
pub fn exit(code: i32) -> ! {
    // SAFETY: Linux' `exit_group` (231 on x86-64) takes a code and does not return.
    unsafe { asm!("syscall", in("rax") 231, in("rdi") code, options(noreturn, nostack)) }
}

/// Writes to standard output.
#[allow(dead_code, reason = "not every program prints")]
pub fn write(text: &str) {
    // SAFETY: Linux' `write` (1 on x86-64) reads the text, and changes these registers only.
    unsafe {
        asm!("syscall", inout("rax") 1usize => _, in("rdi") 1, in("rsi") text.as_ptr(), in("rdx") text.len(),
            out("rcx") _, out("r11") _, options(nostack));
    }
}

/// Exit code of a panic.
const PANICKED: i32 = 101;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    exit(PANICKED)
}

/// 64 MiB.
#[global_allocator]
static MEMORY: memory::StaticMemory<{ 64 << 20 }> = memory::StaticMemory::new();
