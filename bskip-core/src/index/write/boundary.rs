//! Redistribution. Before one more pair comes in, a full leaf gives pairs to a neighbour that has room, and
//! need not split. To make the map take less memory, a leaf is filled up from its right neighbour.
//!
//! The boundary between the two leaves moves. The right leaf's low fence and its entry in the node above move
//! with it. So a thread locks all three nodes, by the versions under which it found them, as for an
//! absorption: the node above, the left leaf, the right leaf. If a lock, a change, or a boundary that must
//! stay is in the way, the leaf splits instead, or stays as it is.

use crate::arena::BlockPool;
use crate::chaos;
use crate::index::engine::Index;
use crate::index::search::lock::lock_three;
use crate::index::search::probe::{At, Probe};
use crate::index::search::settle::Versioned;
use crate::index::write::commit::{Change, Commit};
use crate::lock::Version;
use crate::node::{Fill, Inner, Leaf, LeafShape, LevelMark, Node, NodeKeys, Room, Share};
use crate::section::Section;

/// A right neighbour has room if `FREE_RIGHT` of 8 slots are free…
const FREE_RIGHT: usize = 2;

/// …and a left one if `FREE_LEFT` are. With fewer, it would soon be full itself and move them again.
/// Descending keys go to the right one.
const FREE_LEFT: usize = 3;

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Inserts a key of height 0 that is not in the map and belongs into `leaf`, which is full in the state
    /// `version`. This works only if the right or left neighbour has room. Otherwise it returns the value,
    /// and nothing has changed.
    #[cold]
    #[inline(never)]
    pub(in crate::index) fn insert_redistributing(
        &self,
        leaf: Leaf<'_, K, V>,
        version: Version,
        kept: K::Kept<'_>,
        value: V,
    ) -> Result<(), V> {
        let commit = Commit::new(self);
        let Some(Two { section: _section, left, right }) = self.give(&commit, leaf, version) else {
            return Err(value);
        };
        chaos::window();
        let key = K::key_of(kept);
        let mut leaf = if right.compare_low(key).is_lt() { left } else { right };
        let rank = leaf.rank(key);
        leaf.insert(rank, kept, value);
        Ok(())
    }

    /// Moves pairs of `leaf`, which is full in the state `version`, to a neighbour that has room. Both have room
    /// afterwards. False if no neighbour has room or something is in the way; then nothing has changed.
    #[cold]
    #[inline(never)]
    pub(in crate::index) fn make_room_beside(&self, leaf: Leaf<'_, K, V>, version: Version) -> bool {
        let commit = Commit::new(self);
        self.give(&commit, leaf, version).is_some()
    }

    /// Gives pairs of `leaf`, which is full in the state `version`, to the right or the left neighbour.
    #[inline(always)]
    fn give<'c>(
        &'c self,
        commit: &'c Commit<'c, K, V, P>,
        leaf: Leaf<'c, K, V>,
        version: Version,
    ) -> Option<Two<'c, K, V, P>> {
        // Without posting, nearly every leaf that has an entry starts at a coin key.
        if !LeafShape::<K, V>::REDISTRIBUTES || !self.heights.posts {
            return None;
        }
        self.give_right(commit, leaf, version).or_else(|| self.give_left(commit, leaf, version))
    }

    fn give_right<'c>(
        &'c self,
        commit: &'c Commit<'c, K, V, P>,
        leaf: Leaf<'c, K, V>,
        version: Version,
    ) -> Option<Two<'c, K, V, P>> {
        self.move_high(commit, leaf, version, |right| has_room(right, FREE_RIGHT), Share::Even)
    }

    /// Moves pairs from the right neighbour to `leaf`, in the state `version`, until it is full. Returns the
    /// new boundary. Does nothing if all pairs would move, because that is an absorption.
    pub(in crate::index) fn fill_up(&self, leaf: Leaf<'_, K, V>, version: Version) -> Option<K::Owned> {
        // If the locks succeed, both leaves are in the locked states. A block that is not a leaf now has no
        // pairs.
        let too_many = |right: Leaf<'_, K, V>| !leaf.fits(right, Fill::Tight);
        let commit = Commit::new(self);
        let two = self.move_high(&commit, leaf, version, too_many, Share::LeftFull)?;
        Some(two.right.low())
    }

    /// Moves the boundary between `leaf`, in the state `version`, and its right neighbour, if that neighbour
    /// is `suitable`.
    fn move_high<'c>(
        &'c self,
        commit: &'c Commit<'c, K, V, P>,
        leaf: Leaf<'c, K, V>,
        version: Version,
        suitable: impl FnOnce(Leaf<'_, K, V>) -> bool,
        share: Share,
    ) -> Option<Two<'c, K, V, P>> {
        let (next, boundary) = (leaf.next(), leaf.high());
        if !leaf.validate(version) {
            return None;
        }
        let right = self.tree.leaf(next?);
        let right_version = right.try_read_begin()?;
        if !suitable(right) {
            return None;
        }
        let entry = self.movable_entry(K::borrow(&boundary))?;
        self.move_boundary(commit, entry, (leaf, version), (right, right_version), share)
    }

    fn give_left<'c>(
        &'c self,
        commit: &'c Commit<'c, K, V, P>,
        leaf: Leaf<'c, K, V>,
        version: Version,
    ) -> Option<Two<'c, K, V, P>> {
        let (boundary, is_head) = (leaf.low(), leaf.id() == self.tree.head(0));
        if !leaf.validate(version) || is_head {
            return None;
        }
        let entry = self.movable_entry(K::borrow(&boundary))?;
        let left = entry.parent.child(entry.slot - 1);
        if !entry.parent.validate(entry.version) {
            return None;
        }
        let left = self.tree.leaf(left?);
        let left_version = left.try_read_begin()?;
        if !has_room(left, FREE_LEFT) {
            return None;
        }
        self.move_boundary(commit, entry, (left, left_version), (leaf, version), Share::Even)
    }

    /// The entry of level 1 at `boundary`, if there is one and it may move.
    fn movable_entry(&self, boundary: K::Ref<'_>) -> Option<Entry<'_, K>> {
        // The height of a coin key promises that a leaf starts there. Insertions keep that promise;
        // absorptions need not.
        if self.heights.of::<K>(boundary) > 0 || self.tree.root().0 == 0 {
            return None;
        }
        // There is only one try, because a search waits for a locked node, and this node may have nothing to
        // do with the new key.
        let place = At(boundary).any();
        let (parent, version) = self.hinted(place).or_else(|| self.try_inner_at(place, 1))?;
        let (rank, listed) = parent.find(boundary);
        // The first entry stands at its node's own low fence, which does not move.
        (listed && rank > 1).then(|| Entry { parent, version, slot: rank - 1 })
    }

    /// Moves the boundary between two leaves, so that each holds what `share` says. `entry` is the right leaf's
    /// entry. Returns both leaves, still locked, or `None` if one of the three nodes has changed or the leaves
    /// are not neighbours.
    fn move_boundary<'c>(
        &self,
        commit: &'c Commit<'c, K, V, P>,
        entry: Entry<'c, K>,
        left: Versioned<'c, LeafShape<K, V>>,
        right: Versioned<'c, LeafShape<K, V>>,
        share: Share,
    ) -> Option<Two<'c, K, V, P>> {
        chaos::window();
        let section = Section::enter();
        let (parent, left, right) = lock_three((entry.parent, entry.version), left, right)?;
        // Between the entries of two leaves there may be a leaf that has none yet.
        let are_neighbours = left.next() == Some(right.id()) && parent.child(entry.slot) == Some(right.id());
        let share = left.share(*right, share).filter(|&share| {
            are_neighbours
                && (LeafShape::<K, V>::SAME_SIZE
                    || parent.has_room_to_move(entry.slot, K::borrow(&left.boundary(*right, share))))
        });
        let Some(share) = share else {
            right.unlock_unchanged();
            left.unlock_unchanged();
            parent.unlock_unchanged();
            return None;
        };
        let mut parent = parent.reshape(commit);
        let (mut left, mut right) = (left.reshape(commit), right.reshape(commit));
        // No user code runs until everything is in its place.
        let before = left.count();
        if share < before {
            left.give_last(before - share, &mut right);
        } else {
            right.give_first(share - before, &mut left);
        }
        parent.set_entry_key(entry.slot, &right);
        Some(Two { left, right, section })
    }
}

