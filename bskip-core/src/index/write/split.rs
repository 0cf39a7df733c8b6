//! Splits a full node that must take one more slot.

use crate::arena::{BlockId, BlockPool};
use crate::index::write::commit::Change;
use crate::key::KeyWords;
use crate::node::{Node, Shape};

/// A node that an overflow split made: its low fence and its block.
pub(in crate::index) type SplitOff<K> = (K, BlockId);

/// Where the new node starts if the full `node` splits to take in `key`, whose rank there is `rank`.
pub(in crate::index) fn split_key<S: Shape>(node: &Node<'_, S>, rank: usize, key: S::Key) -> S::Key {
    let capacity = Node::<S>::CAPACITY;
    if rank == capacity { key } else { node.key(capacity / 2) }
}

/// Splits the full `node` into itself and `right`, a node in the making. Inserts on the side where `rank`
/// then is. `right` is complete afterwards. Once `node` is unlocked, searches find `right` by `next`.
pub(in crate::index) fn split_and_insert<'c, K: KeyWords, V, P: BlockPool, S: Shape<Key = K>>(
    node: &mut Change<'c, S, K, V, P>,
    rank: usize,
    key: K,
    payload: S::Payload,
    right: &mut Change<'c, S, K, V, P>,
) {
    let capacity = Node::<S>::CAPACITY;
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

/// Inserts. If and only if the node is full, there is a `spare`, and the node splits into itself and `spare`.
pub(in crate::index) fn insert_or_split<'c, K: KeyWords, V, P: BlockPool, S: Shape<Key = K>>(
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
