//! Reading or changing a value that is inserted if it is not there.

use super::{BSkipMap, InsertError, out_of_memory};
use crate::arena::BlockArena;
use crate::index::{Existing, PairOf};
use crate::key::Key;

/// # A value that is there or is made
impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    /// The value of `key`, cloned. If the key is not there, inserts `value` and returns a clone of it.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map = BSkipMap::new();
    /// assert_eq!(map.get_or_insert(1u64, "first"), "first");
    /// assert_eq!(map.get_or_insert(1, "second"), "first");
    /// ```
    ///
    /// Linearizable. Expected O(log n). [`insert_if_absent`](Self::insert_if_absent) needs no `Clone` and says
    /// whether it has inserted.
    ///
    /// # Panics
    /// If the arena has no memory for a node. [`try_get_or_insert`](Self::try_get_or_insert) returns an error
    /// instead. If `V::clone` panics, the map is unchanged.
    pub fn get_or_insert(&self, key: K, value: V) -> V
    where
        V: Clone,
    {
        match self.pair_of(key).get_or_insert(value) {
            Ok(value) => value,
            Err((_, cause)) => out_of_memory("try_get_or_insert", &cause),
        }
    }

    /// As [`get_or_insert`](Self::get_or_insert), but gives the pair back if there is no memory.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map = BSkipMap::new();
    /// assert_eq!(map.try_get_or_insert(1u64, 'a')?, 'a');
    /// # Ok::<(), bskip_core::InsertError<u64, char>>(())
    /// ```
    ///
    /// # Errors
    /// [`InsertError`] with the pair. The map is unchanged.
    pub fn try_get_or_insert(&self, key: K, value: V) -> Result<V, InsertError<K, V>>
    where
        V: Clone,
    {
        let got = self.pair_of(key).get_or_insert(value);
        got.map_err(|(value, cause)| InsertError { key, value, cause })
    }

    /// The value of `key`, cloned. If the key is not there, inserts what `make` returns.
    ///
    /// `make` runs at most once and without a lock, so it may use the map. If another thread inserts the key
    /// first, the value that `make` returned is dropped. This takes the leaf's lock even if the key is there.
    /// So if the key usually is there and `V` is `Copy`, call [`get`](Self::get) first. Linearizable. Expected
    /// O(log n).
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map: BSkipMap<u64, String> = BSkipMap::new();
    /// assert_eq!(map.get_or_insert_with(1, || "made".to_string()), "made");
    /// assert_eq!(map.get_or_insert_with(1, || unreachable!()), "made");
    /// ```
    ///
    /// # Panics
    /// As [`insert`](Self::insert), and if `make` panics. The map is then unchanged.
    pub fn get_or_insert_with(&self, key: K, make: impl FnOnce() -> V) -> V
    where
        V: Clone,
    {
        match self.try_get_or_insert_with(key, make) {
            Ok(value) => value,
            Err(InsertError { cause, .. }) => out_of_memory("try_get_or_insert_with", &cause),
        }
    }

    /// As [`get_or_insert_with`](Self::get_or_insert_with), but gives the pair back if there is no memory.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map: BSkipMap<u64, String> = BSkipMap::new();
    /// assert_eq!(map.try_get_or_insert_with(1, || "made".to_string())?, "made");
    /// # Ok::<(), bskip_core::InsertError<u64, String>>(())
    /// ```
    ///
    /// # Errors
    /// [`InsertError`] with the key and what `make` returned. The map is unchanged.
    pub fn try_get_or_insert_with(&self, key: K, make: impl FnOnce() -> V) -> Result<V, InsertError<K, V>>
    where
        V: Clone,
    {
        // Converts once, because `key` might give other words the next time.
        let words = key.to_words();
        // Drops what is not needed before `return`: if a drop panicked after it, the returned value would leak.
        if let Some(value) = self.index.with(words, V::clone) {
            drop(make);
            return Ok(value);
        }
        // Not by `compute`: that takes several times the stack in a build that is not optimised.
        let mut made = make();
        loop {
            let copy = made.clone();
            match self.index.insert(words, made, Existing::Keep) {
                Ok(None) => return Ok(copy),
                Ok(Some(unused)) => made = unused,
                Err((value, cause)) => {
                    drop(copy);
                    return Err(InsertError { key, value, cause });
                }
            }
            drop(copy);
            if let Some(value) = self.index.with(words, V::clone) {
                drop(made);
                return Ok(value);
            }
        }
    }

    /// Calls `f` with the value of `key`, which `f` may change, and returns its result. If the key is not there,
    /// `f` gets what `make` returns, and that is then inserted as `f` leaves it.
    ///
    /// This is `f(entry(key).or_insert_with(make))` of std's maps, and needs no `Clone`.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map: BSkipMap<u64, Vec<&str>> = BSkipMap::new();
    /// map.entry_or_insert_with(7, Vec::new, |list| list.push("a"));
    /// map.entry_or_insert_with(7, Vec::new, |list| list.push("b"));
    /// assert_eq!(map.get_cloned(&7), Some(vec!["a", "b"]));
    /// ```
    ///
    /// Linearizable. Both closures run at most once, under the leaf's lock, and
    /// [must not use the map](Self#closures). `make` runs only if what it returns is used. Expected O(log n).
    ///
    /// # Panics
    /// If the arena has no memory for a node. [`try_entry_or_insert_with`](Self::try_entry_or_insert_with) returns
    /// an error instead. If a closure panics, a key that was not there is not inserted. A value that was there
    /// stays as `f` has left it.
    pub fn entry_or_insert_with<R>(
        &self,
        key: K,
        make: impl FnOnce() -> V,
        f: impl FnOnce(&mut V) -> R,
    ) -> R {
        match self.pair_of(key).entry_or_insert_with(make, f) {
            Ok(result) => result,
            Err((_, cause)) => out_of_memory("try_entry_or_insert_with", &cause),
        }
    }

    /// As [`entry_or_insert_with`](Self::entry_or_insert_with), but gives the pair back if there is no memory.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map: BSkipMap<u64, u64> = BSkipMap::new();
    /// let count = |n: &mut u64| {
    ///     *n += 1;
    ///     *n
    /// };
    /// assert_eq!(map.try_entry_or_insert_with(7, || 0, count)?, 1);
    /// assert_eq!(map.try_entry_or_insert_with(7, || 0, count)?, 2);
    /// # Ok::<(), bskip_core::InsertError<u64, u64>>(())
    /// ```
    ///
    /// # Errors
    /// [`InsertError`] with the key, and the value as `f` has left it. The map is unchanged. The result of `f` is
    /// dropped.
    pub fn try_entry_or_insert_with<R>(
        &self,
        key: K,
        make: impl FnOnce() -> V,
        f: impl FnOnce(&mut V) -> R,
    ) -> Result<R, InsertError<K, V>> {
        let done = self.pair_of(key).entry_or_insert_with(make, f);
        done.map_err(|(value, cause)| InsertError { key, value, cause })
    }

    /// Calls `update` with the value of `key`, which `update` may change, and returns its result. If the key is not
    /// there, inserts what `make` returns, and returns `None`.
    ///
    /// This is `entry(key).and_modify(update).or_insert_with(make)` of std's maps, and papaya's
    /// `update_or_insert_with`.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let counts: BSkipMap<u64, u64> = BSkipMap::new();
    /// for word in [3, 1, 3] {
    ///     counts.update_or_insert_with(word, |n| *n += 1, || 1);
    /// }
    /// assert_eq!(counts.iter().collect::<Vec<_>>(), [(1, 1), (3, 2)]);
    /// ```
    ///
    /// Linearizable. One of the closures runs, once, under the leaf's lock. They
    /// [must not use the map](Self#closures). Expected O(log n).
    ///
    /// # Panics
    /// As [`entry_or_insert_with`](Self::entry_or_insert_with).
    pub fn update_or_insert_with<R>(
        &self,
        key: K,
        update: impl FnOnce(&mut V) -> R,
        make: impl FnOnce() -> V,
    ) -> Option<R> {
        match self.pair_of(key).update_or_insert_with(update, make) {
            Ok(result) => result,
            Err((_, cause)) => out_of_memory("try_update_or_insert_with", &cause),
        }
    }

    /// As [`update_or_insert_with`](Self::update_or_insert_with), but gives the pair back if there is no memory.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map: BSkipMap<u64, u64> = BSkipMap::new();
    /// assert_eq!(map.try_update_or_insert_with(7, |n| *n += 1, || 1)?, None);
    /// assert_eq!(map.try_update_or_insert_with(7, |n| *n += 1, || 1)?, Some(()));
    /// assert_eq!(map.get(&7), Some(2));
    /// # Ok::<(), bskip_core::InsertError<u64, u64>>(())
    /// ```
    ///
    /// # Errors
    /// [`InsertError`] with the key and what `make` returned. The map is unchanged.
    pub fn try_update_or_insert_with<R>(
        &self,
        key: K,
        update: impl FnOnce(&mut V) -> R,
        make: impl FnOnce() -> V,
    ) -> Result<Option<R>, InsertError<K, V>> {
        let done = self.pair_of(key).update_or_insert_with(update, make);
        done.map_err(|(value, cause)| InsertError { key, value, cause })
    }
}
