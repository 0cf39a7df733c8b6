//! Moving the boundary between two neighbours: some slots of one go to the other.
//!
//! Keys and fences are copied as words.

use super::super::header::Node;
use super::super::locked::Locked;
use super::super::moves;
use super::super::shape::Shape;
use super::shape::WordShape;
use crate::key::KeyWords;
use crate::simd::Isa;
use crate::sync::Ordering;

impl<S: WordShape> Locked<'_, S> {
    /// See [`Changing::give_last`](crate::node::changing::Changing::give_last).
    pub(super) fn give_last_by(&mut self, isa: impl Isa, n: usize, right: &mut Locked<'_, S>) {
        let (count, there) = (self.count(), right.count());
        debug_assert!(self.next() == Some(right.id()) && n < count);
        let stay = count - n;
        right.open_front(isa, n);
        right.copy_slots(isa, 0, self, stay, n);
        right.set_count(there + n);
        right.resample(0);
        self.set_count(stay);
        self.resample(stay);
        self.end_where_starts(right);
    }

    /// See [`Changing::give_first`](crate::node::changing::Changing::give_first).
    pub(super) fn give_first_by(&mut self, isa: impl Isa, n: usize, left: &mut Locked<'_, S>) {
        let (count, there) = (self.count(), left.count());
        debug_assert!(left.next() == Some(self.id()) && n < count);
        left.copy_slots(isa, there, self, 0, n);
        left.set_count(there + n);
        left.resample(there);
        let node = **self;
        self.copy_slots(isa, 0, &node, n, count - n);
        self.set_count(count - n);
        self.resample(0);
        left.end_where_starts(self);
    }

    /// Moves all slots `n` places to the right. The caller then fills the slots in front, and updates the
    /// count and the samples.
    fn open_front(&mut self, isa: impl Isa, n: usize) {
        let count = self.count();
        assert!(count + n <= S::CAPACITY);
        for plane in 0..S::Key::WORDS {
            let (from, to) = (self.key_words(plane, 0), self.key_words(plane, n));
            // SAFETY: slots up to `count + n` are the node's, and this thread has it locked.
            unsafe { moves::copy_backwards(isa, from, to, count) };
        }
        let (from, to) = (self.payload(0), self.payload(n));
        // SAFETY: as above.
        unsafe { moves::copy_backwards(isa, from, to, count * S::WORDS_PER_SLOT) };
    }

    /// Sets the fence between this node and `right` to the first key of `right`.
    fn end_where_starts(&mut self, right: &mut Locked<'_, S>) {
        for plane in 0..S::Key::WORDS {
            let word = right.key_word(plane, 0);
            right.header(Node::<S>::LOW + plane * 8).store(word, Ordering::Relaxed);
            self.header(Node::<S>::HIGH + plane * 8).store(word, Ordering::Relaxed);
        }
    }
}

#[cfg(all(test, feature = "check"))]
mod tests {
    use super::super::super::{InnerShape, Leaf, LeafShape, LevelMark, Reshaped, Unreached};
    use super::*;
    use crate::arena::{BlockArena, BlockKind, BlockPool, GlobalArena, Placement};
    use crate::simd::LINE;
    use crate::simd::tests::with_each_choice;
    use core::fmt::Debug;
    use core::mem;
    use core::ops::Range;

    /// The leaf holds the pairs of these numbers, and starts where the first one does if `first_is_low`.
    fn check<K: KeyWords + Debug, V: PartialEq + Debug>(
        leaf: &Locked<'_, LeafShape<K, V>>,
        numbers: Range<usize>,
        pair: &impl Fn(usize) -> (K, V),
    ) {
        assert_eq!(leaf.count(), numbers.len());
        for (slot, (key, value)) in numbers.map(pair).enumerate() {
            assert_eq!(leaf.key(slot), key);
            assert_eq!(leaf.find(key), (slot + 1, true));
            // SAFETY: a slot in use; the copy is forgotten.
            assert_eq!(*mem::ManuallyDrop::new(unsafe { leaf.read(slot) }), value);
        }
        leaf.check_samples();
    }

