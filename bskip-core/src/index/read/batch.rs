//! Batches that only look.

use core::convert::Infallible;
use core::marker::PhantomData;

use crate::arena::BlockPool;
use crate::index::engine::Index;
use crate::index::search::side_by_side::{Batch, Spot};
use crate::key::KeyWords;
use crate::lock::Version;
use crate::node::Slots;

impl<K: KeyWords, V, P: BlockPool> Index<K, V, P> {
    /// Copies each key's value into `values`, which is as long as `keys`. Writes nothing else.
    pub(crate) fn get_many(&self, keys: &[K], values: &mut [Option<V>])
    where
        V: Copy,
    {
        let Ok(()) = self.run(&mut Get { keys, values });
    }

    /// Writes into `found` whether each key is there. `found` is as long as `keys`. Writes nothing else.
    pub(crate) fn contains_many(&self, keys: &[K], found: &mut [bool]) {
        let batch = &mut Contains { keys, found, _values: PhantomData::<V> };
        let Ok(()) = self.run(batch);
    }
}

struct Get<'b, K, V> {
    keys: &'b [K],
    values: &'b mut [Option<V>],
}

impl<K: KeyWords, V: Copy, P: BlockPool> Batch<K, V, P> for Get<'_, K, V> {
    type Error = Infallible;
    const SLOTS: Slots = Slots::Pair;

    #[inline(always)]
    fn len(&self) -> usize {
        self.keys.len()
    }

    #[inline(always)]
    fn key(&self, i: usize) -> K {
        self.keys[i]
    }

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn at(&mut self, _: &Index<K, V, P>, i: usize, spot: Spot<'_, K, V>) -> Option<Version> {
        let Spot { leaf, version, line } = spot;
        let (rank, found) = leaf.find_in(line, self.keys[i]);
        let value = leaf.value(rank.saturating_sub(1));
        if !leaf.validate(version) {
            return None;
        }
        // SAFETY: as in `Index::get`: the slot held a value in the state that was validated, and `V` is
        // `Copy`.
        self.values[i] = found.then(|| unsafe { value.assume_init() });
        Some(version)
    }

    #[cold]
    #[inline(never)]
    fn alone(&mut self, index: &Index<K, V, P>, i: usize) -> Result<(), Infallible> {
        self.values[i] = index.get(self.keys[i]);
        Ok(())
    }
}

struct Contains<'b, K, V> {
    keys: &'b [K],
    found: &'b mut [bool],
    _values: PhantomData<V>,
}

impl<K: KeyWords, V, P: BlockPool> Batch<K, V, P> for Contains<'_, K, V> {
    type Error = Infallible;
    const SLOTS: Slots = Slots::Key;

    #[inline(always)]
    fn len(&self) -> usize {
        self.keys.len()
    }

    #[inline(always)]
    fn key(&self, i: usize) -> K {
        self.keys[i]
    }

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn at(&mut self, _: &Index<K, V, P>, i: usize, spot: Spot<'_, K, V>) -> Option<Version> {
        let Spot { leaf, version, line } = spot;
        let (_, found) = leaf.find_in(line, self.keys[i]);
        if !leaf.validate(version) {
            return None;
        }
        self.found[i] = found;
        Some(version)
    }

    #[cold]
    #[inline(never)]
    fn alone(&mut self, index: &Index<K, V, P>, i: usize) -> Result<(), Infallible> {
        self.found[i] = index.contains(self.keys[i]);
        Ok(())
    }
}
