//! A run of leaves from sorted pairs, filled from left to right, that is not in the map yet.
//!
//! Any number of threads may make runs side by side. `attach` then puts the runs into the map, in a thread
//! with exclusive access.

use alloc::vec::Vec;
use core::mem;

use crate::arena::{AllocError, BlockId, BlockPool};
use crate::index::engine::Index;
use crate::index::tree::{Fresh, reserve_one};
use crate::node::{LeafShape, LevelMark, Limit, Locked, NodeKeys, Reshaped, Room, Unreached};
use crate::platform::Platform;

/// A leaf of a run, as the levels above will know it.
pub(in crate::index) struct Start<O> {
    /// The leaf's low fence: its first key, or a shorter string between that and the key before.
    pub(in crate::index) low: O,
    pub(in crate::index) leaf: BlockId,
}

/// A run that is complete. The caller must attach it, or keep its leaves where the index's drop finds them.
pub(crate) struct Part<O> {
    pub(in crate::index) starts: Vec<Start<O>>,
    last: O,
}

impl<O> Part<O> {
    /// The least key, at which the first leaf starts.
    pub(crate) fn first(&self) -> &O {
        &self.starts[0].low
    }

    /// The greatest key.
    pub(crate) fn last(&self) -> &O {
        &self.last
    }

    pub(in crate::index) fn first_leaf(&self) -> BlockId {
        self.starts[0].leaf
    }

    pub(in crate::index) fn last_leaf(&self) -> BlockId {
        self.starts[self.starts.len() - 1].leaf
    }
}

/// Why a run takes no more pairs. If there is a pair that it did not take, that pair is in the place that the
/// caller gave.
///
/// The pair is not a field here. If a large value may lie at several places of one type, the compiler copies
/// it word by word, and takes a minute for each function.
pub(crate) enum Stop {
    /// There are no more.
    End,
    /// The key of this pair is not above the one before.
    NotAscending,
    /// There was no memory for a leaf that starts with this pair.
    NoMemory(AllocError),
}

/// A run takes one block ahead for every `SPARE` that it has, …
const SPARE: usize = 8;
/// … and `MOST_SPARES` at most.
const MOST_SPARES: usize = 512;

/// A leaf that is being filled.
type InTheMaking<'a, K, V> = Reshaped<'a, LeafShape<K, V>, Unreached>;

/// A run in the making. Dropping it drops its values and gives its leaves back.
pub(crate) struct SortedRun<'a, K: NodeKeys, V, P: BlockPool> {
    index: &'a Index<K, V, P>,
    starts: Vec<Start<K::Owned>>,
    /// Blocks taken for leaves to come.
    spares: Vec<Fresh<'a, LeafShape<K, V>, K, V, P>>,
    /// A block for the leaf behind a narrow one, which cannot be the last.
    reserve: Option<Fresh<'a, LeafShape<K, V>, K, V, P>>,
    /// Blocks that became leaves since the pool last placed one elsewhere.
    taken: usize,
    last: Option<K::Owned>,
    /// How full each leaf is to be.
    limit: Limit,
}

impl<'a, K: NodeKeys, V, P: BlockPool> SortedRun<'a, K, V, P> {
    /// A run of `index` without leaves. `fill` says how full they will be.
    pub(crate) fn new(index: &'a Index<K, V, P>, fill: f64) -> Self {
        let limit = LeafShape::<K, V>::limit(fill);
        Self { index, starts: Vec::new(), spares: Vec::new(), reserve: None, taken: 0, last: None, limit }
    }

