//! Calls for interrupt handlers, signal handlers and atomic context.

mod bytes;
mod error;
mod reservation;
mod set;

use core::fmt;

use crate::arena::BlockArena;
use crate::busy::Busy;
use crate::height::LEVELS;
use crate::index::{End, HANDLER_STEPS, HANDLER_TRIES, Index, PASSED, Target};
use crate::key::Key;
use crate::map::BSkipMap;

pub use bytes::BytesHandler;
pub use error::TryInsertError;
pub use reservation::Reservation;
pub use set::SetHandler;

/// The calls of a map that an interrupt handler may use. They do not wait, do not allocate and do not free. Of the
/// map's arena they call only [`address`](crate::BlockPool::address) of a pool. In a map with replicas, a call that
/// splits a leaf calls [`replica_address`](crate::NumaBlocks::replica_address) too.
///
/// An interrupt handler must not wait for a lock: the code that it has interrupted may hold it. The same is true of a
/// signal handler, and of any code that must not be suspended. If one of these calls would have to wait, it returns
/// [`Busy`], and has done nothing. Each call is linearizable, as the call of the map with the same name is.
///
/// ```
/// use bskip_core::{BSkipMap, Busy};
///
/// let map: BSkipMap<u64, u64> = [(10, 1), (20, 2)].into_iter().collect();
/// let handler = map.handler();
/// assert_eq!(handler.try_get(&10), Ok(Some(1)));
/// assert_eq!(handler.try_insert(15, 3), Ok(None));
/// assert_eq!(handler.try_pop_first(), Ok(Some((10, 1))));
///
/// // An interrupt that comes while `update` holds the leaf's lock:
/// map.update(&20, |_| assert_eq!(handler.try_get(&20), Err(Busy)));
/// ```
///
/// # Which calls may be used where
/// A *handler* here is an interrupt handler, a signal handler, or code that runs with preemption turned off.
///
/// | call | in a handler | why |
/// | --- | --- | --- |
/// | all methods of this type | yes | they neither wait nor allocate |
/// | [`BSkipMap::handler`] | yes | it copies a reference |
/// | [`Reservation::len`] | yes | it reads a number of the caller's |
/// | [`BSkipMap::reserve`], [`Reservation::refill`], dropping a [`Reservation`] | no | they call the arena's pool, and wait for its lock |
/// | `get`, `contains_key`, neighbours, iterators, cursors, `len` of the map | no | they wait for a writer that holds a node's lock. If it is the interrupted code, they wait for ever |
/// | `get_with`, `get_cloned` and the like | no | they take a lock, so they wait for it |
/// | `insert`, `remove`, `compute`, `pop_first` and the other writes | no | they wait for locks, and may call the pool |
/// | making, clearing and dropping a map | no | they call the pool; dropping drops the values |
///
/// With a [`Platform`](crate::Platform) whose sections turn interrupts off, the interrupted code never holds a lock.
/// A handler then meets only locks of other CPUs, and these calls seldom answer `Busy`. With the sections of the
/// [`DefaultPlatform`](crate::DefaultPlatform), which do nothing, the calls are as safe and answer `Busy` more often.
///
/// A closure under a lock, such as that of `update`, counts as interrupted code: in it, these calls answer `Busy` for
/// keys of the locked leaf, and other calls would wait for ever.
///
/// # Bounds
/// A call tries at most [`TRIES`](Self::TRIES) times. Each try is one search, and a second one if a leaf splits. A
/// search visits at most [`STEPS`](Self::STEPS) + 1 nodes of each level, and a few more that a hint table names. It
/// usually visits one or two nodes in all. A map has at most [`LEVELS`](Self::LEVELS) levels. A try for a neighbour or
/// an end searches again for each empty leaf that it passes, and passes at most
/// [`EMPTY_LEAVES`](Self::EMPTY_LEAVES).
///
/// If more than `STEPS` nodes in a row miss their entries in the level above, calls for keys behind them answer
/// `Busy`. With the default [`Promotion`](crate::Promotion), there are two reasons why nodes miss entries:
/// * A handler has split a leaf, and the node above was locked or full. The [`Reservation`] remembers the leaf. When a
///   thread refills or drops the reservation, it makes the entry. So if all reservations of a map have fewer than
///   `STEPS` blocks together, handlers alone do not reach the limit.
/// * There was no memory for the entries. Refilling a reservation does not help then. The calls of threads work, and
///   take a step more for each such node.
///
/// # What handlers leave to threads
/// * A leaf that a handler makes sparse or empty does not merge. The next removal of a thread in that leaf merges it,
///   and so does [`shrink`](BSkipMap::shrink). If handlers pop from one end, and no thread removes there, empty leaves
///   gather at that end. If there are more than [`EMPTY_LEAVES`](Self::EMPTY_LEAVES), `try_pop_first` answers `Busy`. A
///   thread then helps by a call of
///   [`first_key_value`](BSkipMap::first_key_value), [`is_empty`](BSkipMap::is_empty) or `pop_first`, which merge them.
/// * The coin gives no height to a key that a handler inserts.
/// * A value that a call returns is the caller's. If its drop allocates or waits, do not drop it in the handler.
///
/// # What it takes
/// One block of a [`Reservation`] makes one insertion certain not to need memory. A map in a static has no leaf at
/// first. The first insertion by [`try_insert_with`](Self::try_insert_with) makes a block of the reservation the first
/// leaf. Without a reservation,
/// [`try_insert`](Self::try_insert) works as long as the key's leaf is not full. Otherwise it answers
/// [`Full`](crate::TryInsertCause::Full).
///
/// In a map with replicas of its inner nodes, handlers search the originals. Types of keys of your own run `to_words`
/// and `from_words` in the handler.
pub struct Handler<'m, K: Key, V, A: BlockArena> {
    index: &'m Index<K::Words, V, A::Pool>,
}

