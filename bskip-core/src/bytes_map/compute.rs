//! Computations on the pair of a byte string, and what is made of them.

use super::encoded::{decoded, encoded};
use super::{BSkipBytesMap, BytesInsertError, BytesInsertErrorKind, failed};
use crate::arena::{BlockArena, BlockPool};
use crate::compute::{Compute, Operation};
use crate::index::{Index, Pair, PairOf, Step};
use crate::key::{ByteKeys, BytesKey, KeyBuffer};

/// An encoded key, there or not. One that is too long is not there, and is not inserted.
struct BytesPair<'i, 'k, V, P: BlockPool> {
    index: &'i Index<ByteKeys, V, P>,
    key: &'k [u8],
}

impl<V, P: BlockPool> PairOf<V> for BytesPair<'_, '_, V, P> {
    type Error = BytesInsertError<V>;

    fn compute<R>(
        self,
        f: impl FnOnce(Option<&mut V>) -> (Step<V>, R),
    ) -> Result<(Option<V>, R), BytesInsertError<V>> {
        let Self { index, key } = self;
        let (bytes, most) = (key.len(), ByteKeys::MAX_BYTES);
        if bytes <= most {
            let computed = Pair { index, key }.compute(f);
            return computed.map_err(|(value, cause)| BytesInsertError {
                value,
                kind: BytesInsertErrorKind::Alloc(cause),
            });
        }
        match f(None) {
            (Step::Store(value), _) => {
                Err(BytesInsertError { value, kind: BytesInsertErrorKind::KeyTooLong { bytes, most } })
            }
            (_, result) => Ok((None, result)),
        }
    }
}

