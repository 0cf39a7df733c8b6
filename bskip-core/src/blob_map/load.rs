//! Building from pairs in order, so that every value that is stored comes into the map or is freed.
//!
//! The engine drops values that it cannot place, and does not know of their cells. So what the engine has not
//! placed is taken back from it and freed, also if the caller's iterator panics.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::cell::Cell;
use core::iter;

use super::blobs::{Blobs, put};
use crate::arena::{AllocError, BlockPool};
use crate::blob::Blob;
use crate::bytes_map::bulk::bulk_error;
use crate::bytes_map::encoded::Owned;
use crate::bytes_map::{BytesBulkError, BytesInsertErrorKind};
use crate::cells::Cells;
use crate::index::{Existing, Index, Parts, SortedRun, Stop};
use crate::key::{ByteKeys, BytesKey};

/// How many pairs are stored before the engine takes them.
const BATCH: usize = 256;

impl<P: BlockPool> Blobs<P> {
    /// Takes all pairs of the iterator, which must ascend, as one more part. The iterator ends early if a key is
    /// refused, and `refused` says why. After an error the values taken are freed, and the other parts are as
    /// before.
    pub(super) fn load_part<K: BytesKey + ?Sized, V: AsRef<[u8]>>(
        &self,
        parts: &Parts<Owned>,
        mut pairs: impl Iterator<Item = (Owned, V)>,
        refused: &Cell<Option<BytesInsertErrorKind>>,
    ) -> Result<(), BytesBulkError<K::Owned>> {
        let mut run = Run { cells: &self.cells, run: self.index.start_run(parts), held: None };
        let mut stored = iter::from_fn(|| {
            let (key, value) = pairs.next()?;
            let blob = Blob::store(value.as_ref(), &self.cells);
            blob.map(|blob| (key, blob))
                .map_err(|cause| refused.set(Some(BytesInsertErrorKind::Alloc(cause))))
                .ok()
        });
        self.index.fill_run(&mut run.run, &mut run.held, &mut stored).map_err(bulk_error::<K>)?;
        match refused.take() {
            None => Ok(self.index.add_run(parts, &mut run.run)?),
            Some(cause) => Err(BytesBulkError::Refused(cause)),
        }
    }

    /// Appends the pairs as long as their keys ascend and are above those of the map. Inserts the others, and
    /// replaces the values of keys that are there. If there is no memory for a pair, that pair and up to
    /// `BATCH` pairs that were taken out of the iterator behind it are dropped.
    pub(super) fn take_all<V: AsRef<[u8]>>(
        &mut self,
        pairs: &mut impl Iterator<Item = (Owned, V)>,
    ) -> Result<(), AllocError> {
        loop {
            // The caller's iterator runs while the engine does not, so a panic finds all values in one place.
            let mut batch = Batch { cells: &self.cells, pairs: VecDeque::with_capacity(BATCH) };
            let filled = batch.fill(pairs);
            let is_last = batch.pairs.len() < BATCH;
            take_stored(&mut self.index, &self.cells, &mut batch)?;
            filled?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Moves all pairs of `other` to this map, as [`take_all`](Self::take_all) does. If there is no memory
    /// for a pair, only that pair is dropped.
    pub(super) fn append(&mut self, other: &mut Self) -> Result<(), AllocError> {
        let (mut value, mut refused) = (Vec::new(), Ok(()));
        let (theirs, ours) = (&other.cells, &self.cells);
        let mut pairs = other.index.drain().map_while(|(key, blob)| {
            blob.read_kept(theirs.directory(), &mut value);
            blob.release(theirs);
            let stored = Blob::store(&value, ours);
            stored.map(|blob| (key, blob)).map_err(|cause| refused = Err(cause)).ok()
        });
        take_stored(&mut self.index, ours, &mut pairs)?;
        drop(pairs);
        refused
    }
}

/// Appends or inserts pairs. If there is no memory for a pair, frees its value. The iterator still has those
/// behind it.
fn take_stored<P: BlockPool>(
    index: &mut Index<ByteKeys, Blob, P>,
    cells: &Cells<P>,
    pairs: &mut impl Iterator<Item = (Owned, Blob)>,
) -> Result<(), AllocError> {
    let mut held = None;
    match index.append(&mut held, pairs) {
        Stop::End => Ok(()),
        Stop::NotAscending => held
            .into_iter()
            .chain(pairs)
            .try_for_each(|(key, blob)| put(index, cells, &key, blob, Existing::Replace).map(drop)),
        Stop::NoMemory(cause) => {
            if let Some((_, blob)) = held {
                blob.release(cells);
            }
            Err(cause)
        }
    }
}

/// A run that is no part yet. Dropping it frees the values.
struct Run<'b, P: BlockPool> {
    cells: &'b Cells<P>,
    run: SortedRun<'b, ByteKeys, Blob, P>,
    /// A pair that the run did not take.
    held: Option<(Owned, Blob)>,
}

impl<P: BlockPool> Drop for Run<'_, P> {
    fn drop(&mut self) {
        let cells = self.cells;
        if let Some((_, blob)) = self.held.take() {
            blob.release(cells);
        }
        self.run.take_values(|blob| blob.release(cells));
    }
}

/// Pairs whose values are stored. Dropping it frees the values of those that are left.
struct Batch<'b, P: BlockPool> {
    cells: &'b Cells<P>,
    pairs: VecDeque<(Owned, Blob)>,
}

impl<P: BlockPool> Batch<'_, P> {
    /// Takes pairs until the batch is full.
    fn fill<V: AsRef<[u8]>>(
        &mut self,
        pairs: &mut impl Iterator<Item = (Owned, V)>,
    ) -> Result<(), AllocError> {
        while self.pairs.len() < BATCH
            && let Some((key, value)) = pairs.next()
        {
            self.pairs.push_back((key, Blob::store(value.as_ref(), self.cells)?));
        }
        Ok(())
    }
}

impl<P: BlockPool> Iterator for Batch<'_, P> {
    type Item = (Owned, Blob);

    fn next(&mut self) -> Option<(Owned, Blob)> {
        self.pairs.pop_front()
    }
}

impl<P: BlockPool> Drop for Batch<'_, P> {
    fn drop(&mut self) {
        self.pairs.iter().for_each(|&(_, blob)| blob.release(self.cells));
    }
}
