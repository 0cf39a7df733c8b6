//! Reading pairs in order, forwards and backwards.
//!
//! A reader walks the slots of one leaf in one state, and validates each pair as it reads it. If the leaf has
//! changed, the reader searches again from the last key that it read.

use core::hint::assert_unchecked;
use core::marker::PhantomData;
use core::ops::{Bound, Range};

use crate::arena::BlockPool;
use crate::index::engine::Index;
use crate::index::read::readahead::Trail;
use crate::index::route::node_table::table::MOST_STEPS;
use crate::index::search::probe::{At, Before, Rightmost};
use crate::key::KeyWords;
use crate::lock::Version;
use crate::node::{Leaf, LeafSlots, LevelMark, Node, NodeKeys, OwnedKey, PairBuffer};

/// What a cursor finds next.
pub(crate) enum Next<O, V> {
    Pair(O, V),
    /// There are no more pairs in this leaf.
    End,
    /// The leaf is not in the cursor's state any more.
    Changed,
}

/// The slots `start..end` of a leaf in one state, in which all of them are in use: those that a reader has
/// still to read.
pub(crate) struct LeafCursor<'a, K: NodeKeys, V> {
    leaf: Leaf<'a, K, V>,
    version: Version,
    pub(in crate::index) start: usize,
    pub(in crate::index) end: usize,
}

impl<'a, K: NodeKeys, V> LeafCursor<'a, K, V> {
    /// For slots that were counted after `version` was read; `None` if the leaf is not in that state any more.
    pub(in crate::index) fn of(leaf: Leaf<'a, K, V>, version: Version, slots: Range<usize>) -> Option<Self> {
        leaf.validate(version).then(|| Self {
            leaf,
            version,
            start: slots.start.min(slots.end),
            end: slots.end,
        })
    }

    /// The next pair in order.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) fn next<R: Read<V>>(&mut self) -> Next<K::Owned, R::Value> {
        if self.start == self.end {
            return Next::End;
        }
        // SAFETY: a cursor's slots are in use in its state; they end at its count, which is never more than
        // the capacity.
        let Some((key, value)) = (unsafe { R::read(self.leaf, self.version, self.start) }) else {
            return Next::Changed;
        };
        self.start += 1;
        Next::Pair(key, value)
    }

    /// The next pair from the end.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) fn next_back<R: Read<V>>(&mut self) -> Next<K::Owned, R::Value> {
        if self.start == self.end {
            return Next::End;
        }
        // SAFETY: as in `next`.
        let Some((key, value)) = (unsafe { R::read(self.leaf, self.version, self.end - 1) }) else {
            return Next::Changed;
        };
        self.end -= 1;
        Next::Pair(key, value)
    }

    /// Takes note of a state of the leaf that the reader has made itself. All slots of it are read.
    pub(in crate::index) fn advance_to(&mut self, version: Version) {
        self.version = version;
        self.start = self.end;
    }

    /// Whether nothing is left to read.
    pub(in crate::index) fn is_read(&self) -> bool {
        self.start == self.end
    }

    /// The leaf, and the version of its state.
    pub(in crate::index) fn leaf(&self) -> (Leaf<'a, K, V>, Version) {
        (self.leaf, self.version)
    }

    /// Leaves out slots with keys above `upper`, and says whether there are any; true only if the leaf
    /// validates afterwards.
    #[inline(always)]
    pub(in crate::index) fn end_before(&mut self, upper: Bound<K::Ref<'_>>) -> bool {
        let end = match upper {
            Bound::Unbounded => return false,
            Bound::Included(key) => self.leaf.rank(key),
            Bound::Excluded(key) => self.leaf.rank_before(key),
        };
        let is_last = end < self.end;
        self.end = end.clamp(self.start, self.end);
        is_last
    }

    /// Leaves out slots with keys below `lower`, and says whether there are any; true only if the leaf
    /// validates afterwards.
    #[inline(always)]
    pub(in crate::index) fn start_after(&mut self, lower: Bound<K::Ref<'_>>) -> bool {
        let start = match lower {
            Bound::Unbounded => return false,
            Bound::Included(key) => self.leaf.rank_before(key),
            Bound::Excluded(key) => self.leaf.rank(key),
        };
        let is_first = start > self.start;
        self.start = start.clamp(self.start, self.end);
        is_first
    }
}

impl<K: KeyWords, V> LeafCursor<'_, K, V> {
    /// Copies slots `start..end`, which are or were among those of the cursor; false if the leaf has changed.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(in crate::index) fn take(&self, buffer: &mut PairBuffer<K, V>, start: usize, end: usize) -> bool
    where
        V: Copy,
    {
        // SAFETY: the version was read before everything else of the leaf. The count was read under it, and
        // the slots of a cursor are below the count.
        unsafe { buffer.fill(self.leaf, start, end, || self.leaf.validate(self.version)) }
    }
}

