//! Reading a node of words, and searching among its keys.

use core::cmp;
use core::mem::MaybeUninit;
use core::num::NonZeroU32;

use super::super::header::Node;
use super::super::reading::Reading;
use super::super::shape::Shape;
use super::shape::{WordInner, WordLeaf, WordShape};
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
impl<S: WordShape> Node<'_, S> {
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
        lines.saturating_sub(1).min(S::CAPACITY / LINE - 1)
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
}

impl<S: WordShape> Reading for S {
    #[inline(always)]
    fn low(node: Node<'_, S>) -> S::Key {
        node.fence(Node::<S>::LOW)
    }

    #[inline(always)]
    fn high(node: Node<'_, S>) -> S::Key {
        node.fence(Node::<S>::HIGH)
    }

    #[inline(always)]
    fn try_high(node: Node<'_, S>) -> Option<S::Key> {
        Some(Self::high(node))
    }

    #[inline(always)]
    fn compare_low(node: Node<'_, S>, key: S::Key) -> cmp::Ordering {
        node.compare_fence(key, Node::<S>::LOW)
    }

    #[inline(always)]
    fn compare_high(node: Node<'_, S>, key: S::Key) -> cmp::Ordering {
        node.compare_fence(key, Node::<S>::HIGH)
    }

    #[inline(always)]
    fn low_number(_: Node<'_, S>) {}

    #[inline(always)]
    fn low_word(node: Node<'_, S>, _: usize) -> u64 {
        node.header(Node::<S>::LOW).load(Ordering::Relaxed)
    }

    #[inline(always)]
    fn high_word(node: Node<'_, S>, _: usize) -> u64 {
        node.header(Node::<S>::HIGH).load(Ordering::Relaxed)
    }

    fn stem_from(_: Node<'_, S>, _: Node<'_, S>) -> usize {
        0
    }

    #[inline(always)]
    fn key(node: Node<'_, S>, slot: usize) -> S::Key {
        S::Key::from_words(|plane| node.key_word(plane.min(Node::<S>::KEY_WORDS - 1), slot))
    }

    #[inline(always)]
    fn compare_key(node: Node<'_, S>, key: S::Key, slot: usize) -> cmp::Ordering {
        compare(key, |plane| node.key_word(plane, slot))
    }

    #[inline(always)]
    fn word_behind(node: Node<'_, S>, slot: usize, _: usize) -> u64 {
        node.key_word(0, slot)
    }

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn rank(node: Node<'_, S>, key: S::Key) -> usize {
        let count = node.count();
        let word = key.word(0);
        let rank = node.rank_of_word(word, count);
        if Node::<S>::KEY_WORDS == 1 || rank == 0 {
            return rank;
        }
        // Longer keys: search among the keys with the same first word.
        let mut from = if word == 0 { 0 } else { node.rank_of_word(word - 1, count) };
        let mut to = rank;
        while from < to {
            let middle = from.midpoint(to);
            if node.compare_key(key, middle).is_ge() {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        from
    }

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn find(node: Node<'_, S>, key: S::Key) -> (usize, bool) {
        let rank = node.rank(key);
        (rank, rank > 0 && node.compare_key(key, rank - 1).is_eq())
    }

    #[inline(always)]
    fn prefetch(node: Node<'_, S>) {
        node.prefetch_usual();
    }

    #[inline(always)]
    fn prefetch_whole(node: Node<'_, S>) {
        node.prefetch_all();
    }

    #[inline(always)]
    fn prefetch_pairs(node: Node<'_, S>) {
        node.prefetch_for_later();
    }
}

impl<'a, K: KeyWords> Node<'a, WordInner<K>> {
    /// The word of the child in `slot`, which is below the capacity.
    #[inline(always)]
    pub(super) fn child_cell(self, slot: usize) -> &'a AtomicU32 {
        assert!(slot < WordInner::<K>::CAPACITY);
        // SAFETY: as asserted, the word is one of the node's, which are mapped for `'a` and only accessed as
        // this atomic.
        unsafe { &*self.payload(slot) }
    }

    /// The child in `slot`.
    #[inline(always)]
    pub(super) fn child_in(self, slot: usize) -> Option<BlockId> {
        // Relaxed: as in `next`.
        let child = self.child_cell(slot.min(WordInner::<K>::CAPACITY - 1)).load(Ordering::Relaxed);
        NonZeroU32::new(child).map(BlockId)
    }
}

impl<K: KeyWords, V> Node<'_, WordLeaf<K, V>> {
    /// A copy of the value in `slot`.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(super) fn value_in(self, slot: usize) -> MaybeUninit<V> {
        let slot = slot.min(WordLeaf::<K, V>::CAPACITY - 1);
        // SAFETY: `slot` is below the capacity, so its words are the node's.
        unsafe { value::load(self.payload(slot)) }
    }
}
