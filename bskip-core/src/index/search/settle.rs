//! The rule of authority: decides whether a node is the right one for a place among the keys, and steps right
//! if it is not.
//!
//! `index` states the rule. However the reader came to the node, the answer holds under the version that
//! comes with it.

use crate::arena::{BlockId, BlockPool};
use crate::index::search::probe::Probe;
use crate::index::tree::Tree;
use crate::lock::Version;
use crate::node::{Inner, LevelMark, Node, NodeKeys, ShapeOf, Side};

/// A node that was found to be authoritative, and the version under which it was.
pub(in crate::index) type Versioned<'a, S> = (Node<'a, S>, Version);

/// The child to follow from `node`, validated. It is a block that has, or had, a node of the level below.
#[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
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
    /// Leads from `node`, which may be too far left, to the right node of its level. `None` if there is no
    /// way.
    #[inline(always)]
    pub(in crate::index) fn settle<'a, S: ShapeOf<K>>(
        &'a self,
        node: Node<'a, S>,
        mark: LevelMark,
        probe: impl Probe<K>,
    ) -> Option<Versioned<'a, S>> {
        self.settle_within::<S, { usize::MAX }>(node, mark, probe)
    }

    /// As [`settle`](Self::settle), but gives up after `STEPS` steps to the right. If there is a limit, it
    /// also gives up at a locked node: a hint is not worth waiting for.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(in crate::index) fn settle_within<'a, S: ShapeOf<K>, const STEPS: usize>(
        &'a self,
        node: Node<'a, S>,
        mark: LevelMark,
        probe: impl Probe<K>,
    ) -> Option<Versioned<'a, S>> {
        self.walk_right::<S, STEPS>(node, mark, probe, |id| self.node::<S>(id))
    }

    /// As [`settle_within`](Self::settle_within), but `node_of` gives the node in a block.
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
            let side = if node.level() == mark { probe.side_of(node) } else { Side::Left };
            match side {
                Side::Left => return None,
                Side::Within => return Some((node, version)),
                Side::Right => {}
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
