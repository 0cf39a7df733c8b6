//! Steps from pair to pair, for cursors that are held for any time while the map changes.
//!
//! [`Steps`] is the state of a cursor. It borrows nothing and pins nothing: it has a copy of the current pair, and
//! the block, version and slot where the pair was. If the leaf is still in that state, the next pair is in the
//! next slot. If not, the step searches from the current key. Either way the step reads the map as it is now.

use core::mem::{MaybeUninit, needs_drop};

use crate::arena::{BlockId, BlockPool};
use crate::index::beside::{Beside, Passed, Place, Target, Way, outermost};
use crate::index::engine::Index;
use crate::lock::{State, Version};
use crate::node::{Leaf, LeafShape, NodeKeys, Shape};

/// A step starts to load the next leaf when this many pairs are left in the present one.
const NEAR: usize = 8;

/// Where a cursor stands.
#[derive(Clone)]
enum Stand<O> {
    /// Before every key.
    Start,
    /// Just before this key.
    Before(O),
    /// At the pair of this key.
    At(O),
    /// Just behind this key.
    Behind(O),
    /// Behind every key.
    End,
}

/// The slot in which the current pair was, in one state of a leaf, and how many pairs the leaf had then.
#[derive(Clone, Copy)]
struct Spot {
    leaf: BlockId,
    version: Version,
    slot: usize,
    count: usize,
}

/// A pair that was read and validated, and where.
struct Found<K: NodeKeys, V> {
    key: K::Owned,
    value: MaybeUninit<V>,
    spot: Spot,
}

/// The state of a cursor. It belongs to one map: callers must not use it with another one.
pub(crate) struct Steps<K: NodeKeys, V> {
    stand: Stand<K::Owned>,
    /// The words of the current pair's value. They are a value if `V` is `Copy` and `stand` is `At`.
    value: MaybeUninit<V>,
    /// Only if `stand` is `At`.
    spot: Option<Spot>,
}

impl<K: NodeKeys, V: Copy> Clone for Steps<K, V> {
    fn clone(&self) -> Self {
        Self { stand: self.stand.clone(), value: self.value, spot: self.spot }
    }
}

impl<K: NodeKeys, V> Steps<K, V> {
    /// The state of a cursor before every key.
    pub(crate) const fn new() -> Self {
        Self { stand: Stand::Start, value: MaybeUninit::uninit(), spot: None }
    }

