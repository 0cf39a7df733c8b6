//! Moves runs of words within and between nodes, while readers may be looking.
//!
//! Only the holder of a node's lock stores, so its loads need no order. The stores must be atomic, because
//! readers race with them. Relaxed stores suffice, because readers validate.

use crate::simd::Isa;
use crate::stats;
use crate::sync::{AtomicPtr, AtomicU32, DataWord, Ordering};

/// An atomic that can be copied to another place.
pub(crate) trait MoveWord {
    fn copy_to(&self, to: &Self);
}

impl MoveWord for DataWord {
    #[inline(always)]
    fn copy_to(&self, to: &Self) {
        to.store(self.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

impl MoveWord for AtomicU32 {
    #[inline(always)]
    fn copy_to(&self, to: &Self) {
        to.store(self.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

impl<T> MoveWord for AtomicPtr<T> {
    #[inline(always)]
    fn copy_to(&self, to: &Self) {
        to.store(self.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// An atomic that can be copied out of a node.
pub(crate) trait ReadWord {
    /// What it holds.
    type Plain: Copy;
    fn read(&self) -> Self::Plain;
}

impl ReadWord for DataWord {
    type Plain = u64;
    #[inline(always)]
    fn read(&self) -> u64 {
        self.load(Ordering::Relaxed)
    }
}

impl<T> ReadWord for AtomicPtr<T> {
    type Plain = *mut T;
    #[inline(always)]
    fn read(&self) -> *mut T {
        self.load(Ordering::Relaxed)
    }
}

/// Copies `n` words of a node, which other threads may be changing, to memory that only the caller accesses.
///
/// # Safety
/// Both runs are valid; `to` is aligned.
#[inline(always)]
pub(crate) unsafe fn read<I: Isa, W: ReadWord>(isa: I, from: *const W, to: *mut W::Plain, n: usize) {
    let step = block_words::<I, W>();
    let mut i = 0;
    while i < n {
        // SAFETY: the caller's run has `n` words.
        let from = unsafe { from.add(i) };
        // SAFETY: as above.
        let to = unsafe { to.add(i) };
        if step > 0 && i + step <= n {
            // SAFETY: a block of words is left in both runs.
            unsafe { isa.copy_block(from.cast(), to.cast::<u8>()) };
            i += step;
            continue;
        }
        if I::HAS_TAIL {
            // SAFETY: fewer words than a block has are left in both runs.
            return unsafe { isa.copy_tail(from.cast(), to.cast::<u8>(), (n - i) * size_of::<W>()) };
        }
        // SAFETY: one of the node's words.
        let word = unsafe { &*from };
        // SAFETY: one of the caller's.
        unsafe { to.write(word.read()) };
        i += 1;
    }
}

/// Copies word `i` of `from` to word `i` of `to`, or the whole block that starts there.
///
/// # Safety
/// Both runs have the word, or the block; no other thread stores to `to` now.
#[inline(always)]
unsafe fn copy_at<W: MoveWord, const WHOLE_BLOCK: bool>(
    isa: impl Isa,
    from: *const W,
    to: *const W,
    i: usize,
) {
    // SAFETY: the caller's promise.
    let from = unsafe { from.add(i) };
    // SAFETY: the caller's promise.
    let to = unsafe { to.add(i) };
    if WHOLE_BLOCK {
        // SAFETY: the caller's promise.
        return unsafe { isa.copy_block(from.cast(), to.cast()) };
    }
    // SAFETY: the caller's promise.
    let from = unsafe { &*from };
    // SAFETY: the caller's promise.
    let to = unsafe { &*to };
    from.copy_to(to);
}

/// Copies `n` words, fewer than a block has, from word `i` on.
///
/// # Safety
/// Both runs have the words; no other thread stores to `to` now.
#[inline(always)]
unsafe fn copy_tail<W: MoveWord>(isa: impl Isa, from: *const W, to: *const W, i: usize, n: usize) {
    // SAFETY: the caller's promise.
    let from = unsafe { from.add(i) };
    // SAFETY: the caller's promise.
    let to = unsafe { to.add(i) };
    stats::wrote(n);
    // SAFETY: the caller's promise.
    unsafe { isa.copy_tail(from.cast(), to.cast(), n * size_of::<W>()) }
}

/// Words of type `W` in a block; 0 if there are no blocks.
const fn block_words<I: Isa, W>() -> usize {
    I::BLOCK / size_of::<W>()
}

/// Copies `n` words from `from` to `to`, the first one first: to another node, or to the left within one.
///
/// # Safety
/// Both runs are valid; no other thread stores to `to` now.
#[inline(always)]
pub(crate) unsafe fn copy<I: Isa, W: MoveWord>(isa: I, from: *const W, to: *const W, n: usize) {
    let step = block_words::<I, W>();
    let mut i = 0;
    while step > 0 && i + step <= n {
        stats::wrote(step);
        // SAFETY: the caller's run has `n` words, of which a block is left.
        unsafe { copy_at::<W, true>(isa, from, to, i) };
        i += step;
    }
    if I::HAS_TAIL {
        // SAFETY: fewer words than a block has are left in both runs.
        return unsafe { copy_tail(isa, from, to, i, n - i) };
    }
    while i < n {
        // SAFETY: the caller's run has `n` words.
        unsafe { copy_at::<W, false>(isa, from, to, i) };
        i += 1;
    }
}

/// Copies `n` words from `from` to `to`, the last one first: to the right within a node.
///
/// # Safety
/// As for [`copy`].
#[inline(always)]
pub(crate) unsafe fn copy_backwards<I: Isa, W: MoveWord>(isa: I, from: *const W, to: *const W, n: usize) {
    let step = block_words::<I, W>();
    let mut i = n;
    while step > 0 && i >= step {
        i -= step;
        stats::wrote(step);
        // SAFETY: the caller's run has `n` words, of which a block is left.
        unsafe { copy_at::<W, true>(isa, from, to, i) };
    }
    if I::HAS_TAIL {
        // SAFETY: fewer words than a block has are left in both runs.
        return unsafe { copy_tail(isa, from, to, 0, i) };
    }
    while i > 0 {
        i -= 1;
        // SAFETY: the caller's run has `n` words.
        unsafe { copy_at::<W, false>(isa, from, to, i) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::tests::every_isa;
    use alloc::vec::Vec;

    /// Lengths and distances around those of a line, by comparison with `copy_within`.
    #[test]
    fn runs_move_as_a_whole() {
        every_isa!(isa, name => every_run(isa, name));
    }

    fn every_run(isa: impl Isa, name: &str) {
        for n in 0..=40 {
            for shift in [0usize, 1, 2, 8, 13] {
                let words: Vec<DataWord> = (0..64).map(DataWord::new).collect();
                let mut expected: Vec<u64> = (0..64).collect();
                expected.copy_within(2..2 + n, 2 + shift);
                let (from, to) = (&raw const words[2], &raw const words[2 + shift]);
                // SAFETY: both runs are within `words`, which no other thread accesses.
                unsafe { copy_backwards(isa, from, to, n) };
                let moved: Vec<u64> = words.iter().map(|word| word.load(Ordering::Relaxed)).collect();
                assert_eq!(moved, expected, "{name}: {n} to the right by {shift}");

                let words: Vec<AtomicU32> = (0..64).map(AtomicU32::new).collect();
                let mut expected: Vec<u32> = (0..64).collect();
                expected.copy_within(2 + shift..2 + shift + n, 2);
                let (from, to) = (&raw const words[2 + shift], &raw const words[2]);
                // SAFETY: as above.
                unsafe { copy(isa, from, to, n) };
                let moved: Vec<u32> = words.iter().map(|word| word.load(Ordering::Relaxed)).collect();
                assert_eq!(moved, expected, "{name}: {n} to the left by {shift}");
            }
        }
    }
}
