//! Removes all pairs of a range, whole leaves at a time.
//!
//! One change takes the pairs of a leaf L out, from a place on, and the leaves to its right that lie within the range
//! and whose entries are in the same node above. They end, as if L had absorbed them after they had lost their pairs.
//! So for some dozens of leaves there is one lock of the node above, one search, and no move of a pair.

use core::cell::RefCell;
use core::mem;
use core::ops::Bound;

use crate::arena::{BlockId, BlockPool};
use crate::few::Few;
use crate::index::engine::Index;
use crate::index::search::probe::At;
use crate::index::search::settle::Versioned;
use crate::index::tree::Tree;
use crate::index::write::commit::Commit;
use crate::key::KeyWords;
use crate::lock::Version;
use crate::node::{
    Inner, LeafShape, LevelMark, Locked, LockedLeaf, NodeKeys, Reshaped, Retired, ShapeOf, Witness,
};
use crate::simd;

/// How many leaves one change ends at most. All of them are locked for that long.
const MOST: usize = 32;

/// Leaves to the right of a leaf, each in one state.
type Rights<'a, K, V> = Few<Versioned<'a, LeafShape<K, V>>, MOST>;

impl<K: KeyWords, V, P: BlockPool> Index<K, V, P> {
    /// Removes the pairs between the bounds, and returns their number. Their values are forgotten, so they must need
    /// no drop.
    pub(crate) fn remove_range(&self, mut lower: Bound<K>, upper: Bound<K>) -> usize {
        debug_assert!(!mem::needs_drop::<V>());
        let (mut removed, mut most) = (0, MOST);
        let mut backoff = self.tree.backoff();
        loop {
            match self.remove_leaves(lower, upper, most) {
                Some((count, next)) => {
                    removed += count;
                    let Some(next) = next else { return removed };
                    (lower, most) = (Bound::Included(next), MOST);
                    backoff = self.tree.backoff();
                }
                // With fewer leaves, fewer threads are in the way. At last there is one leaf and no node above.
                None => {
                    most /= 2;
                    backoff.wait();
                }
            }
        }
    }

    /// Removes pairs from `lower` on, with up to `most` leaves. Returns how many, and where to go on if the range goes
    /// on. `None` if another thread was in the way; then nothing has changed.
    fn remove_leaves(&self, lower: Bound<K>, upper: Bound<K>, most: usize) -> Option<(usize, Option<K>)> {
        let (leaf, version, start) = self.first_from(lower);
        let end = match upper {
            Bound::Unbounded => leaf.count(),
            Bound::Included(key) => leaf.rank(key),
            Bound::Excluded(key) => leaf.rank_before(key),
        };
        let (low, high, next) = (leaf.low(), leaf.high(), leaf.next());
        if !leaf.validate(version) {
            return None;
        }
        let next = next.filter(|_| is_within(high, upper));
        let Some(next) = next else {
            return self.remove_slots((leaf, version), low, start, end).map(|count| (count, None));
        };
        let mut rights: Rights<'_, K, V> = Few::new();
        if most == 0 || self.tree.root().0 == 0 {
            return self.remove_slots((leaf, version), low, start, end).map(|count| (count, Some(high)));
        }
        let (parent, parent_version) = self.inner_at(At(low), 1);
        self.tree.prefetch_children(parent, parent_version, low, most);
        let ends_parent = |key| parent.next().is_some() && parent.compare_high(key).is_ge();
        let (boundary, at) = self.tree.gather(&mut rights, (next, high), upper, most, ends_parent);
        if rights.as_slice().is_empty() {
            return self.remove_slots((leaf, version), low, start, end).map(|count| (count, Some(high)));
        }
        let parent = parent.try_lock(parent_version)?;
        let locked: Option<LockedRights<'_, K, V>> = lock_all::<K, V>((leaf, version), rights);
        let Some((mut leaf, mut locked)) = locked else {
            parent.unlock_unchanged();
            return None;
        };
        let commit = Commit::new(self);
        let ended = Ended { commit: &commit, retired: RefCell::new(Few::new()) };
        let mut removed = take_slots::<K, V>(&mut leaf, start, end);
        let mut parent = parent.reshape(&ended);
        let mut leaf: Reshaped<'_, LeafShape<K, V>, _> = leaf.reshape(&ended);
        let is_whole = locked.as_slice().len() == most;
        while let Some(mut right) = locked.pop() {
            let (rank, is_listed) = parent.find(right.low());
            if is_listed {
                parent.remove(rank - 1);
            }
            removed += right.forget();
            leaf.absorb(right.reshape(&ended));
        }
        let underfull = leaf.is_underfull();
        drop(leaf);
        drop(parent);
        drop(ended);
        drop(commit);
        self.pairs.take(removed);
        // If there are more leaves below this node, the next change ends them first.
        if underfull && !is_whole {
            self.compact(low);
        }
        Some((removed, at.map(|_| boundary)))
    }

