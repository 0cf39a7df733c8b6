//! Reading pairs in order, forwards and backwards.
//!
//! A reader walks the slots of one leaf in one state; each pair is validated as it is read. If the leaf has
//! changed, the last key read says where to go on.

use core::hint::assert_unchecked;
use core::ops::Bound;

use super::Index;
use super::descend::{At, Before, End, MOST_STEPS};
use super::trail::Trail;
use crate::arena::BlockPool;
use crate::backoff::Backoff;
use crate::key::KeyWords;
use crate::lock::Version;
use crate::node::{Leaf, LevelMark, Run};

/// The slots `start..end` of a leaf in one state, in which all of them are in use: those that a reader has still to read.
pub(crate) struct Place<'a, K, V> {
    leaf: Leaf<'a, K, V>,
    version: Version,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl<K: KeyWords, V> Place<'_, K, V> {
    /// The next pair in order: `Some(None)` at the end of the leaf, `None` if it has changed.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn next<R: Read<V>>(&mut self) -> Option<Option<(K, V)>> {
        if self.start == self.end {
            return Some(None);
        }
        // SAFETY: a place's slots are in use in its state; they end at its count, which is never more than the capacity.
        let pair = unsafe { R::read(self.leaf, self.version, self.start) }?;
        self.start += 1;
        Some(Some(pair))
    }

    /// The next pair from the end: as [`next`](Self::next).
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn next_back<R: Read<V>>(&mut self) -> Option<Option<(K, V)>> {
        if self.start == self.end {
            return Some(None);
        }
        // SAFETY: as in `next`.
        let pair = unsafe { R::read(self.leaf, self.version, self.end - 1) }?;
        self.end -= 1;
        Some(Some(pair))
    }

    /// Whether nothing is left to read.
    pub(super) fn is_read(&self) -> bool {
        self.start == self.end
    }

    /// Leaves out slots with keys behind `upper`, and says whether there are any; true only if the leaf
    /// validates afterwards.
    #[inline(always)]
    pub(super) fn end_before(&mut self, upper: Bound<K>) -> bool {
        let end = match upper {
            Bound::Unbounded => return false,
            Bound::Included(key) => self.leaf.rank(key),
            Bound::Excluded(key) => self.leaf.rank_before(key),
        };
        let is_last = end < self.end;
        self.end = end.clamp(self.start, self.end);
        is_last
    }

    /// Leaves out slots with keys before `lower`, and says whether there are any; true only if the leaf
    /// validates afterwards.
    #[inline(always)]
    pub(super) fn start_after(&mut self, lower: Bound<K>) -> bool {
        let start = match lower {
            Bound::Unbounded => return false,
            Bound::Included(key) => self.leaf.rank_before(key),
            Bound::Excluded(key) => self.leaf.rank(key),
        };
        let is_first = start > self.start;
        self.start = start.clamp(self.start, self.end);
        is_first
    }

    /// Copies slots `start..end`, which are or were among those of the place; false if the leaf has changed.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn take(&self, run: &mut Run<K, V>, start: usize, end: usize) -> bool
    where
        V: Copy,
    {
        // SAFETY: the version was read before all else of the leaf, and under it the count, which the slots of
        // a place are below.
        unsafe { run.fill(self.leaf, start, end, || self.leaf.validate(self.version)) }
    }
}

/// A leaf, its version, how many of its slots lie before the place that was looked for, and the trail to it.
type Found<'a, K, V> = (Leaf<'a, K, V>, Version, usize, Option<Trail<'a, K>>);

