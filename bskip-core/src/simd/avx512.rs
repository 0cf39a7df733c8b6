//! AVX-512F: eight words at a time.

use core::arch::asm;
use core::arch::x86_64::{__m512i, _mm512_set1_epi64};

use crate::sync::AtomicU64;

/// See [`super::at_most`].
#[inline(always)]
pub(crate) unsafe fn at_most(line: *const AtomicU64, key: u64) -> u8 {
    // SAFETY: this file is compiled only where AVX-512F is known to be there.
    let key = unsafe { broadcast(key) };
    let mask: u8;
    // SAFETY: the caller's line has 64 bytes; the instruction only reads them. Predicate 5 is "not less".
    unsafe {
        asm!(
            "vpcmpuq {mask}, {key}, [{line}], 5",
            mask = lateout(kreg) mask,
            key = in(zmm_reg) key,
            line = in(reg) line,
            options(nostack, readonly, preserves_flags),
        );
    }
    mask
}

#[inline]
#[target_feature(enable = "avx512f")]
fn broadcast(word: u64) -> __m512i {
    _mm512_set1_epi64(word as i64)
}

/// See [`super::BLOCK`].
pub(crate) const BLOCK: usize = 64;

/// See [`super::copy_block`].
#[inline(always)]
pub(crate) unsafe fn copy_block(from: *const u8, to: *const u8) {
    // SAFETY: the caller's promise; no other memory is touched.
    unsafe {
        asm!(
            "vmovdqu64 {block}, [{from}]",
            "vmovdqu64 [{to}], {block}",
            block = out(zmm_reg) _,
            from = in(reg) from,
            to = in(reg) to,
            options(nostack, preserves_flags),
        );
    }
}