    /// Removes the pairs in slots `start..end` of one leaf, which starts at `low`. Returns their number, or `None` if
    /// the leaf has changed.
    fn remove_slots(
        &self,
        (leaf, version): Versioned<'_, LeafShape<K, V>>,
        low: K,
        start: usize,
        end: usize,
    ) -> Option<usize> {
        if start >= end {
            return Some(0);
        }
        let mut leaf = leaf.try_lock(version)?;
        let removed = take_slots::<K, V>(&mut leaf, start, end);
        self.end_removal(leaf, removed, low);
        Some(removed)
    }
}

impl<K: KeyWords, V, P: BlockPool> Tree<K, V, P> {
    /// Prefetches the headers of `most` leaves of `parent` from `low` on. They lie anywhere in memory.
    fn prefetch_children(&self, parent: Inner<'_, K>, version: Version, low: K, most: usize) {
        let mut children: Few<BlockId, MOST> = Few::new();
        let (from, count) = (parent.rank(low), parent.count());
        for slot in from..count.min(from + most) {
            parent.child(slot).map(|child| children.push(child));
        }
        if parent.validate(version) {
            for &child in children.as_slice() {
                simd::prefetch(core::ptr::from_ref(self.leaf(child).lock()).cast());
            }
        }
    }

    /// Collects leaves from `next` on, which starts at `boundary`, up to the first one that is not within `upper` or
    /// that `ends` says no to. Returns where they end, and the leaf there.
    fn gather<'a>(
        &'a self,
        rights: &mut Rights<'a, K, V>,
        (next, mut boundary): (BlockId, K),
        upper: Bound<K>,
        most: usize,
        ends: impl Fn(K) -> bool,
    ) -> (K, Option<BlockId>) {
        let mut at = Some(next);
        while let Some(id) = at {
            if rights.as_slice().len() == most || ends(boundary) {
                break;
            }
            let right = self.leaf(id);
            let Some(version) = right.try_read_begin() else { break };
            let (next, high) = (right.next(), right.high());
            let is_it = right.level() == LevelMark::of(0) && right.compare_low(boundary).is_eq();
            let is_covered = match next {
                Some(_) => is_within(high, upper),
                None => matches!(upper, Bound::Unbounded),
            };
            if !right.validate(version) || !is_it || !is_covered || !rights.push((right, version)) {
                break;
            }
            (boundary, at) = (high, next);
        }
        (boundary, at)
    }
}

/// Whether a leaf that ends at `high` has only keys within `upper`.
fn is_within<K: Ord>(high: K, upper: Bound<K>) -> bool {
    match upper {
        Bound::Unbounded => true,
        Bound::Included(key) | Bound::Excluded(key) => high <= key,
    }
}

/// Takes slots `start..end` out of a leaf and forgets their values. Returns their number.
fn take_slots<K: NodeKeys, V>(leaf: &mut LockedLeaf<'_, K, V>, start: usize, end: usize) -> usize {
    if start == 0 && end == leaf.count() {
        return leaf.forget();
    }
    (start..end).for_each(|_| mem::forget(leaf.remove(start)));
    end.saturating_sub(start)
}

/// A locked leaf, and locked leaves to the right of it, the last one first.
type LockedRights<'a, K, V> = (LockedLeaf<'a, K, V>, Few<LockedLeaf<'a, K, V>, MOST>);

/// Locks a leaf and those to its right, each in the state in which it was found, or none of them.
fn lock_all<'a, K: NodeKeys, V>(
    (leaf, version): Versioned<'a, LeafShape<K, V>>,
    mut rights: Rights<'a, K, V>,
) -> Option<LockedRights<'a, K, V>> {
    let leaf = leaf.try_lock(version)?;
    let mut locked = Few::new();
    while let Some((right, version)) = rights.pop() {
        let Some(right) = right.try_lock(version) else {
            while let Some(right) = locked.pop() {
                Locked::unlock_unchanged(right);
            }
            leaf.unlock_unchanged();
            return None;
        };
        locked.push(right);
    }
    Some((leaf, locked))
}

/// The witness of a change that ends many leaves: a [`Commit`], and their blocks, which go back when this drops.
struct Ended<'c, 'i, K: NodeKeys, V, P: BlockPool> {
    commit: &'c Commit<'i, K, V, P>,
    retired: RefCell<Few<Retired, MOST>>,
}

impl<K: NodeKeys, S: ShapeOf<K>, V, P: BlockPool> Witness<S> for &Ended<'_, '_, K, V, P> {
    fn entry_added(self, level: LevelMark, low: K::Ref<'_>, child: BlockId) {
        Witness::<S>::entry_added(self.commit, level, low, child);
    }

    fn entry_removed(self, level: LevelMark) {
        Witness::<S>::entry_removed(self.commit, level);
    }

    fn unlocking(self, node: &Locked<'_, S>, has_moved: bool) {
        self.commit.unlocking(node, has_moved);
    }

    fn absorbed(self, node: Retired) {
        let has_room = self.retired.borrow_mut().push(node);
        debug_assert!(has_room, "there are no more than were collected");
    }
}

impl<K: NodeKeys, V, P: BlockPool> Drop for Ended<'_, '_, K, V, P> {
    fn drop(&mut self) {
        while let Some(retired) = self.retired.get_mut().pop() {
            self.commit.release(retired);
        }
    }
}