impl<K: KeyWords, V, P: BlockPool> Index<K, V, P> {
    /// The first slots with keys in `lower..`; `None` if there are none. `done` is the leaf that the reader
    /// has come to the end of: a shorter way than from the root.
    pub(crate) fn place_after<'a>(
        &'a self,
        lower: Bound<K>,
        done: Option<Place<'a, K, V>>,
    ) -> Option<Place<'a, K, V>> {
        let mut done = done.map(|place| (place.leaf, place.version));
        let mut backoff = Backoff::<P::Relax>::new();
        loop {
            let (leaf, version, start) = match done.take() {
                None => self.first_from(lower),
                Some((leaf, version)) => {
                    let (next, high) = (leaf.next(), leaf.high());
                    let next = if leaf.validate(version) {
                        self.leaf_that_starts(self.leaf(next?), high)
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
                self.leaf(next).prefetch_pairs();
            }
            if start < end {
                return Some(Place { leaf, version, start, end });
            }
            done = Some((leaf, version));
        }
    }

    /// As [`place_after`](Self::place_after), for who will read many leaves: `trail`, which it keeps, loads those to come.
    ///
    /// Apart from it, though nearly the same: one function for both made short scans a third slower (`bench/NOTES.md`).
    pub(super) fn place_after_ahead<'a>(
        &'a self,
        lower: Bound<K>,
        mut done: Option<Place<'a, K, V>>,
        trail: &mut Option<Trail<'a, K>>,
    ) -> Option<Place<'a, K, V>> {
        let mut backoff = Backoff::<P::Relax>::new();
        loop {
            let (leaf, version, start) = match done.take() {
                None => {
                    *trail = None;
                    self.first_from(lower)
                }
                Some(done) => {
                    let (next, high) = (done.leaf.next(), done.leaf.high());
                    let next = if done.leaf.validate(done.version) {
                        let next = self.leaf(next?);
                        *trail = self.trail_up(trail.take(), high);
                        self.leaf_that_starts(next, high).map(|(next, version)| (next, version, 0))
                    } else {
                        None
                    };
                    match next {
                        Some(next) => next,
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
            if let (Some(next), None) = (next, &*trail) {
                self.leaf(next).prefetch_pairs();
            }
            let place = Place { leaf, version, start, end };
            if start < end {
                return Some(place);
            }
            done = Some(place);
        }
    }

    /// From the `next` of a leaf that ended at `low`, the leaf that starts there, unless that has changed.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn leaf_that_starts<'a>(&'a self, next: Leaf<'a, K, V>, low: K) -> Option<(Leaf<'a, K, V>, Version)> {
        self.settle(next, LevelMark::of(0), At(low)).filter(|(next, _)| next.compare_low(low).is_eq())
    }

    fn first_from(&self, lower: Bound<K>) -> (Leaf<'_, K, V>, Version, usize) {
        match lower {
            Bound::Unbounded => {
                let leaf = self.leaf(self.head(0));
                (leaf, leaf.read_begin(), 0)
            }
            Bound::Included(key) => {
                let (leaf, version) = self.leaf_at_and_behind(At(key));
                (leaf, version, leaf.rank_before(key))
            }
            Bound::Excluded(key) => {
                let (leaf, version) = self.leaf_at_and_behind(At(key));
                (leaf, version, leaf.rank(key))
            }
        }
    }

    /// The last slots with keys in `..upper`; `None` if there are none. `done` is the leaf that the reader has
    /// come to the start of; `trail`, which the reader keeps, leads to the leaf before.
    pub(crate) fn place_before<'a>(
        &'a self,
        mut upper: Bound<K>,
        done: Option<Place<'a, K, V>>,
        trail: &mut Option<Trail<'a, K>>,
    ) -> Option<Place<'a, K, V>> {
        let mut backoff = Backoff::<P::Relax>::new();
        let mut known = None;
        if let Some(done) = done {
            let low = done.leaf.low();
            if done.leaf.validate(done.version) {
                if done.leaf.id() == self.head(0) {
                    return None;
                }
                upper = Bound::Excluded(low);
                known = trail.take();
            }
        }
        loop {
            let (leaf, version, end, found) = self.last_before(upper, known.take())?;
            let (low, is_first) = (leaf.low(), leaf.id() == self.head(0));
            if !leaf.validate(version) {
                backoff.wait();
            } else if end > 0 {
                *trail = found;
                return Some(Place { leaf, version, start: 0, end });
            } else if is_first {
                return None;
            } else {
                upper = Bound::Excluded(low);
                known = found;
            }
        }
    }

    /// The leaf before `upper`, and how many of its keys are; `None` if there can be no key before `upper`.
    /// `trail` is that of the leaf that starts at `upper`, if the reader comes from there.
    fn last_before<'a>(&'a self, upper: Bound<K>, trail: Option<Trail<'a, K>>) -> Option<Found<'a, K, V>> {
        Some(match upper {
            Bound::Unbounded => {
                let (leaf, version, trail) = self.leaf_and_trail_at(End);
                (leaf, version, leaf.count(), trail)
            }
            Bound::Included(key) => {
                let (leaf, version, trail) = self.leaf_and_trail_at(At(key));
                (leaf, version, leaf.rank(key), trail)
            }
            Bound::Excluded(key) => {
                let before = Before::new(key)?;
                let (leaf, version, trail) = self.leaf_down(before, trail);
                (leaf, version, leaf.rank_before(key), trail)
            }
        })
    }

    /// The leaf at `before`, by the trail if that leads there.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn leaf_down<'a>(
        &'a self,
        before: Before<K>,
        trail: Option<Trail<'a, K>>,
    ) -> (Leaf<'a, K, V>, Version, Option<Trail<'a, K>>) {
        if let Some((trail, leaf)) = trail.and_then(|trail| self.trail_down(trail, before))
            && let Some((leaf, version)) = self.settle_within::<_, MOST_STEPS>(leaf, LevelMark::of(0), before)
        {
            return (leaf, version, Some(trail));
        }
        self.leaf_and_trail_at(before)
    }
}

/// How values are read for someone who does not hold the leaf's lock.
pub(crate) trait Read<V> {
    /// The pair in `slot` of the leaf in the state `version`; `None` if it is not in that state any more.
    ///
    /// # Safety
    /// The slot is one of the leaf's, and in that state in use: the count, which is never more than the capacity, was read
    /// after the version, and whoever is not sure that it belongs to it will find out here.
    unsafe fn read<K: KeyWords>(leaf: Leaf<'_, K, V>, version: Version, slot: usize) -> Option<(K, V)>;
}

/// By copying their words, and validating.
pub(crate) enum Copied {}

impl<V: Copy> Read<V> for Copied {
    #[cfg_attr(not(debug_assertions), inline(always))]
    unsafe fn read<K: KeyWords>(leaf: Leaf<'_, K, V>, version: Version, slot: usize) -> Option<(K, V)> {
        // SAFETY: the caller's promise: it is one of the leaf's.
        unsafe { assert_unchecked(slot < Leaf::<K, V>::CAPACITY) };
        let (key, value) = (leaf.key(slot), leaf.value(slot));
        if !leaf.validate(version) {
            return None;
        }
        // SAFETY: the slot was in use in the state that was validated, by the caller's promise, so it held a value, whose
        // words were all read from that state; and `V` is `Copy`, so a copy of it is as good.
        Some((key, unsafe { value.assume_init() }))
    }
}

/// By cloning them under the leaf's lock.
pub(crate) enum Cloned {}

impl<V: Clone> Read<V> for Cloned {
    unsafe fn read<K: KeyWords>(leaf: Leaf<'_, K, V>, version: Version, slot: usize) -> Option<(K, V)> {
        let mut leaf = leaf.try_lock(version)?;
        let pair = (leaf.key(slot), leaf.with_value(slot, |value| value.clone()));
        leaf.unlock_unchanged();
        Some(pair)
    }
}
