//! Building an empty index from sorted parts, which may come from several threads.

use alloc::vec::Vec;

use crate::arena::{AllocError, BlockPool};
use crate::index::bulk::run::{Part, SortedRun, Stop};
use crate::index::engine::Index;
use crate::index::tree::reserve_one;
use crate::index::write::existing::Existing;
use crate::node::NodeKeys;
use crate::spin::SpinLock;

/// Parts of an empty index. The index's first leaf is empty. The leaves of all parts are linked behind it, in
/// any order of parts, so that the index's drop finds their values.
pub(crate) struct Parts<O> {
    parts: SpinLock<Vec<Part<O>>>,
    /// How full the nodes are to be.
    pub(crate) fill: f64,
}

/// Why a part or a map was not built.
pub(crate) enum LoadError<O> {
    /// `key` came after `after`, and is not above it.
    NotAscending {
        key: O,
        after: O,
    },
    NoMemory(AllocError),
}

impl<O> From<AllocError> for LoadError<O> {
    fn from(cause: AllocError) -> Self {
        Self::NoMemory(cause)
    }
}

impl<O> Parts<O> {
    /// No parts. Nodes will be full.
    pub(crate) fn new() -> Self {
        Self { parts: SpinLock::new(Vec::new()), fill: 1.0 }
    }
}

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Takes all pairs of the iterator, which must ascend, as one more part. After an error the pairs taken are
    /// dropped, and the other parts are as before.
    pub(crate) fn load_part(
        &self,
        parts: &Parts<K::Owned>,
        pairs: &mut impl Iterator<Item = (K::Owned, V)>,
    ) -> Result<(), LoadError<K::Owned>> {
        let mut run = self.load_run(parts, pairs)?;
        Ok(self.add_run(parts, &mut run)?)
    }

    /// Takes all pairs of the iterator, which must ascend, for a part. Dropping the run drops them.
    pub(crate) fn load_run(
        &self,
        parts: &Parts<K::Owned>,
        pairs: &mut impl Iterator<Item = (K::Owned, V)>,
    ) -> Result<SortedRun<'_, K, V, P>, LoadError<K::Owned>> {
        let mut run = self.start_run(parts);
        self.fill_run(&mut run, &mut None, pairs)?;
        Ok(run)
    }

    /// A run for a part, without pairs.
    pub(crate) fn start_run(&self, parts: &Parts<K::Owned>) -> SortedRun<'_, K, V, P> {
        SortedRun::new(self, parts.fill)
    }

    /// Takes all pairs of the iterator, which must ascend. Call it only once for a run. After an error, the pair that
    /// was not taken is in `held`.
    pub(crate) fn fill_run(
        &self,
        run: &mut SortedRun<'_, K, V, P>,
        held: &mut Option<(K::Owned, V)>,
        pairs: &mut impl Iterator<Item = (K::Owned, V)>,
    ) -> Result<(), LoadError<K::Owned>> {
        *held = pairs.next();
        match (run.fill(held, pairs), held) {
            (Stop::NotAscending, Some((key, _))) => {
                let after = run.last().unwrap_or(key).clone();
                Err(LoadError::NotAscending { key: key.clone(), after })
            }
            (Stop::NoMemory(cause), _) => Err(cause.into()),
            (Stop::End | Stop::NotAscending, _) => Ok(()),
        }
    }

    /// Makes a run a part. After an error the run still has its pairs.
    pub(crate) fn add_run(
        &self,
        parts: &Parts<K::Owned>,
        run: &mut SortedRun<'_, K, V, P>,
    ) -> Result<(), AllocError> {
        self.begin_insertion()?;
        parts.parts.with::<P::Platform, _>(|parts| {
            reserve_one(parts)?;
            if let Some(part) = run.take_part() {
                self.keep(&part, parts.last());
                parts.push(part);
            }
            Ok(())
        })
    }

    /// Attaches all parts, which must not overlap, to this index, which is empty and which they are of. After an
    /// error the index is good only for being dropped.
    pub(crate) fn finish_load(&mut self, parts: Parts<K::Owned>) -> Result<(), LoadError<K::Owned>> {
        let fill = parts.fill;
        let mut parts = parts.parts.into_inner();
        parts.sort_unstable_by(|a, b| K::borrow(a.first()).cmp(&K::borrow(b.first())));
        for pair in parts.windows(2) {
            let (after, key) = (pair[0].last(), pair[1].first());
            if K::borrow(key) <= K::borrow(after) {
                return Err(LoadError::NotAscending { key: key.clone(), after: after.clone() });
            }
        }
        Ok(self.attach_to_empty(&parts, fill)?)
    }

    /// Appends the pairs as long as their keys ascend and are above those of the index. Inserts the others, and
    /// replaces the values of keys that are there. Without memory it ends, and drops the pair in hand.
    pub(crate) fn take_all(
        &mut self,
        pairs: &mut impl Iterator<Item = (K::Owned, V)>,
    ) -> Result<(), Untaken<K::Owned, V>> {
        let mut held = None;
        match self.append(&mut held, pairs) {
            Stop::End => Ok(()),
            Stop::NoMemory(cause) => Err(Untaken { pair: held, cause }),
            Stop::NotAscending => {
                let mut insert = |(key, value): (K::Owned, V)| match self.insert(
                    K::borrow(&key),
                    value,
                    Existing::Replace,
                ) {
                    Ok(old) => {
                        drop(old);
                        Ok(())
                    }
                    Err((value, cause)) => Err(Untaken { pair: Some((key, value)), cause }),
                };
                held.map_or(Ok(()), &mut insert)?;
                pairs.try_for_each(insert)
            }
        }
    }
}

/// The pair in hand when the memory was used up, if the iterator had given one, and why.
pub(crate) struct Untaken<O, V> {
    pub(crate) pair: Option<(O, V)>,
    pub(crate) cause: AllocError,
}
