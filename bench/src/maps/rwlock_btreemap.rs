//! The baseline: std's `BTreeMap` behind std's `RwLock`.

use super::{OrderedMap, Session};
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

/// The map under test.
#[derive(Default)]
pub(super) struct Map(RwLock<BTreeMap<u64, u64>>);

impl OrderedMap for Map {
    type Session<'a> = &'a Self;

    fn session(&self) -> &Self {
        self
    }
}

impl Session for &Map {
    #[inline]
    fn insert(&mut self, key: u64, value: u64) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(key, value);
    }

    #[inline]
    fn get(&mut self, key: u64) -> Option<u64> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key).copied()
    }

    #[inline]
    fn update(&mut self, key: u64, value: u64) {
        if let Some(slot) = self.0.write().unwrap_or_else(PoisonError::into_inner).get_mut(&key) {
            *slot = value;
        }
    }

    #[inline]
    fn remove(&mut self, key: u64) -> Option<u64> {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&key)
    }

    #[inline]
    fn scan(&mut self, start: u64, limit: usize, mut visit: impl FnMut(u64, u64)) {
        let map = self.0.read().unwrap_or_else(PoisonError::into_inner);
        map.range(start..).take(limit).for_each(|(&key, &value)| visit(key, value));
    }
}
