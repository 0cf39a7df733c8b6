//! NEON: two words at a time.

use core::arch::asm;

use super::Isa;
use crate::sync::DataWord;

pub(crate) use super::fixed::*;

/// NEON, which the build promises.
#[derive(Clone, Copy)]
pub(crate) struct Neon;

/// See [`choose`].
#[inline(always)]
pub(crate) const fn fixed() -> Neon {
    Neon
}

impl Isa for Neon {
    #[inline(always)]
    unsafe fn rank(self, line: *const DataWord, key: u64) -> usize {
        let above: u64;
        // SAFETY: the caller's line has 64 bytes; the instructions only read them.
        unsafe {
            asm!(
                "dup {keys:v}.2d, {key}",
                "ldp {a:q}, {b:q}, [{line}]",
                "ldp {c:q}, {d:q}, [{line}, #32]",
                "cmhi {a:v}.2d, {a:v}.2d, {keys:v}.2d",
                "cmhi {b:v}.2d, {b:v}.2d, {keys:v}.2d",
                "cmhi {c:v}.2d, {c:v}.2d, {keys:v}.2d",
                "cmhi {d:v}.2d, {d:v}.2d, {keys:v}.2d",
                // Eight masks of 64 bits become eight of 8.
                "uzp1 {a:v}.4s, {a:v}.4s, {b:v}.4s",
                "uzp1 {c:v}.4s, {c:v}.4s, {d:v}.4s",
                "uzp1 {a:v}.8h, {a:v}.8h, {c:v}.8h",
                "xtn {a:v}.8b, {a:v}.8h",
                "fmov {above}, {a:d}",
                key = in(reg) key,
                line = in(reg) line,
                above = lateout(reg) above,
                keys = out(vreg) _,
                a = out(vreg) _,
                b = out(vreg) _,
                c = out(vreg) _,
                d = out(vreg) _,
                options(nostack, readonly, preserves_flags),
            );
        }
        above.trailing_zeros() as usize / 8
    }

    const BLOCK: usize = 16;

    #[inline(always)]
    unsafe fn copy_block(self, from: *const u8, to: *const u8) {
        // SAFETY: the caller's promise; no other memory is touched.
        unsafe {
            asm!(
                "ldr {block:q}, [{from}]",
                "str {block:q}, [{to}]",
                block = out(vreg) _,
                from = in(reg) from,
                to = in(reg) to,
                options(nostack, preserves_flags),
            );
        }
    }
}
