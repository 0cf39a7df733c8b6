//! Removes all pairs of a range, whole leaves at a time.
//!
//! One change takes the pairs of a leaf L out, from a place on, and the leaves to its right that lie within the range
//! and whose entries are in the same node above. They end, as if L had absorbed them after they had lost their pairs.
//! So for some dozens of leaves there is one lock of the node above, one search, and no move of a pair.

use alloc::vec::Vec;
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
use crate::lock::Version;
use crate::node::{
    Inner, LeafShape, LevelMark, Locked, LockedLeaf, NodeKeys, Reshaped, Retired, Room, ShapeOf, Witness,
};
use crate::section::Section;
use crate::simd;

/// How many leaves one change ends at most. All of them are locked for that long.
const MOST: usize = 32;

/// Leaves to the right of a leaf, each in one state.
type Rights<'a, K, V> = Few<Versioned<'a, LeafShape<K, V>>, MOST>;

/// Why a change has not been made.
enum Refused {
    Contended,
    /// There is no memory for a list of the values.
    NoMemory,
}

/// What is removed, and what becomes of its values.
pub(in crate::index) struct Removal<'r, K: NodeKeys, V, F> {
    upper: Bound<K::Ref<'r>>,
    /// Whether `left` gets the values. Otherwise they are forgotten: they need no drop.
    wanted: bool,
    /// Gets the values that have left the map. Runs without a lock.
    left: F,
    /// Values that have left the map. Empty between two changes.
    values: Vec<V>,
    /// Where a leaf starts that may have to merge when all is done.
    unmerged: Option<K::Owned>,
}

impl<'r, K: NodeKeys, V, F: FnMut(V)> Removal<'r, K, V, F> {
    pub(in crate::index) fn new(upper: Bound<K::Ref<'r>>, wanted: bool, left: F) -> Self {
        Self { upper, wanted, left, values: Vec::new(), unmerged: None }
    }

    pub(in crate::index) fn into_left(self) -> F {
        self.left
    }

    /// Makes room for this number of values. The caller holds no lock.
    fn reserve(&mut self, values: usize) -> Result<(), Refused> {
        let needed = if self.wanted { values } else { 0 };
        self.values.try_reserve(needed).map_err(|_| Refused::NoMemory)
    }

    /// Takes slots `start..end` out of a leaf. There is room for their values. Returns their number.
    fn take(&mut self, leaf: &mut LockedLeaf<'_, K, V>, start: usize, end: usize) -> usize {
        if start == 0 && end == leaf.count() {
            return if self.wanted { leaf.take_all(&mut self.values) } else { leaf.forget() };
        }
        for _ in start..end {
            let value = leaf.remove(start);
            if self.wanted {
                self.values.push(value);
            } else {
                mem::forget(value);
            }
        }
        end.saturating_sub(start)
    }

    /// Hands the values out. If `left` panics at one, the others drop.
    fn hand_out(&mut self) {
        self.values.drain(..).for_each(&mut self.left);
    }

