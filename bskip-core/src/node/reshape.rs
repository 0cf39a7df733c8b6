//! Changes a node's place in the tree: its level, its fences, its link and, in an inner node, its entries.
//!
//! Replicas and hint tables describe these, so they must learn of each change. Therefore only a [`Reshaped`]
//! makes such changes. It tells its [`Witness`] just before it unlocks the node. A change of a leaf's pairs
//! needs no witness.

use core::ops::{Deref, DerefMut};

use super::changing::Changing;
use super::header::LevelMark;
use super::inner::InnerSlots;
use super::locked::Locked;
use super::shape::{KeptKey, KeyRef, Shape};
use crate::arena::{BlockId, BlockKind};
use crate::key::KeyKind;

/// Learns what happens to a [`Reshaped`] node.
pub(crate) trait Witness<S: Shape>: Copy {
    /// An inner node of `level` has received the entry of `child`, which starts at `low`.
    fn entry_added(self, level: LevelMark, low: KeyRef<'_, S>, child: BlockId);

    /// An inner node of `level` has lost an entry.
    fn entry_removed(self, level: LevelMark);

    /// `node` is about to be unlocked. `has_moved` says whether it now covers other keys than before.
    fn unlocking(self, node: &Locked<'_, S>, has_moved: bool);

    /// This node was absorbed, and is unlocked.
    fn absorbed(self, node: Retired);
}

/// The witness of nodes that no search can reach: nodes of a chain in the making, of a map that is being
/// cleared, and of tests.
#[derive(Clone, Copy)]
pub(crate) struct Unreached;

impl<S: Shape> Witness<S> for Unreached {
    #[inline(always)]
    fn entry_added(self, _: LevelMark, _: KeyRef<'_, S>, _: BlockId) {}
    #[inline(always)]
    fn entry_removed(self, _: LevelMark) {}
    #[inline(always)]
    fn unlocking(self, _: &Locked<'_, S>, _: bool) {}
    #[inline(always)]
    fn absorbed(self, _: Retired) {}
}

/// A node whose life has ended. Its block must be given back.
#[must_use]
pub(crate) struct Retired {
    kind: BlockKind,
    id: BlockId,
}

impl Retired {
    pub(crate) fn kind(&self) -> BlockKind {
        self.kind
    }

    pub(crate) fn id(&self) -> BlockId {
        self.id
    }
}

/// A locked node that is being made or is changing its place in the tree. Dropping this tells the witness,
/// then unlocks the node.
pub(crate) struct Reshaped<'a, S: Shape, W: Witness<S>> {
    node: Locked<'a, S>,
    witness: W,
    has_moved: bool,
}

impl<'a, S: Shape> Locked<'a, S> {
    /// Allows changes of the node's place in the tree from now on. `witness` learns of them.
    #[inline(always)]
    pub(crate) fn reshape<W: Witness<S>>(self, witness: W) -> Reshaped<'a, S, W> {
        Reshaped { node: self, witness, has_moved: false }
    }
}

impl<'a, S: Shape, W: Witness<S>> Deref for Reshaped<'a, S, W> {
    type Target = Locked<'a, S>;
    #[inline(always)]
    fn deref(&self) -> &Locked<'a, S> {
        &self.node
    }
}

impl<S: Shape, W: Witness<S>> DerefMut for Reshaped<'_, S, W> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.node
    }
}

impl<S: Shape, W: Witness<S>> Drop for Reshaped<'_, S, W> {
    #[inline(always)]
    fn drop(&mut self) {
        self.witness.unlocking(&self.node, self.has_moved);
    }
}

impl<S: Shape, W: Witness<S>> Reshaped<'_, S, W> {
    /// Sets the node to the right.
    pub(crate) fn set_next(&mut self, next: Option<BlockId>) {
        self.node.set_next(next);
    }
}

