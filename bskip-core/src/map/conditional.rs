//! Changes of one pair that happen only if the pair is as the caller wants it.

use super::{BSkipMap, InsertError, out_of_memory};
use crate::arena::BlockArena;
use crate::index::PairOf;
use crate::key::Key;

/// # Changes on a condition
///
/// All are linearizable and take expected O(log n). Closures and `V::eq` run once at most, under the leaf's lock, and
/// [must not use the map](Self#closures). If one panics, the pair stays as it was.
impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    /// Inserts the pair, unless the key has a value and `replaces` says no to it. Returns the old value.
    ///
    /// `replaces` gets the value that is there. It does not run if the key is not there. (Crossbeam's
    /// `compare_insert` returns an entry and does not say whether it has inserted.)
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// // Keeps the greatest value.
    /// let map = BSkipMap::new();
    /// assert_eq!(map.compare_insert(1u64, 10, |&old| old < 10), Ok(None));
    /// assert_eq!(map.compare_insert(1, 8, |&old| old < 8), Err(8));
    /// assert_eq!(map.compare_insert(1, 12, |&old| old < 12), Ok(Some(10)));
    /// ```
    ///
    /// # Errors
    /// `value`, if `replaces` said no. The map is unchanged.
    ///
    /// # Panics
    /// If the arena has no memory for a node. [`try_compare_insert`](Self::try_compare_insert) returns an error
    /// instead.
    pub fn compare_insert(
        &self,
        key: K,
        value: V,
        replaces: impl FnOnce(&V) -> bool,
    ) -> Result<Option<V>, V> {
        match self.pair_of(key).compare_insert(value, replaces) {
            Ok(inserted) => inserted,
            Err((_, cause)) => out_of_memory("try_compare_insert", &cause),
        }
    }

    /// As [`compare_insert`](Self::compare_insert), but gives the pair back if there is no memory.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map = BSkipMap::new();
    /// assert_eq!(map.try_compare_insert(1u64, 10, |_| false)?, Ok(None));
    /// assert_eq!(map.try_compare_insert(1, 11, |_| false)?, Err(11));
    /// # Ok::<(), bskip_core::InsertError<u64, i32>>(())
    /// ```
    ///
    /// # Errors
    /// [`InsertError`] with the pair. The map is unchanged. If `replaces` said no, the value is in the inner
    /// `Result`.
    pub fn try_compare_insert(
        &self,
        key: K,
        value: V,
        replaces: impl FnOnce(&V) -> bool,
    ) -> Result<Result<Option<V>, V>, InsertError<K, V>> {
        let inserted = self.pair_of(key).compare_insert(value, replaces);
        inserted.map_err(|(value, cause)| InsertError { key, value, cause })
    }

    /// Replaces the value of `key`, if the key is there, and returns the old one. Takes no memory.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map: BSkipMap<u64, &str> = [(1, "old")].into_iter().collect();
    /// assert_eq!(map.replace(&1, "new"), Ok("old"));
    /// assert_eq!(map.replace(&2, "new"), Err("new"));
    /// ```
    ///
    /// # Errors
    /// `value`, if the key is not there.
    pub fn replace(&self, key: &K, value: V) -> Result<V, V> {
        self.index.replace(key.to_words(), value)
    }

    /// Replaces the value of `key` by `new` if it equals `current`, and returns the old one. Takes no memory.
    ///
    /// Nothing comes between the comparison and the replacement. For other conditions, or to remove the pair, use
    /// [`compute`](Self::compute).
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map: BSkipMap<u64, u64> = [(1, 10)].into_iter().collect();
    /// assert_eq!(map.compare_exchange(&1, &10, 11), Ok(10));
    /// assert_eq!(map.compare_exchange(&1, &10, 12), Err(12));
    /// assert_eq!(map.get(&1), Some(11));
    /// ```
    ///
    /// # Errors
    /// `new`, if the key is not there or has another value.
    pub fn compare_exchange(&self, key: &K, current: &V, new: V) -> Result<V, V>
    where
        V: PartialEq,
    {
        self.index.compare_exchange(key.to_words(), current, new)
    }

    /// Replaces the value of `key` by what `f` makes of it, and returns the old one. Returns `None` and changes
    /// nothing if `f` returns `None` or the key is not there. Takes no memory.
    ///
    /// `f` runs once: unlike that of an atomic's `fetch_update`, it is not called again.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map: BSkipMap<u64, u8> = [(1, 254)].into_iter().collect();
    /// assert_eq!(map.fetch_update(&1, |n| n.checked_add(1)), Some(254));
    /// assert_eq!(map.fetch_update(&1, |n| n.checked_add(1)), None);
    /// assert_eq!(map.get(&1), Some(255));
    /// ```
    pub fn fetch_update(&self, key: &K, f: impl FnOnce(&V) -> Option<V>) -> Option<V> {
        self.index.fetch_update(key.to_words(), f)
    }

    /// Removes `key` if `f` says yes to its value, and returns the value.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map: BSkipMap<u64, u64> = [(1, 10)].into_iter().collect();
    /// assert_eq!(map.remove_if(&1, |&value| value > 10), None);
    /// assert_eq!(map.remove_if(&1, |&value| value == 10), Some(10));
    /// assert!(map.is_empty());
    /// ```
    pub fn remove_if(&self, key: &K, f: impl FnOnce(&V) -> bool) -> Option<V> {
        self.index.remove_if(key.to_words(), f)
    }

    /// Removes `key` and returns the pair, with the key as the map had it.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map: BSkipMap<u64, char> = [(1, 'a')].into_iter().collect();
    /// assert_eq!(map.remove_entry(&1), Some((1, 'a')));
    /// assert_eq!(map.remove_entry(&1), None);
    /// ```
    pub fn remove_entry(&self, key: &K) -> Option<(K, V)> {
        let words = key.to_words();
        self.index.remove(words).map(|value| (K::from_words(words), value))
    }
}
