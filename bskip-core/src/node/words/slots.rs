//! Slots of a locked node: opens and closes a gap, and moves whole runs between nodes.

use super::super::header::Node;
use super::super::locked::Locked;
use super::super::moves;
use super::super::shape::Shape;
use super::shape::WordShape;
use crate::key::KeyWords;
use crate::simd::{self, Isa, LINE};
use crate::sync::Ordering;

impl<S: WordShape> Locked<'_, S> {
    #[inline(always)]
    pub(super) fn set_key_at(&mut self, slot: usize, key: S::Key) {
        for plane in 0..S::Key::WORDS {
            self.key_cell(plane, slot).store(key.word(plane), Ordering::Relaxed);
        }
    }

    /// Brings the samples from `slot`'s on up to date with keys and count.
    #[inline(always)]
    pub(super) fn resample(&mut self, slot: usize) {
        let count = self.count();
        for line in slot / LINE..LINE {
            let first = line * LINE;
            let word = if first < count { self.key_word(0, first) } else { u64::MAX };
            self.sample(line).store(word, Ordering::Relaxed);
        }
    }

    /// Moves the slots from `slot` on one place to the right. The caller then fills `slot` and updates the
    /// samples.
    #[inline(always)]
    pub(super) fn open_gap<I: Isa, const WHOLE: bool>(&mut self, isa: I, slot: usize) {
        let count = self.count();
        assert!(slot <= count && count < S::CAPACITY);
        // The slots that get another key: those after `slot`, up to the new last one.
        let mask = (!1 << slot) & (u64::MAX >> (63 - count));
        let (first, lines) = Self::lines_to_move::<WHOLE>(slot, count);
        for plane in 0..S::Key::WORDS {
            if I::HAS_SHIFT {
                // SAFETY: the plane has the slots up to the capacity, above `count`, and the node is locked.
                // The first slot of line `first`, which is `slot` or before it, keeps its key.
                unsafe { isa.shift_right(self.key_words(plane, first), lines, mask >> first) };
            } else {
                let (from, to) = (self.key_words(plane, slot), self.key_words(plane, slot + 1));
                // SAFETY: slots `slot..=count` are the node's, and this thread has it locked.
                unsafe { moves::copy_backwards(isa, from, to, count - slot) };
            }
        }
        if I::HAS_SHIFT && Node::<S>::WORD_PAYLOAD {
            // SAFETY: as for the keys.
            unsafe { isa.shift_right(self.payload(first).cast(), lines, mask >> first) };
        } else {
            let (from, to) = (self.payload(slot), self.payload(slot + 1));
            // SAFETY: slots `slot..=count` are the node's, and this thread has it locked.
            unsafe { moves::copy_backwards(isa, from, to, (count - slot) * S::WORDS_PER_SLOT) };
        }
        self.set_count(count + 1);
    }

    /// Where the lines begin that a shift from `slot` to `last` covers, and how many they are. A shift covers
    /// the whole node, or only the lines that have slots to move.
    #[inline(always)]
    fn lines_to_move<const WHOLE: bool>(slot: usize, last: usize) -> (usize, usize) {
        if WHOLE {
            return (0, S::CAPACITY / LINE);
        }
        let line = slot / LINE;
        (line * LINE, last / LINE - line + 1)
    }

    /// Updates the samples for an insertion into `slot` that is about to happen.
    #[inline(always)]
    fn shift_samples_right(&mut self, isa: impl Isa, slot: usize, key: S::Key) {
        let (count, word) = (self.count(), key.word(0));
        assert!(slot <= count && count < S::CAPACITY);
        // A line gets a new first key, the one before it, if it starts after `slot` and not after the new
        // last slot.
        let mask = (!1u8 << (slot / LINE)) & (u8::MAX >> (LINE - 1 - count / LINE));
        let before_lines = self.key_words(0, 0).wrapping_sub(1);
        // SAFETY: the 57 words that begin one word before the keys are the node's, and it is locked.
        unsafe { isa.gather_lines(before_lines, self.samples(), mask) };
        let sample = self.sample(slot / LINE);
        let word = if slot.is_multiple_of(LINE) { word } else { sample.load(Ordering::Relaxed) };
        sample.store(word, Ordering::Relaxed);
    }

    /// Updates the samples for a removal of `slot` that is about to happen.
    #[inline(always)]
    fn shift_samples_left(&mut self, isa: impl Isa, slot: usize) {
        let last = self.count().wrapping_sub(1);
        assert!(slot <= last && last < S::CAPACITY);
        // A line gets a new first key, the next one, if it starts at `slot` or after it, but not at the last
        // slot.
        let from = slot.div_ceil(LINE);
        let to = last.div_ceil(LINE);
        let mask = ((1u32 << to) - (1u32 << from.min(to))) as u8;
        // SAFETY: the 57 words that begin at the second key's word are the node's, and it is locked.
        unsafe { isa.gather_lines(self.key_words(0, 1), self.samples(), mask) };
        // A line that starts at the last slot is then empty.
        let sample = self.sample(last / LINE);
        let word = if last.is_multiple_of(LINE) { u64::MAX } else { sample.load(Ordering::Relaxed) };
        sample.store(word, Ordering::Relaxed);
    }

    /// Puts a key and its payload into `slot`; the node has room.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(super) fn insert_at(&mut self, slot: usize, key: S::Key, payload: S::Payload) {
        simd::choose!(isa => self.insert_over::<_, true>(isa, slot, key, payload));
    }

    /// As [`insert_at`](Self::insert_at), but touches no lines of slots before that of `slot`.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(super) fn insert_at_from_line(&mut self, slot: usize, key: S::Key, payload: S::Payload) {
        simd::choose!(isa => self.insert_over::<_, false>(isa, slot, key, payload));
    }

    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn insert_over<I: Isa, const WHOLE: bool>(
        &mut self,
        isa: I,
        slot: usize,
        key: S::Key,
        payload: S::Payload,
    ) {
        if I::HAS_SHIFT && WHOLE {
            self.shift_samples_right(isa, slot, key);
        }
        self.open_gap::<I, WHOLE>(isa, slot);
        self.write_at(slot, payload);
        self.set_key_at(slot, key);
        if !(I::HAS_SHIFT && WHOLE) {
            self.resample(slot);
        }
    }

    /// Adds a key above all others and its payload; the node has room.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(super) fn push_at_end(&mut self, key: S::Key, payload: S::Payload) {
        let slot = self.count();
        self.set_key_at(slot, key);
        // No user code runs from here on: once the count says so, the map owns the payload.
        self.write_at(slot, payload);
        if slot.is_multiple_of(LINE) {
            self.sample(slot / LINE).store(self.key_word(0, slot), Ordering::Relaxed);
        }
        self.set_count(slot + 1);
    }

    /// Overwrites the payload in `slot`, whatever it was.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(super) fn write_at(&mut self, slot: usize, payload: S::Payload) {
        assert!(slot < S::CAPACITY);
        // SAFETY: `slot` is below the capacity, so its words are the node's, and it is locked.
        unsafe { S::store(self.payload(slot), payload) };
    }

    /// Moves the slots after `slot` one to the left, over it. Unless `WHOLE`, touches no line of slots before
    /// that of `slot`.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(super) fn close_gap<const WHOLE: bool>(&mut self, slot: usize) {
        simd::choose!(isa => self.close_gap_by::<_, WHOLE>(isa, slot));
    }

    #[inline(always)]
    fn close_gap_by<I: Isa, const WHOLE: bool>(&mut self, isa: I, slot: usize) {
        let count = self.count();
        assert!(slot < count && count <= S::CAPACITY);
        // The slots that get another key: `slot` and those after it, except the last.
        let mask = (1 << (count - 1)) - (1 << slot);
        let (first, lines) = Self::lines_to_move::<WHOLE>(slot, count - 1);
        if I::HAS_SHIFT && WHOLE {
            self.shift_samples_left(isa, slot);
        }
        for plane in 0..S::Key::WORDS {
            if I::HAS_SHIFT {
                // SAFETY: the plane has the slots up to `count`, and the node is locked.
                unsafe { isa.shift_left(self.key_words(plane, first), lines, mask >> first) };
            } else {
                let (from, to) = (self.key_words(plane, slot + 1), self.key_words(plane, slot));
                // SAFETY: slots `slot..count` are the node's, and this thread has it locked.
                unsafe { moves::copy(isa, from, to, count - slot - 1) };
            }
        }
        if I::HAS_SHIFT && Node::<S>::WORD_PAYLOAD {
            // SAFETY: as for the keys.
            unsafe { isa.shift_left(self.payload(first).cast(), lines, mask >> first) };
        } else {
            let (from, to) = (self.payload(slot + 1), self.payload(slot));
            // SAFETY: slots `slot..count` are the node's, and this thread has it locked.
            unsafe { moves::copy(isa, from, to, (count - slot - 1) * S::WORDS_PER_SLOT) };
        }
        self.set_count(count - 1);
        if !(I::HAS_SHIFT && WHOLE) {
            self.resample(slot);
        }
    }

    /// Appends slots `from..` of `other`.
    pub(super) fn append(&mut self, other: &Node<'_, S>, from: usize) {
        simd::choose!(isa => self.append_by(isa, other, from));
    }

    fn append_by(&mut self, isa: impl Isa, other: &Node<'_, S>, from: usize) {
        let (count, end) = (self.count(), other.count());
        assert!(from <= end && count + end - from <= S::CAPACITY);
        let n = end - from;
        self.copy_slots(isa, count, other, from, n);
        self.set_count(count + n);
        self.resample(count);
    }

    /// Copies `n` slots of `other`, from `from` on, into the slots of this node from `to` on. If `other` is
    /// this node, `to` must be left of `from`.
    pub(super) fn copy_slots(
        &mut self,
        isa: impl Isa,
        to: usize,
        other: &Node<'_, S>,
        from: usize,
        n: usize,
    ) {
        assert!(from + n <= S::CAPACITY && to + n <= S::CAPACITY);
        for plane in 0..S::Key::WORDS {
            let (from, to) = (other.key_words(plane, from), self.key_words(plane, to));
            // SAFETY: `n` slots from `from` on are `other`'s. `n` slots from `to` on are this node's, which
            // is locked.
            unsafe { moves::copy(isa, from, to, n) };
        }
        let (from, to) = (other.payload(from), self.payload(to));
        // SAFETY: as above.
        unsafe { moves::copy(isa, from, to, n * S::WORDS_PER_SLOT) };
    }
}

