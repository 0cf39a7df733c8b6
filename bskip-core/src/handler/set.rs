//! The calls of a set.

use core::fmt;

use super::{Handler, Reservation, TryInsertError};
use crate::arena::BlockArena;
use crate::busy::Busy;
use crate::key::Key;
use crate::set::BSkipSet;

/// The calls of a set that an interrupt handler may use. All that [`Handler`] says holds here too.
///
/// ```
/// use bskip_core::BSkipSet;
///
/// let set = BSkipSet::from([3u64, 7]);
/// let handler = set.handler();
/// assert_eq!(handler.try_insert(5), Ok(true));
/// assert_eq!(handler.try_ceiling(&4), Ok(Some(5)));
/// assert_eq!(handler.try_pop_first(), Ok(Some(3)));
/// ```
pub struct SetHandler<'m, K: Key, A: BlockArena> {
    map: Handler<'m, K, (), A>,
}

/// # Interrupt handlers
impl<K: Key, A: BlockArena> BSkipSet<K, A> {
    /// The calls of this set that an interrupt handler may use. O(1).
    #[must_use]
    pub fn handler(&self) -> SetHandler<'_, K, A> {
        SetHandler { map: self.as_map().handler() }
    }
}

impl<K: Key, A: BlockArena> Clone for SetHandler<'_, K, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K: Key, A: BlockArena> Copy for SetHandler<'_, K, A> {}

impl<K: Key, A: BlockArena> fmt::Debug for SetHandler<'_, K, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetHandler").finish_non_exhaustive()
    }
}

impl<K: Key, A: BlockArena> SetHandler<'_, K, A> {
    /// Whether `key` is there. Writes no shared memory.
    ///
    /// # Errors
    /// As [`Handler::try_get`].
    pub fn try_contains(&self, key: &K) -> Result<bool, Busy> {
        self.map.try_contains_key(key)
    }

    /// The least key. Writes no shared memory.
    ///
    /// # Errors
    /// As [`Handler::try_first_key_value`].
    pub fn try_first(&self) -> Result<Option<K>, Busy> {
        self.map.try_first_key_value().map(key)
    }

    /// The greatest key. Writes no shared memory.
    ///
    /// # Errors
    /// As [`Handler::try_last_key_value`].
    pub fn try_last(&self) -> Result<Option<K>, Busy> {
        self.map.try_last_key_value().map(key)
    }

    /// The greatest key at or below `key`. Writes no shared memory.
    ///
    /// # Errors
    /// As [`Handler::try_floor`].
    pub fn try_floor(&self, at: &K) -> Result<Option<K>, Busy> {
        self.map.try_floor(at).map(key)
    }

    /// The least key at or above `key`. Writes no shared memory.
    ///
    /// # Errors
    /// As [`Handler::try_ceiling`].
    pub fn try_ceiling(&self, at: &K) -> Result<Option<K>, Busy> {
        self.map.try_ceiling(at).map(key)
    }

    /// Inserts the key, if its leaf has room. Returns whether it is new.
    ///
    /// # Errors
    /// As [`Handler::try_insert`].
    pub fn try_insert(&self, key: K) -> Result<bool, TryInsertError<K, ()>> {
        self.map.try_insert(key, ()).map(|old| old.is_none())
    }

    /// As [`try_insert`](Self::try_insert). If the key's leaf is full, splits it with a block of `reservation`.
    ///
    /// # Errors
    /// As [`Handler::try_insert_with`].
    ///
    /// # Panics
    /// If `reservation` is not of this set.
    pub fn try_insert_with(
        &self,
        reservation: &mut Reservation<'_, K, (), A>,
        key: K,
    ) -> Result<bool, TryInsertError<K, ()>> {
        self.map.try_insert_with(reservation, key, ()).map(|old| old.is_none())
    }

    /// Removes the key. Returns whether it was there.
    ///
    /// # Errors
    /// As [`Handler::try_remove`].
    pub fn try_remove(&self, key: &K) -> Result<bool, Busy> {
        self.map.try_remove(key).map(|old| old.is_some())
    }

    /// Takes out the least key.
    ///
    /// # Errors
    /// As [`Handler::try_pop_first`].
    pub fn try_pop_first(&self) -> Result<Option<K>, Busy> {
        self.map.try_pop_first().map(key)
    }

    /// Takes out the greatest key.
    ///
    /// # Errors
    /// As [`Handler::try_pop_last`].
    pub fn try_pop_last(&self) -> Result<Option<K>, Busy> {
        self.map.try_pop_last().map(key)
    }
}

fn key<K>(pair: Option<(K, ())>) -> Option<K> {
    pair.map(|(key, ())| key)
}
