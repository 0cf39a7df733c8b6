//! Operations on many byte strings at a time.

use core::fmt;

use super::encoded::encoded_key;
use super::{BSkipBytesMap, BytesInsertErrorKind, NAME, failed};
use crate::arena::BlockArena;
use crate::index::Existing;
use crate::key::{BytesKey, KeyBuffer};

/// Where and why [`try_insert_many`](BSkipBytesMap::try_insert_many) ended early.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BytesInsertManyError {
    /// The number of pairs that were done. The pair at this place was not inserted; it and all after it are
    /// unchanged.
    pub done: usize,
    /// Why that pair was not inserted.
    pub kind: BytesInsertErrorKind,
}

impl fmt::Display for BytesInsertManyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the pairs from number {} on were not inserted: {}", self.done, self.kind)
    }
}

impl core::error::Error for BytesInsertManyError {}

/// # Many keys at a time
/// Each method does for the keys of a slice, in order, what the method for one key does. What it means is said of
/// [those of `BSkipMap`](crate::BSkipMap#many-keys-at-a-time). They search for one key after the other, so they take
/// as long as a call for each key. (`BSkipMap` searches for numbers side by side.)
impl<K: BytesKey + ?Sized, V, A: BlockArena> BSkipBytesMap<K, V, A> {
    /// Copies the value of each key, or `None`, into `values`: [`get`](Self::get) for many keys.
    ///
    /// # Panics
    /// If the slices differ in length.
    ///
    /// ```
    /// # use bskip_core::BSkipBytesMap;
    /// let map: BSkipBytesMap<str, u64> = [("a", 1), ("b", 2)].into_iter().collect();
    /// let mut values = [None; 3];
    /// map.get_many(&["b", "c", "a"], &mut values);
    /// assert_eq!(values, [Some(2), None, Some(1)]);
    /// ```
    pub fn get_many<Q>(&self, keys: &[Q], values: &mut [Option<V>])
    where
        Q: BytesKey<Form = K::Form>,
        V: Copy,
    {
        assert_equal(NAME, "get_many", keys.len(), "values", values.len());
        keys.iter().zip(values).for_each(|(key, value)| *value = self.get(key));
    }

    /// Writes into `found` whether each key is there: [`contains_key`](Self::contains_key) for many keys.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn contains_many<Q>(&self, keys: &[Q], found: &mut [bool])
    where
        Q: BytesKey<Form = K::Form>,
    {
        assert_equal(NAME, "contains_many", keys.len(), "found", found.len());
        keys.iter().zip(found).for_each(|(key, found)| *found = self.contains_key(key));
    }

    /// Removes each key and puts its value, or `None`, into `values`, whose old contents are dropped:
    /// [`remove`](Self::remove) for many keys.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn remove_many<Q>(&self, keys: &[Q], values: &mut [Option<V>])
    where
        Q: BytesKey<Form = K::Form>,
    {
        assert_equal(NAME, "remove_many", keys.len(), "values", values.len());
        keys.iter().zip(values).for_each(|(key, value)| *value = self.remove(key));
    }

    /// Inserts each pair and leaves the old value of its key, or `None`, in the pair: [`insert`](Self::insert) for
    /// many keys. A pair without a value is skipped.
    ///
    /// # Panics
    /// As [`insert`](Self::insert). The pairs before that one are inserted. If the key's `encode` panics, the pair
    /// and all after it keep their values.
    /// [`try_insert_many`](Self::try_insert_many) returns an error instead.
    ///
    /// ```
    /// # use bskip_core::BSkipBytesMap;
    /// let map: BSkipBytesMap<str, u64> = BSkipBytesMap::new();
    /// let mut pairs = [("a", Some(1)), ("b", None), ("a", Some(2))];
    /// map.insert_many(&mut pairs);
    /// assert_eq!(pairs, [("a", None), ("b", None), ("a", Some(1))]);
    /// assert_eq!((map.get("a"), map.len()), (Some(2), 1));
    /// ```
    pub fn insert_many<Q>(&self, pairs: &mut [(Q, Option<V>)])
    where
        Q: BytesKey<Form = K::Form>,
    {
        if let Err(error) = self.try_insert_many(pairs) {
            failed("try_insert_many", &error.kind);
        }
    }

    /// As [`insert_many`](Self::insert_many), but ends early at a pair that is refused.
    ///
    /// # Errors
    /// [`BytesInsertManyError`] says how many pairs were done. These hold old values now. The others are unchanged,
    /// so the same call with the rest of the slice goes on where this one ended.
    pub fn try_insert_many<Q>(&self, pairs: &mut [(Q, Option<V>)]) -> Result<(), BytesInsertManyError>
    where
        Q: BytesKey<Form = K::Form>,
    {
        for (done, (key, place)) in pairs.iter_mut().enumerate() {
            if place.is_none() {
                continue;
            }
            // If `encode` panics, the value is still in its place.
            let insert = |key: &[u8]| {
                let value = place.take()?;
                let (back, error) = match self.index.insert(key, value, Existing::Replace) {
                    Ok(old) => (old, None),
                    Err((value, error)) => (Some(value), Some(error)),
                };
                *place = back;
                error
            };
            let kind = match encoded_key(key, &mut KeyBuffer::new(), insert) {
                Ok(None) => continue,
                Ok(Some(error)) => BytesInsertErrorKind::Alloc(error),
                Err(kind) => kind,
            };
            return Err(BytesInsertManyError { done, kind });
        }
        Ok(())
    }
}

#[track_caller]
pub(crate) fn assert_equal(map: &str, method: &str, keys: usize, other: &str, places: usize) {
    assert!(keys == places, "{map}::{method}: {keys} keys, but room for {places} {other}");
}