#[cfg(all(test, feature = "check"))]
mod tests {
    use super::super::super::changing::Changing;
    use super::super::super::{InnerShape, LeafShape, LevelMark, Unreached};
    use super::*;
    use crate::arena::{BlockArena, BlockId, BlockKind, BlockPool, GlobalArena, Placement};
    use crate::simd::tests::with_each_choice;
    use alloc::vec::Vec;
    use core::mem;
    use core::num::NonZeroU32;

    /// Inserts into and removes from every slot of a node of every count, and checks the whole node each
    /// time.
    fn every_slot<S: WordShape<Key: core::fmt::Debug>>(
        kind: BlockKind,
        key: impl Fn(usize) -> S::Key,
        payload: impl Fn(usize) -> S::Payload,
        payload_is: impl Fn(&Locked<'_, S>, usize, usize),
        remove: impl Fn(&mut Locked<'_, S>, usize),
        remove_from_line: impl Fn(&mut Locked<'_, S>, usize),
    ) {
        let pool = GlobalArena::new().pool(Node::<S>::LAYOUT, kind).expect("memory");
        let id = pool.acquire(Placement::Policy).expect("memory");
        // SAFETY: the pool has issued `id`.
        let base = unsafe { pool.address(id) };
        // SAFETY: the pool has this layout, lives until the end, and the block is used here only.
        let node: Node<'_, S> = unsafe { Node::from_raw(base, id, ()) };
        let mut node = node.lock_unshared();
        S::format(&mut node, LevelMark::of(0), None);
        let check = |node: &Locked<'_, S>, expected: &[usize], what: &str| {
            assert_eq!(node.count(), expected.len(), "{what}");
            for (slot, &i) in expected.iter().enumerate() {
                assert_eq!(node.key(slot), key(i), "{what}: key {slot}");
                assert_eq!(node.find(key(i)), (slot + 1, true), "{what}: search");
                payload_is(node, slot, i);
            }
            node.check_samples();
        };
        for count in 0..S::CAPACITY {
            // Even numbers are in the node. An odd one goes between two of them and out again.
            let mut expected: Vec<usize> = (0..count).map(|i| 2 * i + 2).collect();
            check(&node, &expected, "before");
            for slot in 0..=count {
                node.insert_at(slot, key(2 * slot + 1), payload(2 * slot + 1));
                expected.insert(slot, 2 * slot + 1);
                check(&node, &expected, "inserted");
                remove(&mut node, slot);
                expected.remove(slot);
                check(&node, &expected, "removed");
                node.insert_at_from_line(slot, key(2 * slot + 1), payload(2 * slot + 1));
                expected.insert(slot, 2 * slot + 1);
                check(&node, &expected, "inserted from its line");
                remove_from_line(&mut node, slot);
                expected.remove(slot);
                check(&node, &expected, "removed from its line");
            }
            node.insert_at(count, key(2 * count + 2), payload(2 * count + 2));
        }
    }

    fn leaves<K: KeyWords + core::fmt::Debug, V: PartialEq + core::fmt::Debug>(
        key: impl Fn(usize) -> K,
        value: impl Fn(usize) -> V,
    ) {
        every_slot::<LeafShape<K, V>>(
            BlockKind::Leaf,
            key,
            &value,
            |leaf, slot, i| {
                // SAFETY: a slot in use; the copy is forgotten.
                let found = unsafe { mem::ManuallyDrop::new(leaf.read(slot)) };
                assert_eq!(*found, value(i), "value {slot}");
            },
            |leaf, slot| drop(leaf.remove(slot)),
            |leaf, slot| drop(leaf.remove_from_line(slot)),
        );
    }

    fn inners<K: KeyWords + core::fmt::Debug>(key: impl Fn(usize) -> K) {
        let child = |i: usize| BlockId(NonZeroU32::new(i as u32 + 7).expect("not zero"));
        every_slot::<InnerShape<K>>(
            BlockKind::Inner,
            key,
            child,
            |inner, slot, i| assert_eq!(inner.child(slot), Some(child(i)), "child {slot}"),
            |inner, slot| inner.close_gap::<true>(slot),
            |inner, slot| inner.close_gap::<true>(slot),
        );
    }

    /// A pool that panics may leave an inner node without entries, and a search takes slot 0 of it.
    #[test]
    fn a_block_that_was_an_inner_node_before_leads_nowhere() {
        let pool =
            GlobalArena::new().pool(Node::<InnerShape<u64>>::LAYOUT, BlockKind::Inner).expect("memory");
        let id = pool.acquire(Placement::Policy).expect("memory");
        // SAFETY: the pool has issued `id`.
        let base = unsafe { pool.address(id) };
        // SAFETY: the pool has this layout, lives until the end, and the block is used here only.
        let node: Node<'_, InnerShape<u64>> = unsafe { Node::from_raw(base, id, ()) };
        let mut first = node.lock_unshared().reshape(Unreached);
        first.format(LevelMark::of(1), None);
        first.insert_first(BlockId(NonZeroU32::new(7).expect("not zero")));
        assert!(first.child(0).is_some());
        let _ = first.retire();
        node.lock_unshared().reshape(Unreached).format(LevelMark::of(2), Some(5));
        assert_eq!((node.count(), node.child(0)), (0, None));
    }

    #[test]
    fn every_slot_of_every_shape() {
        with_each_choice(|_| {
            leaves(|i| i as u64, |i| i as u64 * 3);
            leaves(|i| i as u64 + (u64::MAX - 200), |i| i as i16);
            leaves(|i| (7u64, i as u64), |i| i as u64);
            leaves(|i| (i as u64) << 48, |i| i as u8);
            leaves(|i| i as u32, |_| ());
            leaves(|i| (i as u128) << 60, |i| [i as u64; 5]);
            leaves(|i| i as u64, |i| [i as u64; 100]);
            inners(|i| i as u64);
            inners(|i| (i as u64, 7u64));
            inners(|i| [i as u8; 100]);
        });
    }
}
