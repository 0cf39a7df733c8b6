//! The engine and the cells of one map: operations on encoded keys.
//!
//! A writer stores a value before it locks anything, and frees what a leaf held before after the leaf is
//! unlocked. A reader copies a value while a writer may free it, then asks whether the leaf is still in the
//! state in which the reader found the value (`docs/PROTOCOL.md`, section 17).

use alloc::vec::Vec;
use core::iter;
use core::ops::{Bound, ControlFlow};

use crate::arena::{AllocError, BlockArena, BlockPool, PoolUsage};
use crate::blob::{Blob, Room};
use crate::cells::Cells;
use crate::config::Config;
use crate::index::{Copied, End, Existing, Followed, Index, Steps, Target};
use crate::key::{ByteKeys, KeyKind};

/// An encoded key that was copied out of a node.
type Owned = <ByteKeys as KeyKind>::Owned;

/// How often a reader copies a value in vain, because the leaf changes meanwhile. Then it keeps the value from
/// being freed while it copies it, which writes shared memory. Otherwise a reader might never get a long value out
/// of a leaf that changes all the time.
pub(super) const TRIES: usize = 16;

/// See the module.
pub(super) struct Blobs<P: BlockPool> {
    /// For everything that is only about keys.
    pub(super) index: Index<ByteKeys, Blob, P>,
    pub(super) cells: Cells<P>,
}

impl<P: BlockPool> Blobs<P> {
    pub(super) fn new<A: BlockArena<Pool = P>>(arena: &A, config: &Config) -> Result<Self, AllocError> {
        Ok(Self { index: Index::new(arena, config)?, cells: Cells::new(arena)? })
    }

    /// A copy in blocks of `arena`.
    pub(super) fn copy<A: BlockArena<Pool = P>>(&self, arena: &A) -> Result<Self, AllocError> {
        let mut copy = Self { index: self.index.empty_like(arena)?, cells: Cells::new(arena)? };
        let mut pairs = self.pairs(Bound::Unbounded, Bound::Unbounded);
        copy.take_all(&mut iter::from_fn(|| {
            let mut value = Vec::new();
            Some((self.next(&mut pairs, &mut value)?, value))
        }))?;
        Ok(copy)
    }

    /// What the cells take.
    pub(super) fn cells_usage(&self) -> PoolUsage {
        self.cells.usage()
    }

    /// Stores the pair. If the key is there, `existing` decides which value stays, and this returns the other one.
    pub(super) fn insert(
        &self,
        key: &[u8],
        value: &[u8],
        existing: Existing,
    ) -> Result<Option<Taken<'_, P>>, AllocError> {
        let blob = Blob::store(value, &self.cells)?;
        put(&self.index, &self.cells, key, blob, existing)
    }

    /// Takes out the pair of `key`.
    pub(super) fn remove(&self, key: &[u8]) -> Option<Taken<'_, P>> {
        self.index.remove(key).map(|blob| self.taken(blob))
    }

    /// Takes out the pair at this end.
    pub(super) fn pop(&self, end: End) -> Option<(Owned, Taken<'_, P>)> {
        self.index.pop(end).map(|(key, blob)| (key, self.taken(blob)))
    }

    /// Removes the pairs between the bounds, and returns their number.
    pub(super) fn remove_range(&self, lower: Bound<Owned>, upper: Bound<Owned>) -> usize {
        self.index.remove_range(lower, upper, true, |blob| drop(self.taken(blob)))
    }

    /// A blob that no leaf holds any more.
    pub(super) fn taken(&self, blob: Blob) -> Taken<'_, P> {
        Taken { cells: &self.cells, blob }
    }

    /// Copies the value of `key` into `room`. Returns whether the key is there.
    #[inline]
    pub(super) fn read<R: Room>(&self, key: &[u8], room: &mut R) -> bool {
        for _ in 0..TRIES {
            let followed = self
                .index
                .follow(key, |blob, state| blob.read(self.cells.directory(), room, state).then_some(()));
            match followed {
                Followed::Read(()) => return true,
                Followed::Absent => return false,
                Followed::Changed => {}
            }
        }
        self.read_kept(key, room)
    }

    /// As [`read`](Self::read), but no writer can make this try again while it copies.
    #[cold]
    #[inline(never)]
    pub(super) fn read_kept<R: Room>(&self, key: &[u8], room: &mut R) -> bool {
        match self.keep(key) {
            Some(kept) => {
                kept.copy(room);
                true
            }
            None => false,
        }
    }

    /// Copies the value that the cursor's current key has now into `room`. Returns whether there is one.
    #[inline]
    pub(super) fn read_current<R: Room>(&self, steps: &Steps<ByteKeys, Blob>, room: &mut R) -> bool {
        // If the leaf is as it was when the cursor came there, the key has the same blob.
        if let Some((blob, state)) = self.index.current(steps)
            && state.holds()
            && blob.read(self.cells.directory(), room, state)
        {
            return true;
        }
        steps.key().is_some_and(|key| self.read(key, room))
    }

    /// The value of `key`, kept from being freed.
    fn keep(&self, key: &[u8]) -> Option<Taken<'_, P>> {
        let blob = self.index.with(key, |blob| {
            blob.retain(self.cells.directory());
            *blob
        })?;
        Some(self.taken(blob))
    }

    /// Copies the value of the pair beside `target` into `room`, and returns its key.
    pub(super) fn neighbour<R: Room>(&self, target: Target<'_, ByteKeys>, room: &mut R) -> Option<Owned> {
        let pair = self.index.neighbour_following(target, |blob, state| {
            blob.read(self.cells.directory(), room, state).then_some(())
        });
        pair.map(|(key, ())| key)
    }

    /// Replaces the value of `key` by what `change` makes of it. Returns the result of `change`; `None` if the key
    /// is not there. If another thread replaces or removes the value meanwhile, `change` runs again.
    pub(super) fn update<R>(
        &self,
        key: &[u8],
        mut change: impl FnMut(&mut Vec<u8>) -> R,
    ) -> Result<Option<R>, AllocError> {
        let mut value = Vec::new();
        loop {
            // While the old value is kept, its cells hold no other value. So a leaf that has the same blob has the
            // same value.
            let Some(kept) = self.keep(key) else { return Ok(None) };
            kept.copy(&mut value);
            let result = change(&mut value);
            let new = Blob::store(&value, &self.cells)?;
            let replaced = self.index.update(key, |blob| {
                let same = *blob == kept.blob;
                if same {
                    *blob = new;
                }
                same
            });
            if replaced == Some(true) {
                // The reference that the map had.
                drop(self.taken(kept.blob));
                return Ok(Some(result));
            }
            new.release(&self.cells);
        }
    }

    /// Lends the pairs between the bounds in order.
    pub(super) fn lend<B>(
        &self,
        lower: Bound<&[u8]>,
        upper: Bound<&[u8]>,
        mut f: impl FnMut(&[u8], &[u8]) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let directory = self.cells.directory();
        let mut value = Vec::new();
        let mut tries = 0;
        self.index.lend_following(
            lower,
            upper,
            |blob| blob.prefetch(directory),
            |key, blob, state| {
                if blob.read(directory, &mut value, state) {
                    f(key, &value)?;
                } else if tries < TRIES {
                    tries += 1;
                    return ControlFlow::Continue(false);
                } else if self.read_kept(key, &mut value) {
                    f(key, &value)?;
                }
                tries = 0;
                ControlFlow::Continue(true)
            },
        )
    }

    /// Removes all pairs, and frees their cells.
    pub(super) fn clear(&mut self) {
        self.index.drain().for_each(|(_, blob)| blob.release(&self.cells));
    }

    /// Checks the invariants of the nodes, and that no cell is in use without a value.
    #[cfg(feature = "check")]
    pub(super) fn walk(&mut self) -> crate::Structure {
        let structure = self.index.walk();
        let mut cells = 0;
        let all = (Bound::Unbounded, Bound::Unbounded);
        let _ = self.index.lend::<()>(all.0, all.1, |_, blob| {
            cells += blob.cells(self.cells.directory());
            ControlFlow::Continue(())
        });
        assert_eq!(self.cells.usage().issued_blocks, cells, "cells in use, and cells of values");
        structure
    }
}

