//! What a program needs from a system besides an entry: an exit, memory, and the functions that compilers call.

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

/// Exit code of a panic.
const PANICKED: i32 = 101;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    exit(PANICKED)
}

/// Named by the standard library's precompiled `core`; never called where panics abort.
// SAFETY: no other symbol of this name is linked, and it does what callers of the name expect.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

/// As above.
// SAFETY: no other symbol of this name is linked, and it does what callers of the name expect.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() -> ! {
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

/// Copies bytes. Written in assembly, because a loop might be compiled to a call of itself.
///
/// # Safety
/// As C's `memcpy`.
// SAFETY: no other symbol of this name is linked, and it does what callers of the name expect.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
    // SAFETY: the caller's promise; the direction flag is clear by the calling convention.
    unsafe {
        asm!("rep movsb", inout("rdi") to => _, inout("rsi") from => _, inout("rcx") count => _,
            options(nostack, preserves_flags));
    }
    to
}

/// Copies bytes that may overlap.
///
/// # Safety
/// As C's `memmove`.
// SAFETY: no other symbol of this name is linked, and it does what callers of the name expect.
#[unsafe(no_mangle)]
unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
    if to.addr().wrapping_sub(from.addr()) >= count {
        // SAFETY: copying upwards reads every byte before it is overwritten; else the caller's promise.
        return unsafe { memcpy(to, from, count) };
    }
    let (last_to, last_from) =
        (to.wrapping_add(count).wrapping_sub(1), from.wrapping_add(count).wrapping_sub(1));
    // SAFETY: the caller's promise; `count` is not 0 here, and the direction flag is cleared again.
    unsafe {
        asm!("std", "rep movsb", "cld", inout("rdi") last_to => _, inout("rsi") last_from => _,
            inout("rcx") count => _, options(nostack));
    }
    to
}

/// Fills bytes.
///
/// # Safety
/// As C's `memset`.
// SAFETY: no other symbol of this name is linked, and it does what callers of the name expect.
#[unsafe(no_mangle)]
unsafe extern "C" fn memset(to: *mut u8, byte: i32, count: usize) -> *mut u8 {
    // SAFETY: the caller's promise; the direction flag is clear by the calling convention.
    unsafe {
        asm!("rep stosb", inout("rdi") to => _, in("al") byte as u8, inout("rcx") count => _,
            options(nostack, preserves_flags));
    }
    to
}

/// Compares bytes.
///
/// # Safety
/// As C's `memcmp`.
// SAFETY: no other symbol of this name is linked, and it does what callers of the name expect.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(a: *const u8, b: *const u8, count: usize) -> i32 {
    for i in 0..count {
        // SAFETY: the caller's promise; volatile, so that the loop is not compiled to a call of itself.
        let x = unsafe { a.wrapping_add(i).read_volatile() };
        // SAFETY: as above.
        let y = unsafe { b.wrapping_add(i).read_volatile() };
        if x != y {
            return i32::from(x) - i32::from(y);
        }
    }
    0
}

/// Compares bytes for equality.
///
/// # Safety
/// As `bcmp`.
// SAFETY: no other symbol of this name is linked, and it does what callers of the name expect.
#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(a: *const u8, b: *const u8, count: usize) -> i32 {
    // SAFETY: the caller's promise.
    unsafe { memcmp(a, b, count) }
}