    /// Whether a leaf that ends at `high` has no keys above the range.
    fn reaches(&self, high: K::Ref<'_>) -> bool {
        match self.upper {
            Bound::Unbounded => true,
            Bound::Included(key) | Bound::Excluded(key) => K::shorten(high) <= K::shorten(key),
        }
    }
}

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Removes the pairs from `lower` on. Returns their number. The error says from where on pairs are left, because
    /// there is no memory for a list of values.
    pub(in crate::index) fn remove_by_leaves<F: FnMut(V)>(
        &self,
        lower: Bound<K::Owned>,
        removal: &mut Removal<'_, K, V, F>,
    ) -> (usize, Result<(), Bound<K::Owned>>) {
        let outcome = self.remove_step_by_step(lower, removal);
        if let Some(low) = removal.unmerged.take() {
            self.compact(K::borrow(&low));
        }
        outcome
    }

    fn remove_step_by_step<F: FnMut(V)>(
        &self,
        mut lower: Bound<K::Owned>,
        removal: &mut Removal<'_, K, V, F>,
    ) -> (usize, Result<(), Bound<K::Owned>>) {
        let (mut removed, mut most) = (0, MOST);
        let mut backoff = self.tree.backoff();
        loop {
            match self.remove_leaves(lower.as_ref().map(K::borrow), removal, most) {
                Ok((count, next)) => {
                    removed += count;
                    removal.hand_out();
                    let Some(next) = next else { return (removed, Ok(())) };
                    (lower, most) = (Bound::Included(next), MOST);
                    backoff = self.tree.backoff();
                }
                Err(Refused::NoMemory) if most == 0 => return (removed, Err(lower)),
                // With fewer leaves, fewer threads are in the way. At last there is one leaf and no node above.
                Err(_) => {
                    most /= 2;
                    backoff.wait();
                }
            }
        }
    }

    /// Removes pairs from `lower` on, with up to `most` leaves. Returns how many, and where to go on if the range goes
    /// on. If it is refused, nothing has changed.
    fn remove_leaves<F: FnMut(V)>(
        &self,
        lower: Bound<K::Ref<'_>>,
        removal: &mut Removal<'_, K, V, F>,
        most: usize,
    ) -> Result<(usize, Option<K::Owned>), Refused> {
        let (leaf, version, start) = self.first_from(lower);
        let end = leaf.rank_of_end(removal.upper.map(K::shorten));
        let (low, high, next) = (leaf.low(), leaf.high(), leaf.next());
        if !leaf.validate(version) {
            return Err(Refused::Contended);
        }
        let low = K::borrow(&low);
        let next = next.filter(|_| removal.reaches(K::borrow(&high)));
        let Some(next) = next else {
            return self.remove_slots(removal, (leaf, version), low, start, end).map(|count| (count, None));
        };
        // A leaf that absorbs others has fewer bytes that all keys begin with. So a key that stays may need more room.
        // Then the next leaf absorbs the others. Until then this one must not merge with it.
        if !LeafShape::<K, V>::SAME_SIZE && start > 0 {
            if start >= end {
                return Ok((0, Some(high)));
            }
            removal.reserve(end - start)?;
            let mut leaf = leaf.try_guard::<P::Platform>(version).ok_or(Refused::Contended)?;
            let removed = removal.take(&mut leaf, start, end);
            drop(leaf);
            self.pairs.take(removed);
            removal.unmerged = Some(K::own(low));
            return Ok((removed, Some(high)));
        }
        if most == 0 || self.tree.root().0 == 0 {
            return self
                .remove_slots(removal, (leaf, version), low, start, end)
                .map(|count| (count, Some(high)));
        }
        let (parent, parent_version) = self.inner_at(At(low), 1);
        self.tree.prefetch_children(parent, parent_version, low, most);
        let ends_parent = |key: K::Ref<'_>| parent.next().is_some() && parent.compare_high(key).is_ge();
        let mut rights: Rights<'_, K, V> = Few::new();
        let gathered = self.tree.gather(&mut rights, (next, high), removal, most, ends_parent);
        let (boundary, at, pairs) = gathered;
        if rights.as_slice().is_empty() {
            return self
                .remove_slots(removal, (leaf, version), low, start, end)
                .map(|count| (count, Some(boundary)));
        }
        removal.reserve(end.saturating_sub(start) + pairs)?;
        let section = Section::<P::Platform>::enter();
        let parent = parent.try_lock(parent_version).ok_or(Refused::Contended)?;
        let locked: Option<LockedRights<'_, K, V>> = lock_all::<K, V>((leaf, version), rights);
        let Some((mut leaf, mut locked)) = locked else {
            parent.unlock_unchanged();
            return Err(Refused::Contended);
        };
        let commit = Commit::new(self);
        let ended = Ended { commit: &commit, retired: RefCell::new(Few::new()) };
        let mut removed = removal.take(&mut leaf, start, end);
        let mut parent = parent.reshape(&ended);
        let mut leaf: Reshaped<'_, LeafShape<K, V>, _> = leaf.reshape(&ended);
        let is_whole = locked.as_slice().len() == most;
        // Entries stand at low fences, so the entry behind that of the leaf is that of the next leaf that has one.
        let slot = parent.rank(low);
        while let Some(mut right) = locked.pop() {
            if slot < parent.count() && parent.child(slot) == Some(right.id()) {
                parent.remove(slot);
            }
            let count = right.count();
            removed += removal.take(&mut right, 0, count);
            leaf.absorb(right.reshape(&ended));
        }
        let underfull = leaf.is_underfull();
        drop(leaf);
        drop(parent);
        drop(section);
        drop(ended);
        drop(commit);
        self.pairs.take(removed);
        // If there are more leaves below this node, the next change ends them first.
        if underfull && !is_whole {
            self.compact(low);
        }
        Ok((removed, at.map(|_| boundary)))
    }

    /// Removes the pairs in slots `start..end` of one leaf, which starts at `low`. Returns their number.
    fn remove_slots<F: FnMut(V)>(
        &self,
        removal: &mut Removal<'_, K, V, F>,
        (leaf, version): Versioned<'_, LeafShape<K, V>>,
        low: K::Ref<'_>,
        start: usize,
        end: usize,
    ) -> Result<usize, Refused> {
        if start >= end {
            return Ok(0);
        }
        removal.reserve(end - start)?;
        let mut leaf = leaf.try_guard(version).ok_or(Refused::Contended)?;
        let removed = removal.take(&mut leaf, start, end);
        self.end_removal(leaf, removed, low);
        Ok(removed)
    }
}

impl<K: NodeKeys, V, P: BlockPool> Tree<K, V, P> {
    /// Prefetches the headers of `most` leaves of `parent` from `low` on. They lie anywhere in memory.
    fn prefetch_children(&self, parent: Inner<'_, K>, version: Version, low: K::Ref<'_>, most: usize) {
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

    /// Collects leaves from `next` on, which starts at `boundary`, up to the first one that is not within the range or
    /// that `ends` says no to. Returns where they end, the leaf there, and how many pairs they have.
    fn gather<'a, F: FnMut(V)>(
        &'a self,
        rights: &mut Rights<'a, K, V>,
        (next, mut boundary): (BlockId, K::Owned),
        removal: &Removal<'_, K, V, F>,
        most: usize,
        ends: impl Fn(K::Ref<'_>) -> bool,
    ) -> (K::Owned, Option<BlockId>, usize) {
        let (mut at, mut pairs) = (Some(next), 0);
        while let Some(id) = at {
            if rights.as_slice().len() == most || ends(K::borrow(&boundary)) {
                break;
            }
            let right = self.leaf(id);
            let Some(version) = right.try_read_begin() else { break };
            let (next, high, count) = (right.next(), right.high(), right.count());
            let is_it = right.level() == LevelMark::of(0) && right.compare_low(K::borrow(&boundary)).is_eq();
            let is_covered = match next {
                Some(_) => removal.reaches(K::borrow(&high)),
                None => matches!(removal.upper, Bound::Unbounded),
            };
            if !right.validate(version) || !is_it || !is_covered || !rights.push((right, version)) {
                break;
            }
            (boundary, at, pairs) = (high, next, pairs + count);
        }
        (boundary, at, pairs)
    }
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
