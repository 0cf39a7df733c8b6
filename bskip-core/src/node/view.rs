//! Reading a node: its fences, its keys, and searching among them.

use core::cmp;
use core::mem::MaybeUninit;
use core::num::NonZeroU32;

use super::layout::{Inner, Leaf, Node};
use super::shape::SlotShape;
use crate::arena::BlockId;
use crate::key::KeyWords;
use crate::simd::{self, Isa, LINE};
use crate::sync::{AtomicU32, Ordering};
use crate::value;

/// How `key` compares with the key or fence that has these words.
#[inline(always)]
fn compare<K: KeyWords>(key: K, word: impl Fn(usize) -> u64) -> cmp::Ordering {
    for i in 0..K::WORDS {
        let (ours, theirs) = (key.word(i), word(i));
        if ours != theirs {
            return ours.cmp(&theirs);
        }
    }
    cmp::Ordering::Equal
}

/// Only the holder of the lock may trust what these return before [`Node::validate`].
impl<S: SlotShape> Node<'_, S> {
    /// The fence at `offset` as a key. If a word number is too large, which never happens, this uses the last
    /// word.
    #[inline(always)]
    pub(super) fn fence(self, offset: usize) -> S::Key {
        S::Key::from_words(|i| self.header(offset + i.min(Self::KEY_WORDS - 1) * 8).load(Ordering::Relaxed))
    }

    /// How `key` compares with the fence at `offset`. It compares words, because a fence need not be a key:
    /// the low fence of the first node is all zeros.
    #[inline(always)]
    pub(super) fn compare_fence(self, key: S::Key, offset: usize) -> cmp::Ordering {
        compare(key, |i| self.header(offset + i * 8).load(Ordering::Relaxed))
    }

    /// The least key that the node may hold. While the node is linked, this changes only if the boundary with
    /// the left neighbour moves.
    #[inline(always)]
    pub(crate) fn low(self) -> S::Key {
        self.fence(Self::LOW)
    }

    /// The first word of [`low`](Self::low).
    pub(crate) fn low_word(self) -> u64 {
        self.header(Self::LOW).load(Ordering::Relaxed)
    }

    /// The first word of [`high`](Self::high).
    pub(crate) fn high_word(self) -> u64 {
        self.header(Self::HIGH).load(Ordering::Relaxed)
    }

    /// How `key` compares with [`low`](Self::low).
    #[inline(always)]
    pub(crate) fn compare_low(self, key: S::Key) -> cmp::Ordering {
        self.compare_fence(key, Self::LOW)
    }

    /// The `low` of the next node, which is above every key that this node may hold. If there is no next
    /// node, it means nothing.
    #[inline(always)]
    pub(crate) fn high(self) -> S::Key {
        self.fence(Self::HIGH)
    }

    /// How `key` compares with [`high`](Self::high).
    #[inline(always)]
    pub(crate) fn compare_high(self, key: S::Key) -> cmp::Ordering {
        self.compare_fence(key, Self::HIGH)
    }

    /// The first word of the key in `slot`.
    pub(crate) fn first_word(self, slot: usize) -> u64 {
        self.key_word(0, slot)
    }

    /// The key in `slot`.
    #[inline(always)]
    pub(crate) fn key(self, slot: usize) -> S::Key {
        S::Key::from_words(|plane| self.key_word(plane.min(Self::KEY_WORDS - 1), slot))
    }

    /// How `key` compares with the key in `slot`.
    #[inline(always)]
    pub(crate) fn compare_key(self, key: S::Key, slot: usize) -> cmp::Ordering {
        compare(key, |plane| self.key_word(plane, slot))
    }

    /// The line of slots where a key with this first word is or would be. Always a line of the node, even if
    /// the node is changing.
    #[inline(always)]
    pub(super) fn line_of_word(self, word: u64) -> usize {
        simd::choose!(isa => self.line_of_word_by(isa, word))
    }

    #[inline(always)]
    pub(super) fn line_of_word_by(self, isa: impl Isa, word: u64) -> usize {
        // SAFETY: the samples are a line of words, and the block is aligned to 64 bytes.
        let lines = unsafe { isa.rank(self.samples(), word) };
        // If no sample is at most `word`, the first line gives rank 0. If `word` is the greatest word, the
        // samples after the last key count too; `min` in `rank_in_line` corrects that.
        lines.saturating_sub(1).min(Self::CAPACITY / LINE - 1)
    }

    /// How many of `count` keys have a first word of at most `word`. `line` is what
    /// [`line_of_word`](Self::line_of_word) returned for it.
    #[inline(always)]
    pub(super) fn rank_in_line(self, line: usize, word: u64, count: usize) -> usize {
        simd::choose!(isa => self.rank_in_line_by(isa, line, word, count))
    }

    #[inline(always)]
    pub(super) fn rank_in_line_by(self, isa: impl Isa, line: usize, word: u64, count: usize) -> usize {
        let slot = Self::first_slot(line);
        // SAFETY: `slot` starts a line of keys.
        let rank = unsafe { isa.rank(self.key_words(0, slot), word) };
        // Slots that are not in use hold anything.
        (slot + rank).min(count)
    }

    /// How many keys have a first word of at most `word`.
    #[inline(always)]
    pub(super) fn rank_of_word(self, word: u64, count: usize) -> usize {
        simd::choose!(isa => self.rank_of_word_by(isa, word, count))
    }

    #[inline(always)]
    pub(super) fn rank_of_word_by(self, isa: impl Isa, word: u64, count: usize) -> usize {
        let line = self.line_of_word_by(isa, word);
        // This comes before the keys have arrived, so that their payload arrives together with them.
        self.prefetch_found(line);
        self.rank_in_line_by(isa, line, word, count)
    }

    /// How many of the node's keys are at most `key`.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn rank(self, key: S::Key) -> usize {
        let count = self.count();
        let word = key.word(0);
        let rank = self.rank_of_word(word, count);
        if Self::KEY_WORDS == 1 || rank == 0 {
            return rank;
        }
        // Longer keys: search among the keys with the same first word.
        let mut from = if word == 0 { 0 } else { self.rank_of_word(word - 1, count) };
        let mut to = rank;
        while from < to {
            let middle = from.midpoint(to);
            if self.compare_key(key, middle).is_ge() {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        from
    }

    /// The rank of `key`, and whether the slot before it holds `key` itself.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn find(self, key: S::Key) -> (usize, bool) {
        let rank = self.rank(key);
        (rank, rank > 0 && self.compare_key(key, rank - 1).is_eq())
    }

    /// How many of the node's keys are below `key`.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn rank_before(self, key: S::Key) -> usize {
        let (rank, found) = self.find(key);
        rank - usize::from(found)
    }
}

