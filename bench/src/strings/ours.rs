//! Our map of byte strings.

use super::byte_map::ByteMap;
use crate::maps::names::{BuildError, MapSpec};
use crate::maps::ordered_map::Footprint;
use crate::maps::ours::Facts;
use bskip_core::{BSkipBytesMap, Config};
use std::ops::ControlFlow;

/// Our map on the arena `A`.
pub(crate) struct Ours<A: Facts>(BSkipBytesMap<[u8], u64, A>);

impl<A: Facts> Ours<A> {
    /// The default map but for the seed, which is the cell's so that runs repeat.
    pub(crate) fn new(arena: A, spec: &MapSpec) -> Result<Self, BuildError> {
        let map = BSkipBytesMap::with_config(arena, Config::new().seed(spec.seed));
        map.map(Self).map_err(|error| BuildError::Unavailable(format!("the map cannot be built: {error}")))
    }
}

impl<A: Facts> ByteMap for Ours<A> {
    #[inline]
    fn insert(&self, key: &[u8], value: u64) {
        self.0.insert(key, value);
    }

    #[inline]
    fn get(&self, key: &[u8]) -> Option<u64> {
        self.0.get(key)
    }

    #[inline]
    fn update(&self, key: &[u8], value: u64) {
        self.0.update(key, |slot| *slot = value);
    }

    #[inline]
    fn remove(&self, key: &[u8]) -> Option<u64> {
        self.0.remove(key)
    }

    #[inline]
    fn scan(&self, start: &[u8], limit: usize, mut visit: impl FnMut(&[u8], u64)) {
        let mut left = limit;
        if left == 0 {
            return;
        }
        let _ = self.0.try_for_each_in(start.., |key, value| {
            visit(key, value);
            left -= 1;
            if left > 0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
    }

    fn footprint(&self) -> Option<Footprint> {
        let usage = self.0.usage();
        Some(Footprint {
            issued: usage.issued_bytes as u64,
            reserved: usage.reserved_bytes as u64,
            nodes: self.0.arena().nodes(),
            misses: self.0.arena().misses(),
        })
    }

    fn notes(&self) -> Vec<String> {
        self.0.arena().fallbacks()
    }
}
