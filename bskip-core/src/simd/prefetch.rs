//! Loading cache lines ahead.

/// Starts to load the cache line at `address` into the nearest cache. Any address is allowed.
#[inline(always)]
pub(crate) fn prefetch(address: *const u8) {
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2", not(miri)))]
    // SAFETY: a prefetch affects only the cache, whatever the address.
    unsafe {
        core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(address.cast());
    }
    #[cfg(all(target_arch = "aarch64", not(miri)))]
    // SAFETY: as above.
    unsafe {
        core::arch::asm!("prfm pldl1keep, [{}]", in(reg) address, options(nostack, preserves_flags, readonly));
    }
    #[cfg(any(
        not(any(all(target_arch = "x86_64", target_feature = "sse2"), target_arch = "aarch64")),
        miri
    ))]
    let _ = address;
}

/// As [`prefetch`], but into the second cache: for a line that is needed later.
#[inline(always)]
pub(crate) fn prefetch_for_later(address: *const u8) {
    #[cfg(all(target_arch = "x86_64", target_feature = "sse2", not(miri)))]
    // SAFETY: as in `prefetch`.
    unsafe {
        core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T1 }>(address.cast());
    }
    #[cfg(all(target_arch = "aarch64", not(miri)))]
    // SAFETY: as in `prefetch`.
    unsafe {
        core::arch::asm!("prfm pldl2keep, [{}]", in(reg) address, options(nostack, preserves_flags, readonly));
    }
    #[cfg(any(
        not(any(all(target_arch = "x86_64", target_feature = "sse2"), target_arch = "aarch64")),
        miri
    ))]
    let _ = address;
}
