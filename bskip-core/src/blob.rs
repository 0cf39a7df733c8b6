//! A value that is a byte string: in one word if it is short, else in cells.
//!
//! A leaf holds the word. A reader copies the word and then the bytes, without a lock: see
//! [`cells`](crate::cells).

use alloc::vec::Vec;

use crate::arena::{AllocError, BlockPool};
use crate::cells::{CellId, Cells, Directory};
use crate::lock::State;

/// The most bytes of a value that is in the word itself.
const INLINE: usize = 7;
/// The lowest byte of a word that names a cell. If it is less, it is the length of the bytes above it.
const IN_CELLS: u64 = INLINE as u64 + 1;

/// What a leaf holds of a value. One thread owns the cells behind it: the one that has not yet put the word into
/// a leaf, or has taken it out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Blob(u64);

impl Blob {
    /// Stores a value.
    ///
    /// # Errors
    /// [`AllocError`] if there is no memory for its cells. Nothing is stored then.
    pub(crate) fn store<P: BlockPool>(bytes: &[u8], cells: &Cells<P>) -> Result<Self, AllocError> {
        if bytes.len() <= INLINE {
            let mut word = [0; 8];
            word[0] = bytes.len() as u8;
            word[1..][..bytes.len()].copy_from_slice(bytes);
            return Ok(Self(u64::from_le_bytes(word)));
        }
        let id = cells.store(bytes)?;
        Ok(Self(u64::from(id.to_word()) << 32 | IN_CELLS))
    }

    /// The value's first cell, if it is in cells.
    #[inline]
    fn cell(self) -> Option<CellId> {
        (self.0 & 0xff == IN_CELLS).then(|| CellId::from_word((self.0 >> 32) as u32))
    }

    /// Frees the cells. Only for their owner. If the word was in a leaf, its removal ended with `unlock`.
    pub(crate) fn release<P: BlockPool>(self, cells: &Cells<P>) {
        if let Some(id) = self.cell() {
            cells.release(id);
        }
    }

    /// Keeps the cells from being freed until a further `release`. Only under the lock of the leaf with the word.
    pub(crate) fn retain(self, directory: &Directory) {
        if let Some(id) = self.cell() {
            directory.retain(id);
        }
    }

    /// Starts to load the value.
    #[inline]
    pub(crate) fn prefetch(self, directory: &Directory) {
        if let Some(id) = self.cell() {
            directory.prefetch(id);
        }
    }

    /// Copies the value into `room`. Returns false if the leaf does not hold the word any more; then `room` holds
    /// garbage. The word was read from the leaf in `state`, or another one that the map keeps.
    #[inline]
    pub(crate) fn read<R: Room>(self, directory: &Directory, room: &mut R, state: State<'_>) -> bool {
        let Some(id) = self.cell() else {
            self.read_word(room);
            return true;
        };
        let length = directory.len(id);
        // The length may be garbage, so memory is reserved for it only if it is the value's.
        if !room.has_room(length) && !state.holds() {
            return false;
        }
        directory.copy(id, 0, room.of(length));
        state.holds()
    }

    /// Copies the value into `room`. The caller keeps the cells from being freed.
    pub(crate) fn read_kept<R: Room>(self, directory: &Directory, room: &mut R) {
        match self.cell() {
            None => self.read_word(room),
            Some(id) => {
                directory.copy(id, 0, room.of(directory.len(id)));
            }
        }
    }

    #[inline]
    fn read_word<R: Room>(self, room: &mut R) {
        let bytes = self.0.to_le_bytes();
        let length = usize::from(bytes[0]).min(INLINE);
        room.of(length).copy_from_slice(&bytes[1..][..length]);
    }

    /// How many cells the value takes.
    #[cfg(feature = "check")]
    pub(crate) fn cells(self, directory: &Directory) -> usize {
        self.cell().map_or(0, |id| directory.cells_of(id))
    }
}

/// Where a value is copied to.
pub(crate) trait Room {
    /// Whether `length` bytes need no more memory.
    fn has_room(&self, length: usize) -> bool;

    /// Room for `length` bytes, with anything in it.
    fn of(&mut self, length: usize) -> &mut [u8];
}

impl Room for Vec<u8> {
    #[inline]
    fn has_room(&self, length: usize) -> bool {
        length <= self.capacity()
    }

    #[inline]
    fn of(&mut self, length: usize) -> &mut [u8] {
        self.resize(length, 0);
        self
    }
}

/// The most bytes that [`Short`] has room for without an allocation.
const SHORT: usize = 256;

/// Room on the stack for a short value, elsewhere for a long one.
pub(crate) struct Short {
    length: usize,
    short: [u8; SHORT],
    long: Vec<u8>,
}

impl Short {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self { length: 0, short: [0; SHORT], long: Vec::new() }
    }

    /// The value.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        self.short.get(..self.length).unwrap_or(&self.long)
    }
}

impl Room for Short {
    #[inline]
    fn has_room(&self, length: usize) -> bool {
        length <= SHORT || self.long.has_room(length)
    }

    #[inline]
    fn of(&mut self, length: usize) -> &mut [u8] {
        self.length = length;
        match self.short.get_mut(..length) {
            Some(room) => room,
            None => self.long.of(length),
        }
    }
}
