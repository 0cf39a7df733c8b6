//! Leaves from sorted pairs: a run of them, filled from left to right, that is not in the map yet.
//!
//! Runs are made side by side by any threads; `attach` puts them into the map, by a thread that has it to itself.

use alloc::vec::Vec;
use core::alloc::Layout;
use core::mem;

use super::Index;
use crate::arena::{AllocError, AllocErrorKind, BlockId, BlockPool};
use crate::key::KeyWords;
use crate::node::{Leaf, LeafShape, LevelMark, LockedLeaf};

/// A leaf of a run, as the levels above will know it.
#[derive(Clone, Copy)]
pub(super) struct Start<K> {
    /// The leaf's first key.
    pub(super) low: K,
    pub(super) leaf: BlockId,
}

/// A run that is complete. Whoever has it must attach it, or keep its leaves where the index's drop finds them.
pub(crate) struct Part<K> {
    pub(super) starts: Vec<Start<K>>,
    last: K,
}

impl<K: KeyWords> Part<K> {
    /// The least key.
    pub(crate) fn first(&self) -> K {
        self.starts[0].low
    }

    /// The greatest key.
    pub(crate) fn last(&self) -> K {
        self.last
    }

    pub(super) fn first_leaf(&self) -> BlockId {
        self.starts[0].leaf
    }

    pub(super) fn last_leaf(&self) -> BlockId {
        self.starts[self.starts.len() - 1].leaf
    }
}

/// Why a run takes no more pairs. The pair that was not taken, if there is one, is then where the caller said.
///
/// Not in here: where a large value may lie at several places of one type, the compiler cuts its copies into words, and
/// takes a minute over each function.
pub(crate) enum Stop {
    /// There are no more.
    End,
    /// The key of this pair is not above the one before.
    NotAscending,
    /// There was no memory for a leaf that starts with this pair.
    NoMemory(AllocError),
}

/// Blocks that a run takes at once: one for so many that it has, …
const SPARE: usize = 8;
/// … and so many at most.
const MOST_SPARES: usize = 512;

/// A run in the making. Dropping it drops its values and gives its leaves back.
pub(crate) struct Run<'a, K: KeyWords, V, P: BlockPool> {
    index: &'a Index<K, V, P>,
    starts: Vec<Start<K>>,
    /// Blocks taken for leaves to come.
    spares: Vec<BlockId>,
    /// Blocks that became leaves since the pool last placed one elsewhere.
    taken: usize,
    last: Option<K>,
    /// Pairs for each leaf.
    limit: usize,
}

impl<'a, K: KeyWords, V, P: BlockPool> Run<'a, K, V, P> {
    /// A run of `index` without leaves. `fill` says how full they will be.
    pub(crate) fn new(index: &'a Index<K, V, P>, fill: f64) -> Self {
        let limit = slots(Leaf::<K, V>::CAPACITY, fill);
        Self { index, starts: Vec::new(), spares: Vec::new(), taken: 0, last: None, limit }
    }

    /// Takes the pair in `held` and then `pairs` as long as they ascend, into fresh leaves. Once only. A pair that was not
    /// taken is in `held` afterwards.
    ///
    /// A leaf is locked while `pairs` runs to fill it, and unlocked before it is linked to the map: no other thread
    /// comes there, since whoever has stale references has the map, and whoever makes runs has it to himself.
    pub(crate) fn fill(
        &mut self,
        held: &mut Option<(K, V)>,
        pairs: &mut impl Iterator<Item = (K, V)>,
    ) -> Stop {
        debug_assert!(self.starts.is_empty());
        let heights = &self.index.heights;
        let Some((mut key, mut value)) = held.take() else { return Stop::End };
        let mut before = None;
        loop {
            let mut leaf = match self.start_leaf(key, before) {
                Ok(leaf) => leaf,
                Err(error) => {
                    *held = Some((key, value));
                    return Stop::NoMemory(error);
                }
            };
            let mut room = self.limit;
            let last = loop {
                leaf.push(key, value);
                room -= 1;
                let last = key;
                let Some(pair) = pairs.next() else {
                    self.last = Some(last);
                    return Stop::End;
                };
                (key, value) = pair;
                if key <= last {
                    self.last = Some(last);
                    *held = Some((key, value));
                    return Stop::NotAscending;
                }
                // A tall key starts a leaf, as it does when it is inserted.
                if room == 0 || heights.of(key) > 0 {
                    break last;
                }
            };
            self.last = Some(last);
            before = Some(leaf);
        }
    }

