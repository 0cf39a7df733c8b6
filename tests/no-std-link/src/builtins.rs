//! The functions that compiled code calls by name, and that a program without libc defines itself.
//!
//! `bare-metal` beside this folder has this file as a module too.

use core::arch::asm;

/// Named by the standard library's precompiled `core`; never called where panics abort.
// SAFETY: no other symbol of this name is linked, and it does what callers of the name expect.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

/// As above.
// SAFETY: no other symbol of this name is linked, and it does what callers of the name expect.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() -> ! {
    // SAFETY: the instruction ends the program by an exception.
    unsafe { asm!("ud2", options(noreturn, nostack)) }
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
