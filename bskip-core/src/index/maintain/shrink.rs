//! Shrinks on demand: level by level, from left to right. Two nodes are merged if they fit into one. A leaf
//! that does not fit with its right neighbour is filled up from it.
//!
//! Between two steps, a thread remembers only a level and a key. It holds no lock and refers to no node, so
//! it may come back at any time, or never.

use crate::arena::{BlockKind, BlockPool};
use crate::index::engine::Index;
use crate::index::write::absorb::Merge;
use crate::node::{Fill, InnerShape, LeafShape, NodeKeys, ShapeOf};

/// Where to continue: at the node for `key`, or at the level's first node.
#[derive(Clone, Debug)]
struct Position<O> {
    level: usize,
    key: Option<O>,
}

impl<O> Position<O> {
    const START: Self = Self { level: 0, key: None };
}

/// How far a thread has come, and how many blocks it has given back.
#[derive(Clone, Debug)]
pub(crate) struct Shrinking<O> {
    /// `None` at the end.
    at: Option<Position<O>>,
    pub(crate) freed: usize,
}

impl<O> Shrinking<O> {
    pub(crate) const fn new() -> Self {
        Self { at: Some(Position::START), freed: 0 }
    }

    pub(crate) const fn is_done(&self) -> bool {
        self.at.is_none()
    }
}

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Looks at no more than `nodes` nodes. Returns whether there are more.
    pub(crate) fn shrink(&self, shrinking: &mut Shrinking<K::Owned>, nodes: usize) -> bool {
        for _ in 0..nodes {
            let Some(at) = &shrinking.at else { break };
            shrinking.at = self.shrink_step(at, &mut shrinking.freed);
        }
        !shrinking.is_done()
    }

    /// Looks at one node. Merges it with its right neighbour, or moves the boundary between the two, if that
    /// makes it fuller. Adds the number of blocks given back to `freed`. Returns where to continue, or `None`
    /// at the end of the top level.
    fn shrink_step(&self, at: &Position<K::Owned>, freed: &mut usize) -> Option<Position<K::Owned>> {
        let (level, top) = (at.level, self.tree.root().0);
        let next = match level {
            0 => self.shrink_node::<LeafShape<K, V>>(at, freed),
            // The map has been cleared meanwhile.
            _ if level > top => None,
            _ => self.shrink_node::<InnerShape<K>>(at, freed),
        };
        next.or_else(|| (level < top).then_some(Position { level: level + 1, key: None }))
    }

    /// As [`shrink_step`](Self::shrink_step); `None` at the end of the level.
    fn shrink_node<S: ShapeOf<K>>(
        &self,
        at: &Position<K::Owned>,
        freed: &mut usize,
    ) -> Option<Position<K::Owned>> {
        let level = at.level;
        let mut backoff = self.tree.backoff();
        loop {
            let (node, version) = self.node_or_first::<S>(at.key.as_ref().map(K::borrow), level);
            let (is_full, next, boundary) = (node.is_full(), node.next(), node.high());
            if !node.validate(version) {
                backoff.wait();
                continue;
            }
            next?;
            // Each step continues at a higher key, whatever other threads do meanwhile. So shrinking ends.
            let on = |key| Some(Position { level, key: Some(key) });
            if is_full {
                return on(boundary);
            }
            match self.absorb::<S>(level, K::borrow(&boundary), Fill::Tight, &mut |_| *freed += 1) {
                // The boundary is inside the same node now, and that node may fit with the next one as well.
                Merge::Done => return on(boundary),
                Merge::Contended => backoff.wait(),
                Merge::Refused if S::KIND == BlockKind::Leaf => {
                    return on(self.fill_up(self.tree.leaf(node.id()), version).unwrap_or(boundary));
                }
                Merge::Refused => return on(boundary),
            }
        }
    }
}

#[cfg(all(test, feature = "check"))]
mod tests {
    use super::*;
    use crate::config::Promotion;
    use crate::index::fixtures::{CAPACITY, U64Index, index};
    use crate::index::search::probe::At;
    use crate::mix::mix;

    /// Shrinks. Returns the number of steps and of freed blocks.
    fn shrink(index: &U64Index) -> (usize, usize) {
        let (mut at, mut steps, mut freed) = (Some(Position::START), 0, 0);
        while let Some(here) = at {
            at = index.shrink_step(&here, &mut freed);
            steps += 1;
        }
        (steps, freed)
    }

    /// Each boundary between two leaves, with the count of the left one.
    fn boundaries(index: &U64Index) -> alloc::vec::Vec<(u64, usize)> {
        let mut left = index.tree.leaf(index.tree.head(0));
        let mut boundaries = alloc::vec::Vec::new();
        while let Some(right) = left.next().map(|next| index.tree.leaf(next)) {
            boundaries.push((right.low(), left.count()));
            left = right;
        }
        boundaries
    }

    #[test]
    fn only_a_boundary_that_must_stay_has_room_to_its_left() {
        for promotion in [Promotion::Overflow, Promotion::CoinAndOverflow { one_in: 32 }] {
            let keys = || (0..100 * CAPACITY).map(mix);
            let mut index = index(promotion, keys());
            keys().step_by(3).for_each(|key| assert!(index.remove(key).is_some()));
            let before = index.walk();
            let (steps, freed) = shrink(&index);
            let after = index.walk();
            assert_eq!(after.keys, before.keys);
            assert_eq!(before.leaves + before.inners, after.leaves + after.inners + freed);
            assert!(after.leaves < before.leaves && after.inners < before.inners, "{before:?} {after:?}");
            // Each step frees a block or is the last one in its node.
            assert!(steps <= before.leaves + before.inners, "{steps} for {before:?}");
            // When nodes of level 1 have merged, a few boundaries may move that could not move before.
            assert!(shrink(&index).1 * 20 < after.leaves);
            assert_eq!(index.walk().inners, after.inners);
            for (boundary, left) in boundaries(&index) {
                let heads_parent = index.inner_at(At(boundary), 1).0.low() == boundary;
                assert!(left == CAPACITY as usize || heads_parent || index.heights.of::<u64>(boundary) > 0);
            }
            assert!(keys().enumerate().all(|(i, key)| index.get(key) == (i % 3 > 0).then_some(!key)));
        }
    }

    /// A leaf without pairs has no first key to start at.
    #[test]
    fn a_leaf_is_not_emptied() {
        let mut index = index(Promotion::Overflow, 0..CAPACITY + CAPACITY / 4);
        let move_all = |index: &U64Index| {
            let leaf = index.tree.leaf(index.tree.head(0));
            index.fill_up(leaf, index.tree.read_begin(leaf))
        };
        (1..=CAPACITY / 4).for_each(|key| assert!(index.remove(key).is_some()));
        assert_eq!(index.walk().keys as u64, CAPACITY);
        assert_eq!(move_all(&index), None, "both fit into one");
        assert_eq!(index.walk().leaves, 2);
        assert_eq!(shrink(&index).1, 1);
        assert_eq!(index.walk().leaves, 1);
    }

    #[test]
    fn levels_that_are_not_there() {
        let mut index = index(Promotion::Overflow, []);
        assert_eq!(shrink(&index), (1, 0));
        // The state of a cursor whose map has been cleared, or of a cursor of another map.
        let mut freed = 0;
        assert!(index.shrink_step(&Position { level: 3, key: Some(7) }, &mut freed).is_none());
        assert_eq!((index.walk().leaves, freed), (1, 0));
    }
}
