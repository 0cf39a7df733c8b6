//! AVX: two words at a time. Wider registers would leave a state behind that slows down SSE code. They are
//! also not valid as operands in a crate that is compiled without the feature, and a doctest is, whatever
//! `RUSTFLAGS` says.

use core::arch::asm;

use crate::simd::{Isa, LINE, SAME};
use crate::sync::DataWord;

/// AVX. A value proves that the processor has it.
#[derive(Clone, Copy)]
pub(crate) struct Avx(());

impl Avx {
    /// # Safety
    /// The processor has AVX, and the operating system lets it be used.
    #[inline(always)]
    pub(crate) const unsafe fn assume() -> Self {
        Self(())
    }
}

impl Isa for Avx {
    /// The instruction compares signed numbers, so the code flips the top bit of both sides.
    #[inline(always)]
    unsafe fn rank(self, line: *const DataWord, key: u64) -> usize {
        let above: u32;
        // SAFETY: the caller's line has 64 bytes, aligned; the instructions only read them.
        unsafe {
            asm!(
                "vpcmpeqd {signs}, {signs}, {signs}",
                "vpsllq {signs}, {signs}, 63",
                "vmovq {keys}, {key}",
                "vpunpcklqdq {keys}, {keys}, {keys}",
                "vpxor {keys}, {keys}, {signs}",
                "vpxor {a}, {signs}, [{line}]",
                "vpxor {b}, {signs}, [{line} + 16]",
                "vpxor {c}, {signs}, [{line} + 32]",
                "vpxor {d}, {signs}, [{line} + 48]",
                "vpcmpgtq {a}, {a}, {keys}",
                "vpcmpgtq {b}, {b}, {keys}",
                "vpcmpgtq {c}, {c}, {keys}",
                "vpcmpgtq {d}, {d}, {keys}",
                // Eight masks of 64 bits become eight of 8. The register holds them twice.
                "vpackssdw {a}, {a}, {b}",
                "vpackssdw {c}, {c}, {d}",
                "vpackssdw {a}, {a}, {c}",
                "vpacksswb {a}, {a}, {a}",
                "vpmovmskb {above:e}, {a}",
                key = in(reg) key,
                line = in(reg) line,
                above = lateout(reg) above,
                keys = out(xmm_reg) _,
                signs = out(xmm_reg) _,
                a = out(xmm_reg) _,
                b = out(xmm_reg) _,
                c = out(xmm_reg) _,
                d = out(xmm_reg) _,
                options(nostack, readonly, preserves_flags),
            );
        }
        (above | 1 << LINE).trailing_zeros() as usize
    }

    #[inline(always)]
    unsafe fn is_same(self, words: *const DataWord, bytes: *const u8) -> bool {
        const { assert!(SAME == 256) };
        let mut differ = 0;
        for line in 0..4 {
            let (words, bytes) = (words.wrapping_add(line * 8), bytes.wrapping_add(line * 64));
            let other: u64;
            // SAFETY: the caller's promise; the instructions only read these bytes.
            unsafe {
                asm!(
                    "vmovdqu {a}, [{words}]",
                    "vpxor {a}, {a}, [{bytes}]",
                    "vmovdqu {b}, [{words} + 16]",
                    "vpxor {b}, {b}, [{bytes} + 16]",
                    "vmovdqu {c}, [{words} + 32]",
                    "vpxor {c}, {c}, [{bytes} + 32]",
                    "vmovdqu {d}, [{words} + 48]",
                    "vpxor {d}, {d}, [{bytes} + 48]",
                    "vpor {a}, {a}, {b}",
                    "vpor {c}, {c}, {d}",
                    "vpor {a}, {a}, {c}",
                    "vpacksswb {a}, {a}, {a}",
                    "vmovq {other}, {a}",
                    words = in(reg) words,
                    bytes = in(reg) bytes,
                    other = lateout(reg) other,
                    a = out(xmm_reg) _,
                    b = out(xmm_reg) _,
                    c = out(xmm_reg) _,
                    d = out(xmm_reg) _,
                    options(nostack, readonly, preserves_flags),
                );
            }
            differ |= other;
        }
        differ == 0
    }

    const BLOCK: usize = 16;

    #[inline(always)]
    unsafe fn copy_block(self, from: *const u8, to: *const u8) {
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
}
