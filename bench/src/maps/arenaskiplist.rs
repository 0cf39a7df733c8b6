//! arenaskiplist: a lock-free skiplist of bytes in an arena, made for the memtables of log-structured stores.

use super::{Lack, OrderedMap, Session};
use ::arenaskiplist::{Arena, SkipList};
use std::sync::Arc;

/// The map under test, on an arena that grows in chunks, up to 4 GiB. Keys are big-endian bytes, which keep integers in
/// order.
///
/// It adds and never changes: an update is a further version of the key, a removal is not known.
pub(super) struct Map(SkipList);

impl Default for Map {
    fn default() -> Self {
        Self(SkipList::new(Arc::new(Arena::chunked())))
    }
}

impl OrderedMap for Map {
    type Session<'a> = &'a Self;

    fn session(&self) -> &Self {
        self
    }

    fn lacks(&self) -> &'static [Lack] {
        &[Lack::Updates, Lack::Removals]
    }
}

/// The number that eight bytes are.
fn number(bytes: &[u8]) -> [u8; 8] {
    bytes.try_into().expect("keys and values have eight bytes")
}

impl Session for &Map {
    #[inline]
    fn insert(&mut self, key: u64, value: u64) {
        self.0.insert(&key.to_be_bytes(), &value.to_ne_bytes()).expect("a new key, and room in the arena");
    }

    #[inline]
    fn get(&mut self, key: u64) -> Option<u64> {
        self.0.get_value(&key.to_be_bytes()).map(|value| u64::from_ne_bytes(number(value)))
    }

    fn update(&mut self, _: u64, _: u64) {
        unreachable!("cells with updates are skipped");
    }

    fn remove(&mut self, _: u64) -> Option<u64> {
        unreachable!("cells with removals are skipped");
    }

    #[inline]
    fn scan(&mut self, start: u64, limit: usize, mut visit: impl FnMut(u64, u64)) {
        for entry in self.0.range(start.to_be_bytes()..).take(limit) {
            visit(u64::from_be_bytes(number(entry.key())), u64::from_ne_bytes(number(entry.value())));
        }
    }
}