impl<'a, K: KeyWords> Inner<'a, K> {
    /// The word of the child in `slot`, which is below the capacity.
    #[inline(always)]
    pub(super) fn child_cell(self, slot: usize) -> &'a AtomicU32 {
        assert!(slot < Self::CAPACITY);
        // SAFETY: as asserted, the word is one of the node's, which are mapped for `'a` and only accessed as
        // this atomic.
        unsafe { &*self.payload(slot) }
    }

    /// The child in `slot`; `None` only if the node is changing or is no inner node now.
    #[inline(always)]
    pub(crate) fn child(self, slot: usize) -> Option<BlockId> {
        // Relaxed: as in `next`.
        let child = self.child_cell(slot.min(Self::CAPACITY - 1)).load(Ordering::Relaxed);
        NonZeroU32::new(child).map(BlockId)
    }
}

impl<K: KeyWords, V> Leaf<'_, K, V> {
    /// A copy of the value in `slot`. Use it only if the node is validated afterwards and `V` is `Copy`, or
    /// under the lock.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn value(self, slot: usize) -> MaybeUninit<V> {
        let slot = slot.min(Self::CAPACITY - 1);
        // SAFETY: `slot` is below the capacity, so its words are the node's.
        unsafe { value::load(self.payload(slot)) }
    }
}
