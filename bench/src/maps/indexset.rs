//! indexset: nodes that are sorted vectors, each behind a mutex, found through a skiplist.

use super::{OrderedMap, Session};
use ::indexset::concurrent::map::BTreeMap;

/// Pairs of a node: the faster one of the two sizes in the crate's table of concurrent maps.
const NODE: usize = 256;

/// The map under test.
pub(super) struct Map(BTreeMap<u64, u64>);

impl Default for Map {
    fn default() -> Self {
        Self(BTreeMap::with_maximum_node_size(NODE))
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
        self.0.get(&key).map(|pair| pair.get().value)
    }

    #[inline]
    fn update(&mut self, key: u64, value: u64) {
        self.0.insert(key, value);
    }

    #[inline]
    fn remove(&mut self, key: u64) -> Option<u64> {
        self.0.remove(&key).map(|(_, value)| value)
    }

    #[inline]
    fn scan(&mut self, start: u64, limit: usize, mut visit: impl FnMut(u64, u64)) {
        self.0.range::<u64, _>(start..).take(limit).for_each(|(&key, &value)| visit(key, value));
    }
}
