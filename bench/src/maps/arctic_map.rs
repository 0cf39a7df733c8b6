//! arctic-map: a lock-free adaptive radix tree (OSDI 2026), with its default reclamation (seize).

use super::{OrderedMap, Session};
use arctic::{ConcurrentMap, Order};
use std::ops::ControlFlow;

/// The map under test. Integers are stored inline, so a value is read without a guard that outlives the call.
#[derive(Default)]
pub(super) struct Map(ConcurrentMap<u64, u64>);

impl OrderedMap for Map {
    type Session<'a> = &'a Self;

    fn session(&self) -> &Self {
        self
    }
}

impl Session for &Map {
    #[inline]
    fn insert(&mut self, key: u64, value: u64) {
        self.0.upsert(key, value);
    }

    #[inline]
    fn get(&mut self, key: u64) -> Option<u64> {
        self.0.get(&key).map(|value| *value)
    }

    #[inline]
    fn update(&mut self, key: u64, value: u64) {
        // Fails only if the key is absent; the check after the run would show it.
        let _ = self.0.update(&key, value);
    }

    #[inline]
    fn remove(&mut self, key: u64) -> Option<u64> {
        self.0.remove(&key).map(|value| *value)
    }

    #[inline]
    fn scan(&mut self, start: u64, limit: usize, mut visit: impl FnMut(u64, u64)) {
        if limit == 0 {
            return;
        }
        let range = self.0.range(start..);
        let _ = range.entries(Order::Ascend).try_fold(limit, |left, (key, value)| {
            visit(key, *value);
            if left == 1 { ControlFlow::Break(()) } else { ControlFlow::Continue(left - 1) }
        });
    }
}
