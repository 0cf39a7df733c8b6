//! The word that says where a slot's key is: its place in the heap and its length behind the prefix.

use crate::key::big_endian::{WORD, words};

const PLACE_BITS: u32 = 10;
const LONG: u32 = 1 << 31;
const LEN_MASK: u32 = (LONG - 1) >> PLACE_BITS;

/// The most words that a heap can have.
pub(super) const MOST_WORDS: usize = 1 << PLACE_BITS;

/// See the module. Read out of a changing node, it may be anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Entry(pub(super) u32);

impl Entry {
    /// A key of `len` bytes behind the prefix, of which those behind `d` are at `place`.
    #[inline(always)]
    pub(super) fn inline(place: usize, len: usize) -> Self {
        debug_assert!(place < MOST_WORDS && len <= LEN_MASK as usize);
        Self(place as u32 | (len as u32) << PLACE_BITS)
    }

    /// A key outside of the node, to which the word at `place` leads.
    #[inline(always)]
    pub(super) fn long(place: usize) -> Self {
        debug_assert!(place < MOST_WORDS);
        Self(place as u32 | LONG)
    }

    #[inline(always)]
    pub(super) fn is_long(self) -> bool {
        self.0 & LONG != 0
    }

    #[inline(always)]
    pub(super) fn place(self) -> usize {
        self.0 as usize & (MOST_WORDS - 1)
    }

    /// The length behind the prefix. Meaningless for a long key.
    #[inline(always)]
    pub(super) fn len(self) -> usize {
        (self.0 >> PLACE_BITS & LEN_MASK) as usize
    }

    /// How many words of the heap the key has.
    #[inline(always)]
    pub(super) fn words(self) -> usize {
        if self.is_long() { 1 } else { heap_words(self.len()) }
    }
}

/// How many words of the heap a key of `len` bytes behind the prefix takes: what does not fit into `d`.
#[inline(always)]
pub(super) const fn heap_words(len: usize) -> usize {
    words(len.saturating_sub(WORD))
}
