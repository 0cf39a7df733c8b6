//! Taking all pairs out of a map, from left to right.

use core::iter::FusedIterator;
use core::mem;

use crate::arena::{BlockId, BlockPool};
use crate::index::engine::Index;
use crate::node::NodeKeys;

/// Takes the pairs out of an index. Pairs that are not taken before the drain drops stay.
pub(crate) struct Drain<'a, K: NodeKeys, V, P: BlockPool> {
    index: &'a mut Index<K, V, P>,
    /// The leaf that is being emptied, and how many of its pairs are taken. The leaves before it are empty.
    leaf: Option<BlockId>,
    taken: usize,
}

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    pub(crate) fn drain(&mut self) -> Drain<'_, K, V, P> {
        Drain { leaf: self.tree.try_head(0), index: self, taken: 0 }
    }
}

impl<K: NodeKeys, V, P: BlockPool> Iterator for Drain<'_, K, V, P> {
    type Item = (K::Owned, V);

    fn next(&mut self) -> Option<(K::Owned, V)> {
        loop {
            let leaf = self.index.tree.leaf(self.leaf?);
            let slot = self.taken;
            if slot < leaf.count() {
                let key = leaf.key(slot);
                self.taken += 1;
                self.index.pairs.take_one();
                // SAFETY: the slot is in use, no other thread has the map, and because of `taken` the value
                // is never used again.
                return Some((key, unsafe { leaf.value(slot).assume_init() }));
            }
            self.leaf = leaf.next();
            self.taken = 0;
            leaf.lock_unshared().forget();
        }
    }
}

/// At the end, the drain has no leaf any more.
impl<K: NodeKeys, V, P: BlockPool> FusedIterator for Drain<'_, K, V, P> {}

impl<K: NodeKeys, V, P: BlockPool> Drop for Drain<'_, K, V, P> {
    fn drop(&mut self) {
        let Some(leaf) = self.leaf else { return self.index.clear() };
        let mut leaf = self.index.tree.leaf(leaf).lock_unshared();
        for _ in 0..self.taken {
            // It has been handed out.
            mem::forget(leaf.remove(0));
        }
    }
}
