//! Blocks in advance, so that a handler's insertion needs no memory.

use core::fmt;

use crate::arena::{AllocError, BlockArena};
use crate::index::Reserve;
use crate::key::Key;
use crate::map::BSkipMap;
use crate::set::BSkipSet;

/// Blocks of a map's arena that a thread has taken in advance, for insertions by a [`Handler`](crate::Handler).
///
/// An insertion into a full leaf takes one block. So as long as [`len`](Self::len) is not 0, the next
/// [`try_insert_with`](crate::Handler::try_insert_with) does not fail for lack of memory. It may still find the map
/// [busy](crate::Busy).
///
/// A map in a static has no leaf at first. The first insertion by a handler makes a block of its reservation the first
/// leaf, and that block stays in the map also if the insertion then finds the leaf busy.
///
/// Make, [refill](Self::refill) and drop a reservation in a thread, because these call the pool and may wait. If a
/// handler uses it on the same CPU, turn the interrupt off while a thread refills or drops it: each use needs `&mut`.
/// If the handler is a signal handler, a `compiler_fence` must stand around that, too.
///
/// A leaf that a handler has split may miss its entry in the level above. Searches for its keys then take a step more.
/// Refilling and dropping make these entries. A reservation that is forgotten ([`core::mem::forget`]) makes none, and
/// the arena has its blocks back only when the map drops.
///
/// ```
/// use bskip_core::BSkipMap;
///
/// let map: BSkipMap<u64, u64> = (0..1000).map(|key| (2 * key, key)).collect();
/// let mut reservation = map.reserve(4)?;
/// // In the handler:
/// let handler = map.handler();
/// assert_eq!(handler.try_insert_with(&mut reservation, 77, 7), Ok(None));
/// // In a thread, later:
/// reservation.refill()?;
/// assert_eq!(reservation.len(), 4);
/// # Ok::<(), bskip_core::AllocError>(())
/// ```
pub struct Reservation<'m, K: Key, V, A: BlockArena> {
    pub(super) reserve: Reserve<'m, K::Words, V, A::Pool, MOST>,
    blocks: usize,
}

/// How many blocks a reservation has room for.
const MOST: usize = 8;

impl<K: Key, V, A: BlockArena> Reservation<'_, K, V, A> {
    /// The most blocks of a reservation. They are listed in place, so a reservation allocates nothing itself.
    pub const MOST: usize = MOST;

    /// How many blocks are left. As many insertions are certain not to need memory.
    #[must_use]
    pub fn len(&self) -> usize {
        self.reserve.len()
    }

    /// Whether no block is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes blocks until there are as many as [`BSkipMap::reserve`] was asked for. Makes the entries that leaves
    /// still miss. May wait. O(log n) for each block that was used.
    ///
    /// # Errors
    /// [`AllocError`] if the arena has no room. The reservation keeps what it has.
    pub fn refill(&mut self) -> Result<(), AllocError> {
        self.reserve.refill(self.blocks)
    }
}

impl<K: Key, V, A: BlockArena> fmt::Debug for Reservation<'_, K, V, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// # Interrupt handlers
impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    /// Takes `blocks` blocks in advance, for insertions that must not need memory: see [`Reservation`]. O(`blocks`).
    /// May wait for the pool.
    ///
    /// # Errors
    /// [`AllocError`] if the arena has no room for all of them. It then has all of them back.
    ///
    /// # Panics
    /// If `blocks` is more than [`Reservation::MOST`].
    pub fn reserve(&self, blocks: usize) -> Result<Reservation<'_, K, V, A>, AllocError> {
        assert!(blocks <= MOST, "a reservation has at most {MOST} blocks");
        let mut reservation = Reservation { reserve: Reserve::new(self.index()), blocks };
        reservation.refill()?;
        Ok(reservation)
    }
}

/// # Interrupt handlers
impl<K: Key, A: BlockArena> BSkipSet<K, A> {
    /// Takes `blocks` blocks in advance: see [`BSkipMap::reserve`].
    ///
    /// # Errors
    /// [`AllocError`] if the arena has no room for all of them.
    ///
    /// # Panics
    /// If `blocks` is more than [`Reservation::MOST`].
    pub fn reserve(&self, blocks: usize) -> Result<Reservation<'_, K, (), A>, AllocError> {
        self.as_map().reserve(blocks)
    }
}