/// Two neighbours, locked within a section.
struct Two<'c, K: NodeKeys, V, P: BlockPool> {
    left: Change<'c, LeafShape<K, V>, K, V, P>,
    right: Change<'c, LeafShape<K, V>, K, V, P>,
    /// The last field, because it must outlive the locks.
    section: Section<P::Platform>,
}

/// An entry of level 1, as it was in one state of its node.
struct Entry<'a, K: NodeKeys> {
    parent: Inner<'a, K>,
    version: Version,
    /// Not the first one.
    slot: usize,
}

/// Whether this is a leaf with room for a neighbour's pairs. The leaf may have been retired meanwhile.
fn has_room<S: Room>(leaf: Node<'_, S>, eighths: usize) -> bool {
    leaf.level() == LevelMark::of(0) && leaf.has_free(eighths)
}

#[cfg(all(test, feature = "check"))]
mod tests {
    use super::*;
    use crate::config::Promotion;
    use crate::index::fixtures::{CAPACITY, index};
    use crate::index::write::existing::Existing;

    /// Ascending keys leave a full leaf, and behind it a leaf of a single key. Then the full one overflows.
    #[test]
    fn the_right_neighbour_takes_the_greater_half_of_the_difference() {
        let mut index = index(Promotion::Overflow, (0..=CAPACITY).map(|i| 2 * i));
        assert_eq!(index.walk().leaves, 2);
        assert!(index.insert(1, !1, Existing::Replace).is_ok());
        let found = index.walk();
        assert_eq!((found.leaves, found.unlisted, found.keys as u64), (2, 0, CAPACITY + 2));
        assert!((0..=CAPACITY).all(|i| index.get(2 * i) == Some(!(2 * i))));
        // The boundary has moved to the left, and what is there is found.
        let (right, _) = index.leaf_at(At(2 * CAPACITY));
        assert!(right.low() < 2 * CAPACITY && right.count() as u64 == 1 + (CAPACITY - 1) / 2);
    }