/// # Interrupt handlers
impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    /// The calls of this map that an interrupt handler may use. O(1).
    #[must_use]
    pub fn handler(&self) -> Handler<'_, K, V, A> {
        Handler { index: self.index() }
    }
}

impl<K: Key, V, A: BlockArena> Clone for Handler<'_, K, V, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K: Key, V, A: BlockArena> Copy for Handler<'_, K, V, A> {}

impl<K: Key, V, A: BlockArena> fmt::Debug for Handler<'_, K, V, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler").finish_non_exhaustive()
    }
}

impl<K: Key, V, A: BlockArena> Handler<'_, K, V, A> {
    /// How often a call tries before it answers [`Busy`].
    pub const TRIES: usize = HANDLER_TRIES;

    /// How many nodes of one level a try steps right before it gives up.
    pub const STEPS: usize = HANDLER_STEPS;

    /// How many levels a map has at most: 16, or 6 in a build for size.
    pub const LEVELS: usize = LEVELS;

    /// How many leaves without a fitting pair a try for a neighbour or an end passes: 34, or 14 in a build for size.
    pub const EMPTY_LEAVES: usize = PASSED;

    /// A copy of the value of `key`. Writes no shared memory.
    ///
    /// # Errors
    /// [`Busy`] if the key's leaf is locked, or keeps changing.
    pub fn try_get(&self, key: &K) -> Result<Option<V>, Busy>
    where
        V: Copy,
    {
        self.index.get_within(key.to_words())
    }

    /// Whether `key` is there. Writes no shared memory.
    ///
    /// # Errors
    /// As [`try_get`](Self::try_get).
    pub fn try_contains_key(&self, key: &K) -> Result<bool, Busy> {
        self.index.contains_within(key.to_words())
    }

    /// The least pair. Writes no shared memory.
    ///
    /// # Errors
    /// [`Busy`] if the first leaf with a pair, or an empty one before it, is locked or keeps changing.
    pub fn try_first_key_value(&self) -> Result<Option<(K, V)>, Busy>
    where
        V: Copy,
    {
        self.neighbour(Target::First)
    }

    /// The greatest pair. Writes no shared memory.
    ///
    /// # Errors
    /// As [`try_first_key_value`](Self::try_first_key_value), at the other end.
    pub fn try_last_key_value(&self) -> Result<Option<(K, V)>, Busy>
    where
        V: Copy,
    {
        self.neighbour(Target::Last)
    }

    /// The pair with the greatest key at or below `key`. Writes no shared memory.
    ///
    /// # Errors
    /// [`Busy`] if a leaf on the way is locked, or keeps changing.
    pub fn try_floor(&self, key: &K) -> Result<Option<(K, V)>, Busy>
    where
        V: Copy,
    {
        self.neighbour(Target::AtOrBelow(key.to_words()))
    }

    /// The pair with the least key at or above `key`. Writes no shared memory.
    ///
    /// # Errors
    /// As [`try_floor`](Self::try_floor).
    pub fn try_ceiling(&self, key: &K) -> Result<Option<(K, V)>, Busy>
    where
        V: Copy,
    {
        self.neighbour(Target::AtOrAbove(key.to_words()))
    }

    fn neighbour(&self, target: Target<'_, K::Words>) -> Result<Option<(K, V)>, Busy>
    where
        V: Copy,
    {
        Ok(self.index.neighbour_within(target)?.map(pair))
    }

    /// Inserts the pair, or replaces the value of the key and returns the old one, if the key's leaf has room.
    ///
    /// # Errors
    /// [`TryInsertError`] with the pair: the leaf is busy, or full.
    pub fn try_insert(&self, key: K, value: V) -> Result<Option<V>, TryInsertError<K, V>> {
        let inserted = self.index.insert_within::<0>(key.to_words(), value, None);
        inserted.map_err(|(value, cause)| TryInsertError { key, value, cause })
    }

    /// As [`try_insert`](Self::try_insert). If the key's leaf is full, splits it with a block of `reservation`. If the
    /// map is in a static and has no leaf yet, makes a block the first leaf.
    ///
    /// # Errors
    /// [`TryInsertError`] with the pair: the leaf is busy, or it is full and the reservation is empty. If this call has
    /// made its last block the map's first leaf, and other threads have filled that leaf, the cause is
    /// [`Busy`](crate::TryInsertCause::Busy), and the reservation is empty.
    ///
    /// # Panics
    /// If `reservation` is not of this map.
    pub fn try_insert_with(
        &self,
        reservation: &mut Reservation<'_, K, V, A>,
        key: K,
        value: V,
    ) -> Result<Option<V>, TryInsertError<K, V>> {
        let reserve = &mut reservation.reserve;
        assert!(reserve.is_of(self.index), "a reservation serves the map that it was made by");
        let inserted = self.index.insert_within(key.to_words(), value, Some(reserve));
        inserted.map_err(|(value, cause)| TryInsertError { key, value, cause })
    }

    /// Removes `key` and returns its value.
    ///
    /// # Errors
    /// As [`try_get`](Self::try_get).
    pub fn try_remove(&self, key: &K) -> Result<Option<V>, Busy> {
        self.index.remove_within(key.to_words())
    }

    /// Takes out the least pair.
    ///
    /// # Errors
    /// As [`try_first_key_value`](Self::try_first_key_value).
    pub fn try_pop_first(&self) -> Result<Option<(K, V)>, Busy> {
        Ok(self.index.pop_within(End::First)?.map(pair))
    }

    /// Takes out the greatest pair.
    ///
    /// # Errors
    /// As [`try_last_key_value`](Self::try_last_key_value).
    pub fn try_pop_last(&self) -> Result<Option<(K, V)>, Busy> {
        Ok(self.index.pop_within(End::Last)?.map(pair))
    }
}

fn pair<K: Key, V>((words, value): (K::Words, V)) -> (K, V) {
    (K::from_words(words), value)
}
