//! Operations on many pairs of byte strings at a time.

use alloc::vec::Vec;

use super::{BSkipBlobMap, NAME, failed};
use crate::arena::BlockArena;
use crate::bytes_map::BytesInsertManyError;
use crate::bytes_map::batch::assert_equal;
use crate::key::BytesKey;

/// # Many keys at a time
/// Each method does for the keys of a slice, in order, what the method for one key does. What it means is
/// said of [those of `BSkipMap`](crate::BSkipMap#many-keys-at-a-time). They search for one key after the
/// other, so they take as long as a call for each key.
impl<K: BytesKey + ?Sized, A: BlockArena> BSkipBlobMap<K, A> {
    /// Makes each of `values` a copy of the value of its key, or `None`: [`get`](Self::get) for many keys. A
    /// vector that is there already is used again.
    ///
    /// # Panics
    /// If the slices differ in length.
    ///
    /// ```
    /// # use bskip_core::BSkipBlobMap;
    /// let map: BSkipBlobMap<str> = [("a", "1"), ("b", "22")].into_iter().collect();
    /// let mut values = [const { None }; 3];
    /// map.get_many(&["b", "c", "a"], &mut values);
    /// assert_eq!(values, [Some(b"22".to_vec()), None, Some(b"1".to_vec())]);
    /// ```
    pub fn get_many<Q>(&self, keys: &[Q], values: &mut [Option<Vec<u8>>])
    where
        Q: BytesKey<Form = K::Form>,
    {
        assert_equal(NAME, "get_many", keys.len(), "values", values.len());
        for (key, value) in keys.iter().zip(values) {
            if !self.get_into(key, value.get_or_insert_default()) {
                *value = None;
            }
        }
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

    /// Removes each key, and writes into `removed` whether it was there: [`remove`](Self::remove) for many
    /// keys.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn remove_many<Q>(&self, keys: &[Q], removed: &mut [bool])
    where
        Q: BytesKey<Form = K::Form>,
    {
        assert_equal(NAME, "remove_many", keys.len(), "removed", removed.len());
        keys.iter().zip(removed).for_each(|(key, removed)| *removed = self.remove(key));
    }

    /// Inserts each pair, and returns how many keys are new: [`insert`](Self::insert) for many keys.
    ///
    /// # Panics
    /// As [`insert`](Self::insert). The pairs before that one are inserted.
    /// [`try_insert_many`](Self::try_insert_many) returns an error instead.
    ///
    /// ```
    /// # use bskip_core::BSkipBlobMap;
    /// let map: BSkipBlobMap<str> = BSkipBlobMap::new();
    /// assert_eq!(map.insert_many(&[("a", "1"), ("b", "2"), ("a", "3")]), 2);
    /// assert_eq!((map.get("a"), map.len()), (Some(b"3".to_vec()), 2));
    /// ```
    pub fn insert_many<Q, V>(&self, pairs: &[(Q, V)]) -> usize
    where
        Q: BytesKey<Form = K::Form>,
        V: AsRef<[u8]>,
    {
        self.try_insert_many(pairs).unwrap_or_else(|error| failed("try_insert_many", &error.kind))
    }

    /// As [`insert_many`](Self::insert_many), but ends early at a pair that is refused.
    ///
    /// # Errors
    /// [`BytesInsertManyError`] says how many pairs were done.
    pub fn try_insert_many<Q, V>(&self, pairs: &[(Q, V)]) -> Result<usize, BytesInsertManyError>
    where
        Q: BytesKey<Form = K::Form>,
        V: AsRef<[u8]>,
    {
        let mut new = 0;
        for (done, (key, value)) in pairs.iter().enumerate() {
            let inserted = self.try_insert(key, value.as_ref());
            new += usize::from(inserted.map_err(|kind| BytesInsertManyError { done, kind })?);
        }
        Ok(new)
    }
}
