//! Where to divide a range between two threads.

use core::ops::Bound;

use crate::arena::BlockPool;
use crate::index::engine::Index;
use crate::node::{InnerShape, NodeKeys};

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// A key where a node starts that lies in the middle of the range, as the highest level sees it that has such a
    /// key. It is above all keys that `lower` excludes, and `lower` may include keys below it. `None` if the range is
    /// within one leaf, as far as the inner nodes tell.
    pub(crate) fn middle(&self, lower: Bound<K::Ref<'_>>, upper: Bound<K::Ref<'_>>) -> Option<K::Owned> {
        let (root, _) = self.tree.root();
        (1..=root).rev().find_map(|level| self.middle_of_level(level, lower, upper))
    }

    /// The key of the entry in the middle of those that the range covers in its first node of this level. If there is
    /// no such entry, the start of the next node, if that is in the range.
    fn middle_of_level(
        &self,
        level: usize,
        lower: Bound<K::Ref<'_>>,
        upper: Bound<K::Ref<'_>>,
    ) -> Option<K::Owned> {
        let from = match lower {
            Bound::Unbounded => None,
            Bound::Included(key) | Bound::Excluded(key) => Some(K::shorten(key)),
        };
        let mut backoff = self.tree.backoff();
        loop {
            let (node, version) = self.node_or_first::<InnerShape<K>>(from, level);
            // The first entry of the first node stands below every key.
            let start = from.map_or(1, |key| node.rank(K::shorten(key)));
            let end = node.rank_of_end(upper.map(K::shorten));
            let key = if start < end {
                Some(node.key(start + (end - start) / 2))
            } else {
                node.next().map(|_| node.high()).filter(|high| match upper {
                    Bound::Unbounded => true,
                    Bound::Included(key) => K::borrow(high) <= K::shorten(key),
                    Bound::Excluded(key) => K::borrow(high) < K::shorten(key),
                })
            };
            if node.validate(version) {
                return key;
            }
            backoff.wait();
        }
    }
}
