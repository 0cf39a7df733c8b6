//! Two vector compares of four words. AVX2 compares signed, so both sides get their top bit flipped.

use core::arch::asm;
use core::arch::x86_64::{
    __m256i, _mm256_castsi256_pd, _mm256_cmpgt_epi64, _mm256_movemask_pd, _mm256_set1_epi64x, _mm256_xor_si256,
};

use crate::sync::AtomicU64;

/// See [`super::at_most`].
#[inline(always)]
pub(crate) unsafe fn at_most(line: *const AtomicU64, key: u64) -> u8 {
    let (low, high): (__m256i, __m256i);
    // SAFETY: the caller's line has 64 bytes, aligned; the loads change nothing.
    unsafe {
        asm!(
            "vmovdqa {low}, [{line}]",
            "vmovdqa {high}, [{line} + 32]",
            low = out(ymm_reg) low,
            high = out(ymm_reg) high,
            line = in(reg) line,
            options(nostack, readonly, preserves_flags),
        );
    }
    let sign = _mm256_set1_epi64x(i64::MIN);
    let key = _mm256_xor_si256(_mm256_set1_epi64x(key as i64), sign);
    let above = |words| {
        let above = _mm256_cmpgt_epi64(_mm256_xor_si256(words, sign), key);
        _mm256_movemask_pd(_mm256_castsi256_pd(above)) as u8
    };
    !(above(low) | (above(high) << 4))
}
