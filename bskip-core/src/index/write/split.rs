//! Splits a full node that must take one more slot.

use crate::arena::{BlockId, BlockPool};
use crate::index::tree::Fresh;
use crate::index::write::commit::{Change, Commit};
use crate::node::{NodeKeys, ShapeOf};
use crate::platform::Platform;

/// A node that an overflow split made: its low fence and its block.
pub(in crate::index) type SplitOff<O> = (O, BlockId);

/// Splits `node`, which has no room for `key`, into itself and `right`, a node in the making: the slots from `at`
/// on go there, and it starts at `low`. Inserts on the side where `key`, whose rank is `rank`, then belongs.
/// `right` is complete afterwards. Once `node` is unlocked, searches find `right` by `next`.
pub(in crate::index) fn split_and_insert<'c, K: NodeKeys, V, P: BlockPool, S: ShapeOf<K>>(
    node: &mut Change<'c, S, K, V, P>,
    (at, low): (usize, K::Kept<'_>),
    rank: usize,
    key: K::Kept<'_>,
    payload: S::Payload,
    right: &mut Change<'c, S, K, V, P>,
) {
    let goes_left = rank < at || (rank == at && K::shorten(K::key_of(key)) < K::shorten(K::key_of(low)));
    node.split_off(at, low, right);
    if goes_left {
        node.insert(rank, key, payload);
    } else {
        right.insert(rank - at, key, payload);
    }
}

/// Inserts. If there is no room, the node splits into itself and `spare`, at a key that is not long. A spare that
/// is not needed goes back.
pub(in crate::index) fn insert_or_split<'c, K: NodeKeys, V, P: BlockPool, S: ShapeOf<K>>(
    commit: &'c Commit<'c, K, V, P>,
    node: &mut Change<'c, S, K, V, P>,
    rank: usize,
    kept: K::Kept<'_>,
    payload: S::Payload,
    spare: Option<Fresh<'c, S, K, V, P>>,
) -> Option<SplitOff<K::Owned>> {
    let key = K::key_of(kept);
    if node.has_room(key) {
        node.insert(rank, kept, payload);
        return None;
    }
    let spare = spare.unwrap_or_else(|| P::Platform::broken("a node that may overflow has a spare block"));
    let mut fresh = spare.make(commit);
    let split = node
        .split_for(rank, key)
        .unwrap_or_else(|_| P::Platform::broken("a key that is not long takes no memory"));
    let low = K::kept(K::borrow(&split.low), K::Number::default());
    split_and_insert(node, (split.at, low), rank, kept, payload, &mut fresh);
    Some((split.low, fresh.id()))
}
