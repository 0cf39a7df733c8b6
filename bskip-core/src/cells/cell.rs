//! One cell: a header, then the bytes of the string, or of its part of the chain.

use core::{ptr, slice};

use crate::simd;
use crate::sync::{AtomicU32, DataWord, Ordering};

/// Bytes of a word.
pub(super) const WORD: usize = size_of::<u64>();
/// The words of a cache line.
pub(super) const LINE: usize = 8;
/// The most lines of a cell that are loaded before its turn. The hardware guesses those of a longer value.
const PREFETCHED: usize = 4;
/// Words of the header: the links and the length.
const HEADER_WORDS: usize = 2;
/// Bytes of the header.
pub(super) const HEADER: usize = HEADER_WORDS * WORD;

/// The first word of a cell.
#[repr(C, align(8))]
struct Links {
    /// How many references there are to the string.
    references: AtomicU32,
    /// The number of the next cell, or 0.
    next: AtomicU32,
}

/// A cell in memory. Any thread may load its words at any time.
#[derive(Clone, Copy)]
pub(super) struct Cell<'a> {
    links: &'a Links,
    /// The length, and at least one word of the string.
    words: &'a [DataWord],
}

impl<'a> Cell<'a> {
    /// The cell of `words` words at `start`.
    ///
    /// # Safety
    /// For `'a`, there are `words` words at `start`, more than a header has. They are aligned to 8 bytes,
    /// mapped, initialised, and only accessed as the atomics of a `Cell`.
    #[inline]
    pub(super) unsafe fn at(start: *const DataWord, words: usize) -> Self {
        debug_assert!(words > HEADER_WORDS);
        // SAFETY: by the caller's promise, the first word is a pair of atomics.
        let links = unsafe { &*start.cast::<Links>() };
        // SAFETY: there are more words.
        let rest = unsafe { start.add(1) };
        // SAFETY: by the caller's promise, all but one of the words are left.
        let words = unsafe { slice::from_raw_parts(rest, words - 1) };
        Self { links, words }
    }

    /// The word of the next cell's number, or 0.
    #[inline]
    pub(super) fn next(self) -> u32 {
        self.links.next.load(Ordering::Relaxed)
    }

    /// How many references there are to the string that begins here.
    #[cfg(feature = "check")]
    pub(super) fn references(self) -> usize {
        self.links.references.load(Ordering::Relaxed) as usize
    }

    /// The length of the string, or of its rest from this cell of the chain on.
    #[inline]
    pub(super) fn len(self) -> usize {
        usize::try_from(self.words[0].load(Ordering::Relaxed)).unwrap_or(usize::MAX)
    }

    /// The bytes, as they are in memory, the last word of a string padded with zeros.
    #[inline]
    pub(super) fn data(self) -> &'a [DataWord] {
        &self.words[HEADER_WORDS - 1..]
    }

    /// Starts to load the header and the first bytes: at most [`PREFETCHED`] lines.
    #[inline]
    pub(super) fn prefetch(self) {
        let start = ptr::from_ref(self.links).cast::<u8>();
        let lines = (self.words.len() + 1).div_ceil(LINE).min(PREFETCHED);
        (0..lines).for_each(|line| simd::prefetch(start.wrapping_add(line * LINE * WORD)));
    }

    /// Writes what the cell holds: `bytes`, which are the first of `len`, while `next` holds the others. The
    /// count of references is 1. Only for the owner of a free cell, behind a Release fence.
    pub(super) fn fill(self, bytes: &[u8], len: usize, next: u32) {
        debug_assert!(bytes.len() <= self.data().len() * WORD);
        self.words[0].store(len as u64, Ordering::Relaxed);
        let chunks = bytes.chunks_exact(WORD);
        let end = chunks.remainder();
        let mut words = self.data().iter();
        for (chunk, word) in chunks.zip(&mut words) {
            word.store(padded(chunk), Ordering::Relaxed);
        }
        if let Some(word) = words.next().filter(|_| !end.is_empty()) {
            word.store(padded(end), Ordering::Relaxed);
        }
        self.links.next.store(next, Ordering::Relaxed);
        self.links.references.store(1, Ordering::Relaxed);
    }

    /// Makes the cell a free cell that leads to `next`. Only for its owner. If the cell was ever in use, a
    /// Release fence comes first.
    pub(super) fn free(self, next: u32) {
        self.links.next.store(next, Ordering::Relaxed);
        self.links.references.store(0, Ordering::Relaxed);
    }

    /// Adds a reference to the string that begins here.
    pub(super) fn retain(self) {
        let references = self.links.references.fetch_add(1, Ordering::Relaxed);
        debug_assert!((1..u32::MAX).contains(&references), "a free cell, or too many references");
    }

    /// Takes a reference away. Returns whether it was the last one.
    pub(super) fn release(self) -> bool {
        // Release pairs with the Acquire fence of the thread that takes the last one away. That thread sees
        // what this one did before, such as locking a node, and reuses the cell after this one's last reads.
        let references = self.links.references.fetch_sub(1, Ordering::Release);
        debug_assert!(references > 0, "released more often than retained");
        references == 1
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
