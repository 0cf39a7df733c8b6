//! Finds the pair beside a place: the least above it, or the greatest below it.
//!
//! The leaf at the place may have no such pair, and leaves beyond it may be empty for a while. The search passes
//! them and remembers each one with its version. After the caller has read the pair (or locked its leaf), it
//! validates all of them. So there was a moment at which no passed leaf had a pair on the way. At that moment the
//! pair was the one beside the place, and the operation takes effect there.

use crate::arena::BlockPool;
use crate::few::{Few, More};
use crate::height::LEVELS;
use crate::index::engine::Index;
use crate::index::search::probe::{At, Before, Rightmost};
use crate::lock::Version;
use crate::node::{Leaf, LevelMark, NodeKeys};

/// Where a search for the next pair goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::index) enum Way {
    /// To greater keys.
    Up,
    /// To smaller keys.
    Down,
}

/// How many leaves a search passes, each with its version, before it merges some: the first one and empty ones.
///
/// Two empty neighbours cannot merge only if the second heads a node, on some level, that cannot be absorbed. For
/// words, when all merges are done, this holds for at most two boundaries of a level in a row of empty leaves:
/// those of a node that fits into neither neighbour, because both neighbours reach beyond the row. For byte
/// strings it may hold for any number of boundaries, because a node with a longer prefix may fit into no neighbour.
/// A search then remembers all leaves.
pub(crate) const PASSED: usize = 2 * LEVELS + 2;

/// The leaves that a search has passed.
pub(in crate::index) struct Passed<'a, K: NodeKeys, V> {
    leaves: Few<(Leaf<'a, K, V>, Version), PASSED>,
    /// Those before, if there are more and none could merge.
    before: K::More<(Leaf<'a, K, V>, Version)>,
}

impl<K: NodeKeys, V> Passed<'_, K, V> {
    #[inline(always)]
    pub(in crate::index) fn none() -> Self {
        Self { leaves: Few::new(), before: More::none() }
    }

    /// Whether all are still as they were: without a pair on the way.
    #[inline(always)]
    pub(in crate::index) fn validate(&self) -> bool {
        let is_valid = |leaves: &[(Leaf<'_, K, V>, Version)]| {
            leaves.iter().all(|&(leaf, version)| leaf.validate(version))
        };
        is_valid(self.leaves.as_slice()) && is_valid(self.before.as_slice())
    }

    /// Makes room for more leaves; false if there is no memory, or if the kind of keys needs no more.
    fn make_room(&mut self) -> bool {
        let has_taken = self.before.take(self.leaves.as_slice());
        if has_taken {
            self.leaves = Few::new();
        }
        has_taken
    }
}

/// What a search for the pair beside a place found.
pub(in crate::index) enum Beside<'a, K: NodeKeys, V> {
    /// It is in this leaf, validated once.
    Pair(Place<'a, K, V>),
    /// There is none.
    Nothing,
    /// Start again.
    Conflict,
}

/// A leaf in one state, and the slot of a pair if the leaf has the one that is wanted.
pub(in crate::index) struct Place<'a, K: NodeKeys, V, S = usize> {
    pub(in crate::index) leaf: Leaf<'a, K, V>,
    pub(in crate::index) version: Version,
    pub(in crate::index) slot: S,
}

