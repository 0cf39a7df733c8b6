//! Runs the exercise on Linux, in 32 bits and without any library: Linux on x86-64 runs such programs too.
//!
//! Exits with 0 if every answer is right. Otherwise it writes where it panicked to standard error, and exits with 101.
#![no_std]
#![no_main]

#[path = "../../no-std-link/src/memory.rs"]
mod memory;

use core::arch::{asm, global_asm};
use core::fmt::{self, Write};
use core::panic::PanicInfo;

// The kernel enters here. A function expects the stack to be aligned to 16 before the call.
global_asm!(".globl _start", "_start:", "and esp, -16", "call {main}", "ud2", main = sym main);

extern "C" fn main() -> ! {
    bare_targets::exercise();
    exit(0)
}

/// Ends the process.
fn exit(code: i32) -> ! {
    // SAFETY: Linux' `exit_group` (252 in 32 bits) takes a code and does not return.
    unsafe { asm!("int 0x80", in("eax") 252, in("ebx") code, options(noreturn, nostack)) }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    // If standard error takes nothing, the exit code still says that an answer is wrong.
    let _ = writeln!(StandardError, "error: {info}");
    exit(101)
}

struct StandardError;

impl Write for StandardError {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            let written: i32;
            // SAFETY: Linux' `write` (4 in 32 bits) to file descriptor 2 reads `rest`, and changes no memory.
            unsafe {
                asm!(
                    "int 0x80",
                    inout("eax") 4 => written,
                    in("ebx") 2,
                    in("ecx") rest.as_ptr(),
                    in("edx") rest.len(),
                    options(nostack, readonly),
                );
            }
            let written = usize::try_from(written).ok().filter(|&written| written > 0).ok_or(fmt::Error)?;
            rest = rest.get(written..).ok_or(fmt::Error)?;
        }
        Ok(())
    }
}

/// 512 MiB.
#[global_allocator]
static MEMORY: memory::StaticMemory<{ 512 << 20 }> = memory::StaticMemory::new();
