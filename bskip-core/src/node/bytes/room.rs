//! Whether a node of byte keys has room: for one more key, for a neighbour's slots, for another prefix.

use core::alloc::Layout;

use super::super::locked::Locked;
use super::super::payload::Payload;
use super::super::room::{Fill, Limit, Room, Share, Split};
use super::super::shape::Shape;
use super::entry::heap_words;
use super::shape::{ByteShape, FENCE_LIMIT, LIMIT, Slotted};
use crate::arena::{AllocError, AllocErrorKind};
use crate::key::big_endian::WORD;
use crate::key::byte_string::ByteString;
use crate::simd::LINE;

/// A node with at most this part of its slots and of its heap in use looks for a neighbour to merge with…
const UNDERFULL: usize = 4;

/// …and two nodes merge if this much of a node stays free, so that the next insert does not split them again.
const SPARE: usize = 4;

/// How many words of the heap a key of `len` bytes behind the prefix takes, if it may be outside of the node.
#[inline(always)]
pub(super) fn words_for(len: usize) -> usize {
    if is_long(len) { 1 } else { heap_words(len) }
}

/// Whether a key of `len` bytes behind the prefix must be outside of the node.
#[inline(always)]
pub(super) fn is_long(len: usize) -> bool {
    len > WORD + LIMIT
}

/// The most words of the heap that a key of `len` bytes behind the prefix takes, however long the prefix becomes.
pub(super) fn most_words_for(len: usize) -> usize {
    heap_words(len).min(LIMIT / WORD)
}

/// Slots and words of the heap.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Load {
    pub(super) slots: usize,
    pub(super) words: usize,
}

impl Load {
    pub(super) fn plus(self, other: Self) -> Self {
        Self { slots: self.slots + other.slots, words: self.words + other.words }
    }

    pub(super) fn minus(self, other: Self) -> Self {
        Self { slots: self.slots - other.slots, words: self.words - other.words }
    }

    pub(super) fn slot(words: usize) -> Self {
        Self { slots: 1, words }
    }

    pub(super) fn of_limit(limit: Limit) -> Self {
        Self { slots: limit.0 & 0xffff, words: limit.0 >> 16 }
    }

    pub(super) fn to_limit(self) -> Limit {
        Limit(self.slots | self.words << 16)
    }
}

impl<P: Payload> Slotted<'_, P> {
    /// Whether there is room for one more slot with this key, which belongs into the node.
    #[inline(always)]
    pub(super) fn has_room_for_key(self, key: &[u8]) -> bool {
        let state = self.state();
        let needed = words_for(key.len().saturating_sub(state.prefix));
        self.count() < ByteShape::<P>::CAPACITY && state.live() + needed <= Self::HEAP_WORDS
    }

    /// Whether there is room for another key in place of the one in `slot`.
    pub(super) fn has_room_for_exchange(self, slot: usize, key: &[u8]) -> bool {
        let state = self.state();
        let needed = words_for(key.len().saturating_sub(state.prefix));
        state.live().saturating_sub(self.entry(slot).words()) + needed <= Self::HEAP_WORDS
    }

    /// What the slots take now.
    #[inline(always)]
    fn load(self) -> Load {
        Load { slots: self.count(), words: self.state().live() }
    }

    /// What the slots take if keys have only `prefix` in common. `None` if one of them is then too long for a
    /// node.
    fn load_at(self, prefix: usize) -> Option<Load> {
        self.load_of(0, self.count(), prefix)
    }

    /// As [`load_at`](Self::load_at), for slots `from..to`.
    pub(super) fn load_of(self, from: usize, to: usize, prefix: usize) -> Option<Load> {
        let ours = self.state().prefix;
        let mut load = Load::default();
        for slot in from..to {
            let entry = self.entry(slot);
            let len = (entry.len() + ours).saturating_sub(prefix);
            if !entry.is_long() && is_long(len) {
                return None;
            }
            load = load.plus(Load::slot(if entry.is_long() { 1 } else { heap_words(len) }));
        }
        Some(load)
    }

    /// How full a node with this load is, in parts of [`FULL`].
    pub(super) fn fullness(load: Load) -> usize {
        let slots = (load.slots << 16) / ByteShape::<P>::CAPACITY;
        slots.max((load.words << 16) / Self::HEAP_WORDS)
    }
}

/// The fullness of a node that has no room for one more slot, or none for one more word.
pub(super) const FULL: usize = 1 << 16;

impl<P: Payload> Room for ByteShape<P> {
    const SAME_SIZE: bool = false;