/// Inserts a pair whose value is stored. If there is no memory, frees the value.
pub(super) fn put<'b, P: BlockPool>(
    index: &Index<ByteKeys, Blob, P>,
    cells: &'b Cells<P>,
    key: &[u8],
    blob: Blob,
    existing: Existing,
) -> Result<Option<Taken<'b, P>>, AllocError> {
    // If the engine panics, the map may have the blob or not. So it is not freed then.
    match index.insert(key, blob, existing) {
        Ok(other) => Ok(other.map(|blob| Taken { cells, blob })),
        Err((blob, error)) => {
            blob.release(cells);
            Err(error)
        }
    }
}

/// A value that this thread owns, or keeps from being freed. Dropping it gives that up.
pub(super) struct Taken<'b, P: BlockPool> {
    cells: &'b Cells<P>,
    blob: Blob,
}

impl<P: BlockPool> Taken<'_, P> {
    fn copy<R: Room>(&self, room: &mut R) {
        self.blob.read_kept(self.cells.directory(), room);
    }

    /// A copy of the value.
    pub(super) fn to_vec(&self) -> Vec<u8> {
        let mut value = Vec::new();
        self.copy(&mut value);
        value
    }
}

impl<P: BlockPool> Drop for Taken<'_, P> {
    fn drop(&mut self) {
        self.blob.release(self.cells);
    }
}

/// An iterator's pairs, which may have another value, or none, by the time when it is read.
pub(super) type Pairs<'a, P> = crate::iter::Pairs<'a, ByteKeys, Blob, P, Copied>;

impl<P: BlockPool> Blobs<P> {
    pub(super) fn pairs(&self, lower: Bound<Owned>, upper: Bound<Owned>) -> Pairs<'_, P> {
        Pairs::new(&self.index, lower, upper)
    }

    /// The next pair from the front. Its value goes into `room`.
    pub(super) fn next<R: Room>(&self, pairs: &mut Pairs<'_, P>, room: &mut R) -> Option<Owned> {
        let mut tries = 0;
        loop {
            let (key, blob) = pairs.next()?;
            let state = pairs.state()?;
            if blob.read(self.cells.directory(), room, state) {
                return Some(key);
            }
            tries += 1;
            if tries < TRIES {
                pairs.again(key);
            } else if self.read_kept(&key, room) {
                return Some(key);
            } else {
                // The key is gone.
                tries = 0;
            }
        }
    }

    /// The next pair from the back. Its value goes into `room`.
    pub(super) fn next_back<R: Room>(&self, pairs: &mut Pairs<'_, P>, room: &mut R) -> Option<Owned> {
        let mut tries = 0;
        loop {
            let (key, blob) = pairs.next_back()?;
            let state = pairs.state_back()?;
            if blob.read(self.cells.directory(), room, state) {
                return Some(key);
            }
            tries += 1;
            if tries < TRIES {
                pairs.again_back(key);
            } else if self.read_kept(&key, room) {
                return Some(key);
            } else {
                // The key is gone.
                tries = 0;
            }
        }
    }
}