/// A leaf, its version, the number of its slots before the place that the search was for, and the trail to
/// the leaf.
type Placed<'a, K, V> = (Leaf<'a, K, V>, Version, usize, Option<Trail<'a, K>>);

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// The first slots with keys in `lower..`, or `None` if there are none. `done` is the leaf whose end the
    /// reader has reached: starting from it is shorter than starting from the root.
    pub(crate) fn cursor_after<'a>(
        &'a self,
        lower: Bound<K::Ref<'_>>,
        done: Option<LeafCursor<'a, K, V>>,
    ) -> Option<LeafCursor<'a, K, V>> {
        let mut done = done.map(|cursor| (cursor.leaf, cursor.version));
        let mut backoff = self.tree.backoff();
        loop {
            let (leaf, version, start) = match done.take() {
                None => self.first_from(lower),
                Some((leaf, version)) => {
                    let (next, high) = (leaf.next(), leaf.high());
                    let next = if leaf.validate(version) {
                        self.leaf_that_starts(self.tree.leaf(next?), K::borrow(&high))
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
                self.tree.leaf(next).prefetch_pairs();
            }
            if start < end {
                return Some(LeafCursor { leaf, version, start, end });
            }
            done = Some((leaf, version));
        }
    }

    /// As [`cursor_after`](Self::cursor_after), for a reader of many leaves. The reader keeps `trail`, which
    /// loads the leaves to come.
    ///
    /// This nearly repeats `cursor_after`. One function for both made short scans a third slower
    /// (`bench/NOTES.md`).
    pub(in crate::index) fn cursor_after_ahead<'a>(
        &'a self,
        lower: Bound<K::Ref<'_>>,
        mut done: Option<LeafCursor<'a, K, V>>,
        trail: &mut Option<Trail<'a, K>>,
    ) -> Option<LeafCursor<'a, K, V>> {
        let mut backoff = self.tree.backoff();
        loop {
            let (leaf, version, start) = match done.take() {
                None => {
                    *trail = None;
                    self.first_from(lower)
                }
                Some(done) => {
                    let (next, high) = (done.leaf.next(), done.leaf.high());
                    let next = if done.leaf.validate(done.version) {
                        let next = self.tree.leaf(next?);
                        *trail = self.trail_up(trail.take(), K::borrow(&high));
                        self.leaf_that_starts(next, K::borrow(&high))
                            .map(|(next, version)| (next, version, 0))
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
                self.tree.leaf(next).prefetch_pairs();
            }
            let cursor = LeafCursor { leaf, version, start, end };
            if start < end {
                return Some(cursor);
            }
            done = Some(cursor);
        }
    }

    /// The leaf that starts at `low`, which is where the leaf before ended. Starts from that leaf's `next`.
    /// `None` if something has changed.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(in crate::index) fn leaf_that_starts<'a>(
        &'a self,
        next: Leaf<'a, K, V>,
        low: K::Ref<'_>,
    ) -> Option<(Leaf<'a, K, V>, Version)> {
        self.tree.settle(next, LevelMark::of(0), At(low)).filter(|(next, _)| next.compare_low(low).is_eq())
    }

    /// The leaf where `lower..` begins, and the number of its keys before that; not yet validated.
    pub(in crate::index) fn first_from(&self, lower: Bound<K::Ref<'_>>) -> (Leaf<'_, K, V>, Version, usize) {
        match lower {
            Bound::Unbounded => {
                let leaf = self.tree.leaf(self.tree.head(0));
                (leaf, self.tree.read_begin(leaf), 0)
            }
            Bound::Included(key) => {
                let (leaf, version) = self.leaf_at_and_behind(At(key));
                (leaf, version, leaf.rank_before(key))
            }
            Bound::Excluded(key) => {
                let (leaf, version) = self.leaf_at_and_behind(At(key));
                (leaf, version, leaf.rank_within(key))
            }
        }
    }

    /// The last slots with keys in `..upper`, or `None` if there are none. `done` is the leaf whose start the
    /// reader has reached. The reader keeps `trail`, which leads to the leaf before.
    pub(crate) fn cursor_before<'a>(
        &'a self,
        upper: Bound<K::Ref<'_>>,
        done: Option<LeafCursor<'a, K, V>>,
        trail: &mut Option<Trail<'a, K>>,
    ) -> Option<LeafCursor<'a, K, V>> {
        let mut backoff = self.tree.backoff();
        let mut known = None;
        // Where the leaf starts that the reader comes from.
        let mut behind = None;
        if let Some(done) = done {
            let low = done.leaf.low();
            if done.leaf.validate(done.version) {
                if done.leaf.id() == self.tree.head(0) {
                    return None;
                }
                behind = Some(low);
                known = trail.take();
            }
        }
        loop {
            let upper = match &behind {
                Some(low) => Bound::Excluded(K::borrow(low)),
                None => upper.map(K::shorten),
            };
            let (leaf, version, end, found) = self.last_before(upper, known.take())?;
            let (low, is_first) = (leaf.low(), leaf.id() == self.tree.head(0));
            if !leaf.validate(version) {
                backoff.wait();
            } else if end > 0 {
                *trail = found;
                return Some(LeafCursor { leaf, version, start: 0, end });
            } else if is_first {
                return None;
            } else {
                behind = Some(low);
                known = found;
            }
        }
    }

    /// The leaf that holds the last keys before `upper`, and the number of its keys before `upper`. `None` if
    /// no key can be before `upper`. If the reader comes from the leaf that starts at `upper`, `trail` is
    /// that leaf's trail.
    fn last_before<'a>(
        &'a self,
        upper: Bound<K::Ref<'_>>,
        trail: Option<Trail<'a, K>>,
    ) -> Option<Placed<'a, K, V>> {
        Some(match upper {
            Bound::Unbounded => {
                let (leaf, version, trail) = self.leaf_and_trail_at(Rightmost);
                (leaf, version, leaf.count(), trail)
            }
            Bound::Included(key) => {
                let (leaf, version, trail) = self.leaf_and_trail_at(At(key));
                (leaf, version, leaf.rank_within(key), trail)
            }
            Bound::Excluded(key) => {
                let before = Before::<K>::new(key)?;
                let (leaf, version, trail) = self.leaf_down(before, trail);
                (leaf, version, leaf.rank_before(key), trail)
            }
        })
    }

    /// The leaf at `before`. Follows the trail if it leads there.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn leaf_down<'a>(
        &'a self,
        before: Before<'_, K>,
        trail: Option<Trail<'a, K>>,
    ) -> (Leaf<'a, K, V>, Version, Option<Trail<'a, K>>) {
        if let Some((trail, leaf)) = trail.and_then(|trail| self.trail_down(trail, before))
            && let Some((leaf, version)) =
                self.tree.settle_within::<_, MOST_STEPS>(leaf, LevelMark::of(0), before)
        {
            return (leaf, version, Some(trail));
        }
        self.leaf_and_trail_at(before)
    }
}

