//! Splitting a full node that takes in one more slot.

use crate::arena::{BlockId, BlockPool};
use crate::index::write::commit::Change;
use crate::key::KeyWords;
use crate::node::{Node, ShapeOf};

/// A node that an overflow split made: its low fence and its block.
pub(in crate::index) type SplitOff<K> = (K, BlockId);

/// Where the new node starts when the full `node` splits to take in `key`, which has that rank there.
pub(in crate::index) fn split_key<K: KeyWords, S: ShapeOf<K>>(node: &Node<'_, S>, rank: usize, key: K) -> K {
    let capacity = S::CAPACITY;
    if rank == capacity { key } else { node.key(capacity / 2) }
}

/// Splits the full node into itself and `right`, a node in the making, and inserts on the side where `rank`
/// then is. `right` is complete afterwards; by `next` it is found after the node is unlocked.
pub(in crate::index) fn split_and_insert<'c, K: KeyWords, V, P: BlockPool, S: ShapeOf<K>>(
    node: &mut Change<'c, S, K, V, P>,
    rank: usize,
    key: K,
    payload: S::Payload,
    right: &mut Change<'c, S, K, V, P>,
) {
    let capacity = S::CAPACITY;
    // A key above all others starts a node of its own, so ascending keys leave full nodes.
    let at = if rank == capacity { capacity } else { capacity / 2 };
    let low = split_key(node, rank, key);
    let goes_left = rank < at || (rank == at && at < capacity && key < low);
    node.split_off(at, low, right);
    if goes_left {
        node.insert(rank, key, payload);
    } else {
        right.insert(rank - at, key, payload);
    }
}

/// Inserts; a full node, and only that, has a `spare`, and splits into itself and that.
pub(in crate::index) fn insert_or_split<'c, K: KeyWords, V, P: BlockPool, S: ShapeOf<K>>(
    node: &mut Change<'c, S, K, V, P>,
    rank: usize,
    key: K,
    payload: S::Payload,
    spare: Option<Change<'c, S, K, V, P>>,
) -> Option<SplitOff<K>> {
    let Some(mut fresh) = spare else {
        node.insert(rank, key, payload);
        return None;
    };
    split_and_insert(node, rank, key, payload, &mut fresh);
    Some((fresh.low(), fresh.id()))
}
