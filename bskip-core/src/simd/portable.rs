//! Words one by one, as atomics: for every target, and for tools that do not support `asm!`.

use crate::simd::{Isa, LINE};
use crate::sync::{DataWord, Ordering};

/// Needs nothing that a processor may lack.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

impl Isa for Portable {
    #[inline(always)]
    unsafe fn rank(self, line: *const DataWord, key: u64) -> usize {
        let mut mask = 0u32;
        for i in 0..LINE {
            // SAFETY: the caller's line has `LINE` words.
            let word = unsafe { line.add(i) };
            // SAFETY: as above.
            let word = unsafe { &*word };
            mask |= u32::from(word.load(Ordering::Relaxed) <= key) << i;
        }
        mask.trailing_ones() as usize
    }
}