impl<S: Changing, W: Witness<S>> Reshaped<'_, S, W> {
    /// Ends the node's life and unlocks it. It states no level from now on, so a thread that still comes here
    /// turns back.
    pub(crate) fn retire(mut self) -> Retired {
        S::let_go(&mut self.node);
        self.node.end();
        Retired { kind: S::KIND, id: self.id() }
    }

    /// Turns the node into an empty one that starts at `low` and is the last of its level. `None` is below
    /// every key.
    pub(crate) fn format(&mut self, level: LevelMark, low: Option<KeptKey<'_, S>>) {
        self.node.set_next(None);
        S::format(&mut self.node, level, low);
    }

    /// Shares with `left`, the node before, what both can refer to together. For a node that was formatted.
    pub(crate) fn share_with(&mut self, left: &Locked<'_, S>) {
        S::share_with(&mut self.node, left);
    }

    /// Sets the high fence.
    pub(crate) fn set_high(&mut self, high: KeptKey<'_, S>) {
        S::set_high(&mut self.node, high);
    }

    /// Sets the low fence of a level's first node.
    pub(crate) fn start_below_every_key(&mut self) {
        S::start_below_every_key(&mut self.node);
    }

    /// Puts a key and its payload into `slot`; the node has room.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) fn insert(&mut self, slot: usize, key: KeptKey<'_, S>, payload: S::Payload) {
        let child = S::child_of(&payload);
        S::insert(&mut self.node, slot, key, payload);
        if let Some(child) = child {
            self.witness.entry_added(self.level(), S::Kind::key_of(key), child);
        }
    }

    /// Adds a key above all others and its payload; the node has room.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(crate) fn push(&mut self, key: KeptKey<'_, S>, payload: S::Payload) {
        let child = S::child_of(&payload);
        S::push(&mut self.node, key, payload);
        if let Some(child) = child {
            self.witness.entry_added(self.level(), S::Kind::key_of(key), child);
        }
    }

    /// Splits the node: the slots from `at` on go to `right`, a node in the making, which becomes the next
    /// node and starts at `low`. `low` must be above every key that stays, and at most equal to every key
    /// that goes.
    pub(crate) fn split_off(&mut self, at: usize, low: KeptKey<'_, S>, right: &mut Reshaped<'_, S, W>) {
        right.format(self.level(), Some(low));
        right.set_next(self.next());
        S::split_off(&mut self.node, at, low, &mut right.node);
        self.set_next(Some(right.id()));
        right.has_moved = true;
    }

    /// Takes over all slots and the range of `right`, the next node. `right` ends and is unlocked.
    pub(crate) fn absorb(&mut self, mut right: Reshaped<'_, S, W>) {
        debug_assert_eq!(self.next(), Some(right.id()));
        S::absorb(&mut self.node, &mut right.node);
        self.set_next(right.next());
        self.has_moved = true;
        self.witness.absorbed(right.retire());
    }

    /// Gives the last `n` slots and their range to `right`, the next node, which must have room for them. At
    /// least one slot must stay.
    pub(crate) fn give_last(&mut self, n: usize, right: &mut Reshaped<'_, S, W>) {
        S::give_last(&mut self.node, n, &mut right.node);
        self.has_moved = true;
        right.has_moved = true;
    }

    /// Gives the first `n` slots and their range to `left`, whose next node this is, and which must have room
    /// for them. At least one slot must stay.
    pub(crate) fn give_first(&mut self, n: usize, left: &mut Reshaped<'_, S, W>) {
        S::give_first(&mut self.node, n, &mut left.node);
        self.has_moved = true;
        left.has_moved = true;
    }
}

