//! What vector instructions do for a node: search in a line of (as a rule eight) sorted words, and moving
//! words. One interface, [`Isa`], one file per instruction set.
//!
//! The words may be changing under a reader, so they are read and written as atomics (`portable`) or by
//! vector instructions in `asm!` blocks, which the compiler must take as they are; a plain or intrinsic
//! vector access of racing memory would be undefined behaviour. What was read is believed only after
//! validation.
//!
//! | build | instruction set |
//! | --- | --- |
//! | x86-64, with the target feature `avx512f` or `avx` (`-C target-cpu=native`, `x86-64-v3`, `-v4`) | that one |
//! | x86-64 without, with the crate's feature `std` | the best that the processor has, found out at run time (`x86/choice.rs`) |
//! | AArch64, little-endian | NEON |
//! | all others; Miri, model checkers, small nodes | none: word by word |
//!
//! [`choose`] says which. Where it is found out at run time, choosing is a load of a static and a branch that
//! always goes the same way; it is done once for a search in a node and once for a change, not for every
//! line. All of it is inlined nevertheless, into functions that are compiled without the instruction set's
//! feature: registers that need the feature are named in the text of the `asm!` blocks, never handed over as
//! operands.

// Tools do not know `asm!`, and small nodes have lines of two words.
#[cfg(all(
    target_arch = "aarch64",
    target_endian = "little",
    target_feature = "neon",
    not(any(miri, loom, shuttle, small_nodes))
))]
#[path = "neon.rs"]
pub(crate) mod arch;
#[cfg(any(
    not(any(
        target_arch = "x86_64",
        all(target_arch = "aarch64", target_endian = "little", target_feature = "neon")
    )),
    any(miri, loom, shuttle, small_nodes)
))]
pub(crate) mod arch {
    pub(crate) use super::fixed::*;

    /// See [`choose`].
    #[inline(always)]
    pub(crate) const fn fixed() -> super::portable::Portable {
        super::portable::Portable
    }
}
#[cfg(all(target_arch = "x86_64", not(any(miri, loom, shuttle, small_nodes))))]
#[path = "x86/mod.rs"]
pub(crate) mod arch;
#[allow(dead_code, unused_imports, unused_macros, reason = "the other way is to find out")]
mod fixed;
#[allow(dead_code, reason = "builds that promise better do without")]
pub(crate) mod portable;
#[cfg(test)]
pub(crate) mod tests;

/// `choose!(isa => expression)` is the expression, with `isa` the [`Isa`] to use.
pub(crate) use arch::choose;
/// From now on all threads use the instruction set of this name; false if the processor lacks it, or if the
/// build leaves no choice. For tests and benches.
#[cfg(any(test, feature = "internals"))]
pub(crate) use arch::force;

use crate::sync::AtomicU64;

/// Words in a line. Two where nodes are to be small, so that tests come to splits, merges and upper levels
/// with a dozen keys; only `portable` knows such lines.
pub(crate) const LINE: usize = if cfg!(any(loom, shuttle, small_nodes)) { 2 } else { 8 };

/// What an instruction set does for a node. A value of the type is the proof that the processor has the set.
pub(crate) trait Isa: Copy {
    /// How many words at the start of the line are at most `key`, before the first that is not.
    ///
    /// # Safety
    /// `line` is valid for [`LINE`] words and aligned to 64 bytes.
    unsafe fn rank(self, line: *const AtomicU64, key: u64) -> usize;

    /// Bytes that [`copy_block`](Self::copy_block) copies; 0 if there is nothing better than word by word.
    const BLOCK: usize = 0;

    /// Copies `BLOCK` bytes, of which all are loaded before the first is stored.
    ///
    /// # Safety
    /// Both are valid for `BLOCK` bytes, of atomic words, or `to` of memory that is the caller's alone; no
    /// other thread stores to `to` now.
    #[inline(always)]
    unsafe fn copy_block(self, _from: *const u8, _to: *const u8) {}

    /// Whether there is a [`copy_tail`](Self::copy_tail).
    const HAS_TAIL: bool = false;

    /// Copies `bytes` bytes, a multiple of 4 below `BLOCK`, of which all are loaded before the first is
    /// stored. Only where `HAS_TAIL`.
    ///
    /// # Safety
    /// As for `copy_block`, for that many bytes.
    #[inline(always)]
    unsafe fn copy_tail(self, _from: *const u8, _to: *const u8, _bytes: usize) {}

    /// Whether there are [`shift_right`](Self::shift_right), [`shift_left`](Self::shift_left) and
    /// [`gather_lines`](Self::gather_lines).
    ///
    /// They do the same work wherever the words are, without a branch. A loop over just the words that move
    /// ends with a misprediction nearly always, and only when the words have come from memory: the processor
    /// then has started nothing of what follows. With these, the next operation's misses overlap with this
    /// one's.
    const HAS_SHIFT: bool = false;

    /// Copies word `i - 1` to word `i` for every bit `i` of `mask`, as if all at once. Only where
    /// `HAS_SHIFT`.
    ///
    /// # Safety
    /// `words` starts `lines` aligned lines, at most 8; `mask` has bits for their words only, and not bit 0;
    /// no other thread else stores to them now.
    #[inline(always)]
    unsafe fn shift_right(self, _words: *const AtomicU64, _lines: usize, _mask: u64) {}

    /// Copies word `i + 1` to word `i` for every bit `i` of `mask`, as if all at once. Only where
    /// `HAS_SHIFT`.
    ///
    /// # Safety
    /// As for `shift_right`, but `mask` does not have the last word's bit.
    #[inline(always)]
    unsafe fn shift_left(self, _words: *const AtomicU64, _lines: usize, _mask: u64) {}

    /// Copies word `8 i` of `from` to word `i` of `to` for every bit `i` of `mask`. Only where `HAS_SHIFT`.
    ///
    /// # Safety
    /// `from` is valid for 57 words, `to` for 8; no other thread stores to either now.
    #[inline(always)]
    unsafe fn gather_lines(self, _from: *const AtomicU64, _to: *const AtomicU64, _mask: u8) {}
}

/// Starts to load the cache line at `address` into the nearest cache. Any address will do.
#[inline(always)]
pub(crate) fn prefetch(address: *const u8) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a prefetch of any address has no effect but on the cache.
    unsafe {
        core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(address.cast());
    }
    #[cfg(all(target_arch = "aarch64", not(miri)))]
    // SAFETY: as above.
    unsafe {
        core::arch::asm!("prfm pldl1keep, [{}]", in(reg) address, options(nostack, preserves_flags, readonly));
    }
    #[cfg(any(not(any(target_arch = "x86_64", target_arch = "aarch64")), miri))]
    let _ = address;
}

/// As [`prefetch`], into the second cache: for what is looked at a while later.
#[inline(always)]
pub(crate) fn prefetch_for_later(address: *const u8) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: as in `prefetch`.
    unsafe {
        core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T1 }>(address.cast());
    }
    #[cfg(all(target_arch = "aarch64", not(miri)))]
    // SAFETY: as in `prefetch`.
    unsafe {
        core::arch::asm!("prfm pldl2keep, [{}]", in(reg) address, options(nostack, preserves_flags, readonly));
    }
    #[cfg(any(not(any(target_arch = "x86_64", target_arch = "aarch64")), miri))]
    let _ = address;
}
