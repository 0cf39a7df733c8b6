//! Words one by one, as atomics: for every target, and for tools that do not know `asm!`.

use super::LINE;
use crate::sync::{AtomicU64, Ordering};

/// See [`super::at_most`].
///
/// # Safety
/// As for [`super::at_most`].
#[inline(always)]
pub(crate) unsafe fn at_most(line: *const AtomicU64, key: u64) -> u8 {
    let mut mask = 0;
    for i in 0..LINE {
        // SAFETY: the caller's line has `LINE` words.
        let word = unsafe { line.add(i) };
        // SAFETY: as above.
        let word = unsafe { &*word };
        mask |= u8::from(word.load(Ordering::Relaxed) <= key) << i;
    }
    mask
}

/// See [`super::BLOCK`].
pub(crate) const BLOCK: usize = 0;

/// See [`super::copy_block`]: nothing, with `BLOCK` at 0.
///
/// # Safety
/// As for [`super::copy_block`].
#[inline(always)]
pub(crate) unsafe fn copy_block(_: *const u8, _: *const u8) {}

/// See [`super::HAS_TAIL`].
pub(crate) const HAS_TAIL: bool = false;

/// See [`super::copy_tail`]: nothing, there is none.
///
/// # Safety
/// As for [`super::copy_tail`].
#[inline(always)]
pub(crate) unsafe fn copy_tail(_: *const u8, _: *const u8, _: usize) {}

/// See [`super::HAS_SHIFT`].
pub(crate) const HAS_SHIFT: bool = false;

/// See [`super::shift_right`]: nothing, there is none.
///
/// # Safety
/// As for [`super::shift_right`].
#[inline(always)]
pub(crate) unsafe fn shift_right(_: *const AtomicU64, _: usize, _: u64) {}

/// See [`super::shift_left`]: nothing, there is none.
///
/// # Safety
/// As for [`super::shift_left`].
#[inline(always)]
pub(crate) unsafe fn shift_left(_: *const AtomicU64, _: usize, _: u64) {}

/// See [`super::gather_lines`]: nothing, there is none.
///
/// # Safety
/// As for [`super::gather_lines`].
#[inline(always)]
pub(crate) unsafe fn gather_lines(_: *const AtomicU64, _: *const AtomicU64, _: u8) {}