impl<S: InnerSlots, W: Witness<S>> Reshaped<'_, S, W> {
    /// Puts the first entry into the empty first node of a level. The entry stands at the low end, below
    /// every key.
    pub(crate) fn insert_first(&mut self, child: BlockId) {
        S::insert_first(&mut self.node, child);
    }

    /// Takes the entry out of `slot`.
    pub(crate) fn remove(&mut self, slot: usize) {
        S::close(&mut self.node, slot);
        self.witness.entry_removed(self.level());
    }

    /// Moves the entry in `slot`, which is not the first, to where its child, which is `child`, starts now.
    pub(crate) fn set_entry_key<C: Changing<Kind = S::Kind>>(&mut self, slot: usize, child: &Locked<'_, C>) {
        debug_assert!(self.child(slot) == Some(child.id()));
        assert!(slot < self.count());
        let low = child.low();
        S::set_key(&mut self.node, slot, S::Kind::kept(S::Kind::borrow(&low), child.low_number()));
    }

    /// Lets the entry in `slot` lead to `child`, which starts where the old child did.
    pub(crate) fn set_child(&mut self, slot: usize, child: BlockId) {
        assert!(slot < self.count());
        S::write(&mut self.node, slot, child);
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use core::cell::RefCell;

    use super::super::header::Node;
    use super::super::{Leaf, LeafShape};
    use super::*;
    use crate::arena::{BlockArena, BlockPool, GlobalArena, Placement};

    /// What a witness has learnt: which block changed, and whether it covers other keys now.
    #[derive(PartialEq, Debug)]
    enum Told {
        Unlocking(BlockId, bool),
        Absorbed(BlockId),
    }

    impl Witness<LeafShape<u64, u64>> for &RefCell<Vec<Told>> {
        fn entry_added(self, _: LevelMark, _: u64, _: BlockId) {}
        fn entry_removed(self, _: LevelMark) {}
        fn unlocking(self, leaf: &Locked<'_, LeafShape<u64, u64>>, has_moved: bool) {
            assert!(leaf.try_read_begin().is_none(), "the leaf is still locked");
            self.borrow_mut().push(Told::Unlocking(leaf.id(), has_moved));
        }
        fn absorbed(self, leaf: Retired) {
            self.borrow_mut().push(Told::Absorbed(leaf.id()));
        }
    }

    #[test]
    fn a_witness_learns_of_every_leaf_that_covers_other_keys() {
        let pool = GlobalArena::new().pool(Leaf::<u64, u64>::LAYOUT, BlockKind::Leaf).expect("memory");
        let ids = [(); 2].map(|()| pool.acquire(Placement::Policy).expect("memory"));
        // SAFETY: the pool has issued the blocks.
        let bases = ids.map(|id| unsafe { pool.address(id) });
        // SAFETY: the pool has this layout, lives until the end, and the block is used here only.
        let left: Leaf<'_, u64, u64> = unsafe { Node::from_raw(bases[0], ids[0], ()) };
        // SAFETY: as for `left`.
        let right: Leaf<'_, u64, u64> = unsafe { Node::from_raw(bases[1], ids[1], ()) };
        let told = RefCell::new(Vec::new());
        let told_since = || told.borrow_mut().drain(..).collect::<Vec<_>>();

        let mut a = left.lock_unshared().reshape(&told);
        a.format(LevelMark::of(0), None);
        (0..4).for_each(|i| a.insert(i, 10 * i as u64, 0));
        drop(a);
        assert_eq!(told_since(), [Told::Unlocking(ids[0], false)]);

        let (mut a, mut b) = (left.lock_unshared().reshape(&told), right.lock_unshared().reshape(&told));
        a.split_off(2, 20, &mut b);
        drop((a, b));
        assert_eq!(told_since(), [Told::Unlocking(ids[0], false), Told::Unlocking(ids[1], true)]);

        let (mut a, mut b) = (left.lock_unshared().reshape(&told), right.lock_unshared().reshape(&told));
        a.give_last(1, &mut b);
        drop((a, b));
        assert_eq!(told_since(), [Told::Unlocking(ids[0], true), Told::Unlocking(ids[1], true)]);

        let (mut a, b) = (left.lock_unshared().reshape(&told), right.lock_unshared().reshape(&told));
        a.absorb(b);
        drop(a);
        let absorbed =
            [Told::Unlocking(ids[1], false), Told::Absorbed(ids[1]), Told::Unlocking(ids[0], true)];
        assert_eq!(told_since(), absorbed);
    }
}
