//! What an instruction set does for a node.

use crate::sync::{AtomicU32, DataWord, Ordering};

/// Bytes that are compared at once. Builds for model checkers and small nodes compare the same strings in more steps.
pub(crate) const SAME: usize = 32 * LINE;

/// Words in a line. Builds with small nodes have two, so that a dozen keys are enough to test splits, merges
/// and upper levels. Only `portable` supports such lines.
pub(crate) const LINE: usize = if cfg!(any(loom, shuttle, small_nodes)) { 2 } else { 8 };

/// What an instruction set does for a node. A value of this type proves that the processor has the set.
pub(crate) trait Isa: Copy {
    /// Counts the words at the start of the line that are at most `key`. Stops at the first that is greater.
    ///
    /// # Safety
    /// `line` is valid for [`LINE`] words and aligned to 64 bytes.
    unsafe fn rank(self, line: *const DataWord, key: u64) -> usize;

    /// Whether these words of atomics and these bytes are the same in memory, [`SAME`] of each.
    ///
    /// # Safety
    /// `words` is valid for `SAME` bytes, aligned to a word. `bytes` is valid for as many, and no thread stores to
    /// them meanwhile.
    #[inline(always)]
    unsafe fn is_same(self, words: *const DataWord, bytes: *const u8) -> bool {
        let mut differ = 0;
        for i in 0..SAME / 8 {
            // SAFETY: the caller's words.
            let word = unsafe { words.add(i) };
            // SAFETY: as above.
            let word = unsafe { &*word };
            // SAFETY: the caller's bytes.
            let eight = unsafe { bytes.add(i * 8) };
            // SAFETY: as above; a pointer to bytes needs no alignment.
            differ |= word.load(Ordering::Relaxed) ^ unsafe { eight.cast::<u64>().read_unaligned() };
        }
        differ == 0
    }

    /// Bytes that [`copy_block`](Self::copy_block) copies; 0 if copying word by word is as good.
    const BLOCK: usize = 0;

    /// Copies `BLOCK` bytes. Loads all of them before it stores the first.
    ///
    /// # Safety
    /// Both pointers are valid for `BLOCK` bytes of atomic words, or `to` points to memory that only the
    /// caller accesses. No other thread stores to `to` meanwhile.
    #[inline(always)]
    unsafe fn copy_block(self, _from: *const u8, _to: *const u8) {}

    /// Whether there is a [`copy_tail`](Self::copy_tail).
    const HAS_TAIL: bool = false;

    /// Copies `bytes` bytes, a multiple of 4 below `BLOCK`. Loads all of them before it stores the first.
    /// Only if `HAS_TAIL`.
    ///
    /// # Safety
    /// As for `copy_block`, for that many bytes.
    #[inline(always)]
    unsafe fn copy_tail(self, _from: *const u8, _to: *const u8, _bytes: usize) {}

    /// Whether there are [`shift_right`](Self::shift_right), [`shift_left`](Self::shift_left), the same for
    /// halves of words, and [`gather_lines`](Self::gather_lines).
    ///
    /// They do the same work for any place and have no branch. A loop over only the words that move almost
    /// always ends in a misprediction. The processor notices it only when the words have come from memory,
    /// and until then it has begun nothing of what follows. Without the branch, the next operation's misses
    /// overlap with this one's.
    const HAS_SHIFT: bool = false;

    /// Copies word `i - 1` to word `i` for every bit `i` of `mask`, as if all at once. Only if `HAS_SHIFT`.
    ///
    /// # Safety
    /// `words` points to `lines` aligned lines, at most 8. `mask` has bits only for their words, and bit 0 is
    /// clear. No other thread stores to them meanwhile.
    #[inline(always)]
    unsafe fn shift_right(self, _words: *const DataWord, _lines: usize, _mask: u64) {}

    /// Copies word `i + 1` to word `i` for every bit `i` of `mask`, as if all at once. Only if `HAS_SHIFT`.
    ///
    /// # Safety
    /// As for `shift_right`, but bit 0 may be set, and `mask` does not have the last word's bit.
    #[inline(always)]
    unsafe fn shift_left(self, _words: *const DataWord, _lines: usize, _mask: u64) {}

    /// As [`shift_right`](Self::shift_right), for words of 32 bits. Only if `HAS_SHIFT`.
    ///
    /// # Safety
    /// `words` points to `count` words, at most 64. `mask` has bits only for these words, and bit 0 is clear.
    /// No other thread stores to them meanwhile.
    #[inline(always)]
    unsafe fn shift_halves_right(self, _words: *const AtomicU32, _count: usize, _mask: u64) {}

    /// As [`shift_left`](Self::shift_left), for words of 32 bits. Only if `HAS_SHIFT`.
    ///
    /// # Safety
    /// As for `shift_halves_right`, but bit 0 may be set, and `mask` does not have the last word's bit.
    #[inline(always)]
    unsafe fn shift_halves_left(self, _words: *const AtomicU32, _count: usize, _mask: u64) {}

    /// Copies word `8 i` of `from` to word `i` of `to` for every bit `i` of `mask`. Only if `HAS_SHIFT`.
    ///
    /// # Safety
    /// `from` is valid for 57 words, `to` for 8. No other thread stores to either meanwhile.
    #[inline(always)]
    unsafe fn gather_lines(self, _from: *const DataWord, _to: *const DataWord, _mask: u8) {}
}