    /// The key of the current pair.
    #[inline]
    pub(crate) fn key(&self) -> Option<K::Ref<'_>> {
        match &self.stand {
            Stand::At(key) => Some(K::borrow(key)),
            _ => None,
        }
    }

    /// The value of the current pair, as it was when the cursor came to the pair.
    #[inline]
    pub(crate) fn value(&self) -> Option<V>
    where
        V: Copy,
    {
        // SAFETY: the cursor stands at a pair. So `arrive` stored a validated copy of the words of that pair's
        // value, all of one state. `V` is `Copy`, so a copy is as good.
        self.key().map(|_| unsafe { self.value.assume_init() })
    }

    #[inline(always)]
    fn arrive(&mut self, found: Found<K, V>) {
        self.stand = Stand::At(found.key);
        self.value = found.value;
        self.spot = Some(found.spot);
    }

    /// The cursor has found no pair on its way, and stands there now.
    fn leave_for(&mut self, stand: Stand<K::Owned>) {
        self.stand = stand;
        self.spot = None;
    }

    /// The cursor has found no pair above the place where it stands.
    fn leave_up(&mut self) {
        if let Stand::At(_) = self.stand {
            let Stand::At(key) = core::mem::replace(&mut self.stand, Stand::End) else { return };
            self.leave_for(Stand::Behind(key));
        }
    }

    /// The cursor has found no pair below the place where it stands.
    fn leave_down(&mut self) {
        if let Stand::At(_) = self.stand {
            let Stand::At(key) = core::mem::replace(&mut self.stand, Stand::Start) else { return };
            self.leave_for(Stand::Before(key));
        }
    }
}

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Moves the cursor to the pair beside `target`, and says whether there is one.
    pub(crate) fn seek(&self, steps: &mut Steps<K, V>, target: Target<'_, K>) -> bool {
        if let Some(found) = self.look_up(&target) {
            steps.arrive(found);
            return true;
        }
        steps.leave_for(match target {
            Target::First => Stand::Start,
            Target::Last => Stand::End,
            Target::AtOrAbove(key) | Target::Below(key) => Stand::Before(K::own(key)),
            Target::Above(key) | Target::AtOrBelow(key) => Stand::Behind(K::own(key)),
        });
        false
    }

    /// Moves the cursor to the least pair above it, and says whether there is one.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) fn step_up(&self, steps: &mut Steps<K, V>) -> bool {
        if let Some(Spot { leaf, version, slot, count }) = steps.spot
            && slot + 1 < count
        {
            let leaf = self.tree.leaf(leaf);
            if slot + 1 + NEAR == count
                && let Some(next) = leaf.next()
                && leaf.validate(version)
            {
                self.tree.leaf(next).prefetch_pairs();
            }
            if let Some(found) = copy(leaf, version, slot + 1, count) {
                steps.arrive(found);
                return true;
            }
        }
        self.search_up(steps)
    }

    /// Moves the cursor to the greatest pair below it, and says whether there is one.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) fn step_down(&self, steps: &mut Steps<K, V>) -> bool {
        if let Some(Spot { leaf, version, slot, count }) = steps.spot
            && slot > 0
            && let Some(found) = copy(self.tree.leaf(leaf), version, slot - 1, count)
        {
            steps.arrive(found);
            return true;
        }
        self.search_down(steps)
    }

    /// As [`step_up`](Self::step_up), if the pair is in another leaf or the leaf has changed.
    #[inline(never)]
    fn search_up(&self, steps: &mut Steps<K, V>) -> bool {
        let found = match (self.found_from(Way::Up, steps.spot), &steps.stand) {
            (Some(found), _) => found,
            (None, Stand::Start) => self.look_up(&Target::First),
            (None, Stand::Before(key)) => self.look_up(&Target::AtOrAbove(K::borrow(key))),
            (None, Stand::At(key) | Stand::Behind(key)) => self.look_up(&Target::Above(K::borrow(key))),
            (None, Stand::End) => None,
        };
        match found {
            Some(found) => {
                steps.arrive(found);
                true
            }
            None => {
                steps.leave_up();
                false
            }
        }
    }

    /// As [`step_down`](Self::step_down), if the pair is in another leaf or the leaf has changed.
    #[inline(never)]
    fn search_down(&self, steps: &mut Steps<K, V>) -> bool {
        let found = match (self.found_from(Way::Down, steps.spot), &steps.stand) {
            (Some(found), _) => found,
            (None, Stand::Start) => None,
            (None, Stand::At(key) | Stand::Before(key)) => self.look_up(&Target::Below(K::borrow(key))),
            (None, Stand::Behind(key)) => self.look_up(&Target::AtOrBelow(K::borrow(key))),
            (None, Stand::End) => self.look_up(&Target::Last),
        };
        match found {
            Some(found) => {
                steps.arrive(found);
                true
            }
            None => {
                steps.leave_down();
                false
            }
        }
    }

    /// The pair next to a leaf, of which the current pair is the outermost one. `None` if the leaf has changed,
    /// or anything else is in the way: search.
    fn found_from(&self, way: Way, spot: Option<Spot>) -> Option<Option<Found<K, V>>> {
        let Spot { leaf, version, slot, count } = spot?;
        if outermost(opposite(way), count) != Some(slot) {
            return None;
        }
        self.read_beside(way, Place { leaf: self.tree.leaf(leaf), version, slot: None })
    }

    /// The pair beside `target`.
    fn look_up(&self, target: &Target<'_, K>) -> Option<Found<K, V>> {
        let mut backoff = self.tree.backoff();
        loop {
            let (way, place) = self.place_at(target)?;
            if let Some(found) = self.read_beside(way, place) {
                return found;
            }
            backoff.wait();
        }
    }

    /// The pair on the way from a place. `None` if another thread was in the way.
    #[inline(always)]
    fn read_beside<'a>(
        &'a self,
        way: Way,
        from: Place<'a, K, V, Option<usize>>,
    ) -> Option<Option<Found<K, V>>> {
        if let Place { leaf, version, slot: Some(slot) } = from {
            return copy(leaf, version, slot, leaf.count()).map(Some);
        }
        let mut passed = Passed::none();
        match self.beside(way, from, &mut passed) {
            Beside::Nothing => Some(None),
            Beside::Conflict => None,
            Beside::Pair(Place { leaf, version, slot }) => {
                let found = copy(leaf, version, slot, leaf.count())?;
                passed.validate().then_some(Some(found))
            }
        }
    }

    /// The value of the current pair, as it was when the cursor came to the pair, and the state of the leaf then.
    pub(crate) fn current(&self, steps: &Steps<K, V>) -> Option<(V, State<'_>)>
    where
        V: Copy,
    {
        let Spot { leaf, version, .. } = steps.spot?;
        Some((steps.value()?, State::new(self.tree.leaf(leaf).lock(), version)))
    }

    /// Runs `f` on the value that the current key has now, under the leaf's lock.
    pub(crate) fn with_current<R>(&self, steps: &Steps<K, V>, f: impl FnOnce(&V) -> R) -> Option<R> {
        let key = steps.key()?;
        if let Some(spot) = steps.spot
            && let Some(mut leaf) = self.tree.leaf(spot.leaf).try_guard::<P::Platform>(spot.version)
        {
            let result = leaf.with_value(spot.slot, |value| f(value));
            leaf.unlock_unchanged();
            return Some(result);
        }
        self.with(key, f)
    }
}

fn opposite(way: Way) -> Way {
    match way {
        Way::Up => Way::Down,
        Way::Down => Way::Up,
    }
}

/// A copy of the pair in a slot, which is in use if the leaf validates. `count` is the number of slots in that
/// state, or was read from the leaf just before. `None` if the leaf is not in that state any more.
#[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
fn copy<K: NodeKeys, V>(
    leaf: Leaf<'_, K, V>,
    version: Version,
    slot: usize,
    count: usize,
) -> Option<Found<K, V>> {
    // A slot of a state that is over may be none of the leaf's.
    let slot = slot.min(LeafShape::<K, V>::CAPACITY - 1);
    let key = leaf.key(slot);
    // A type that needs drop is not `Copy`, so the words would be of no use.
    let value = if needs_drop::<V>() { MaybeUninit::uninit() } else { leaf.value(slot) };
    let spot = Spot { leaf: leaf.id(), version, slot, count };
    leaf.validate(version).then_some(Found { key, value, spot })
}