/// # One key, decided by a closure
///
/// These are the methods of [`BSkipMap`](crate::BSkipMap#one-key-decided-by-a-closure), for borrowed keys, with the
/// same consistency and complexity. Closures run once at most, under the leaf's lock, and
/// [must not use the map](crate::BSkipMap#closures). If a closure of a method without `update` or `entry` in its name
/// panics, the pair stays as it was.
///
/// A key whose encoding is not the key itself may need memory: an encoding of more than 64 bytes is
/// allocated. If there is no memory for it, the methods panic, as look-ups do. Only
/// [`try_get_or_insert`](Self::try_get_or_insert) and [`try_compare_insert`](Self::try_compare_insert) return
/// an error.
impl<K: BytesKey + ?Sized, V, A: BlockArena> BSkipBytesMap<K, V, A> {
    fn with_pair<Q, R>(&self, key: &Q, f: impl FnOnce(BytesPair<'_, '_, V, A::Pool>) -> R) -> R
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        encoded(key, |key| f(BytesPair { index: &self.index, key }))
    }

    /// Calls `f` with the value of `key`, or with `None`, and does what `f` says: see
    /// [`BSkipMap::compute`](crate::BSkipMap::compute).
    ///
    /// ```
    /// use bskip_core::{BSkipBytesMap, Compute, Operation};
    ///
    /// let stock: BSkipBytesMap<str, u64> = [("pear", 1)].into_iter().collect();
    /// let take = |name| {
    ///     stock.compute(name, |n| match n {
    ///         Some(1) => Operation::Remove,
    ///         Some(n) => Operation::Insert(n - 1),
    ///         None => Operation::Abort("none left"),
    ///     })
    /// };
    /// assert_eq!(take("pear"), Compute::Removed(1));
    /// assert_eq!(take("pear"), Compute::Aborted("none left"));
    /// ```
    ///
    /// # Panics
    /// If `f` wants to insert a new key and there is no memory, or the key is [too long](Self#limits).
    /// [`try_compute`](Self::try_compute) returns an error instead.
    pub fn compute<Q, T>(&self, key: &Q, f: impl FnOnce(Option<&V>) -> Operation<V, T>) -> Compute<V, T>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        self.try_compute(key, f).unwrap_or_else(|error| failed("try_compute", &error.kind))
    }

    /// As [`compute`](Self::compute), but gives the value back if it cannot be inserted.
    ///
    /// # Errors
    /// [`BytesInsertError`] with the value that `f` wanted to insert. The map is unchanged.
    pub fn try_compute<Q, T>(
        &self,
        key: &Q,
        f: impl FnOnce(Option<&V>) -> Operation<V, T>,
    ) -> Result<Compute<V, T>, BytesInsertError<V>>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        self.with_pair(key, |pair| pair.operate(f))
    }

    /// The value of `key`, cloned. If the key is not there, inserts `value` and returns a clone of it.
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    ///
    /// let map: BSkipBytesMap<str, u64> = BSkipBytesMap::new();
    /// assert_eq!(map.get_or_insert("pear", 1), 1);
    /// assert_eq!(map.get_or_insert("pear", 2), 1);
    /// ```
    ///
    /// # Panics
    /// As [`insert`](Self::insert). [`try_get_or_insert`](Self::try_get_or_insert) returns an error instead.
    pub fn get_or_insert<Q>(&self, key: &Q, value: V) -> V
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
        V: Clone,
    {
        let got = self.try_get_or_insert(key, value);
        got.unwrap_or_else(|error| failed("try_get_or_insert", &error.kind))
    }

    /// As [`get_or_insert`](Self::get_or_insert), but gives the value back if it cannot be inserted.
    ///
    /// # Errors
    /// [`BytesInsertError`] with the value. The map is unchanged.
    pub fn try_get_or_insert<Q>(&self, key: &Q, value: V) -> Result<V, BytesInsertError<V>>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
        V: Clone,
    {
        let mut buffer = KeyBuffer::new();
        match key.encoded(&mut buffer) {
            Ok(key) => BytesPair { index: &self.index, key }.get_or_insert(value),
            Err(_) => Err(BytesInsertError { value, kind: BytesInsertErrorKind::NoMemoryForEncoding }),
        }
    }

    /// Calls `f` with the value of `key`, which `f` may change, and returns its result. If the key is not there,
    /// `f` gets what `make` returns, and that is then inserted as `f` leaves it.
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    ///
    /// let map: BSkipBytesMap<str, Vec<u32>> = BSkipBytesMap::new();
    /// map.entry_or_insert_with("pear", Vec::new, |list| list.push(1));
    /// map.entry_or_insert_with("pear", Vec::new, |list| list.push(2));
    /// assert_eq!(map.get_cloned("pear"), Some(vec![1, 2]));
    /// ```
    ///
    /// # Panics
    /// As [`compute`](Self::compute). [`try_entry_or_insert_with`](Self::try_entry_or_insert_with) returns an error
    /// instead.
    pub fn entry_or_insert_with<Q, R>(
        &self,
        key: &Q,
        make: impl FnOnce() -> V,
        f: impl FnOnce(&mut V) -> R,
    ) -> R
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        let done = self.try_entry_or_insert_with(key, make, f);
        done.unwrap_or_else(|error| failed("try_entry_or_insert_with", &error.kind))
    }

    /// As [`entry_or_insert_with`](Self::entry_or_insert_with), but gives the value back if it cannot be inserted.
    ///
    /// # Errors
    /// [`BytesInsertError`] with the value as `f` has left it. The map is unchanged.
    pub fn try_entry_or_insert_with<Q, R>(
        &self,
        key: &Q,
        make: impl FnOnce() -> V,
        f: impl FnOnce(&mut V) -> R,
    ) -> Result<R, BytesInsertError<V>>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        self.with_pair(key, |pair| pair.entry_or_insert_with(make, f))
    }

    /// Calls `update` with the value of `key`, which `update` may change, and returns its result. If the key is not
    /// there, inserts what `make` returns, and returns `None`.
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    ///
    /// let counts: BSkipBytesMap<str, u64> = BSkipBytesMap::new();
    /// for word in ["the", "map", "the"] {
    ///     counts.update_or_insert_with(word, |n| *n += 1, || 1);
    /// }
    /// assert_eq!((counts.get("the"), counts.get("map")), (Some(2), Some(1)));
    /// ```
    ///
    /// # Panics
    /// As [`compute`](Self::compute). [`try_update_or_insert_with`](Self::try_update_or_insert_with) returns an
    /// error instead.
    pub fn update_or_insert_with<Q, R>(
        &self,
        key: &Q,
        update: impl FnOnce(&mut V) -> R,
        make: impl FnOnce() -> V,
    ) -> Option<R>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        let done = self.try_update_or_insert_with(key, update, make);
        done.unwrap_or_else(|error| failed("try_update_or_insert_with", &error.kind))
    }

    /// As [`update_or_insert_with`](Self::update_or_insert_with), but gives the value back if it cannot be inserted.
    ///
    /// # Errors
    /// [`BytesInsertError`] with what `make` returned. The map is unchanged.
    pub fn try_update_or_insert_with<Q, R>(
        &self,
        key: &Q,
        update: impl FnOnce(&mut V) -> R,
        make: impl FnOnce() -> V,
    ) -> Result<Option<R>, BytesInsertError<V>>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        self.with_pair(key, |pair| pair.update_or_insert_with(update, make))
    }

    /// Inserts the pair, unless the key has a value and `replaces` says no to it. Returns the old value: see
    /// [`BSkipMap::compare_insert`](crate::BSkipMap::compare_insert).
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    ///
    /// let map: BSkipBytesMap<str, u64> = [("pear", 10)].into_iter().collect();
    /// assert_eq!(map.compare_insert("pear", 8, |&old| old < 8), Err(8));
    /// assert_eq!(map.compare_insert("pear", 12, |&old| old < 12), Ok(Some(10)));
    /// ```
    ///
    /// # Errors
    /// `value`, if `replaces` said no. The map is unchanged.
    ///
    /// # Panics
    /// As [`insert`](Self::insert). [`try_compare_insert`](Self::try_compare_insert) returns an error instead.
    pub fn compare_insert<Q>(
        &self,
        key: &Q,
        value: V,
        replaces: impl FnOnce(&V) -> bool,
    ) -> Result<Option<V>, V>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        let inserted = self.try_compare_insert(key, value, replaces);
        inserted.unwrap_or_else(|error| failed("try_compare_insert", &error.kind))
    }

    /// As [`compare_insert`](Self::compare_insert), but gives the value back if it cannot be inserted.
    ///
    /// # Errors
    /// [`BytesInsertError`] with the value. The map is unchanged. If `replaces` said no, the value is in the inner
    /// `Result`.
    pub fn try_compare_insert<Q>(
        &self,
        key: &Q,
        value: V,
        replaces: impl FnOnce(&V) -> bool,
    ) -> Result<Result<Option<V>, V>, BytesInsertError<V>>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        let mut buffer = KeyBuffer::new();
        match key.encoded(&mut buffer) {
            Ok(key) => BytesPair { index: &self.index, key }.compare_insert(value, replaces),
            Err(_) => Err(BytesInsertError { value, kind: BytesInsertErrorKind::NoMemoryForEncoding }),
        }
    }

    /// Replaces the value of `key`, if the key is there, and returns the old one. Takes no memory,
    /// except for an encoding of the key of more than 64 bytes.
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    ///
    /// let map: BSkipBytesMap<str, u64> = [("pear", 1)].into_iter().collect();
    /// assert_eq!(map.replace("pear", 2), Ok(1));
    /// assert_eq!(map.replace("plum", 2), Err(2));
    /// ```
    ///
    /// # Errors
    /// `value`, if the key is not there.
    pub fn replace<Q>(&self, key: &Q, value: V) -> Result<V, V>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        encoded(key, |key| self.index.replace(key, value))
    }

    /// Replaces the value of `key` by `new` if it equals `current`, and returns the old one. Takes no memory,
    /// except for an encoding of the key of more than 64 bytes.
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    ///
    /// let map: BSkipBytesMap<str, u64> = [("pear", 1)].into_iter().collect();
    /// assert_eq!(map.compare_exchange("pear", &1, 2), Ok(1));
    /// assert_eq!(map.compare_exchange("pear", &1, 3), Err(3));
    /// ```
    ///
    /// # Errors
    /// `new`, if the key is not there or has another value.
    pub fn compare_exchange<Q>(&self, key: &Q, current: &V, new: V) -> Result<V, V>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
        V: PartialEq,
    {
        encoded(key, |key| self.index.compare_exchange(key, current, new))
    }

    /// Replaces the value of `key` by what `f` makes of it, and returns the old one. Returns `None` and
    /// changes nothing if `f` returns `None` or the key is not there. Takes no memory, except for an encoding
    /// of the key of more than 64 bytes.
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    ///
    /// let map: BSkipBytesMap<str, u8> = [("pear", 255)].into_iter().collect();
    /// assert_eq!(map.fetch_update("pear", |n| n.checked_add(1)), None);
    /// assert_eq!(map.fetch_update("pear", |n| n.checked_sub(1)), Some(255));
    /// ```
    pub fn fetch_update<Q>(&self, key: &Q, f: impl FnOnce(&V) -> Option<V>) -> Option<V>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        encoded(key, |key| self.index.fetch_update(key, f))
    }

    /// Removes `key` if `f` says yes to its value, and returns the value.
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    ///
    /// let map: BSkipBytesMap<str, u64> = [("pear", 1)].into_iter().collect();
    /// assert_eq!(map.remove_if("pear", |&n| n == 0), None);
    /// assert_eq!(map.remove_if("pear", |&n| n == 1), Some(1));
    /// ```
    pub fn remove_if<Q>(&self, key: &Q, f: impl FnOnce(&V) -> bool) -> Option<V>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        encoded(key, |key| self.index.remove_if(key, f))
    }

    /// Removes `key` and returns the pair.
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    ///
    /// let map: BSkipBytesMap<str, u64> = [("pear", 1)].into_iter().collect();
    /// assert_eq!(map.remove_entry("pear"), Some(("pear".to_string(), 1)));
    /// ```
    pub fn remove_entry<Q>(&self, key: &Q) -> Option<(K::Owned, V)>
    where
        Q: BytesKey<Form = K::Form> + ?Sized,
    {
        encoded(key, |key| self.index.remove(key).map(|value| (decoded::<K>(key), value)))
    }
}
