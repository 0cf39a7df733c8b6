//! What a map of byte strings must offer to be measured, and the baseline: std's `BTreeMap` behind std's
//! `RwLock`.

use super::shape::KeysLike;
use crate::maps::Lack;
use crate::maps::ordered_map::Footprint;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock};

/// An ordered map of byte strings to `u64`.
pub trait ByteMap {
    /// Inserts a value, and replaces the one that the key has, if any.
    fn insert(&self, key: &[u8], value: u64);

    /// The value of a key.
    fn get(&self, key: &[u8]) -> Option<u64>;

    /// Gives a key that is there another value.
    #[inline]
    fn update(&self, key: &[u8], value: u64) {
        self.insert(key, value);
    }

    /// Removes a key and returns its value.
    fn remove(&self, key: &[u8]) -> Option<u64>;

    /// Visits at most `limit` pairs with keys from `start` on, in ascending order.
    fn scan(&self, start: &[u8], limit: usize, visit: impl FnMut(&[u8], u64))
    where
        Self: Sized;

    /// The memory of the map, if the map counts it.
    fn footprint(&self) -> Option<Footprint> {
        None
    }

    /// What the map cannot do with keys of this shape, or with keys of any kind.
    fn lacks(&self, _: Option<KeysLike>) -> &'static [Lack] {
        &[]
    }

    /// What the map fell back to, in words.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The baseline.
pub(crate) type Locked = RwLock<BTreeMap<Box<[u8]>, u64>>;

impl ByteMap for Locked {
    #[inline]
    fn insert(&self, key: &[u8], value: u64) {
        self.write().unwrap_or_else(PoisonError::into_inner).insert(key.into(), value);
    }

    #[inline]
    fn get(&self, key: &[u8]) -> Option<u64> {
        self.read().unwrap_or_else(PoisonError::into_inner).get(key).copied()
    }

    #[inline]
    fn update(&self, key: &[u8], value: u64) {
        if let Some(slot) = self.write().unwrap_or_else(PoisonError::into_inner).get_mut(key) {
            *slot = value;
        }
    }

    #[inline]
    fn remove(&self, key: &[u8]) -> Option<u64> {
        self.write().unwrap_or_else(PoisonError::into_inner).remove(key)
    }

    #[inline]
    fn scan(&self, start: &[u8], limit: usize, mut visit: impl FnMut(&[u8], u64)) {
        let map = self.read().unwrap_or_else(PoisonError::into_inner);
        let pairs = map.range::<[u8], _>((Bound::Included(start), Bound::Unbounded));
        pairs.take(limit).for_each(|(key, &value)| visit(key, value));
    }
}
