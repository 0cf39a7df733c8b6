//! crossbeam-skiplist: the lock-free skiplist of the crossbeam project.

use super::{OrderedMap, Session};
use ::crossbeam_skiplist::SkipMap;

/// The map under test. Every call pins the epoch by itself.
///
/// Version 0.1.3 may fail workload U with several threads: an insert over a key that is there removes it
/// first, so that a read in between finds nothing (crossbeam issue 1023).
#[derive(Default)]
pub(super) struct Map(SkipMap<u64, u64>);

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
        self.0.get(&key).map(|entry| *entry.value())
    }

    #[inline]
    fn update(&mut self, key: u64, value: u64) {
        self.0.insert(key, value);
    }

    #[inline]
    fn remove(&mut self, key: u64) -> Option<u64> {
        self.0.remove(&key).map(|entry| *entry.value())
    }

    #[inline]
    fn scan(&mut self, start: u64, limit: usize, mut visit: impl FnMut(u64, u64)) {
        self.0.range(start..).take(limit).for_each(|entry| visit(*entry.key(), *entry.value()));
    }
}
