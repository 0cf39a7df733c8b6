//! What a program needs from a system besides an entry: an exit, and memory.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::asm;
use core::cell::UnsafeCell;
use core::panic::PanicInfo;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicUsize, Ordering};

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

/// Bytes of static memory.
const SIZE: usize = 64 << 20;

/// A static array that is handed out from front to back. Freed memory is not reused.
pub struct StaticMemory {
    bytes: UnsafeCell<[u8; SIZE]>,
    used: AtomicUsize,
}

// SAFETY: `used` gives every byte to one caller only.
unsafe impl Sync for StaticMemory {}

#[global_allocator]
static MEMORY: StaticMemory = StaticMemory { bytes: UnsafeCell::new([0; SIZE]), used: AtomicUsize::new(0) };

// SAFETY: `used` only grows, so blocks do not overlap. They are aligned and within `bytes`.
unsafe impl GlobalAlloc for StaticMemory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let base = self.bytes.get().addr();
        let start = |used: usize| (base + used).next_multiple_of(layout.align()) - base;
        let end = |used: usize| start(used).checked_add(layout.size()).filter(|end| *end <= SIZE);
        match self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, end) {
            Ok(used) => self.bytes.get().cast::<u8>().wrapping_add(start(used)),
            Err(_) => null_mut(),
        }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}
