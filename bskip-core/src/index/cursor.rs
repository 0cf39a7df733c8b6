//! Reading pairs in order, forwards and backwards.
//!
//! A reader walks the slots of one leaf in one state; each pair is validated as it is read. If the leaf has
//! changed, the last key read says where to go on.

use core::ops::Bound;

use super::Index;
use super::descend::{At, Before, End};
use crate::arena::NodePool;
use crate::backoff::Backoff;
use crate::key::Key;
use crate::lock::Version;
use crate::node::{Leaf, LevelMark};

/// The slots `start..end` of a leaf in one state: those that a reader has still to read.
pub(crate) struct Place<'a, K, V> {
    leaf: Leaf<'a, K, V>,
    version: Version,
    start: usize,
    end: usize,
}

impl<K: Key, V> Place<'_, K, V> {
    /// The next pair in order: `Some(None)` at the end of the leaf, `None` if it has changed.
    #[inline(always)]
    pub(crate) fn next<R: Read<V>>(&mut self) -> Option<Option<(K, V)>> {
        if self.start == self.end {
            return Some(None);
        }
        let pair = R::read(self.leaf, self.version, self.start)?;
        self.start += 1;
        Some(Some(pair))
    }

    /// The next pair from the end: as [`next`](Self::next).
    #[inline(always)]
    pub(crate) fn next_back<R: Read<V>>(&mut self) -> Option<Option<(K, V)>> {
        if self.start == self.end {
            return Some(None);
        }
        let pair = R::read(self.leaf, self.version, self.end - 1)?;
        self.end -= 1;
        Some(Some(pair))
    }
}

impl<K: Key, V, P: NodePool> Index<K, V, P> {
    /// The first slots with keys in `lower..`; `None` if there are none. `done` is the leaf that the reader
    /// has come to the end of: a shorter way than from the root.
    pub(crate) fn place_after<'a>(
        &'a self,
        lower: Bound<K>,
        done: Option<Place<'a, K, V>>,
    ) -> Option<Place<'a, K, V>> {
        let mut done = done.map(|place| (place.leaf, place.version));
        let mut backoff = Backoff::new();
        loop {
            let (leaf, version, start) = match done.take() {
                None => self.first_from(lower),
                Some((leaf, version)) => {
                    let (next, high) = (leaf.next(), leaf.high());
                    let next = if leaf.validate(version) {
                        // The next leaf starts where this one ended, unless that has changed.
                        self.settle(self.leaf(next?), LevelMark::of(0), At(high))
                            .filter(|(next, _)| next.compare_low(high).is_eq())
                    } else {
                        None
                    };
                    match next {
                        Some((leaf, version)) => (leaf, version, 0),
                        None => {
                            backoff.wait();
                            continue;
                        }
                    }
                }
            };
            let (end, next) = (leaf.count(), leaf.next());
            if !leaf.validate(version) {
                backoff.wait();
                continue;
            }
            if let Some(next) = next {
                self.leaf(next).prefetch();
            }
            if start < end {
                return Some(Place { leaf, version, start, end });
            }
            done = Some((leaf, version));
        }
    }

    fn first_from(&self, lower: Bound<K>) -> (Leaf<'_, K, V>, Version, usize) {
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

    /// The last slots with keys in `..upper`; `None` if there are none.
    pub(crate) fn place_before(&self, mut upper: Bound<K>) -> Option<Place<'_, K, V>> {
        let mut backoff = Backoff::new();
        loop {
            let (leaf, version, end) = self.last_before(upper)?;
            let (low, is_first) = (leaf.low(), leaf.id() == self.head(0));
            if !leaf.validate(version) {
                backoff.wait();
            } else if end > 0 {
                return Some(Place { leaf, version, start: 0, end });
            } else if is_first {
                return None;
            } else {
                upper = Bound::Excluded(low);
            }
        }
    }

    /// The leaf before `upper`, and how many of its keys are; `None` if there can be no key before `upper`.
    fn last_before(&self, upper: Bound<K>) -> Option<(Leaf<'_, K, V>, Version, usize)> {
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
    /// The pair in `slot` of the leaf in the state `version`; `None` if it is not in that state any more.
    fn read<K: Key>(leaf: Leaf<'_, K, V>, version: Version, slot: usize) -> Option<(K, V)>;
}

/// By copying their words, and validating.
pub(crate) enum Copied {}

impl<V: Copy> Read<V> for Copied {
    #[inline(always)]
    fn read<K: Key>(leaf: Leaf<'_, K, V>, version: Version, slot: usize) -> Option<(K, V)> {
        let in_use = slot < leaf.count();
        let (key, value) = (leaf.key(slot), leaf.value(slot));
        if !leaf.validate(version) || !in_use {
            return None;
        }
        // SAFETY: the slot was in use in the state that was validated, so it held a value, whose words were
        // all read from that state; and `V` is `Copy`, so a copy of it is as good.
        Some((key, unsafe { value.assume_init() }))
    }
}

/// By cloning them under the leaf's lock.
pub(crate) enum Cloned {}

impl<V: Clone> Read<V> for Cloned {
    fn read<K: Key>(leaf: Leaf<'_, K, V>, version: Version, slot: usize) -> Option<(K, V)> {
        let mut leaf = leaf.try_lock(version)?;
        let pair = (leaf.key(slot), leaf.with_value(slot, |value| value.clone()));
        leaf.unlock_unchanged();
        Some(pair)
    }
}
