//! Room in a node: whether more goes in, where it splits, and with which neighbour it merges.
//!
//! Only the shape knows what a key takes. Before [`Node::validate`] an answer may be wrong, as any reading of a
//! node may.

use super::header::Node;
use super::locked::Locked;
use super::reading::Reading;
use super::shape::{KeyRef, OwnedKey};
use crate::arena::AllocError;

/// How full a merge may make a node.
#[derive(Clone, Copy)]
pub(crate) enum Fill {
    /// So that the next insertion does not split it again.
    Loose,
    /// To the last slot.
    Tight,
}

/// What two neighbours hold after a redistribution.
#[derive(Clone, Copy)]
pub(crate) enum Share {
    /// Both the same.
    Even,
    /// The left one as much as it can, the right one the rest, which is not nothing.
    LeftFull,
}

/// How full bulk building makes a node, as the shape counts.
#[derive(Clone, Copy)]
pub(crate) struct Limit(pub(super) usize);

/// Where a node splits: slots from `at` on go to the new node, which starts at `low`.
pub(crate) struct Split<O> {
    pub(crate) at: usize,
    pub(crate) low: O,
}

/// What fits into nodes of a shape. Each function with a node is that of [`Node`] with the same name.
pub(crate) trait Room: Reading {
    /// Whether all slots take the same room. A node that splits at a key then always has room for the key.
    const SAME_SIZE: bool;

    /// Whether full leaves give pairs to their neighbours before they split. Shrinking fills leaves of all shapes
    /// from their neighbours.
    const REDISTRIBUTES: bool;

    /// The limit for the part `fill` of a node, but at least half of one.
    fn limit(fill: f64) -> Limit;

    /// Takes a slot with this key and payload off what is left of `node`, which is being filled in order; false
    /// if it does not go in.
    fn spend(node: Node<'_, Self>, left: &mut Limit, key: KeyRef<'_, Self>, payload: &Self::Payload) -> bool;

    /// Makes room in `node`, which is being filled in order to `limit`, for a slot that did not go in, and takes
    /// it off what is left. The node's slots then fit only if the node gets the high fence that
    /// [`end_between`](Self::end_between) gives. False, and nothing has changed, if there is no room to make.
    fn narrow(
        node: &mut Locked<'_, Self>,
        limit: Limit,
        left: &mut Limit,
        key: KeyRef<'_, Self>,
        payload: &Self::Payload,
    ) -> bool;

    /// Whether [`narrow`](Self::narrow) has made room in a node that is being filled.
    fn is_narrow(node: Node<'_, Self>) -> bool;

    /// The fence between `node`, which has been filled in order up to the key `last`, and a next node of the key
    /// `next` and others above. It is `next` itself if `starts_there`, unless the node is too narrow for that.
    fn end_between(
        node: Node<'_, Self>,
        last: KeyRef<'_, Self>,
        next: KeyRef<'_, Self>,
        starts_there: bool,
    ) -> OwnedKey<Self>;

    fn has_room(node: Node<'_, Self>, key: KeyRef<'_, Self>) -> bool;
    fn has_room_within(
        node: Node<'_, Self>,
        limit: Limit,
        key: KeyRef<'_, Self>,
        payload: &Self::Payload,
    ) -> bool;
    fn may_overflow(node: Node<'_, Self>, from: usize, key: KeyRef<'_, Self>) -> bool;
    fn is_full(node: Node<'_, Self>) -> bool;
    fn is_underfull(node: Node<'_, Self>) -> bool;
    fn fits(left: Node<'_, Self>, right: Node<'_, Self>, fill: Fill) -> bool;
    fn split_for(
        node: Node<'_, Self>,
        rank: usize,
        key: KeyRef<'_, Self>,
    ) -> Result<Split<OwnedKey<Self>>, AllocError>;
    fn needs_number(node: Node<'_, Self>, key: KeyRef<'_, Self>) -> bool;
    fn may_split_at_long(node: Node<'_, Self>, key: KeyRef<'_, Self>) -> bool;
    fn has_free(node: Node<'_, Self>, eighths: usize) -> bool;
    fn share(left: Node<'_, Self>, right: Node<'_, Self>, share: Share) -> Option<usize>;
    fn boundary(left: Node<'_, Self>, right: Node<'_, Self>, share: usize) -> OwnedKey<Self>;
}

impl<S: Room> Node<'_, S> {
    /// Whether one more slot with this key goes in.
    #[inline(always)]
    pub(crate) fn has_room(self, key: KeyRef<'_, S>) -> bool {
        S::has_room(self, key)
    }

    /// As [`has_room`](Self::has_room), for a node that is not to become fuller than `limit` says.
    #[inline(always)]
    pub(crate) fn has_room_within(self, limit: Limit, key: KeyRef<'_, S>, payload: &S::Payload) -> bool {
        S::has_room_within(self, limit, key, payload)
    }

    /// False only if the key certainly goes into a node that gets the slots from `from` on. A shape that cannot
    /// tell says true.
    pub(crate) fn may_overflow(self, from: usize, key: KeyRef<'_, S>) -> bool {
        S::may_overflow(self, from, key)
    }

    /// Whether the node is so full that nothing can make it fuller.
    #[inline(always)]
    pub(crate) fn is_full(self) -> bool {
        S::is_full(self)
    }

    /// Whether the node is so empty that it looks for a neighbour to merge with.
    #[inline(always)]
    pub(crate) fn is_underfull(self) -> bool {
        S::is_underfull(self)
    }

    /// Whether this node and its next one can be merged. Nodes of words always can if either is empty,
    /// because no slot moves. Nodes of byte strings may not fit even then: the merged node has a shorter
    /// prefix, so its keys take more room.
    pub(crate) fn fits(self, right: Self, fill: Fill) -> bool {
        S::fits(self, right, fill)
    }

    /// Where this node, which has no room for `key` of that rank, splits to take it in. Both sides then have
    /// room. An error says that there is no memory for a copy of a long key.
    pub(crate) fn split_for(self, rank: usize, key: KeyRef<'_, S>) -> Result<Split<OwnedKey<S>>, AllocError> {
        S::split_for(self, rank, key)
    }

    /// Whether the node can take in `key`, which belongs there, only with a number.
    #[inline(always)]
    pub(crate) fn needs_number(self, key: KeyRef<'_, S>) -> bool {
        S::needs_number(self, key)
    }

    /// False only if the key at which the node splits for `key` certainly needs no number.
    pub(crate) fn may_split_at_long(self, key: KeyRef<'_, S>) -> bool {
        S::may_split_at_long(self, key)
    }

    /// Whether `eighths` eighths of the node are free, and enough for both neighbours to have room after a
    /// redistribution.
    pub(crate) fn has_free(self, eighths: usize) -> bool {
        S::has_free(self, eighths)
    }

    /// How many slots this node has after a redistribution with its next one. `None` if no boundary between the
    /// two can be moved.
    #[inline(always)]
    pub(crate) fn share(self, right: Self, share: Share) -> Option<usize> {
        S::share(self, right, share)
    }

    /// The fence between this node and its next one, if this one has the first `share` of their slots.
    #[inline(always)]
    pub(crate) fn boundary(self, right: Self, share: usize) -> OwnedKey<S> {
        S::boundary(self, right, share)
    }
}
