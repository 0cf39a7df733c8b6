//! The one place through which every structural change goes. Only this code copies replicas, tells the router
//! and releases retired blocks.
//!
//! A [`Commit`] is the witness of the nodes that one change reshapes. It learns of each entry that is added
//! or removed, and of each node just before the node is unlocked. The nodes borrow the commit, so it ends
//! only when this thread has unlocked all of them. Then it releases the block that the change retired, and
//! lets the router renew a table. No caller can forget any of this, because it happens when the values drop.

use core::cell::Cell;

use crate::arena::keep::Keeps;
use crate::arena::{BlockId, BlockKind, BlockPool};
use crate::chaos;
use crate::index::engine::Index;
use crate::node::{InnerShape, LevelMark, Locked, NodeKeys, Reshaped, Retired, ShapeOf, Witness};

/// See the module.
pub(in crate::index) struct Commit<'i, K: NodeKeys, V, P: BlockPool> {
    index: &'i Index<K, V, P>,
    /// Entries that level 2 got or lost.
    level_2_changes: Cell<usize>,
    /// The node that an absorption ended.
    retired: Cell<Option<Retired>>,
    /// Whether a panic was already unwinding when the change began. Then a panic seen later need not be a new
    /// one.
    was_unwinding: bool,
}

/// A locked node of a change.
pub(in crate::index) type Change<'c, S, K, V, P> = Reshaped<'c, S, &'c Commit<'c, K, V, P>>;

/// A locked inner node of a change.
pub(in crate::index) type InnerChange<'c, K, V, P> = Change<'c, InnerShape<K>, K, V, P>;

impl<'i, K: NodeKeys, V, P: BlockPool> Commit<'i, K, V, P> {
    /// A commit for one change. The value must live longer than the nodes that it witnesses.
    pub(in crate::index) fn new(index: &'i Index<K, V, P>) -> Self {
        Self { index, level_2_changes: Cell::new(0), retired: Cell::new(None), was_unwinding: is_unwinding() }
    }

    /// Gives back the block of a retired node that this thread has unlocked.
    #[inline(always)]
    pub(in crate::index) fn release(&self, retired: Retired) {
        if self.is_broken() {
            return;
        }
        chaos::window();
        self.index.tree.release(retired);
    }

    /// Whether a panic of the pool ends the change. Then nodes are only unlocked.
    fn is_broken(&self) -> bool {
        is_unwinding() && !self.was_unwinding
    }
}

impl<K: NodeKeys, S: ShapeOf<K>, V, P: BlockPool> Witness<S> for &Commit<'_, K, V, P> {
    fn entry_added(self, level: LevelMark, low: K::Ref<'_>, child: BlockId) {
        if P::Hints::GLOBAL && level == LevelMark::of(2) {
            self.level_2_changes.set(self.level_2_changes.get() + 1);
            self.index.router.node_entered::<K>(low, child);
        }
    }

    fn entry_removed(self, level: LevelMark) {
        if P::Hints::GLOBAL && level == LevelMark::of(2) {
            self.level_2_changes.set(self.level_2_changes.get() + 1);
        }
    }

    #[inline(always)]
    fn unlocking(self, node: &Locked<'_, S>, has_moved: bool) {
        if self.is_broken() {
            return;
        }
        if S::KIND == BlockKind::Leaf && has_moved {
            self.index.router.leaf_moved(**node);
        }
        if let Some(node) = S::as_inner(node) {
            self.index.router.node_changed(&self.index.tree, node);
        }
    }

    fn absorbed(self, node: Retired) {
        let earlier = self.retired.replace(Some(node));
        debug_assert!(earlier.is_none(), "a change retires one node at most");
    }
}

impl<K: NodeKeys, V, P: BlockPool> Drop for Commit<'_, K, V, P> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.is_broken() {
            return;
        }
        if let Some(retired) = self.retired.take() {
            self.release(retired);
        }
        let changes = self.level_2_changes.get();
        if changes > 0 {
            self.index.router.level_2_changed(&self.index.tree, changes);
        }
    }
}

#[cfg(feature = "std")]
fn is_unwinding() -> bool {
    std::thread::panicking()
}

/// Without `std`, a panic does not unwind, or no code can tell that it does.
#[cfg(not(feature = "std"))]
fn is_unwinding() -> bool {
    false
}

#[cfg(all(test, not(any(loom, shuttle, small_nodes))))]
mod tests {
    use super::*;
    use crate::arena::{GlobalArena, GlobalPool};
    use crate::config::{Config, Promotion};
    use crate::index::search::probe::At;
    use crate::index::write::existing::Existing;
    use crate::mix::mix;
    use crate::node::Leaf;

    /// A leaf that starts at a tall key is full, and that tall key is inserted: the leaf splits within a tall
    /// insertion.
    #[test]
    fn the_router_learns_of_a_leaf_that_overflows_in_a_tall_insertion() {
        let config = Config::new().promotion(Promotion::CoinAndOverflow { one_in: 256 }).seed(1);
        let index: Index<u64, u64, GlobalPool> = Index::new(&GlobalArena::new(), &config).expect("memory");
        let insert = |key| assert!(index.insert(key, key, Existing::Replace).is_ok());
        let keys = || (0..100_000).map(mix);
        keys().for_each(insert);
        assert!(index.router.leaf_table().lines() > 0, "hashes are spread evenly");
        let (mut told, mut all) = (0, 0);
        for tall in keys().filter(|&key| index.heights.of::<u64>(key) > 0).take(300) {
            let (leaf, _) = index.leaf_at(At(tall));
            let (end, gap) = (leaf.high(), leaf.high() / 1024 - tall / 1024);
            // A merge may have taken the leaf, and the last one has no end.
            if leaf.low() != tall || leaf.next().is_none() {
                continue;
            }
            let free = Leaf::<u64, u64>::CAPACITY - leaf.count();
            assert_eq!(index.remove(tall), Some(tall));
            let fits = |&key: &u64| key < end && index.heights.of::<u64>(key) == 0 && !index.contains(key);
            (1..1024).map(|i| tall + i * gap).filter(fits).take(free + 1).for_each(insert);
            let (leaf, _) = index.leaf_at(At(tall));
            if leaf.count() < Leaf::<u64, u64>::CAPACITY || leaf.low() != tall {
                continue;
            }
            insert(tall);
            let (right, _) = index.leaf_at(At(leaf.high()));
            assert!(leaf.count() < Leaf::<u64, u64>::CAPACITY && right.id() != leaf.id());
            let word = right.key(right.count() - 1);
            (told, all) = (told + usize::from(index.router.leaf(word) == Some(right.id())), all + 1);
        }
        assert!(all > 100 && told * 4 > all * 3, "{told} of {all} fresh leaves");
    }
}
