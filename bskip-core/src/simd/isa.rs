//! What an instruction set does for a node.

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
