//! Ports, by which the processor talks to old devices.

use core::arch::asm;

/// Writes a byte.
///
/// # Safety
/// What the device does must not touch memory that Rust uses.
pub(crate) unsafe fn write(port: u16, byte: u8) {
    // SAFETY: by the caller's promise.
    unsafe { asm!("out dx, al", in("dx") port, in("al") byte, options(nomem, nostack, preserves_flags)) }
}

/// Reads a byte.
///
/// # Safety
/// As for [`write`].
pub(crate) unsafe fn read(port: u16) -> u8 {
    let byte: u8;
    // SAFETY: by the caller's promise.
    unsafe { asm!("in al, dx", in("dx") port, out("al") byte, options(nomem, nostack, preserves_flags)) }
    byte
}
