//! scc's `TreeIndex`: a B+-tree for reading, whose readers never wait.

use super::{OrderedMap, Session};
use ::scc::{Guard, TreeIndex};

/// The map under test. A guard is made for each call: one held longer would stop its reclamation.
///
/// In version 3.8.8 a range that begins below the least key takes time quadratic in the map's size: the search for a
/// key at or below the start walks back from every leaf in turn. With 200,000 keys that is 10 s and more. So a scan
/// from 0, which is one of the whole map, is made by `iter`. Other scans from below the least key run into the cell's
/// timeout.
#[derive(Default)]
pub(super) struct Map(TreeIndex<u64, u64>);

impl OrderedMap for Map {
    type Session<'a> = &'a Self;

    fn session(&self) -> &Self {
        self
    }
}

impl Session for &Map {
    #[inline]
    fn insert(&mut self, key: u64, value: u64) {
        self.0.upsert_sync(key, value);
    }

    #[inline]
    fn get(&mut self, key: u64) -> Option<u64> {
        self.0.peek_with(&key, |_, value| *value)
    }

    #[inline]
    fn update(&mut self, key: u64, value: u64) {
        self.0.upsert_sync(key, value);
    }

    #[inline]
    fn remove(&mut self, key: u64) -> Option<u64> {
        let mut removed = None;
        // `remove_sync` does not tell the value.
        self.0.remove_if_sync(&key, |value| {
            removed = Some(*value);
            true
        });
        removed
    }

    #[inline]
    fn scan(&mut self, start: u64, limit: usize, mut visit: impl FnMut(u64, u64)) {
        let guard = Guard::new();
        if start == 0 {
            return self.0.iter(&guard).take(limit).for_each(|(&key, &value)| visit(key, value));
        }
        self.0.range(start.., &guard).take(limit).for_each(|(&key, &value)| visit(key, value));
    }
}
