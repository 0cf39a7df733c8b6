//! concurrent-map: the lock-free B+-tree of sled's index.

use super::{OrderedMap, Session};
use ::concurrent_map::ConcurrentMap;
use std::sync::{Mutex, PoisonError};

/// The map under test. It is shared by cloning a handle for each thread: the original waits in a mutex.
#[derive(Default)]
pub(super) struct Map(Mutex<ConcurrentMap<u64, u64>>);

impl OrderedMap for Map {
    type Session<'a> = Handle;

    fn session(&self) -> Handle {
        Handle(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// One thread's handle.
pub(super) struct Handle(ConcurrentMap<u64, u64>);

impl Session for Handle {
    #[inline]
    fn insert(&mut self, key: u64, value: u64) {
        self.0.insert(key, value);
    }

    #[inline]
    fn get(&mut self, key: u64) -> Option<u64> {
        self.0.get(&key)
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
        self.0.range(start..).take(limit).for_each(|(key, value)| visit(key, value));
    }
}
