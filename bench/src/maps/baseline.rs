//! The baseline: std's `BTreeMap` behind std's `RwLock`.

use super::ordered_map::OrderedMap;
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

type Map = BTreeMap<u64, u64>;

fn read(map: &RwLock<Map>) -> RwLockReadGuard<'_, Map> {
    map.read().unwrap_or_else(PoisonError::into_inner)
}

fn write(map: &RwLock<Map>) -> RwLockWriteGuard<'_, Map> {
    map.write().unwrap_or_else(PoisonError::into_inner)
}

impl OrderedMap for RwLock<Map> {
    #[inline]
    fn insert(&self, key: u64, value: u64) {
        write(self).insert(key, value);
    }

    #[inline]
    fn get(&self, key: u64) -> Option<u64> {
        read(self).get(&key).copied()
    }

    #[inline]
    fn update(&self, key: u64, value: u64) {
        if let Some(slot) = write(self).get_mut(&key) {
            *slot = value;
        }
    }

    #[inline]
    fn remove(&self, key: u64) -> Option<u64> {
        write(self).remove(&key)
    }

    #[inline]
    fn scan(&self, start: u64, limit: usize, mut visit: impl FnMut(u64, u64)) {
        read(self).range(start..).take(limit).for_each(|(&key, &value)| visit(key, value));
    }
}
