//! Reading pairs in order, a chunk at a time.
//!
//! A chunk comes from one state of one leaf. Between chunks the reader keeps its *place*, a leaf and a
//! version, as a hint: if the leaf has changed, the last key read says where to go on.

use core::mem::MaybeUninit;
use core::ops::Bound;

use super::Index;
use super::descend::{At, Before, End};
use crate::arena::NodePool;
use crate::backoff::Backoff;
use crate::key::Key;
use crate::lock::Version;
use crate::node::{Leaf, LevelMark};

/// Pairs read at a time: enough to make the validation cheap, few enough to live inside an iterator.
const CHUNK: usize = 32;

/// Pairs that were read and not yet handed out: `start..end` of `pairs`.
pub(crate) struct Chunk<K, V> {
    pairs: [MaybeUninit<(K, V)>; CHUNK],
    start: usize,
    end: usize,
}

impl<K, V> Chunk<K, V> {
    pub(crate) const fn new() -> Self {
        Self { pairs: [const { MaybeUninit::uninit() }; CHUNK], start: 0, end: 0 }
    }

    #[inline(always)]
    pub(crate) fn pop_front(&mut self) -> Option<(K, V)> {
        if self.start == self.end {
            return None;
        }
        // SAFETY: pairs `start..end` are initialised; this one is given away and leaves that range.
        let pair = unsafe { self.pairs[self.start].assume_init_read() };
        self.start += 1;
        Some(pair)
    }

    #[inline(always)]
    pub(crate) fn pop_back(&mut self) -> Option<(K, V)> {
        if self.start == self.end {
            return None;
        }
        // SAFETY: as in `pop_front`.
        let pair = unsafe { self.pairs[self.end - 1].assume_init_read() };
        self.end -= 1;
        Some(pair)
    }
}

impl<K, V> Drop for Chunk<K, V> {
    fn drop(&mut self) {
        while self.pop_front().is_some() {}
    }
}

/// Where the next chunk begins (or, backwards, ends): a slot of a leaf in one state.
pub(crate) type Place<'a, K, V> = Option<(Leaf<'a, K, V>, Version, usize)>;

impl<K: Key, V, P: NodePool> Index<K, V, P> {
    /// Fills the empty `chunk` with the pairs that follow `lower`; leaves it empty if there are none.
    pub(crate) fn next_chunk<'a, R: Read<V>>(
        &'a self,
        lower: Bound<K>,
        place: &mut Place<'a, K, V>,
        chunk: &mut Chunk<K, V>,
    ) {
        let mut backoff = Backoff::new();
        loop {
            let (leaf, version, slot) = place.take().unwrap_or_else(|| self.first_place(lower));
            let next = leaf.next();
            let count = leaf.count();
            if slot < count {
                let n = (count - slot).min(CHUNK);
                if R::read(leaf, version, slot, n, chunk) {
                    // The state is valid, so `next` is a leaf. Long scans will want it soon.
                    if let (true, Some(next)) = (slot + n + CHUNK >= count, next) {
                        self.leaf(next).prefetch();
                    }
                    *place = Some((leaf, version, slot + n));
                    return;
                }
            } else {
                let high = leaf.high();
                if leaf.validate(version) {
                    let Some(next) = next else { return };
                    // Its first slot, unless it starts elsewhere by now: then by the last key again.
                    *place = self
                        .settle(self.leaf(next), LevelMark::of(0), At(high))
                        .filter(|(leaf, _)| leaf.compare_low(high).is_eq())
                        .map(|(leaf, version)| (leaf, version, 0));
                    continue;
                }
            }
            backoff.wait();
        }
    }

    fn first_place(&self, lower: Bound<K>) -> (Leaf<'_, K, V>, Version, usize) {
        match lower {
            Bound::Unbounded => {
                let leaf = self.leaf(self.head(0));
                (leaf, leaf.read_begin(), 0)
            }
            Bound::Included(key) => {
                let (leaf, version) = self.leaf_at(At(key));
                let (rank, found) = leaf.find(key);
                (leaf, version, rank - usize::from(found))
            }
            Bound::Excluded(key) => {
                let (leaf, version) = self.leaf_at(At(key));
                (leaf, version, leaf.rank(key))
            }
        }
    }

    /// Fills the empty `chunk` with the pairs that precede `upper`; leaves it empty if there are none.
    pub(crate) fn previous_chunk<'a, R: Read<V>>(
        &'a self,
        mut upper: Bound<K>,
        place: &mut Place<'a, K, V>,
        chunk: &mut Chunk<K, V>,
    ) {
        let mut backoff = Backoff::new();
        loop {
            let (leaf, version, slot) = match place.take() {
                Some(place) => place,
                None => match self.last_place(upper) {
                    Some(place) => place,
                    None => return,
                },
            };
            // The rank may come from a state that is gone: then the copy will not validate.
            let slot = slot.min(leaf.count());
            if slot > 0 {
                let n = slot.min(CHUNK);
                if R::read(leaf, version, slot - n, n, chunk) {
                    *place = Some((leaf, version, slot - n));
                    return;
                }
            } else {
                let low = leaf.low();
                let is_first = leaf.id() == self.head(0);
                if leaf.validate(version) {
                    if is_first {
                        return;
                    }
                    upper = Bound::Excluded(low);
                    continue;
                }
            }
            backoff.wait();
        }
    }

    /// `None` if there can be no key before `upper`.
    fn last_place(&self, upper: Bound<K>) -> Option<(Leaf<'_, K, V>, Version, usize)> {
        Some(match upper {
            Bound::Unbounded => {
                let (leaf, version) = self.leaf_at(End);
                (leaf, version, leaf.count())
            }
            Bound::Included(key) => {
                let (leaf, version) = self.leaf_at(At(key));
                (leaf, version, leaf.rank(key))
            }
            Bound::Excluded(key) => {
                let (leaf, version) = self.leaf_at(Before::new(key)?);
                let (rank, found) = leaf.find(key);
                (leaf, version, rank - usize::from(found))
            }
        })
    }
}