    /// The entry of a leaf may have no room for another boundary.
    const REDISTRIBUTES: bool = false;

    fn limit(fill: f64) -> Limit {
        let part = |all: usize| ((all as f64 * fill) as usize).clamp(all / 2, all);
        Load { slots: part(Self::CAPACITY), words: part(Self::HEAP_WORDS) }.to_limit()
    }

    fn spend(node: Slotted<'_, P>, left: &mut Limit, key: &[u8], _: &P::Value) -> bool {
        node.spend_key(left, key)
    }

    fn narrow(node: &mut Locked<'_, Self>, limit: Limit, left: &mut Limit, key: &[u8], _: &P::Value) -> bool {
        node.narrow_for(limit, left, key)
    }

    fn is_narrow(node: Slotted<'_, P>) -> bool {
        node.has_prefix()
    }

    fn end_between(node: Slotted<'_, P>, last: &[u8], next: &[u8], starts_there: bool) -> ByteString {
        node.end_of_filled(last, next, starts_there)
    }

    #[inline(always)]
    fn has_room(node: Slotted<'_, P>, key: &[u8]) -> bool {
        node.has_room_for_key(key)
    }

    fn has_room_within(node: Slotted<'_, P>, limit: Limit, key: &[u8], _: &P::Value) -> bool {
        let new = Load::slot(words_for(key.len().saturating_sub(node.state().prefix)));
        let (load, limit) = (node.load().plus(new), Load::of_limit(limit));
        load.slots <= limit.slots && load.words <= limit.words
    }

    fn may_overflow(node: Slotted<'_, P>, from: usize, key: &[u8]) -> bool {
        let prefix = node.state().prefix;
        let new = Load::slot(most_words_for(key.len().saturating_sub(prefix)));
        let load = node.load_of(from, node.count(), prefix);
        load.is_none_or(|load| Slotted::<P>::fullness(load.plus(new)) > FULL)
    }

    #[inline(always)]
    fn is_full(node: Slotted<'_, P>) -> bool {
        Slotted::<P>::fullness(node.load()) >= FULL
    }

    #[inline(always)]
    fn is_underfull(node: Slotted<'_, P>) -> bool {
        Slotted::<P>::fullness(node.load()) <= FULL / UNDERFULL
    }

    fn fits(left: Slotted<'_, P>, right: Slotted<'_, P>, fill: Fill) -> bool {
        let prefix = left.prefix_up_to(right);
        let (Some(left), Some(right)) = (left.load_at(prefix), right.load_at(prefix)) else { return false };
        let most = match fill {
            Fill::Loose if left.slots > 0 && right.slots > 0 => FULL - FULL / SPARE,
            Fill::Loose | Fill::Tight => FULL,
        };
        Slotted::<P>::fullness(left.plus(right)) <= most
    }

    fn split_for(node: Slotted<'_, P>, rank: usize, key: &[u8]) -> Result<Split<ByteString>, AllocError> {
        let cut = node.cut_for(rank, key);
        match node.fence_at(cut, rank, key) {
            Ok(low) => Ok(Split { at: cut.at, low }),
            Err(_) => Err(AllocError { layout: Layout::new::<u8>(), kind: AllocErrorKind::OutOfMemory }),
        }
    }

    #[inline(always)]
    fn needs_number(node: Slotted<'_, P>, key: &[u8]) -> bool {
        is_long(key.len().saturating_sub(node.state().prefix))
    }

    fn may_split_at_long(node: Slotted<'_, P>, key: &[u8]) -> bool {
        let short = FENCE_LIMIT.saturating_sub(node.state().prefix);
        let is_longer = |slot| {
            let entry = node.entry(slot);
            entry.is_long() || entry.len() > short
        };
        key.len() > FENCE_LIMIT || (0..node.count()).any(is_longer)
    }

    fn has_free(node: Slotted<'_, P>, eighths: usize) -> bool {
        Slotted::<P>::fullness(node.load()) <= FULL - FULL * eighths / 8
    }

    fn share(left: Slotted<'_, P>, right: Slotted<'_, P>, share: Share) -> Option<usize> {
        match share {
            // See `REDISTRIBUTES`.
            Share::Even => None,
            Share::LeftFull => left.most_from(right),
        }
    }

    fn boundary(left: Slotted<'_, P>, right: Slotted<'_, P>, share: usize) -> ByteString {
        left.boundary_at(right, share)
    }
}

// Two underfull nodes with the same prefix merge.
const _: () = assert!(2 * (LINE * LINE / UNDERFULL) <= LINE * LINE - LINE * LINE / SPARE);
