//! Searching a node line by line, each line asked for some time before it is looked at: for operations that go on
//! with other nodes meanwhile.
//!
//! First header and samples are loaded, which say in what line of slots a key is, then that line. Keys of
//! several words may share their first word over many lines; nodes of such keys are loaded as a whole, and
//! searched at the end.

use core::mem::size_of;

use super::{Node, Shape};
use crate::key::Key;
use crate::simd::{self, LINE};

/// Bytes of payload that are worth loading ahead, at most: beside one line of keys, and beside all behind it.
const MOST_BESIDE: usize = 256;
const MOST_BEHIND: usize = 1024;

/// What of a node, besides header and samples, an operation will look at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slots {
    /// The key.
    Key,
    /// The key and its payload.
    Pair,
    /// The pair and all behind it, which will move.
    Behind,
}

impl<S: Shape> Node<'_, S> {
    /// Whether the samples lead to one line.
    const BY_LINES: bool = Self::KEY_WORDS == 1;

    /// Starts to load what a search looks at first.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn prefetch_top(self) {
        if Self::BY_LINES {
            prefetch_bytes(self.base.as_ptr(), Self::KEYS);
        } else {
            self.prefetch();
        }
    }

    /// The line where `key` is or would be. Starts to load that, and what else `slots` says.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn approach(self, key: S::Key, slots: Slots) -> usize {
        let line = self.line_of(key);
        self.prefetch_slots(line, slots);
        line
    }

    /// The line where `key` is or would be.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn line_of(self, key: S::Key) -> usize {
        if Self::BY_LINES { self.line_of_word(key.word(0)) } else { 0 }
    }

    #[inline(always)]
    fn prefetch_slots(self, line: usize, slots: Slots) {
        if !Self::BY_LINES {
            return;
        }
        let slot = line.min(Self::CAPACITY / LINE - 1) * LINE;
        let (n, most) = match slots {
            Slots::Behind => {
                let end = (self.count() + 1).min(Self::CAPACITY);
                (end.saturating_sub(slot).max(LINE), MOST_BEHIND)
            }
            Slots::Key | Slots::Pair => (LINE, MOST_BESIDE),
        };
        prefetch_bytes(self.key_words(0, slot).cast(), n * 8);
        if slots != Slots::Key {
            let bytes = n * S::WORDS_PER_SLOT * size_of::<S::Word>();
            prefetch_bytes(self.payload(slot).cast(), bytes.min(most));
        }
    }

    /// As [`find`](Self::find), for a key that is or would be in `line`.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn find_in(self, line: usize, key: S::Key) -> (usize, bool) {
        if !Self::BY_LINES {
            return self.find(key);
        }
        let rank = self.rank_in_line(line, key.word(0), self.count());
        (rank, rank > 0 && self.compare_key(key, rank - 1).is_eq())
    }
}

/// Starts to load so many bytes.
#[inline(always)]
fn prefetch_bytes(from: *const u8, bytes: usize) {
    let mut offset = 0;
    while offset < bytes {
        simd::prefetch(from.wrapping_add(offset));
        offset += 64;
    }
}
