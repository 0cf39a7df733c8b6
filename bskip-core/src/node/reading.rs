//! Reading a node: its fences, its keys, and searching among them.
//!
//! Only the holder of the lock may trust what these return before [`Node::validate`].

use core::cmp;
use core::ops::Bound;

use super::header::Node;
use super::shape::{KeyNumber, KeyRef, OwnedKey, Shape};

/// Where a place is, as seen from a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    Left,
    Within,
    /// If there is no next node, within.
    Right,
}

/// How nodes of a shape are read. Each function is that of [`Node`] with the same name.
pub(crate) trait Reading: Shape {
    fn low(node: Node<'_, Self>) -> OwnedKey<Self>;
    fn high(node: Node<'_, Self>) -> OwnedKey<Self>;
    fn try_high(node: Node<'_, Self>) -> Option<OwnedKey<Self>>;
    fn compare_low(node: Node<'_, Self>, key: KeyRef<'_, Self>) -> cmp::Ordering;
    fn compare_high(node: Node<'_, Self>, key: KeyRef<'_, Self>) -> cmp::Ordering;
    #[inline(always)]
    fn side_of(
        node: Node<'_, Self>,
        key: KeyRef<'_, Self>,
        is_left: impl FnOnce(cmp::Ordering) -> bool,
        is_right: impl FnOnce(cmp::Ordering) -> bool,
    ) -> Side {
        if is_left(Self::compare_low(node, key)) {
            return Side::Left;
        }
        if is_right(Self::compare_high(node, key)) { Side::Right } else { Side::Within }
    }
    fn low_number(node: Node<'_, Self>) -> KeyNumber<Self>;
    fn low_word(node: Node<'_, Self>, stem: usize) -> u64;
    fn high_word(node: Node<'_, Self>, stem: usize) -> u64;
    fn stem_from(node: Node<'_, Self>, first: Node<'_, Self>) -> usize;
    fn key(node: Node<'_, Self>, slot: usize) -> OwnedKey<Self>;
    fn compare_key(node: Node<'_, Self>, key: KeyRef<'_, Self>, slot: usize) -> cmp::Ordering;
    fn word_behind(node: Node<'_, Self>, slot: usize, stem: usize) -> u64;
    fn rank(node: Node<'_, Self>, key: KeyRef<'_, Self>) -> usize;
    fn find(node: Node<'_, Self>, key: KeyRef<'_, Self>) -> (usize, bool);
    #[inline(always)]
    fn rank_within(node: Node<'_, Self>, key: KeyRef<'_, Self>) -> usize {
        Self::rank(node, key)
    }
    #[inline(always)]
    fn find_within(node: Node<'_, Self>, key: KeyRef<'_, Self>) -> (usize, bool) {
        Self::find(node, key)
    }
    fn prefetch(node: Node<'_, Self>);
    fn prefetch_whole(node: Node<'_, Self>);
    fn prefetch_pairs(node: Node<'_, Self>);
}

impl<S: Reading> Node<'_, S> {
    /// The least key that the node may hold. While the node is linked, this changes only if the boundary with
    /// the left neighbour moves.
    #[inline(always)]
    pub(crate) fn low(self) -> OwnedKey<S> {
        S::low(self)
    }

    /// The `low` of the next node, which is above every key that this node may hold. If there is no next
    /// node, it means nothing.
    #[inline(always)]
    pub(crate) fn high(self) -> OwnedKey<S> {
        S::high(self)
    }

    /// As [`high`](Self::high); `None` if there is no memory for a copy.
    pub(crate) fn try_high(self) -> Option<OwnedKey<S>> {
        S::try_high(self)
    }

    /// How `key` compares with [`low`](Self::low).
    #[inline(always)]
    pub(crate) fn compare_low(self, key: KeyRef<'_, S>) -> cmp::Ordering {
        S::compare_low(self, key)
    }

    /// How `key` compares with [`high`](Self::high).
    #[inline(always)]
    pub(crate) fn compare_high(self, key: KeyRef<'_, S>) -> cmp::Ordering {
        S::compare_high(self, key)
    }

    /// Where a place beside `key` is: `is_left` decides by how `key` compares with [`low`](Self::low), `is_right` by
    /// how it compares with [`high`](Self::high).
    #[inline(always)]
    pub(crate) fn side_of(
        self,
        key: KeyRef<'_, S>,
        is_left: impl FnOnce(cmp::Ordering) -> bool,
        is_right: impl FnOnce(cmp::Ordering) -> bool,
    ) -> Side {
        S::side_of(self, key, is_left, is_right)
    }

    /// The number of [`low`](Self::low), if it has one. Only the holder of the node's lock may use it: the lock
    /// keeps the string from being freed.
    #[inline(always)]
    pub(crate) fn low_number(self) -> KeyNumber<S> {
        S::low_number(self)
    }

    /// The word of [`low`](Self::low) behind the first `stem` bytes.
    #[inline(always)]
    pub(crate) fn low_word(self, stem: usize) -> u64 {
        S::low_word(self, stem)
    }

    /// The word of [`high`](Self::high) behind the first `stem` bytes.
    #[inline(always)]
    pub(crate) fn high_word(self, stem: usize) -> u64 {
        S::high_word(self, stem)
    }

    /// How many bytes the `high` of `first` and the `low` of this node have in common: the stem of all keys between
    /// these two. 0 if keys have no stem.
    pub(crate) fn stem_from(self, first: Self) -> usize {
        S::stem_from(self, first)
    }

    /// The key in `slot`.
    #[inline(always)]
    pub(crate) fn key(self, slot: usize) -> OwnedKey<S> {
        S::key(self, slot)
    }

    /// How `key` compares with the key in `slot`.
    #[inline(always)]
    pub(crate) fn compare_key(self, key: KeyRef<'_, S>, slot: usize) -> cmp::Ordering {
        S::compare_key(self, key, slot)
    }

    /// The word of the key in `slot` behind the first `stem` bytes.
    #[inline(always)]
    pub(crate) fn word_behind(self, slot: usize, stem: usize) -> u64 {
        S::word_behind(self, slot, stem)
    }

    /// How many of the node's keys are at most `key`.
    #[inline(always)]
    pub(crate) fn rank(self, key: KeyRef<'_, S>) -> usize {
        S::rank(self, key)
    }

    /// The rank of `key`, and whether the slot before it holds `key` itself.
    #[inline(always)]
    pub(crate) fn find(self, key: KeyRef<'_, S>) -> (usize, bool) {
        S::find(self, key)
    }

    /// As [`rank`](Self::rank), for a key that is neither below [`low`](Self::low) nor above [`high`](Self::high).
    #[inline(always)]
    pub(crate) fn rank_within(self, key: KeyRef<'_, S>) -> usize {
        S::rank_within(self, key)
    }

    /// As [`find`](Self::find), for a key that is neither below [`low`](Self::low) nor above [`high`](Self::high).
    #[inline(always)]
    pub(crate) fn find_within(self, key: KeyRef<'_, S>) -> (usize, bool) {
        S::find_within(self, key)
    }

    /// How many of the node's keys a range that ends at `upper` reaches.
    #[inline(always)]
    pub(crate) fn rank_of_end(self, upper: Bound<KeyRef<'_, S>>) -> usize {
        match upper {
            Bound::Unbounded => self.count(),
            Bound::Included(key) => self.rank(key),
            Bound::Excluded(key) => self.rank_before(key),
        }
    }

    /// How many of the node's keys are below `key`.
    #[inline(always)]
    pub(crate) fn rank_before(self, key: KeyRef<'_, S>) -> usize {
        let (rank, found) = self.find(key);
        rank - usize::from(found)
    }

    /// Prefetches what a search reads: the head, and the slots that most nodes use.
    #[inline(always)]
    pub(crate) fn prefetch(self) {
        S::prefetch(self);
    }

    /// Prefetches the whole node.
    #[inline(always)]
    pub(crate) fn prefetch_whole(self) {
        S::prefetch_whole(self);
    }

    /// Prefetches what a reader of all pairs will read later.
    #[inline(always)]
    pub(crate) fn prefetch_pairs(self) {
        S::prefetch_pairs(self);
    }
}