    /// Two neighbours of many counts give each other one slot, half of what they can, and all they can.
    fn every_boundary<K: KeyWords + Debug, V: PartialEq + Debug>(pair: impl Fn(usize) -> (K, V)) {
        let capacity = Leaf::<K, V>::CAPACITY;
        let leaves = GlobalArena::new().pool(Leaf::<K, V>::LAYOUT, BlockKind::Leaf).expect("memory");
        let inners =
            GlobalArena::new().pool(Node::<InnerShape<K>>::LAYOUT, BlockKind::Inner).expect("memory");
        let ids = [(); 2].map(|()| leaves.acquire(Placement::Policy).expect("memory"));
        let above = inners.acquire(Placement::Policy).expect("memory");
        // SAFETY: the pool has issued the blocks.
        let bases = ids.map(|id| unsafe { leaves.address(id) });
        // SAFETY: the pool has issued the block.
        let base = unsafe { inners.address(above) };
        // SAFETY: the pool has this layout, lives until the end, and the block is used here only.
        let left: Leaf<'_, K, V> = unsafe { Node::from_raw(bases[0], ids[0], ()) };
        // SAFETY: as above.
        let right: Leaf<'_, K, V> = unsafe { Node::from_raw(bases[1], ids[1], ()) };
        // SAFETY: as above.
        let parent: Node<'_, InnerShape<K>> = unsafe { Node::from_raw(base, above, ()) };
        let (left, right, parent) = (left.lock_unshared(), right.lock_unshared(), parent.lock_unshared());
        let mut left = left.reshape(Unreached);
        let mut right = right.reshape(Unreached);
        let mut parent = parent.reshape(Unreached);
        let set_up = |left: &mut Reshaped<'_, LeafShape<K, V>, Unreached>,
                      right: &mut Reshaped<'_, LeafShape<K, V>, Unreached>,
                      parent: &mut Reshaped<'_, InnerShape<K>, Unreached>,
                      before: usize,
                      behind: usize| {
            let low = pair(before).0;
            left.clear();
            left.format(LevelMark::of(0), None);
            left.set_high(low);
            left.set_next(Some(right.id()));
            (0..before).for_each(|i| left.insert(i, pair(i).0, pair(i).1));
            right.clear();
            right.format(LevelMark::of(0), Some(low));
            (0..behind).for_each(|i| right.insert(i, pair(before + i).0, pair(before + i).1));
            parent.format(LevelMark::of(1), None);
            parent.insert_first(left.id());
            parent.insert(1, low, right.id());
        };
        // Around the ends of lines, and of the leaf.
        let counts = || (0..=capacity).filter(|n| [0, 1, LINE - 1].contains(&(n % LINE)) || n + 2 > capacity);
        for (before, behind) in counts().flat_map(|before| counts().map(move |behind| (before, behind))) {
            let to_right = before.saturating_sub(1).min(capacity - behind);
            let to_left = behind.saturating_sub(1).min(capacity - before);
            let moves = [1, to_right / 2, to_right].map(|n| (n, true, to_right));
            let moves = moves.into_iter().chain([1, to_left / 2, to_left].map(|n| (n, false, to_left)));
            for (n, is_last, _) in moves.filter(|&(n, _, most)| 0 < n && n <= most) {
                set_up(&mut left, &mut right, &mut parent, before, behind);
                let boundary = if is_last {
                    left.give_last(n, &mut right);
                    before - n
                } else {
                    right.give_first(n, &mut left);
                    before + n
                };
                parent.set_entry_key(1, &right);
                check(&left, 0..boundary, &pair);
                check(&right, boundary..before + behind, &pair);
                let low = pair(boundary).0;
                assert!(left.compare_high(low).is_eq() && right.compare_low(low).is_eq());
                assert_eq!(parent.find(low), (2, true));
                assert_eq!((parent.count(), parent.child(1)), (2, Some(right.id())));
                parent.check_samples();
            }
        }
        // What drops the values.
        left.clear();
        right.clear();
    }

    #[test]
    fn every_boundary_of_every_shape() {
        with_each_choice(|_| {
            every_boundary(|i| (i as u64 + 1, i as u64 * 3));
            every_boundary(|i| (i as u64 + (u64::MAX - 200), i as i16));
            every_boundary(|i| ((7u64, i as u64 + 1), i as u64));
            every_boundary(|i| ((i as u128 + 1) << 60, [i as u64; 5]));
            every_boundary(|i| (i as u32 + 1, ()));
            every_boundary(|i| (i as u64 + 1, alloc::boxed::Box::new(i)));
        });
    }
}