    /// Takes the pair in `held`, then `pairs` as long as they ascend, into fresh leaves. Call it only once.
    /// Afterwards `held` holds the pair that was not taken, if there is one.
    ///
    /// A leaf is locked while `pairs` runs to fill it, and is unlocked before it is linked to the map. No
    /// other thread reaches it: exclusive access to the map guarantees that none holds a stale reference.
    pub(crate) fn fill(
        &mut self,
        held: &mut Option<(K::Owned, V)>,
        pairs: &mut impl Iterator<Item = (K::Owned, V)>,
    ) -> Stop {
        debug_assert!(self.starts.is_empty());
        let heights = &self.index.heights;
        let Some((mut key, mut value)) = held.take() else { return Stop::End };
        let index = self.index;
        let started = index.tree.hold(K::borrow(&key)).and_then(|string| {
            let leaf = self.start_leaf(K::borrow(&key), None)?;
            Ok((string, leaf))
        });
        let (mut string, mut leaf) = match started {
            Ok(started) => started,
            Err(error) => {
                *held = Some((key, value));
                return Stop::NoMemory(error);
            }
        };
        loop {
            let mut left = self.limit;
            // The first pair goes into any leaf.
            LeafShape::<K, V>::spend(**leaf, &mut left, K::borrow(&key), &value);
            let (last, is_tall) = loop {
                leaf.push(K::kept(K::borrow(&key), string.number()), value);
                let last = key;
                let Some(pair) = pairs.next() else {
                    self.end(leaf, last);
                    return Stop::End;
                };
                (key, value) = pair;
                if K::borrow(&key) <= K::borrow(&last) {
                    self.end(leaf, last);
                    *held = Some((key, value));
                    return Stop::NotAscending;
                }
                string = match index.tree.hold(K::borrow(&key)) {
                    Ok(string) => string,
                    Err(error) => {
                        self.end(leaf, last);
                        *held = Some((key, value));
                        return Stop::NoMemory(error);
                    }
                };
                // A tall key starts a leaf, as it does when it is inserted.
                let is_tall = heights.of::<K>(K::borrow(&key)) > 0;
                let goes_in = LeafShape::<K, V>::spend(**leaf, &mut left, K::borrow(&key), &value);
                if is_tall || !goes_in && !self.narrow(&mut leaf, &mut left, K::borrow(&key), &value) {
                    break (last, is_tall);
                }
            };
            let low = LeafShape::<K, V>::end_between(**leaf, K::borrow(&last), K::borrow(&key), is_tall);
            leaf = match self.start_leaf(K::borrow(&low), Some(leaf)) {
                Ok(leaf) => leaf,
                Err(error) => {
                    self.last = Some(last);
                    *held = Some((key, value));
                    return Stop::NoMemory(error);
                }
            };
        }
    }

    /// Makes room in a leaf, see [`Room::narrow`]. The first leaf of a run may become that of the map, which
    /// starts below every key.
    #[inline(always)]
    fn narrow(
        &mut self,
        leaf: &mut InTheMaking<'a, K, V>,
        left: &mut Limit,
        key: K::Ref<'_>,
        value: &V,
    ) -> bool {
        !LeafShape::<K, V>::SAME_SIZE
            && self.starts.len() > 1
            && self.take_reserve(key)
            && LeafShape::<K, V>::narrow(leaf, self.limit, left, key, value)
    }

    /// Takes a block, and room in the list, for one more leaf.
    #[cold]
    #[inline(never)]
    fn take_reserve(&mut self, low: K::Ref<'_>) -> bool {
        if self.reserve.is_none() {
            self.reserve = self.index.tree.acquire(Some(low)).ok();
        }
        self.reserve.is_some() && reserve_one(&mut self.starts).is_ok()
    }

    /// Ends the run with the leaf that was filled last. No high fence follows, so a narrow leaf gives its last
    /// pair to a leaf of its own.
    #[inline(always)]
    fn end(&mut self, leaf: InTheMaking<'a, K, V>, last: K::Owned) {
        if LeafShape::<K, V>::is_narrow(**leaf) {
            self.end_narrow(leaf, K::borrow(&last));
        }
        self.last = Some(last);
    }

