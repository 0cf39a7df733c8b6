//! x86-64: which instruction sets a build has, and whether the build names the one to use.

#[allow(dead_code, reason = "builds that promise one, or find out nothing")]
mod avx;
#[allow(dead_code, reason = "as above")]
mod avx512;
#[cfg(all(feature = "std", not(target_feature = "avx")))]
mod choice;

#[cfg(all(feature = "std", not(target_feature = "avx")))]
pub(crate) use choice::*;

#[cfg(not(all(feature = "std", not(target_feature = "avx"))))]
pub(crate) use super::fixed::*;

#[cfg(test)]
pub(crate) use {avx::Avx, avx512::Avx512};

/// See [`choose`].
#[cfg(target_feature = "avx512f")]
#[inline(always)]
pub(crate) const fn fixed() -> avx512::Avx512 {
    // SAFETY: the build promises it.
    unsafe { avx512::Avx512::assume() }
}

/// See [`choose`].
#[cfg(all(target_feature = "avx", not(target_feature = "avx512f")))]
#[inline(always)]
pub(crate) const fn fixed() -> avx::Avx {
    // SAFETY: the build promises it.
    unsafe { avx::Avx::assume() }
}

/// See [`choose`].
#[cfg(not(any(feature = "std", target_feature = "avx")))]
#[inline(always)]
pub(crate) const fn fixed() -> super::portable::Portable {
    super::portable::Portable
}
