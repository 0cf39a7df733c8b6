//! bplustree: a B+-tree with optimistic lock coupling after LeanStore.

use super::{OrderedMap, Session};
use ::bplustree::BPlusTree;

/// The map under test.
pub(super) struct Map(BPlusTree<u64, u64>);

impl Default for Map {
    fn default() -> Self {
        Self(BPlusTree::new())
    }
}

impl OrderedMap for Map {
    type Session<'a> = &'a Self;

    fn session(&self) -> &Self {
        self
    }
}

impl Session for &Map {
    #[inline]
    fn insert(&mut self, key: u64, value: u64) {
        self.0.insert(key, value);
    }

    #[inline]
    fn get(&mut self, key: u64) -> Option<u64> {
        self.0.lookup(&key, |value| *value)
    }

    #[inline]
    fn update(&mut self, key: u64, value: u64) {
        self.0.insert(key, value);
    }

    #[inline]
    fn remove(&mut self, key: u64) -> Option<u64> {
        self.0.remove(&key)
    }

    #[inline]
    fn scan(&mut self, start: u64, limit: usize, mut visit: impl FnMut(u64, u64)) {
        let mut iter = self.0.raw_iter();
        iter.seek(&start);
        for _ in 0..limit {
            let Some((&key, &value)) = iter.next() else { break };
            visit(key, value);
        }
    }
}