    #[test]
    fn the_left_neighbour_takes_what_the_right_one_has_no_room_for() {
        // The first leaf is full and loses half of its pairs, the second one fills up and overflows.
        let mut index = index(Promotion::Overflow, (0..=CAPACITY).map(|i| 4 * i));
        (0..CAPACITY / 2).for_each(|i| assert!(index.remove(4 * i).is_some()));
        (0..CAPACITY).for_each(|i| {
            let key = 4 * CAPACITY + 2 + 4 * (CAPACITY - i);
            assert!(index.insert(key, !key, Existing::Replace).is_ok());
        });
        let found = index.walk();
        assert_eq!((found.leaves, found.unlisted, found.keys as u64), (2, 0, CAPACITY + 1 + CAPACITY / 2));
        assert!((CAPACITY / 2..=CAPACITY).all(|i| index.get(4 * i) == Some(!(4 * i))));
        assert!((1..=CAPACITY).map(|i| 4 * (CAPACITY + i) + 2).all(|key| index.get(key) == Some(!key)));
        let (right, _) = index.leaf_at(At(8 * CAPACITY));
        assert!(right.low() > 4 * CAPACITY);
    }

    /// What a height promises: insertions alone never take it back.
    #[test]
    fn a_leaf_starts_at_every_coin_key() {
        let keys = (0..20_000).map(crate::mix::mix);
        let mut index = index(Promotion::CoinAndOverflow { one_in: 32 }, keys.clone());
        index.walk();
        let mut tall = 0;
        for key in keys.filter(|&key| index.heights.of::<u64>(key) > 0) {
            assert_eq!(index.leaf_at(At(key)).0.low(), key);
            tall += 1;
        }
        assert!(tall > 300);
    }
}