/// A place among the keys, from which the pair beside it is wanted.
pub(crate) enum Target<'k, K: NodeKeys> {
    /// The least pair.
    First,
    /// The greatest pair.
    Last,
    /// The least pair at or above the key.
    AtOrAbove(K::Ref<'k>),
    /// The least pair above the key.
    Above(K::Ref<'k>),
    /// The greatest pair at or below the key.
    AtOrBelow(K::Ref<'k>),
    /// The greatest pair below the key.
    Below(K::Ref<'k>),
}

impl<K: NodeKeys> Clone for Target<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K: NodeKeys> Copy for Target<'_, K> {}

/// A way, and the leaf at a place. The slot is that of the pair, if the leaf has it.
pub(in crate::index) type Start<'a, K, V> = (Way, Place<'a, K, V, Option<usize>>);

/// The leaf further on the way.
enum Neighbour<'a, K: NodeKeys, V> {
    Leaf(Leaf<'a, K, V>, Version),
    /// There is none.
    None,
    /// It is not next to the leaf any more.
    Changed,
}

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Where the search for the pair beside `target` begins; not yet validated. `None` if no key is there.
    #[inline(always)]
    pub(in crate::index) fn place_at(&self, target: &Target<'_, K>) -> Option<Start<'_, K, V>> {
        let (leaf, version) = match *target {
            Target::First => {
                let head = self.tree.leaf(self.tree.head(0));
                (head, self.tree.read_begin(head))
            }
            Target::Last => self.leaf_at(Rightmost),
            Target::AtOrAbove(key) | Target::Above(key) | Target::AtOrBelow(key) => self.leaf_at(At(key)),
            Target::Below(key) => self.leaf_at(Before::<K>::new(key)?),
        };
        let (way, slot) = slot_beside(target, leaf);
        Some((way, Place { leaf, version, slot }))
    }

    /// The pair beside a place on the `way`, and the leaves before it that have none. `from` is the leaf at the
    /// place, and the slot of the pair if that leaf has it; not yet validated.
    pub(in crate::index) fn beside<'a>(
        &'a self,
        way: Way,
        from: Place<'a, K, V, Option<usize>>,
        passed: &mut Passed<'a, K, V>,
    ) -> Beside<'a, K, V> {
        let Place { mut leaf, mut version, mut slot } = from;
        loop {
            if let Some(slot) = slot {
                return if leaf.validate(version) {
                    Beside::Pair(Place { leaf, version, slot })
                } else {
                    Beside::Conflict
                };
            }
            let (next, low, high) = (leaf.next(), leaf.low(), leaf.high());
            if !leaf.validate(version) {
                return Beside::Conflict;
            }
            if !passed.leaves.push((leaf, version)) {
                self.compact(K::borrow(&low));
                passed.leaves.as_slice().iter().for_each(|(leaf, _)| self.compact(K::borrow(&leaf.low())));
                // Leaves that could not merge are as they were.
                let is_unchanged = leaf.validate(version) && passed.validate();
                if !(is_unchanged && passed.make_room() && passed.leaves.push((leaf, version))) {
                    return Beside::Conflict;
                }
            }
            let neighbour: Neighbour<'_, K, V> = match way {
                Way::Up => next.map_or(Neighbour::None, |next| {
                    match self.tree.settle(self.tree.leaf(next), LevelMark::of(0), At(K::borrow(&high))) {
                        Some((found, version)) if found.id() == next => Neighbour::Leaf(found, version),
                        _ => Neighbour::Changed,
                    }
                }),
                Way::Down if leaf.id() == self.tree.head(0) => Neighbour::None,
                Way::Down => Before::<K>::new(K::borrow(&low)).map_or(Neighbour::None, |before| {
                    let (found, version) = self.leaf_at(before);
                    match found.next() {
                        Some(next) if next == leaf.id() => Neighbour::Leaf(found, version),
                        _ => Neighbour::Changed,
                    }
                }),
            };
            match neighbour {
                // No leaf has such a pair, if they were in these states at one moment.
                Neighbour::None if passed.validate() => return Beside::Nothing,
                Neighbour::None | Neighbour::Changed => return Beside::Conflict,
                Neighbour::Leaf(next, next_version) => (leaf, version) = (next, next_version),
            }
            slot = outermost(way, leaf.count());
        }
    }
}

/// The way to `target` from the leaf at its place, and the slot of the pair if that leaf has it; not yet validated.
#[inline(always)]
pub(in crate::index) fn slot_beside<K: NodeKeys, V>(
    target: &Target<'_, K>,
    leaf: Leaf<'_, K, V>,
) -> (Way, Option<usize>) {
    let (way, before) = match *target {
        Target::First => (Way::Up, 0),
        Target::Last => (Way::Down, leaf.count()),
        Target::AtOrAbove(key) => (Way::Up, leaf.rank_before(key)),
        Target::Above(key) => (Way::Up, leaf.rank(key)),
        Target::AtOrBelow(key) => (Way::Down, leaf.rank(key)),
        Target::Below(key) => (Way::Down, leaf.rank_before(key)),
    };
    let slot = match way {
        Way::Up => (before < leaf.count()).then_some(before),
        Way::Down => before.checked_sub(1),
    };
    (way, slot)
}

/// The slot that comes first on the way in a leaf of `count` pairs.
#[inline(always)]
pub(in crate::index) fn outermost(way: Way, count: usize) -> Option<usize> {
    match way {
        Way::Up => (count > 0).then_some(0),
        Way::Down => count.checked_sub(1),
    }
}
