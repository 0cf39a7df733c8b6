//! What a map must offer to be measured.

use super::names::Lack;
use bskip_core::arena::BlockKind;
use std::ops::Range;

/// An ordered map of `u64` to `u64`, as one thread sees it. The compiler inlines every call into the loop
/// that is measured.
///
/// The trait is implemented for the maps' own types, so an adapter is only the calls that differ.
pub trait OrderedMap {
    /// Inserts a value, and replaces the one that the key has, if any.
    fn insert(&self, key: u64, value: u64);

    /// The value of a key.
    fn get(&self, key: u64) -> Option<u64>;

    /// Gives a key that is there another value.
    #[inline]
    fn update(&self, key: u64, value: u64) {
        self.insert(key, value);
    }

    /// Removes a key and returns its value.
    fn remove(&self, key: u64) -> Option<u64>;

    /// Visits at most `limit` pairs with keys from `start` on, in ascending order.
    fn scan(&self, start: u64, limit: usize, visit: impl FnMut(u64, u64))
    where
        Self: Sized;

    /// Writes the value of each key, or `None`, into `values`.
    #[inline]
    fn get_many(&self, keys: &[u64], values: &mut [Option<u64>]) {
        keys.iter().zip(values).for_each(|(&key, value)| *value = self.get(key));
    }

    /// Inserts each pair, and replaces the value that the key has, if any. What it leaves in the slice is up
    /// to the map.
    #[inline]
    fn insert_many(&self, pairs: &mut [(u64, Option<u64>)]) {
        pairs.iter().for_each(|&(key, value)| {
            value.into_iter().for_each(|value| self.insert(key, value));
        });
    }

    /// The memory of the map, if the map counts it.
    fn footprint(&self) -> Option<Footprint> {
        None
    }

    /// What the map cannot do. A workload that needs it is skipped.
    fn lacks(&self) -> &'static [Lack] {
        &[]
    }

    /// What the map fell back to, in words.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// A key as the map has it, for messages, if that is not the number.
    fn spelt(&self, _: u64) -> Option<String> {
        None
    }

    /// Which addresses belong to leaves and which to inner nodes, if the map's arena knows.
    fn address_ranges(&self) -> Vec<(BlockKind, Range<u64>)> {
        Vec::new()
    }
}

/// A map that threads share.
pub trait Share: Sync {
    /// What each thread works with: the map itself, or a handle if the map wants one for each thread.
    type Map: OrderedMap;

    /// Calls `work` with the map for the calling thread.
    fn with<R>(&self, work: impl FnOnce(&Self::Map) -> R) -> R;
}

impl<M: OrderedMap + Sync> Share for M {
    type Map = M;

    #[inline]
    fn with<R>(&self, work: impl FnOnce(&M) -> R) -> R {
        work(self)
    }
}

/// Memory as a map's arena counts it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Bytes of the blocks in use.
    pub issued: u64,
    /// Bytes that the arena has taken from the system.
    pub reserved: u64,
    /// Blocks in use by NUMA node; empty if the arena does not place its blocks.
    pub nodes: Vec<(u32, u64)>,
    /// How many of these blocks are not on the node of the thread that asked, if the policy was to put them
    /// there.
    pub misses: Option<u64>,
}

/// The operations of an [`OrderedMap`] through a table of functions: to count what they do, not to time them.
pub trait DynOperations {
    /// As [`OrderedMap::insert`].
    fn insert(&self, key: u64, value: u64);

    /// As [`OrderedMap::get`].
    fn get(&self, key: u64) -> Option<u64>;

    /// As [`OrderedMap::remove`].
    fn remove(&self, key: u64) -> Option<u64>;

    /// As [`OrderedMap::scan`].
    fn scan(&self, start: u64, limit: usize, visit: &mut dyn FnMut(u64, u64));
}

impl<M: OrderedMap> DynOperations for M {
    fn insert(&self, key: u64, value: u64) {
        OrderedMap::insert(self, key, value);
    }

    fn get(&self, key: u64) -> Option<u64> {
        OrderedMap::get(self, key)
    }

    fn remove(&self, key: u64) -> Option<u64> {
        OrderedMap::remove(self, key)
    }

    fn scan(&self, start: u64, limit: usize, visit: &mut dyn FnMut(u64, u64)) {
        OrderedMap::scan(self, start, limit, visit);
    }
}
