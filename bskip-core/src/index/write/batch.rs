//! Batches that change leaves. Each key's leaf is locked in the state in which the search found it.

use core::convert::Infallible;

use crate::arena::{AllocError, BlockPool};
use crate::index::engine::Index;
use crate::index::search::side_by_side::{Batch, Spot, Stopped};
use crate::index::write::existing::Existing;
use crate::key::KeyWords;
use crate::lock::Version;
use crate::node::Slots;

impl<K: KeyWords, V, P: BlockPool> Index<K, V, P> {
    /// Inserts each pair that has a value, and puts the key's old value in its place. If memory runs out, it
    /// ends early: that pair and those behind it stay as they were. `words` computes the key of a pair from
    /// the pair and its index, always with the same result.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) fn insert_many<Q>(
        &self,
        pairs: &mut [(Q, Option<V>)],
        words: impl Fn(&Q, usize) -> K,
    ) -> Result<(), Stopped<AllocError>> {
        self.run(&mut Insert { pairs, words })
    }

    /// Removes the pair of each key, and puts its value into `values`, which is as long as `keys`.
    pub(crate) fn remove_many(&self, keys: &[K], values: &mut [Option<V>]) {
        let Ok(()) = self.run(&mut Remove { keys, values });
    }
}

struct Insert<'b, Q, V, F> {
    pairs: &'b mut [(Q, Option<V>)],
    words: F,
}

impl<K: KeyWords, V, P: BlockPool, Q, F: Fn(&Q, usize) -> K> Batch<K, V, P> for Insert<'_, Q, V, F> {
    type Error = AllocError;
    const SLOTS: Slots = Slots::Behind;

    #[inline(always)]
    fn len(&self) -> usize {
        self.pairs.len()
    }

    #[inline(always)]
    fn key(&self, i: usize) -> K {
        (self.words)(&self.pairs[i].0, i)
    }

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn at(&mut self, index: &Index<K, V, P>, i: usize, spot: Spot<'_, K, V>) -> Option<Version> {
        // Only levels above 0 and hint tables name leaves to a batch, and a map without a leaf has neither.
        debug_assert!(!index.tree.has_no_leaf(), "a batch must not insert into the sentinel");
        let Spot { leaf, version, line } = spot;
        let (ref key, ref mut place) = self.pairs[i];
        let key = (self.words)(key, i);
        if place.is_none() {
            return Some(version);
        }
        let (rank, found) = leaf.find_in(line, key);
        // If the key is tall or the leaf has no room, the insertion changes more than this leaf.
        if !found && (index.heights.of::<K>(key) > 0 || leaf.is_full()) {
            return None;
        }
        let mut leaf = leaf.try_guard::<P::Platform>(version)?;
        let Some(value) = place.take() else {
            leaf.unlock_unchanged();
            return Some(version);
        };
        if found {
            *place = Some(leaf.replace(rank - 1, value));
        } else {
            leaf.insert_from_line(rank, key, value);
            drop(leaf);
            index.pairs.add_one();
        }
        Some(version.changed())
    }

    #[cold]
    #[inline(never)]
    fn alone(&mut self, index: &Index<K, V, P>, i: usize) -> Result<(), AllocError> {
        let (ref key, ref mut place) = self.pairs[i];
        let key = (self.words)(key, i);
        let Some(value) = place.take() else { return Ok(()) };
        match index.insert(key, value, Existing::Replace) {
            Ok(old) => {
                *place = old;
                Ok(())
            }
            Err((value, error)) => {
                *place = Some(value);
                Err(error)
            }
        }
    }
}

struct Remove<'b, K, V> {
    keys: &'b [K],
    values: &'b mut [Option<V>],
}

impl<K: KeyWords, V, P: BlockPool> Batch<K, V, P> for Remove<'_, K, V> {
    type Error = Infallible;
    const SLOTS: Slots = Slots::Behind;

    #[inline(always)]
    fn len(&self) -> usize {
        self.keys.len()
    }

    #[inline(always)]
    fn key(&self, i: usize) -> K {
        self.keys[i]
    }

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn at(&mut self, index: &Index<K, V, P>, i: usize, spot: Spot<'_, K, V>) -> Option<Version> {
        let Spot { leaf, version, line } = spot;
        let key = self.keys[i];
        let (rank, found) = leaf.find_in(line, key);
        if !found {
            if !leaf.validate(version) {
                return None;
            }
            self.values[i] = None;
            return Some(version);
        }
        let mut leaf = leaf.try_guard(version)?;
        let value = leaf.remove_from_line(rank - 1);
        index.end_removal(leaf, 1, key);
        // Not before this line: the assignment may drop a value that the user put there, which runs user
        // code.
        self.values[i] = Some(value);
        Some(version.changed())
    }

    #[cold]
    #[inline(never)]
    fn alone(&mut self, index: &Index<K, V, P>, i: usize) -> Result<(), Infallible> {
        self.values[i] = index.remove(self.keys[i]);
        Ok(())
    }
}