/// How values are read for someone who does not hold the leaf's lock.
pub(crate) trait Read<V> {
    /// Reads `n` pairs from `slot` on into the empty chunk; `false`, and an empty chunk, if the leaf is not in
    /// that state any more.
    fn read<K: Key>(
        leaf: Leaf<'_, K, V>,
        version: Version,
        slot: usize,
        n: usize,
        chunk: &mut Chunk<K, V>,
    ) -> bool;
}

/// By copying their words, and validating.
pub(crate) enum Copied {}

impl<V: Copy> Read<V> for Copied {
    #[inline(always)]
    fn read<K: Key>(
        leaf: Leaf<'_, K, V>,
        version: Version,
        slot: usize,
        n: usize,
        chunk: &mut Chunk<K, V>,
    ) -> bool {
        for (i, pair) in chunk.pairs[..n].iter_mut().enumerate() {
            let pair = pair.as_mut_ptr();
            // SAFETY: `pair` points to room for a pair.
            let key = unsafe { &raw mut (*pair).0 };
            // SAFETY: as above.
            let value = unsafe { &raw mut (*pair).1 };
            // SAFETY: as above.
            unsafe { key.write(leaf.key(slot + i)) };
            // SAFETY: as above; the bits become a value once the state is validated.
            unsafe { value.cast::<MaybeUninit<V>>().write(leaf.value(slot + i)) };
        }
        let valid = leaf.validate(version);
        // If valid, these were the pairs of `n` slots in use, whose values may be copied: `V` is `Copy`.
        (chunk.start, chunk.end) = (0, if valid { n } else { 0 });
        valid
    }
}

/// By cloning them under the leaf's lock.
pub(crate) enum Cloned {}

impl<V: Clone> Read<V> for Cloned {
    fn read<K: Key>(
        leaf: Leaf<'_, K, V>,
        version: Version,
        slot: usize,
        n: usize,
        chunk: &mut Chunk<K, V>,
    ) -> bool {
        (chunk.start, chunk.end) = (0, 0);
        let Some(mut leaf) = leaf.try_lock(version) else { return false };
        for i in 0..n {
            let value = leaf.with_value(slot + i, |value| value.clone());
            chunk.pairs[i].write((leaf.key(slot + i), value));
            chunk.end += 1;
        }
        leaf.unlock_unchanged();
        true
    }
}
