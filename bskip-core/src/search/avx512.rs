//! One vector compare of eight words.

use core::arch::asm;
use core::arch::x86_64::{__m512i, _mm512_cmple_epu64_mask, _mm512_set1_epi64};

use crate::sync::AtomicU64;

/// See [`super::at_most`].
#[inline(always)]
pub(crate) unsafe fn at_most(line: *const AtomicU64, key: u64) -> u8 {
    let words: __m512i;
    // SAFETY: the caller's line has 64 bytes, aligned; the load changes nothing.
    unsafe {
        asm!(
            "vmovdqa64 {words}, [{line}]",
            words = out(zmm_reg) words,
            line = in(reg) line,
            options(nostack, readonly, preserves_flags),
        );
    }
    _mm512_cmple_epu64_mask(words, _mm512_set1_epi64(key as i64))
}
