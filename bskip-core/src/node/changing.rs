//! Changing a locked node: its fences, its slots, and the boundary with a neighbour.
//!
//! The functions change what they say and nothing else. `reshape` adds what all shapes have in common.

use super::header::LevelMark;
use super::locked::Locked;
use super::reading::Reading;
use super::shape::KeptKey;

/// How nodes of a shape are changed. No function runs user code.
pub(crate) trait Changing: Reading {
    /// Turns the node into an empty one of that level that starts at `low`. `None` is below every key.
    fn format(node: &mut Locked<'_, Self>, level: LevelMark, low: Option<KeptKey<'_, Self>>);

    /// Shares with `left`, the node before, what both can refer to together. For a node that was formatted.
    fn share_with(_node: &mut Locked<'_, Self>, _left: &Locked<'_, Self>) {}

    /// Sets the low fence of a level's first node, below every key.
    fn start_below_every_key(node: &mut Locked<'_, Self>);

    /// Sets the high fence.
    fn set_high(node: &mut Locked<'_, Self>, high: KeptKey<'_, Self>);

    /// Puts a key and its payload into `slot`; the node has room.
    fn insert(node: &mut Locked<'_, Self>, slot: usize, key: KeptKey<'_, Self>, payload: Self::Payload);

    /// Adds a key above all others and its payload; the node has room.
    fn push(node: &mut Locked<'_, Self>, key: KeptKey<'_, Self>, payload: Self::Payload);

    /// Overwrites the payload in `slot`, whatever it was.
    fn write(node: &mut Locked<'_, Self>, slot: usize, payload: Self::Payload);

    /// Takes key and payload out of `slot`, which is below the count, and drops neither.
    fn close(node: &mut Locked<'_, Self>, slot: usize);

    /// Forgets all slots, and drops nothing.
    fn forget(node: &mut Locked<'_, Self>);

    /// Moves the slots from `at` on, and the range from `low` on, to `right`, which is empty and starts at
    /// `low`.
    fn split_off(
        node: &mut Locked<'_, Self>,
        at: usize,
        low: KeptKey<'_, Self>,
        right: &mut Locked<'_, Self>,
    );

    /// Takes over all slots and the range of `right`, the next node. What `right` still refers to outside of
    /// itself is its own.
    fn absorb(node: &mut Locked<'_, Self>, right: &mut Locked<'_, Self>);

    /// Gives up what the node refers to outside of itself, because its life ends.
    fn let_go(node: &mut Locked<'_, Self>);

    /// Gives the last `n` slots and their range to `right`, the next node, which has room for them. At least one
    /// slot stays.
    fn give_last(node: &mut Locked<'_, Self>, n: usize, right: &mut Locked<'_, Self>);

    /// Gives the first `n` slots and their range to `left`, whose next node this is, and which has room for
    /// them. At least one slot stays.
    fn give_first(node: &mut Locked<'_, Self>, n: usize, left: &mut Locked<'_, Self>);
}
