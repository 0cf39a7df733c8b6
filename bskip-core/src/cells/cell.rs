//! One cell: a header, then the bytes of the string, or of its part of the chain.

use crate::simd;
use crate::sync::{AtomicU64, Ordering};

/// Bytes of a word.
pub(super) const WORD: usize = size_of::<u64>();
/// The words of a cache line.
pub(super) const LINE: usize = 8;
/// The most lines of a cell that are loaded before its turn. The hardware guesses those of a longer value.
const PREFETCHED: usize = 4;
/// Words of the header.
const HEADER_WORDS: usize = 2;
/// Bytes of the header.
pub(super) const HEADER: usize = HEADER_WORDS * WORD;

/// A cell in memory. Any thread may load its words at any time.
#[derive(Clone, Copy)]
pub(super) struct Cell<'a> {
    /// At least a header and a word.
    words: &'a [AtomicU64],
}

impl<'a> Cell<'a> {
    /// The cell of these words.
    #[inline]
    pub(super) fn new(words: &'a [AtomicU64]) -> Self {
        debug_assert!(words.len() > HEADER_WORDS);
        Self { words }
    }

    /// `next << 32 | count`: the number of the next cell, or 0, and the count of references to the string.
    #[inline]
    fn links(self) -> &'a AtomicU64 {
        &self.words[0]
    }

    /// The word of the next cell's number, or 0.
    #[inline]
    pub(super) fn next(self) -> u32 {
        (self.links().load(Ordering::Relaxed) >> 32) as u32
    }

    /// How many references there are to the string that begins here.
    #[cfg(feature = "check")]
    pub(super) fn references(self) -> usize {
        self.links().load(Ordering::Relaxed) as u32 as usize
    }

    /// The length of the string, or of its rest from this cell of the chain on.
    #[inline]
    pub(super) fn len(self) -> usize {
        usize::try_from(self.words[1].load(Ordering::Relaxed)).unwrap_or(usize::MAX)
    }

    /// The bytes, as they are in memory, the last word of a string padded with zeros.
    #[inline]
    pub(super) fn data(self) -> &'a [AtomicU64] {
        &self.words[HEADER_WORDS..]
    }

    /// Starts to load the header and the first bytes: at most [`PREFETCHED`] lines.
    #[inline]
    pub(super) fn prefetch(self) {
        self.words.chunks(LINE).take(PREFETCHED).for_each(|line| simd::prefetch(line.as_ptr().cast()));
    }

    /// Writes what the cell holds: `bytes`, which are the first of `len`, while `next` holds the others. The
    /// count of references is 1. Only for the owner of a free cell, behind a Release fence.
    pub(super) fn fill(self, bytes: &[u8], len: usize, next: u32) {
        debug_assert!(bytes.len() <= self.data().len() * WORD);
        self.words[1].store(len as u64, Ordering::Relaxed);
        let chunks = bytes.chunks_exact(WORD);
        let end = chunks.remainder();
        let mut words = self.data().iter();
        for (chunk, word) in chunks.zip(&mut words) {
            word.store(padded(chunk), Ordering::Relaxed);
        }
        if let Some(word) = words.next().filter(|_| !end.is_empty()) {
            word.store(padded(end), Ordering::Relaxed);
        }
        self.links().store(u64::from(next) << 32 | 1, Ordering::Relaxed);
    }

    /// Makes the cell a free cell that leads to `next`. Only for its owner. If the cell was ever in use, a
    /// Release fence comes first.
    pub(super) fn free(self, next: u32) {
        self.links().store(u64::from(next) << 32, Ordering::Relaxed);
    }

    /// Adds a reference to the string that begins here.
    pub(super) fn retain(self) {
        let links = self.links().fetch_add(1, Ordering::Relaxed);
        debug_assert!((1..u32::MAX).contains(&(links as u32)), "a free cell, or too many references");
    }

    /// Takes a reference away. Returns whether it was the last one.
    pub(super) fn release(self) -> bool {
        // Release pairs with the Acquire fence of the thread that takes the last one away. That thread sees
        // what this one did before, such as locking a node, and reuses the cell after this one's last reads.
        let links = self.links().fetch_sub(1, Ordering::Release);
        debug_assert!(links as u32 > 0, "released more often than retained");
        links as u32 == 1
    }
}

/// Up to 8 bytes as a word that has them in memory, padded with zeros. [`u64::from_be`] makes a number of it that
/// compares as the bytes do.
#[inline]
pub(super) fn padded(bytes: &[u8]) -> u64 {
    let mut word = [0; WORD];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_ne_bytes(word)
}
