//! Splits a full node that must take one more slot.

use crate::arena::{BlockId, BlockPool};
use crate::index::tree::Fresh;
use crate::index::write::commit::{Change, Commit};
use crate::node::{NodeKeys, ShapeOf, Split};

/// A node that an overflow split made: its low fence and its block.
pub(in crate::index) type SplitOff<O> = (O, BlockId);

/// Splits `node`, which has no room for `key`, into itself and `right`, a node in the making, as `split` says.
/// Inserts on the side where `key`, whose rank is `rank`, then belongs. `right` is complete afterwards. Once
/// `node` is unlocked, searches find `right` by `next`.
pub(in crate::index) fn split_and_insert<'c, K: NodeKeys, V, P: BlockPool, S: ShapeOf<K>>(
    node: &mut Change<'c, S, K, V, P>,
    split: &Split<K::Owned>,
    rank: usize,
    key: K::Ref<'_>,
    payload: S::Payload,
    right: &mut Change<'c, S, K, V, P>,
) {
    let (at, low) = (split.at, K::borrow(&split.low));
    let goes_left = rank < at || (rank == at && K::shorten(key) < low);
    node.split_off(at, low, right);
    if goes_left {
        node.insert(rank, key, payload);
    } else {
        right.insert(rank - at, key, payload);
    }
}

/// Inserts. If there is no room, the node splits into itself and `spare`. A spare that is not needed goes back.
pub(in crate::index) fn insert_or_split<'c, K: NodeKeys, V, P: BlockPool, S: ShapeOf<K>>(
    commit: &'c Commit<'c, K, V, P>,
    node: &mut Change<'c, S, K, V, P>,
    rank: usize,
    key: K::Ref<'_>,
    payload: S::Payload,
    spare: Option<Fresh<'c, S, K, V, P>>,
) -> Option<SplitOff<K::Owned>> {
    if node.has_room(key, &payload) {
        node.insert(rank, key, payload);
        return None;
    }
    let mut fresh = spare.expect("taken for a node that may overflow").make(commit);
    let split = node.split_for(rank, key, &payload);
    split_and_insert(node, &split, rank, key, payload, &mut fresh);
    Some((fresh.low(), fresh.id()))
}
