//! AVX: two words at a time. Wider registers would leave a state behind that slows down SSE code, and as
//! operands they are not valid in a crate that is compiled without the feature (a doctest is, whatever
//! `RUSTFLAGS` say).

use core::arch::asm;

use crate::sync::AtomicU64;

/// See [`super::at_most`]. The compare is signed, so both sides get their top bit flipped.
///
/// # Safety
/// As for [`super::at_most`].
#[inline(always)]
pub(crate) unsafe fn at_most(line: *const AtomicU64, key: u64) -> u8 {
    const SIGN: u64 = 1 << 63;
    let above: u32;
    // SAFETY: the caller's line has 64 bytes, aligned; the instructions only read them.
    unsafe {
        asm!(
            "vmovq {key_words}, {key}",
            "vpunpcklqdq {key_words}, {key_words}, {key_words}",
            "vmovq {sign_words}, {sign}",
            "vpunpcklqdq {sign_words}, {sign_words}, {sign_words}",
            "vpxor {a}, {sign_words}, [{line}]",
            "vpxor {b}, {sign_words}, [{line} + 16]",
            "vpxor {c}, {sign_words}, [{line} + 32]",
            "vpxor {d}, {sign_words}, [{line} + 48]",
            "vpcmpgtq {a}, {a}, {key_words}",
            "vpcmpgtq {b}, {b}, {key_words}",
            "vpcmpgtq {c}, {c}, {key_words}",
            "vpcmpgtq {d}, {d}, {key_words}",
            // Eight masks of 64 bits become eight of 8.
            "vpackssdw {a}, {a}, {b}",
            "vpackssdw {c}, {c}, {d}",
            "vpackssdw {a}, {a}, {c}",
            "vpacksswb {a}, {a}, {a}",
            "vpmovmskb {above:e}, {a}",
            key = in(reg) key ^ SIGN,
            sign = in(reg) SIGN,
            line = in(reg) line,
            above = lateout(reg) above,
            key_words = out(xmm_reg) _,
            sign_words = out(xmm_reg) _,
            a = out(xmm_reg) _,
            b = out(xmm_reg) _,
            c = out(xmm_reg) _,
            d = out(xmm_reg) _,
            options(nostack, readonly, preserves_flags),
        );
    }
    !(above as u8)
}

/// See [`super::BLOCK`].
pub(crate) const BLOCK: usize = 16;

/// See [`super::copy_block`].
///
/// # Safety
/// As for [`super::copy_block`].
#[inline(always)]
pub(crate) unsafe fn copy_block(from: *const u8, to: *const u8) {
    // SAFETY: the caller's promise; no other memory is touched.
    unsafe {
        asm!(
            "vmovdqu {block}, [{from}]",
            "vmovdqu [{to}], {block}",
            block = out(xmm_reg) _,
            from = in(reg) from,
            to = in(reg) to,
            options(nostack, preserves_flags),
        );
    }
}

/// See [`super::HAS_TAIL`].
pub(crate) const HAS_TAIL: bool = false;

/// See [`super::copy_tail`]: nothing, there is none.
///
/// # Safety
/// As for [`super::copy_tail`].
#[inline(always)]
pub(crate) unsafe fn copy_tail(_: *const u8, _: *const u8, _: usize) {}

/// See [`super::HAS_SHIFT`].
pub(crate) const HAS_SHIFT: bool = false;

/// See [`super::shift_right`]: nothing, there is none.
///
/// # Safety
/// As for [`super::shift_right`].
#[inline(always)]
pub(crate) unsafe fn shift_right(_: *const AtomicU64, _: usize, _: u64) {}

/// See [`super::shift_left`]: nothing, there is none.
///
/// # Safety
/// As for [`super::shift_left`].
#[inline(always)]
pub(crate) unsafe fn shift_left(_: *const AtomicU64, _: usize, _: u64) {}

/// See [`super::gather_lines`]: nothing, there is none.
///
/// # Safety
/// As for [`super::gather_lines`].
#[inline(always)]
pub(crate) unsafe fn gather_lines(_: *const AtomicU64, _: *const AtomicU64, _: u8) {}
