//! AVX-512F: eight words at a time.
//!
//! The text of the `asm!` blocks names the registers; they are not operands. So the code is valid in every
//! function that it is inlined into, even in one that is compiled without the feature. Registers from 16 on
//! leave no state behind that would slow down SSE code.

use core::arch::asm;

use crate::simd::{Isa, LINE, SAME};
use crate::stats;
use crate::sync::{AtomicU32, DataWord};

/// AVX-512F. A value proves that the processor has it.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// # Safety
    /// The processor has AVX-512F, and the operating system lets it be used.
    #[inline(always)]
    pub(crate) const unsafe fn assume() -> Self {
        Self(())
    }
}

/// Moves the words of `mask` by one word, a line at a time. `$lines` says in which order the lines come: each word
/// must be read before another one is written over it.
macro_rules! shift {
    ($count:literal words, $lines:expr, $words:ident, $mask:ident, $move:literal, $from:literal) => {
        stats::wrote($mask.count_ones() as usize);
        for line in $lines {
            let at = $words.wrapping_add(line * $count);
            // SAFETY: the caller's promise; the instructions do not touch elements that are masked out.
            unsafe {
                asm!(
                    "kmovw k1, {mask:e}",
                    concat!($move, " zmm16{{k1}}{{z}}, [{at} ", $from, "]"),
                    concat!($move, " [{at}]{{k1}}, zmm16"),
                    mask = in(reg) ($mask >> (line * $count)) & ((1 << $count) - 1),
                    at = in(reg) at,
                    out("xmm16") _,
                    out("k1") _,
                    options(nostack, preserves_flags),
                );
            }
        }
    };
}

impl Isa for Avx512 {
    #[inline(always)]
    unsafe fn rank(self, line: *const DataWord, key: u64) -> usize {
        let above: u32;
        // SAFETY: the caller's line has 64 bytes; the instructions only read them. Predicate 1 is "less".
        unsafe {
            asm!(
                "vpbroadcastq zmm16, {key}",
                "vpcmpuq k1, zmm16, [{line}], 1",
                "kmovw {above:e}, k1",
                above = lateout(reg) above,
                key = in(reg) key,
                line = in(reg) line,
                out("xmm16") _,
                out("k1") _,
                options(nostack, readonly, preserves_flags),
            );
        }
        (above | 1 << LINE).trailing_zeros() as usize
    }

    /// The immediate of the ternary logic gathers all bits that differ: `a | b ^ c`.
    #[inline(always)]
    unsafe fn is_same(self, words: *const DataWord, bytes: *const u8) -> bool {
        const { assert!(SAME == 256) };
        let differ: u32;
        // SAFETY: the caller's promise; the instructions only read these bytes.
        unsafe {
            asm!(
                "vmovdqu64 zmm16, [{words}]",
                "vpxorq zmm16, zmm16, [{bytes}]",
                "vmovdqu64 zmm17, [{words} + 64]",
                "vpternlogq zmm16, zmm17, [{bytes} + 64], 0xf6",
                "vmovdqu64 zmm17, [{words} + 128]",
                "vpternlogq zmm16, zmm17, [{bytes} + 128], 0xf6",
                "vmovdqu64 zmm17, [{words} + 192]",
                "vpternlogq zmm16, zmm17, [{bytes} + 192], 0xf6",
                "vptestmq k1, zmm16, zmm16",
                "kmovw {differ:e}, k1",
                words = in(reg) words,
                bytes = in(reg) bytes,
                differ = lateout(reg) differ,
                out("xmm16") _,
                out("xmm17") _,
                out("k1") _,
                options(nostack, readonly, preserves_flags),
            );
        }
        differ == 0
    }

    const BLOCK: usize = 64;

    #[inline(always)]
    unsafe fn copy_block(self, from: *const u8, to: *const u8) {
        // SAFETY: the caller's promise; no other memory is touched.
        unsafe {
            asm!(
                "vmovdqu64 zmm16, [{from}]",
                "vmovdqu64 [{to}], zmm16",
                from = in(reg) from,
                to = in(reg) to,
                out("xmm16") _,
                options(nostack, preserves_flags),
            );
        }
    }

    const HAS_TAIL: bool = true;

    #[inline(always)]
    unsafe fn copy_tail(self, from: *const u8, to: *const u8, bytes: usize) {
        let mask = (1u32 << (bytes / 4)) - 1;
        // SAFETY: the caller's promise; the instructions do not touch elements that are masked out.
        unsafe {
            asm!(
                "kmovw k1, {mask:e}",
                "vmovdqu32 zmm16{{k1}}{{z}}, [{from}]",
                "vmovdqu32 [{to}]{{k1}}, zmm16",
                mask = in(reg) mask,
                from = in(reg) from,
                to = in(reg) to,
                out("xmm16") _,
                out("k1") _,
                options(nostack, preserves_flags),
            );
        }
    }

    const HAS_SHIFT: bool = true;

    #[inline(always)]
    unsafe fn shift_right(self, words: *const DataWord, lines: usize, mask: u64) {
        shift!(8 words, (0..lines).rev(), words, mask, "vmovdqu64", "- 8");
    }

    #[inline(always)]
    unsafe fn shift_left(self, words: *const DataWord, lines: usize, mask: u64) {
        shift!(8 words, 0..lines, words, mask, "vmovdqu64", "+ 8");
    }

    #[inline(always)]
    unsafe fn shift_halves_right(self, words: *const AtomicU32, count: usize, mask: u64) {
        shift!(16 words, (0..count.div_ceil(16)).rev(), words, mask, "vmovdqu32", "- 4");
    }

    #[inline(always)]
    unsafe fn shift_halves_left(self, words: *const AtomicU32, count: usize, mask: u64) {
        shift!(16 words, 0..count.div_ceil(16), words, mask, "vmovdqu32", "+ 4");
    }

    #[inline(always)]
    unsafe fn gather_lines(self, from: *const DataWord, to: *const DataWord, mask: u8) {
        stats::wrote(mask.count_ones() as usize);
        // SAFETY: the caller's promise.
        unsafe {
            asm!(
                "vmovq xmm16, [{from}]",
                "vmovhpd xmm16, xmm16, [{from} + 64]",
                "vmovq xmm17, [{from} + 128]",
                "vmovhpd xmm17, xmm17, [{from} + 192]",
                "vmovq xmm18, [{from} + 256]",
                "vmovhpd xmm18, xmm18, [{from} + 320]",
                "vmovq xmm19, [{from} + 384]",
                "vmovhpd xmm19, xmm19, [{from} + 448]",
                "vinserti32x4 zmm16, zmm16, xmm17, 1",
                "vinserti32x4 zmm16, zmm16, xmm18, 2",
                "vinserti32x4 zmm16, zmm16, xmm19, 3",
                "kmovw k1, {mask:e}",
                "vmovdqu64 [{to}]{{k1}}, zmm16",
                from = in(reg) from,
                to = in(reg) to,
                mask = in(reg) u32::from(mask),
                out("xmm16") _,
                out("xmm17") _,
                out("xmm18") _,
                out("xmm19") _,
                out("k1") _,
                options(nostack, preserves_flags),
            );
        }
    }
}
