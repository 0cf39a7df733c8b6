//! Counting the keys.

use crate::arena::BlockPool;
use crate::index::engine::Index;
use crate::index::search::probe::At;
use crate::key::KeyWords;
use crate::node::LevelMark;

impl<K: KeyWords, V, P: BlockPool> Index<K, V, P> {
    /// The number of keys: the sum of the leaves' counts, each as it was when the walk reached the leaf.
    pub(crate) fn len(&self) -> usize {
        let mut total = 0;
        let mut from = None;
        'restart: loop {
            let (mut leaf, mut version) = match from {
                None => {
                    let head = self.tree.leaf(self.tree.head(0));
                    (head, self.tree.read_begin(head))
                }
                Some(key) => self.leaf_at(At(key)),
            };
            loop {
                // After a restart, the leaf may begin before the place that the walk had reached.
                let skip = from.map_or(0, |key| {
                    let (rank, found) = leaf.find(key);
                    rank - usize::from(found)
                });
                let (count, next, high) = (leaf.count(), leaf.next(), leaf.high());
                if !leaf.validate(version) {
                    continue 'restart;
                }
                total += count.saturating_sub(skip);
                let Some(next) = next else { return total };
                from = Some(high);
                match self.tree.settle(self.tree.leaf(next), LevelMark::of(0), At(high)) {
                    Some(found) => (leaf, version) = found,
                    None => continue 'restart,
                }
            }
        }
    }
}
