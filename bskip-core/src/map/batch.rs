//! Operations on many keys at a time.

use core::fmt;

use super::{BSkipMap, out_of_memory};
use crate::arena::{AllocError, BlockArena};
use crate::key::{Key, KeyWords};

/// Where and why [`try_insert_many`](BSkipMap::try_insert_many) ended early.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InsertManyError {
    /// The number of pairs that were done. The pair at this place found no memory; it and all after it are
    /// unchanged.
    pub done: usize,
    /// Why there was no memory.
    pub cause: AllocError,
}

impl fmt::Display for InsertManyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the pairs from number {} on were not inserted: {}", self.done, self.cause)
    }
}

impl core::error::Error for InsertManyError {}

/// # Many keys at a time
/// If a map is too large for the caches, an operation spends its time waiting for one cache line after the
/// other. These methods wait for some thirty keys at once. From a few dozen keys a call on, they are several
/// times as fast as a call for each key. The keys may come in any order; neighbouring keys in a row are
/// faster still.
///
/// Results go into the caller's slices, and only nodes are allocated. What other threads see:
/// [Consistency](Self#consistency).
impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    /// Copies the value of each key, or `None`, into `values`: [`get`](Self::get) for
    /// [many keys at a time](Self#many-keys-at-a-time).
    ///
    /// Expected O(log n) for each key, and less if the keys are close. Writes no shared memory.
    ///
    /// # Panics
    /// If the slices differ in length.
    ///
    /// ```
    /// # use bskip_core::BSkipMap;
    /// let map: BSkipMap<u64, u64> = (0..1000).map(|k| (2 * k, k)).collect();
    /// let mut values = [None; 4];
    /// map.get_many(&[10, 11, 12, 10], &mut values);
    /// assert_eq!(values, [Some(5), None, Some(6), Some(5)]);
    /// ```
    pub fn get_many(&self, keys: &[K], values: &mut [Option<V>])
    where
        V: Copy,
    {
        assert_equal("get_many", "keys", keys.len(), "values", values.len());
        match K::SAME.slice(keys) {
            Some(words) => self.index.get_many(words, values),
            None => in_groups(keys, values, |words, values| self.index.get_many(words, values)),
        }
    }

    /// Writes into `found` whether each key is there: [`contains_key`](Self::contains_key) for
    /// [many keys at a time](Self#many-keys-at-a-time).
    ///
    /// Expected O(log n) for each key, and less if the keys are close. Writes no shared memory.
    ///
    /// # Panics
    /// If the slices differ in length.
    ///
    /// ```
    /// # use bskip_core::BSkipMap;
    /// let map: BSkipMap<u64, &str> = [(1, "a"), (2, "b")].into_iter().collect();
    /// let mut found = [false; 3];
    /// map.contains_many(&[1, 2, 3], &mut found);
    /// assert_eq!(found, [true, true, false]);
    /// ```
    pub fn contains_many(&self, keys: &[K], found: &mut [bool]) {
        assert_equal("contains_many", "keys", keys.len(), "found", found.len());
        match K::SAME.slice(keys) {
            Some(words) => self.index.contains_many(words, found),
            None => in_groups(keys, found, |words, found| self.index.contains_many(words, found)),
        }
    }

    /// Removes each key and puts its value, or `None`, into `values`, whose old contents are dropped:
    /// [`remove`](Self::remove) for [many keys at a time](Self#many-keys-at-a-time).
    ///
    /// Expected O(log n) for each key, and less if the keys are close.
    ///
    /// # Panics
    /// If the slices differ in length.
    ///
    /// ```
    /// # use bskip_core::BSkipMap;
    /// let map: BSkipMap<u64, String> = [(1, "a".into()), (2, "b".into())].into_iter().collect();
    /// let mut values = [const { None }; 3];
    /// map.remove_many(&[2, 3, 2], &mut values);
    /// assert_eq!(values, [Some("b".into()), None, None]);
    /// assert_eq!(map.len(), 1);
    /// ```
    pub fn remove_many(&self, keys: &[K], values: &mut [Option<V>]) {
        assert_equal("remove_many", "keys", keys.len(), "values", values.len());
        match K::SAME.slice(keys) {
            Some(words) => self.index.remove_many(words, values),
            None => in_groups(keys, values, |words, values| self.index.remove_many(words, values)),
        }
    }

    /// Inserts each pair and leaves the old value of its key, or `None`, in the pair:
    /// [`insert`](Self::insert) for [many keys at a time](Self#many-keys-at-a-time).
    ///
    /// A pair without a value (`None`) is skipped: the map does not change for its key, and the pair stays
    /// `None`.
    ///
    /// Expected O(log n) for each key, and less if the keys are close.
    ///
    /// # Panics
    /// If the arena has no memory for a node. The pairs before that one are inserted.
    /// [`try_insert_many`](Self::try_insert_many) returns an error instead.
    ///
    /// ```
    /// # use bskip_core::BSkipMap;
    /// let map = BSkipMap::new();
    /// map.insert(7u64, 'a');
    /// let mut pairs = [(3, Some('b')), (7, Some('c')), (8, None), (3, Some('d'))];
    /// map.insert_many(&mut pairs);
    /// assert_eq!(pairs, [(3, None), (7, Some('a')), (8, None), (3, Some('b'))]);
    /// assert_eq!(map.iter().collect::<Vec<_>>(), [(3, 'd'), (7, 'c')]);
    /// ```
    pub fn insert_many(&self, pairs: &mut [(K, Option<V>)]) {
        if let Err(InsertManyError { cause, .. }) = self.try_insert_many(pairs) {
            out_of_memory("try_insert_many", &cause);
        }
    }

    /// As [`insert_many`](Self::insert_many), but ends early if there is no memory.
    ///
    /// # Errors
    /// [`InsertManyError`] says how many pairs were done. These hold old values now. The others are
    /// unchanged, so the same call with the rest of the slice goes on where this one ended.
    ///
    /// ```
    /// # use bskip_core::BSkipMap;
    /// # let map = BSkipMap::new();
    /// let mut pairs: Vec<(u64, Option<u64>)> = (0..100).map(|k| (k, Some(k))).collect();
    /// if let Err(error) = map.try_insert_many(&mut pairs) {
    ///     let rest = &pairs[error.done..];
    ///     eprintln!("{error}; {} pairs are left", rest.len());
    /// }
    /// ```
    pub fn try_insert_many(&self, pairs: &mut [(K, Option<V>)]) -> Result<(), InsertManyError> {
        if K::SAME.holds() {
            return self
                .index
                .insert_many(pairs, |key, _| key.to_words())
                .map_err(|(done, cause)| InsertManyError { done, cause });
        }
        for (number, group) in pairs.chunks_mut(GROUP).enumerate() {
            let words = group_words(group.iter().map(|pair| pair.0));
            let inserted = self.index.insert_many(group, |_, i| words[i]);
            inserted.map_err(|(done, cause)| InsertManyError { done: number * GROUP + done, cause })?;
        }
        Ok(())
    }
}

/// How many keys are converted before the first of them is searched.
const GROUP: usize = 32;

/// Calls `f` with each group of keys and their places.
fn in_groups<K: Key, T>(keys: &[K], places: &mut [T], mut f: impl FnMut(&[K::Words], &mut [T])) {
    for (keys, places) in keys.chunks(GROUP).zip(places.chunks_mut(GROUP)) {
        let words = group_words::<K>(keys.iter().copied());
        f(&words[..keys.len()], places);
    }
}

/// The words of a group's keys, each converted once. The words after the last key mean nothing.
fn group_words<K: Key>(keys: impl Iterator<Item = K>) -> [K::Words; GROUP] {
    let mut words = [K::Words::from_words(|_| 0); GROUP];
    words.iter_mut().zip(keys).for_each(|(words, key)| *words = key.to_words());
    words
}

#[inline]
#[track_caller]
fn assert_equal(method: &str, one: &str, one_len: usize, other: &str, other_len: usize) {
    assert!(one_len == other_len, "BSkipMap::{method}: {one_len} {one}, but room for {other_len} {other}");
}