    /// A leaf for `low` and what follows, behind the one `before`.
    #[inline(never)]
    fn start_leaf(
        &mut self,
        low: K,
        before: Option<LockedLeaf<'a, K, V>>,
    ) -> Result<LockedLeaf<'a, K, V>, AllocError> {
        remember_one(&mut self.starts)?;
        let id = self.take_block(low)?;
        self.starts.push(Start { low, leaf: id });
        let mut leaf = self.index.leaf(id).lock_unshared();
        leaf.format(LevelMark::of(0), Some(low));
        if let Some(mut before) = before {
            before.set_high(low);
            before.set_next(Some(id));
        }
        Ok(leaf)
    }

    /// A block for a leaf. The pool is asked for several at once: so threads that make runs seldom meet there, and each
    /// one's leaves lie together, in pages of their own.
    fn take_block(&mut self, low: K) -> Result<BlockId, AllocError> {
        let index = self.index;
        if let Some(id) = self.spares.pop() {
            if index.is_well_placed(id, low) {
                self.taken += 1;
                return Ok(id);
            }
            // From here on leaves belong elsewhere.
            self.spares.push(id);
            self.spares.drain(..).for_each(|spare| index.release::<LeafShape<K, V>>(spare));
            self.taken = 0;
        }
        let id = index.acquire::<LeafShape<K, V>>(Some(low))?;
        let more = (self.taken / SPARE).min(MOST_SPARES);
        if self.spares.try_reserve(more).is_ok() {
            self.spares.extend((0..more).map_while(|_| index.acquire::<LeafShape<K, V>>(Some(low)).ok()));
            self.spares.reverse();
        }
        self.taken += 1;
        Ok(id)
    }

    /// The greatest key, once `fill` has returned.
    pub(crate) fn last(&self) -> Option<K> {
        self.last
    }

    /// What was made, if that is anything.
    pub(crate) fn into_part(mut self) -> Option<Part<K>> {
        Some(Part { last: self.last?, starts: mem::take(&mut self.starts) })
    }
}

impl<K: KeyWords, V, P: BlockPool> Drop for Run<'_, K, V, P> {
    fn drop(&mut self) {
        /// Gives the blocks back, also when a value's drop unwinds.
        struct GiveBack<'r, 'a, K: KeyWords, V, P: BlockPool>(&'r mut Run<'a, K, V, P>);
        impl<K: KeyWords, V, P: BlockPool> Drop for GiveBack<'_, '_, K, V, P> {
            fn drop(&mut self) {
                let index = self.0.index;
                for spare in self.0.spares.drain(..) {
                    index.release::<LeafShape<K, V>>(spare);
                }
                for start in self.0.starts.drain(..) {
                    let id = index.leaf(start.leaf).lock_unshared().retire();
                    index.release::<LeafShape<K, V>>(id);
                }
            }
        }
        let run = GiveBack(self);
        run.0.index.drop_values(run.0.starts.iter().map(|start| start.leaf));
    }
}

/// Slots of a node of this capacity to be used: all, or this part of them, half at least.
pub(super) fn slots(capacity: usize, fill: f64) -> usize {
    ((capacity as f64 * fill) as usize).clamp(capacity / 2, capacity)
}

/// Makes room for one element more.
pub(crate) fn remember_one<T>(list: &mut Vec<T>) -> Result<(), AllocError> {
    list.try_reserve(1)
        .map_err(|_| AllocError { layout: Layout::new::<T>(), kind: AllocErrorKind::OutOfMemory })
}