    #[cold]
    #[inline(never)]
    fn end_narrow(&mut self, mut leaf: InTheMaking<'a, K, V>, last: K::Ref<'_>) {
        let slot = leaf.count() - 1;
        let value = Locked::remove(&mut leaf, slot);
        let low = {
            let before = leaf.key(slot - 1);
            LeafShape::<K, V>::end_between(**leaf, K::borrow(&before), last, false)
        };
        let leaf = self.start_leaf(K::borrow(&low), Some(leaf));
        let Ok(mut leaf) = leaf else { P::Platform::broken("the run has a block in reserve") };
        // No long key goes into a narrow leaf.
        leaf.push(K::kept(last, K::Number::default()), value);
    }

    /// A leaf for `low` and the keys that follow, to the right of `before`.
    #[inline(never)]
    fn start_leaf(
        &mut self,
        low: K::Ref<'_>,
        before: Option<InTheMaking<'a, K, V>>,
    ) -> Result<InTheMaking<'a, K, V>, AllocError> {
        reserve_one(&mut self.starts)?;
        let string = self.index.tree.hold(low)?;
        let mut leaf = self.take_block(low)?.make(Unreached);
        let id = leaf.id();
        self.starts.push(Start { low: K::own(low), leaf: id });
        let low = K::kept(low, string.number());
        leaf.format(LevelMark::of(0), Some(low));
        if let Some(mut before) = before {
            before.set_high(low);
            leaf.share_with(&before);
            before.set_next(Some(id));
        }
        Ok(leaf)
    }

    /// A block for a leaf. The run asks the pool for several blocks at once. So threads that make runs seldom
    /// meet there, and the leaves of each run lie together, in pages of their own.
    fn take_block(&mut self, low: K::Ref<'_>) -> Result<Fresh<'a, LeafShape<K, V>, K, V, P>, AllocError> {
        let tree = &self.index.tree;
        if let Some(spare) = self.spares.pop() {
            if spare.is_well_placed(low) {
                self.taken += 1;
                return Ok(spare);
            }
            // From here on leaves belong elsewhere.
            self.spares.push(spare);
            self.spares.clear();
            self.taken = 0;
        }
        let block = match tree.acquire(Some(low)) {
            Ok(block) => block,
            Err(error) => return self.reserve.take().ok_or(error),
        };
        let more = (self.taken / SPARE).min(MOST_SPARES);
        if self.spares.try_reserve(more).is_ok() {
            self.spares.extend((0..more).map_while(|_| tree.acquire(Some(low)).ok()));
            self.spares.reverse();
        }
        self.taken += 1;
        Ok(block)
    }

    /// The greatest key, once `fill` has returned.
    pub(crate) fn last(&self) -> Option<&K::Owned> {
        self.last.as_ref()
    }

    /// Hands all values to `f`. The leaves are empty then.
    pub(crate) fn take_values(&mut self, mut f: impl FnMut(V)) {
        for start in &self.starts {
            let mut leaf = self.index.tree.leaf(start.leaf).lock_unshared();
            while let Some(last) = leaf.count().checked_sub(1) {
                f(leaf.remove(last));
            }
        }
    }

    /// What was made, if that is anything. The run has nothing then.
    pub(crate) fn take_part(&mut self) -> Option<Part<K::Owned>> {
        Some(Part { last: self.last.take()?, starts: mem::take(&mut self.starts) })
    }
}

impl<K: NodeKeys, V, P: BlockPool> Drop for SortedRun<'_, K, V, P> {
    fn drop(&mut self) {
        /// Gives the blocks back, also while a panic of a value's drop unwinds.
        struct GiveBack<'r, 'a, K: NodeKeys, V, P: BlockPool>(&'r mut SortedRun<'a, K, V, P>);
        impl<K: NodeKeys, V, P: BlockPool> Drop for GiveBack<'_, '_, K, V, P> {
            fn drop(&mut self) {
                let tree = &self.0.index.tree;
                self.0.spares.clear();
                self.0.reserve = None;
                for start in self.0.starts.drain(..) {
                    let retired = tree.leaf(start.leaf).lock_unshared().reshape(Unreached).retire();
                    tree.release(retired);
                }
            }
        }
        let run = GiveBack(self);
        run.0.index.tree.drop_values(run.0.starts.iter().map(|start| start.leaf));
    }
}
