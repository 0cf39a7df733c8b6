//! Searches a node line by line. An operation prefetches each line some time before it reads the line, and
//! works on other nodes in between.
//!
//! First it loads the header and the samples, which say in which line of slots a key is. Then it loads that
//! line. Keys of several words may share their first word over many lines, so nodes of such keys are loaded
//! as a whole and searched at the end.

use super::super::header::Node;
use super::super::locked::Locked;
use super::shape::{WordLeaf, WordShape};
use crate::key::KeyWords;

/// What an operation will read of a node, besides header and samples.
#[derive(Clone, Copy)]
pub(crate) enum Slots {
    /// The key.
    Key,
    /// The key and its payload.
    Pair,
    /// The pair, and all pairs after it, which will move.
    Behind,
}

impl<S: WordShape> Node<'_, S> {
    /// Prefetches what a search reads first.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) fn prefetch_top(self) {
        if Self::BY_LINES {
            self.prefetch_header();
        } else {
            self.prefetch_whole();
        }
    }

    /// The line where `key` is or would be. Prefetches the part of it that `slots` names.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) fn approach(self, key: S::Key, slots: Slots) -> usize {
        let line = self.line_of(key);
        if Self::BY_LINES {
            match slots {
                Slots::Key => self.prefetch_keys(line),
                Slots::Pair => {
                    self.prefetch_keys(line);
                    self.prefetch_payload(line);
                }
                Slots::Behind => self.prefetch_from(line),
            }
        }
        line
    }

    /// The line where `key` is or would be.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) fn line_of(self, key: S::Key) -> usize {
        if Self::BY_LINES { self.line_of_word(key.word(0)) } else { 0 }
    }

    /// As [`find`](Self::find), for a key whose line is known.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) fn find_in(self, line: usize, key: S::Key) -> (usize, bool) {
        if !Self::BY_LINES {
            return self.find(key);
        }
        let rank = self.rank_in_line(line, key.word(0), self.count());
        (rank, rank > 0 && self.compare_key(key, rank - 1).is_eq())
    }
}

/// Changes of pairs that touch no line of slots before that of `slot`. For a leaf whose later lines are in the
/// cache and whose earlier ones are not: moving the slots then waits for no memory, so a branch on `slot` costs
/// little.
impl<K: KeyWords, V> Locked<'_, WordLeaf<K, V>> {
    /// Puts a pair into `slot`; the leaf has room.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) fn insert_from_line(&mut self, slot: usize, key: K, value: V) {
        self.insert_at_from_line(slot, key, value);
    }

    /// Takes the pair out of `slot`, which is below the count.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) fn remove_from_line(&mut self, slot: usize) -> V {
        assert!(slot < self.count());
        // SAFETY: below the count; the slot is closed below.
        let value = unsafe { self.read(slot) };
        self.close_gap::<false>(slot);
        value
    }
}
