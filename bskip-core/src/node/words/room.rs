//! Room in a node of words: every slot takes the same, so the count says it all.

use super::super::header::Node;
use super::super::locked::Locked;
use super::super::room::{Fill, Limit, Room, Share, Split};
use super::super::shape::Shape;
use super::shape::{WordInner, WordLeaf, WordShape};
use crate::arena::AllocError;
use crate::simd::LINE;

/// A node looks for a neighbour to merge with if at most this part of its slots is in use…
const UNDERFULL: usize = 4;

/// …and two nodes merge if this part of a node stays free, so that the next insert does not split them again.
const SPARE: usize = 4;

/// A neighbour takes pairs only if at least `LEAST` of its slots are free. Then both leaves have a free slot
/// afterwards, and the new pair takes one.
const LEAST: usize = 2;

impl<S: WordShape> Room for S {
    const SAME_SIZE: bool = true;
    const REDISTRIBUTES: bool = true;

    fn limit(fill: f64) -> Limit {
        let capacity = S::CAPACITY;
        Limit(((capacity as f64 * fill) as usize).clamp(capacity / 2, capacity))
    }

    #[inline(always)]
    fn spend(_: Node<'_, S>, left: &mut Limit, _: S::Key, _: &S::Payload) -> bool {
        let goes_in = left.0 > 0;
        left.0 = left.0.wrapping_sub(1);
        goes_in
    }

    #[inline(always)]
    fn narrow(_: &mut Locked<'_, S>, _: Limit, _: &mut Limit, _: S::Key, _: &S::Payload) -> bool {
        false
    }

    #[inline(always)]
    fn is_narrow(_: Node<'_, S>) -> bool {
        false
    }

    #[inline(always)]
    fn end_between(_: Node<'_, S>, _: S::Key, next: S::Key, _: bool) -> S::Key {
        next
    }

    #[inline(always)]
    fn has_room(node: Node<'_, S>, _: S::Key) -> bool {
        node.count() < S::CAPACITY
    }

    #[inline(always)]
    fn has_room_within(node: Node<'_, S>, limit: Limit, _: S::Key, _: &S::Payload) -> bool {
        node.count() < limit.0
    }

    fn may_overflow(node: Node<'_, S>, from: usize, _: S::Key) -> bool {
        node.count() - from == S::CAPACITY
    }

    #[inline(always)]
    fn is_full(node: Node<'_, S>) -> bool {
        node.count() == S::CAPACITY
    }

    #[inline(always)]
    fn is_underfull(node: Node<'_, S>) -> bool {
        node.count() <= S::CAPACITY / UNDERFULL
    }

    fn fits(left: Node<'_, S>, right: Node<'_, S>, fill: Fill) -> bool {
        let (left, right) = (left.count(), right.count());
        let limit = match fill {
            Fill::Loose if left > 0 && right > 0 => S::CAPACITY - S::CAPACITY / SPARE,
            Fill::Loose | Fill::Tight => S::CAPACITY,
        };
        left + right <= limit
    }

    fn split_for(node: Node<'_, S>, rank: usize, key: S::Key) -> Result<Split<S::Key>, AllocError> {
        Ok(if rank == S::CAPACITY {
            // A key above all others starts a node of its own, so ascending keys leave full nodes.
            Split { at: rank, low: key }
        } else {
            Split { at: S::CAPACITY / 2, low: node.key(S::CAPACITY / 2) }
        })
    }

    #[inline(always)]
    fn needs_number(_: Node<'_, S>, _: S::Key) -> bool {
        false
    }

    #[inline(always)]
    fn may_split_at_long(_: Node<'_, S>, _: S::Key) -> bool {
        false
    }

    fn has_free(node: Node<'_, S>, eighths: usize) -> bool {
        node.count() + (S::CAPACITY * eighths / 8).max(LEAST) <= S::CAPACITY
    }

    #[inline(always)]
    fn share(left: Node<'_, S>, right: Node<'_, S>, share: Share) -> Option<usize> {
        Some(match share {
            Share::Even => (left.count() + right.count()).div_ceil(2),
            Share::LeftFull => S::CAPACITY,
        })
    }

    #[inline(always)]
    fn boundary(left: Node<'_, S>, right: Node<'_, S>, share: usize) -> S::Key {
        match share.checked_sub(left.count()) {
            None => left.key(share),
            Some(slot) => right.key(slot),
        }
    }
}

// The counts above must leave room for a merge of two underfull nodes.
const _: () = {
    const CAPACITY: usize = LINE * LINE;
    assert!(2 * (CAPACITY / UNDERFULL) <= CAPACITY - CAPACITY / SPARE);
    assert!(WordLeaf::<u64, u64>::CAPACITY == CAPACITY && WordInner::<u64>::CAPACITY == CAPACITY);
};
