//! The entries of one level that lie within a range, node by node.

use core::ops::Range;

use crate::arena::BlockPool;
use crate::index::engine::Index;
use crate::index::search::probe::At;
use crate::lock::Version;
use crate::node::{LevelMark, Node, NodeKeys, Shape, ShapeOf};

/// Slots of one node in one state.
pub(in crate::index) struct Stretch<'a, S: Shape> {
    pub(in crate::index) node: Node<'a, S>,
    pub(in crate::index) version: Version,
    pub(in crate::index) slots: Range<usize>,
}

/// The entries of a level that lie within a range as a whole: those above `lower` whose next entry is at or below
/// `upper`. If the level changes meanwhile, the walk may miss entries.
pub(in crate::index) struct Along<'a, 'k, S: ShapeOf<K>, K: NodeKeys, V, P: BlockPool> {
    index: &'a Index<K, V, P>,
    level: usize,
    lower: Option<K::Ref<'k>>,
    upper: Option<K::Ref<'k>>,
    /// Where the last node ended, if there was one.
    from: Option<K::Owned>,
    /// The node that is probably there.
    next: Option<Node<'a, S>>,
    is_done: bool,
}

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// See [`Along`]. `None` stands for the level's end on that side.
    pub(in crate::index) fn along<'k, S: ShapeOf<K>>(
        &self,
        level: usize,
        lower: Option<K::Ref<'k>>,
        upper: Option<K::Ref<'k>>,
    ) -> Along<'_, 'k, S, K, V, P> {
        Along { index: self, level, lower, upper, from: None, next: None, is_done: false }
    }
}

impl<'a, S: ShapeOf<K>, K: NodeKeys, V, P: BlockPool> Iterator for Along<'a, '_, S, K, V, P> {
    type Item = Stretch<'a, S>;

    fn next(&mut self) -> Option<Stretch<'a, S>> {
        if self.is_done {
            return None;
        }
        let tree = &self.index.tree;
        let mut backoff = tree.backoff();
        loop {
            let from = self.from.as_ref().map(K::borrow);
            let mark = LevelMark::of(self.level);
            let hinted = self.next.take().zip(from).and_then(|(node, key)| tree.settle(node, mark, At(key)));
            let (node, version) = hinted.unwrap_or_else(|| match from {
                Some(_) => self.index.node_or_first::<S>(from, self.level),
                None => self.index.node_or_first::<S>(self.lower.map(K::shorten), self.level),
            });
            let start = match (from, self.lower) {
                (Some(key), _) => node.rank_before(key),
                (None, Some(key)) => node.rank(K::shorten(key)),
                (None, None) => 0,
            };
            let (next, high) = (node.next(), node.high());
            let upper = self.upper.map(K::shorten);
            let last = upper.filter(|&key| next.is_none() || node.compare_high(key).is_lt());
            let end = match last {
                Some(key) => node.rank(key).saturating_sub(1),
                None => node.count(),
            };
            if node.validate(version) {
                self.is_done = last.is_some() || next.is_none();
                self.from = Some(high);
                self.next = next.map(|id| tree.node::<S>(id));
                return Some(Stretch { node, version, slots: start.min(end)..end });
            }
            backoff.wait();
        }
    }
}
