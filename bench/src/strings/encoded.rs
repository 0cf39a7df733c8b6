//! A map of byte strings as the map of numbers that the harness measures.

use super::byte_map::ByteMap;
use super::shape::KeysLike;
use crate::maps::Lack;
use crate::maps::ordered_map::{Footprint, OrderedMap};

/// A map of strings of one shape.
#[derive(Debug)]
pub struct Strings<M> {
    like: KeysLike,
    map: M,
}

impl<M> Strings<M> {
    /// An empty `map`, whose keys will be of the shape `like`.
    pub const fn new(like: KeysLike, map: M) -> Self {
        Self { like, map }
    }
}

impl<M: ByteMap> OrderedMap for Strings<M> {
    #[inline]
    fn insert(&self, key: u64, value: u64) {
        self.map.insert(self.like.key(key).as_bytes(), value);
    }

    #[inline]
    fn get(&self, key: u64) -> Option<u64> {
        self.map.get(self.like.key(key).as_bytes())
    }

    #[inline]
    fn update(&self, key: u64, value: u64) {
        self.map.update(self.like.key(key).as_bytes(), value);
    }

    #[inline]
    fn remove(&self, key: u64) -> Option<u64> {
        self.map.remove(self.like.key(key).as_bytes())
    }

    #[inline]
    fn scan(&self, start: u64, limit: usize, mut visit: impl FnMut(u64, u64)) {
        let visit = |key: &[u8], value| visit(self.like.number(key), value);
        // A scan of the whole map starts at the empty string, below every key.
        if start == 0 {
            self.map.scan(&[], limit, visit);
        } else {
            self.map.scan(self.like.key(start).as_bytes(), limit, visit);
        }
    }

    fn footprint(&self) -> Option<Footprint> {
        self.map.footprint()
    }

    fn lacks(&self) -> &'static [Lack] {
        self.map.lacks(self.like)
    }

    fn notes(&self) -> Vec<String> {
        self.map.notes()
    }
}
