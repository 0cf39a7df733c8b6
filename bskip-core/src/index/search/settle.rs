//! The rule of authority: whether a node is the one for a place among the keys, and the step right if it is
//! not.
//!
//! `index` states the rule. Whatever suggested the node, the answer holds under the version that comes with
//! it.

use crate::arena::{BlockId, BlockPool};
use crate::index::search::probe::Probe;
use crate::index::tree::Tree;
use crate::lock::Version;
use crate::node::{Inner, LevelMark, Node, NodeKeys, ShapeOf};

/// A node, and the version under which it was found to be the one.
pub(in crate::index) type Versioned<'a, S> = (Node<'a, S>, Version);

/// The child to follow from `node`, validated: a block that the level below has, or had, a node in.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(in crate::index) fn child_at<K: NodeKeys>(
    node: Inner<'_, K>,
    version: Version,
    probe: impl Probe<K>,
) -> Option<BlockId> {
    // The first entry of a node stands at its low fence, so a valid rank is at least 1.
    let child = node.child(probe.rank(node).saturating_sub(1));
    if node.validate(version) { child } else { None }
}

impl<K: NodeKeys, V, P: BlockPool> Tree<K, V, P> {
    /// From `node`, which may be too far left, to the right one of its level; `None` if it is none of them.
    #[inline(always)]
    pub(in crate::index) fn settle<'a, S: ShapeOf<K>>(
        &'a self,
        node: Node<'a, S>,
        mark: LevelMark,
        probe: impl Probe<K>,
    ) -> Option<Versioned<'a, S>> {
        self.settle_within::<S, { usize::MAX }>(node, mark, probe)
    }

    /// As [`settle`](Self::settle), but gives up after `STEPS` steps to the right; and at a locked node, if
    /// there is a limit: a hint is not worth waiting for.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(in crate::index) fn settle_within<'a, S: ShapeOf<K>, const STEPS: usize>(
        &'a self,
        node: Node<'a, S>,
        mark: LevelMark,
        probe: impl Probe<K>,
    ) -> Option<Versioned<'a, S>> {
        self.walk_right::<S, STEPS>(node, mark, probe, |id| self.node::<S>(id))
    }

    /// As [`settle_within`](Self::settle_within), with what `node_of` says is the node in a block.
    #[inline(always)]
    pub(in crate::index) fn walk_right<'a, S: ShapeOf<K>, const STEPS: usize>(
        &'a self,
        mut node: Node<'a, S>,
        mark: LevelMark,
        probe: impl Probe<K>,
        node_of: impl Fn(BlockId) -> Node<'a, S>,
    ) -> Option<Versioned<'a, S>> {
        let mut steps = 0;
        loop {
            let version = if STEPS == usize::MAX { self.read_begin(node) } else { node.try_read_begin()? };
            if node.level() != mark || probe.is_left_of(node) {
                return None;
            }
            if !probe.is_right_of(node) {
                return Some((node, version));
            }
            let next = node.next();
            if !node.validate(version) {
                return None;
            }
            match next {
                Some(_) if steps == STEPS => return None,
                Some(next) => {
                    node = node_of(next);
                    steps += 1;
                }
                None => return Some((node, version)),
            }
        }
    }
}