/// How a thread that does not hold the leaf's lock reads values.
pub(crate) trait Read<V> {
    /// What it reads of a value.
    type Value;

    /// The pair in `slot` of the leaf in the state `version`; `None` if it is not in that state any more.
    ///
    /// # Safety
    /// The slot is one of the leaf's, and in use in that state: the count was read after the version, and is
    /// never more than the capacity. (If the count belongs to another state, this returns `None`.)
    unsafe fn read<S: LeafSlots<Payload = V>>(
        leaf: Node<'_, S>,
        version: Version,
        slot: usize,
    ) -> Option<(OwnedKey<S>, Self::Value)>;
}

/// By copying their words, and validating.
pub(crate) enum Copied {}

impl<V: Copy> Read<V> for Copied {
    type Value = V;

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    unsafe fn read<S: LeafSlots<Payload = V>>(
        leaf: Node<'_, S>,
        version: Version,
        slot: usize,
    ) -> Option<(OwnedKey<S>, V)> {
        // SAFETY: the caller's promise: it is one of the leaf's.
        unsafe { assert_unchecked(slot < S::CAPACITY) };
        let (key, value) = (leaf.key(slot), leaf.value(slot));
        if !leaf.validate(version) {
            return None;
        }
        // SAFETY: by the caller's promise, the slot was in use in the state that was validated. So it held a
        // value, and all words of it were read from that state. `V` is `Copy`, so a copy is as good.
        Some((key, unsafe { value.assume_init() }))
    }
}

/// By cloning them under the leaf's lock, in a map whose pools are `P`.
pub(crate) struct Cloned<P>(PhantomData<fn() -> P>);

impl<V: Clone, P: BlockPool> Read<V> for Cloned<P> {
    type Value = V;

    unsafe fn read<S: LeafSlots<Payload = V>>(
        leaf: Node<'_, S>,
        version: Version,
        slot: usize,
    ) -> Option<(OwnedKey<S>, V)> {
        // Before the lock: the copy of a long key takes memory.
        let key = leaf.key(slot);
        let mut leaf = leaf.try_guard::<P::Platform>(version)?;
        let value = leaf.with_value(slot, |value| value.clone());
        leaf.unlock_unchanged();
        Some((key, value))
    }
}

/// Not at all: keys alone.
pub(crate) enum Skipped {}

impl<V> Read<V> for Skipped {
    type Value = ();

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    unsafe fn read<S: LeafSlots<Payload = V>>(
        leaf: Node<'_, S>,
        version: Version,
        slot: usize,
    ) -> Option<(OwnedKey<S>, ())> {
        // SAFETY: the caller's promise: it is one of the leaf's.
        unsafe { assert_unchecked(slot < S::CAPACITY) };
        let key = leaf.key(slot);
        leaf.validate(version).then_some((key, ()))
    }
}
