//! AVX2: four words at a time. It compares signed, so both sides get their top bit flipped.

use core::arch::asm;
use core::arch::x86_64::{
    __m256i, _mm256_castsi256_pd, _mm256_cmpgt_epi64, _mm256_movemask_pd, _mm256_set1_epi64x,
    _mm256_xor_si256,
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
    // SAFETY: this file is compiled only where AVX2 is known to be there.
    unsafe { compare(low, high, key) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn compare(low: __m256i, high: __m256i, key: u64) -> u8 {
    let sign = _mm256_set1_epi64x(i64::MIN);
    let key = _mm256_xor_si256(_mm256_set1_epi64x(key as i64), sign);
    let low = _mm256_cmpgt_epi64(_mm256_xor_si256(low, sign), key);
    let high = _mm256_cmpgt_epi64(_mm256_xor_si256(high, sign), key);
    let above = |words| _mm256_movemask_pd(_mm256_castsi256_pd(words)) as u8;
    !(above(low) | (above(high) << 4))
}

/// See [`super::BLOCK`].
pub(crate) const BLOCK: usize = 32;

/// See [`super::copy_block`].
#[inline(always)]
pub(crate) unsafe fn copy_block(from: *const u8, to: *const u8) {
    // SAFETY: the caller's promise; no other memory is touched.
    unsafe {
        asm!(
            "vmovdqu {block}, [{from}]",
            "vmovdqu [{to}], {block}",
            block = out(ymm_reg) _,
            from = in(reg) from,
            to = in(reg) to,
            options(nostack, preserves_flags),
        );
    }
}
