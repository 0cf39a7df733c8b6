//! Counting the keys.

use core::ops::Bound;

use crate::arena::BlockPool;
use crate::index::engine::Index;
use crate::index::search::probe::At;
use crate::node::{LevelMark, NodeKeys};

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// The number of keys, by the map's counter if it has one.
    pub(crate) fn len(&self) -> usize {
        self.pairs.get().unwrap_or_else(|| self.count_leaves())
    }

    /// The number of keys between the bounds: the sum of what each leaf has there when the walk reaches it.
    pub(crate) fn count_range(&self, mut lower: Bound<K::Owned>, upper: Bound<K::Owned>) -> usize {
        let mut total = 0;
        let mut backoff = self.tree.backoff();
        let mut cursor = self.cursor_after(lower.as_ref().map(K::borrow), None);
        while let Some(mut here) = cursor {
            let is_last = here.end_before(upper.as_ref().map(K::borrow));
            let (leaf, version) = here.leaf();
            let (count, next, high) = (here.end - here.start, leaf.next(), leaf.high());
            if !leaf.validate(version) {
                backoff.wait();
                cursor = self.cursor_after(lower.as_ref().map(K::borrow), None);
                continue;
            }
            total += count;
            if is_last || next.is_none() {
                break;
            }
            backoff = self.tree.backoff();
            lower = Bound::Included(high);
            cursor = self.cursor_after(lower.as_ref().map(K::borrow), Some(here));
        }
        total
    }

    /// The sum of the leaves' counts, each as it was when the walk reached the leaf.
    fn count_leaves(&self) -> usize {
        let mut total = 0;
        let mut from: Option<K::Owned> = None;
        'restart: loop {
            let (mut leaf, mut version) = match &from {
                None => {
                    let head = self.tree.leaf(self.tree.head(0));
                    (head, self.tree.read_begin(head))
                }
                Some(key) => self.leaf_at(At(K::borrow(key))),
            };
            loop {
                // After a restart, the leaf may begin before the place that the walk had reached.
                let skip = from.as_ref().map_or(0, |key| leaf.rank_before(K::borrow(key)));
                let (count, next, high) = (leaf.count(), leaf.next(), leaf.high());
                if !leaf.validate(version) {
                    continue 'restart;
                }
                total += count.saturating_sub(skip);
                let Some(next) = next else { return total };
                let found = self.tree.settle(self.tree.leaf(next), LevelMark::of(0), At(K::borrow(&high)));
                from = Some(high);
                match found {
                    Some(found) => (leaf, version) = found,
                    None => continue 'restart,
                }
            }
        }
    }
}
