//! What vector instructions do for a node: search in a line of (as a rule eight) sorted words, and moving words. One
//! interface, one file per instruction set.
//!
//! The words may be changing under a reader, so they are read and written as atomics (`portable`) or by
//! vector instructions in `asm!` blocks, which the compiler must take as they are; a plain or intrinsic
//! vector access of racing memory would be undefined behaviour. What was read is believed only after
//! validation.
//!
//! Chosen at compile time by target feature; build with `-C target-cpu=native` (or `x86-64-v3`/`-v4`) to get
//! the vector versions.

use crate::sync::AtomicU64;

#[cfg(all(target_arch = "x86_64", target_feature = "avx512f", not(any(miri, loom, shuttle, small_nodes))))]
#[path = "avx512.rs"]
mod imp;
#[cfg(all(
    target_arch = "x86_64",
    target_feature = "avx",
    not(target_feature = "avx512f"),
    not(any(miri, loom, shuttle, small_nodes))
))]
#[path = "avx.rs"]
mod imp;
#[cfg(any(not(all(target_arch = "x86_64", target_feature = "avx")), any(miri, loom, shuttle, small_nodes)))]
#[path = "portable.rs"]
mod imp;

/// Words in a line. Two where nodes are to be small, so that tests come to splits, merges and upper levels with
/// a dozen keys; only `portable` knows such lines.
pub(crate) const LINE: usize = if cfg!(any(loom, shuttle, small_nodes)) { 2 } else { 8 };

/// Bytes that [`copy_block`] copies; 0 if there is nothing better than word by word.
pub(crate) const BLOCK: usize = imp::BLOCK;

/// Copies `BLOCK` bytes, of which all are loaded before the first is stored.
///
/// # Safety
/// Both are valid for `BLOCK` bytes, of atomic words, or `to` of memory that is the caller's alone; nobody else
/// stores to `to` now.
#[inline(always)]
pub(crate) unsafe fn copy_block(from: *const u8, to: *const u8) {
    // SAFETY: passed on to the caller.
    unsafe { imp::copy_block(from, to) }
}

/// Whether there is a [`copy_tail`].
pub(crate) const HAS_TAIL: bool = imp::HAS_TAIL;

/// Copies `bytes` bytes, a multiple of 4 below `BLOCK`, of which all are loaded before the first is stored.
/// Only where [`HAS_TAIL`].
///
/// # Safety
/// As for [`copy_block`], for that many bytes.
#[inline(always)]
pub(crate) unsafe fn copy_tail(from: *const u8, to: *const u8, bytes: usize) {
    // SAFETY: passed on to the caller.
    unsafe { imp::copy_tail(from, to, bytes) }
}

/// Whether there are [`shift_right`], [`shift_left`] and [`gather_lines`].
///
/// They do the same work wherever the words are, without a branch. A loop over just the words that move ends
/// with a misprediction nearly always, and only when the words have come from memory: the processor then has
/// started nothing of what follows. With these, the next operation's misses overlap with this one's.
pub(crate) const HAS_SHIFT: bool = imp::HAS_SHIFT;

/// Copies word `i - 1` to word `i` for every bit `i` of `mask`, as if all at once. Only where [`HAS_SHIFT`].
///
/// # Safety
/// `words` starts `lines` aligned lines, at most 8; `mask` has bits for their words only, and not bit 0; nobody
/// else stores to them now.
#[inline(always)]
pub(crate) unsafe fn shift_right(words: *const AtomicU64, lines: usize, mask: u64) {
    // SAFETY: passed on to the caller.
    unsafe { imp::shift_right(words, lines, mask) }
}

/// Copies word `i + 1` to word `i` for every bit `i` of `mask`, as if all at once. Only where [`HAS_SHIFT`].
///
/// # Safety
/// As for [`shift_right`], but `mask` does not have the last word's bit.
#[inline(always)]
pub(crate) unsafe fn shift_left(words: *const AtomicU64, lines: usize, mask: u64) {
    // SAFETY: passed on to the caller.
    unsafe { imp::shift_left(words, lines, mask) }
}

/// Copies word `8 i` of `from` to word `i` of `to` for every bit `i` of `mask`. Only where [`HAS_SHIFT`].
///
/// # Safety
/// `from` is valid for 57 words, `to` for 8; nobody else stores to either now.
#[inline(always)]
pub(crate) unsafe fn gather_lines(from: *const AtomicU64, to: *const AtomicU64, mask: u8) {
    // SAFETY: passed on to the caller.
    unsafe { imp::gather_lines(from, to, mask) }
}

/// Bit `i` says whether word `i` of the line is at most `key`.
///
/// # Safety
/// `line` is valid for [`LINE`] words and aligned to 64 bytes.
#[inline(always)]
pub(crate) unsafe fn at_most(line: *const AtomicU64, key: u64) -> u8 {
    // SAFETY: passed on to the caller.
    unsafe { imp::at_most(line, key) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(align(64))]
    struct Line([AtomicU64; LINE]);

    #[test]
    fn every_position_and_extreme() {
        let words = [0, 1, 5, 5, 1 << 63, (1 << 63) + 1, u64::MAX - 1, u64::MAX];
        for key in [0, 1, 2, 4, 5, 6, (1 << 63) - 1, 1 << 63, (1 << 63) + 1, u64::MAX - 1, u64::MAX] {
            for words in words.chunks(LINE) {
                let line = Line(core::array::from_fn(|i| AtomicU64::new(words[i])));
                let expected =
                    words.iter().enumerate().fold(0, |mask, (i, &word)| mask | (u8::from(word <= key) << i));
                // SAFETY: `line` has its words and is aligned.
                assert_eq!(unsafe { at_most(line.0.as_ptr(), key) }, expected, "{key}");
            }
        }
    }

    #[repr(align(64))]
    struct Plane([AtomicU64; 64]);

    #[test]
    fn shifts_move_what_the_mask_says() {
        if !HAS_SHIFT {
            return;
        }
        for low in 0..64 {
            for high in low..64 {
                // Bits `low + 1..=high`, as for an insertion into `low` with `high` slots in use.
                let mask = (!1 << low) & (u64::MAX >> (63 - high));
                let plane = || Plane(core::array::from_fn(|i| AtomicU64::new(i as u64)));
                let words = |plane: Plane| plane.0.map(AtomicU64::into_inner);
                let (right, left) = (plane(), plane());
                // SAFETY: 8 lines, and no bit 0.
                unsafe { shift_right(right.0.as_ptr(), 8, mask) };
                // SAFETY: 8 lines, and no bit 63.
                unsafe { shift_left(left.0.as_ptr(), 8, mask >> 1) };
                let moved = |i: u64, mask: u64, to: u64| if mask >> i & 1 == 1 { to } else { i };
                assert_eq!(
                    words(right),
                    core::array::from_fn(|i| moved(i as u64, mask, (i as u64).wrapping_sub(1)))
                );
                assert_eq!(words(left), core::array::from_fn(|i| moved(i as u64, mask >> 1, i as u64 + 1)));
            }
        }
        for mask in 0..=u8::MAX {
            let from = Plane(core::array::from_fn(|i| AtomicU64::new(i as u64)));
            let to = Line([const { AtomicU64::new(99) }; LINE]);
            // SAFETY: 57 words and 8.
            unsafe { gather_lines(from.0.as_ptr(), to.0.as_ptr(), mask) };
            let expected = core::array::from_fn(|i| if mask >> i & 1 == 1 { 8 * i as u64 } else { 99 });
            assert_eq!(to.0.map(AtomicU64::into_inner), expected);
        }
    }
}
