//! Changing a node: what only the holder of its lock may do.

use core::mem::{self, MaybeUninit};
use core::ops::Deref;

use super::{COUNT_BITS, InnerShape, LeafShape, LevelMark, Node, Shape, moves};
use crate::arena::BlockId;
use crate::key::Key;
use crate::lock::Version;
use crate::simd::{self, LINE};
use crate::sync::{AtomicU64, Ordering};

/// A node that this thread has locked. Dropping it publishes the changes as a new version, also when a
/// panic unwinds.
pub(crate) struct Locked<'a, S: Shape> {
    node: Node<'a, S>,
    /// The version it was locked at.
    version: Version,
}

pub(crate) type LockedLeaf<'a, K, V> = Locked<'a, LeafShape<K, V>>;
pub(crate) type LockedInner<'a, K> = Locked<'a, InnerShape<K>>;

impl<'a, S: Shape> Deref for Locked<'a, S> {
    type Target = Node<'a, S>;
    #[inline(always)]
    fn deref(&self) -> &Node<'a, S> {
        &self.node
    }
}

impl<S: Shape> Drop for Locked<'_, S> {
    #[inline(always)]
    fn drop(&mut self) {
        self.node.lock().unlock(self.version);
    }
}

impl<'a, S: Shape> Node<'a, S> {
    /// Locks a node that no other thread would lock: one just taken from its pool, which states no level, or
    /// any while this thread has the map to itself. A stale reader may be looking at it; this never waits.
    pub(crate) fn lock_unshared(self) -> Locked<'a, S> {
        loop {
            if let Some(locked) = self.try_lock(self.read_begin()) {
                return locked;
            }
        }
    }
}

impl<'a, S: Shape> Locked<'a, S> {
    /// For [`Node::try_lock`], which has locked `node` at `version`.
    #[inline(always)]
    pub(super) fn new(node: Node<'a, S>, version: Version) -> Self {
        Self { node, version }
    }

    /// Unlocks a node that was not changed: what readers have read of it stays valid.
    #[inline(always)]
    pub(crate) fn unlock_unchanged(self) {
        self.node.lock().unlock_unchanged(self.version);
        mem::forget(self);
    }

    /// Makes the node an empty one that starts at `low`, and the last of its level. `None` is below every
    /// key.
    pub(crate) fn format(&mut self, level: LevelMark, low: Option<S::Key>) {
        for i in 0..S::Key::WORDS {
            let word = low.map_or(0, |low| low.word(i));
            self.header(Node::<S>::LOW + i * 8).store(word, Ordering::Relaxed);
        }
        self.set_next(None);
        self.set_meta(0, level);
        self.resample(0);
    }

    /// Ends the node's life: it states no level from now on, so whoever still comes here turns back.
    pub(crate) fn retire(mut self) -> BlockId {
        self.set_meta(0, LevelMark::NONE);
        self.id()
    }

    #[inline(always)]
    fn set_meta(&mut self, count: usize, level: LevelMark) {
        let meta = (u64::from(level.0) << COUNT_BITS) | count as u64;
        self.header(Node::<S>::META).store(meta, Ordering::Relaxed);
    }

    #[inline(always)]
    fn set_count(&mut self, count: usize) {
        debug_assert!(count <= Node::<S>::CAPACITY);
        self.set_meta(count, self.level());
    }

    pub(crate) fn set_next(&mut self, next: Option<BlockId>) {
        let next = next.map_or(0, |id| id.0.get());
        self.header(Node::<S>::NEXT).store(u64::from(next), Ordering::Relaxed);
    }

    fn set_high(&mut self, high: S::Key) {
        for i in 0..S::Key::WORDS {
            self.header(Node::<S>::HIGH + i * 8).store(high.word(i), Ordering::Relaxed);
        }
    }

    /// Word by word: no user code runs.
    fn copy_high(&mut self, other: &Node<'_, S>) {
        for i in 0..S::Key::WORDS {
            let offset = Node::<S>::HIGH + i * 8;
            self.header(offset).store(other.header(offset).load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    #[inline(always)]
    fn set_key(&mut self, slot: usize, key: S::Key) {
        assert!(slot < Node::<S>::CAPACITY);
        for plane in 0..S::Key::WORDS {
            // SAFETY: `slot` is below the capacity, so the word is one of the node's.
            let word = unsafe { &*self.key_words(plane, slot) };
            word.store(key.word(plane), Ordering::Relaxed);
        }
    }

    /// The sample of a line of slots.
    #[inline(always)]
    fn sample(&self, line: usize) -> &'a AtomicU64 {
        assert!(line < LINE);
        // SAFETY: the samples are `LINE` words.
        unsafe { self.field(Node::<S>::SAMPLES + line * 8) }
    }

    /// Brings the samples from `slot`'s on up to date with keys and count.
    #[inline(always)]
    fn resample(&mut self, slot: usize) {
        let count = self.count();
        for line in slot / LINE..LINE {
            let first = line * LINE;
            let word = if first < count { self.key_word(0, first) } else { u64::MAX };
            self.sample(line).store(word, Ordering::Relaxed);
        }
    }
}

/// Slots.
impl<S: Shape> Locked<'_, S> {
    /// Moves the slots from `slot` on one to the right. The caller fills `slot` and resamples.
    #[inline(always)]
    fn open_gap(&mut self, slot: usize) {
        let count = self.count();
        assert!(slot <= count && count < Node::<S>::CAPACITY);
        // The slots that get another key: those behind `slot` up to the new last one.
        let mask = (!1 << slot) & (u64::MAX >> (63 - count));
        for plane in 0..S::Key::WORDS {
            if simd::HAS_SHIFT {
                // SAFETY: the plane has the slots up to the capacity, above `count`, and the node is locked.
                unsafe { simd::shift_right(self.key_words(plane, 0), Node::<S>::CAPACITY / LINE, mask) };
            } else {
                let (from, to) = (self.key_words(plane, slot), self.key_words(plane, slot + 1));
                // SAFETY: slots `slot..=count` are the node's, and this thread has it locked.
                unsafe { moves::copy_backwards(from, to, count - slot) };
            }
        }
        if simd::HAS_SHIFT && Node::<S>::WORD_PAYLOAD {
            // SAFETY: as for the keys.
            unsafe { simd::shift_right(self.payload(0).cast(), Node::<S>::CAPACITY / LINE, mask) };
        } else {
            let (from, to) = (self.payload(slot), self.payload(slot + 1));
            // SAFETY: slots `slot..=count` are the node's, and this thread has it locked.
            unsafe { moves::copy_backwards(from, to, (count - slot) * S::WORDS_PER_SLOT) };
        }
        self.set_count(count + 1);
    }

    /// Brings the samples up to date with an insertion into `slot` that is about to happen.
    #[inline(always)]
    fn shift_samples_right(&mut self, slot: usize, key: S::Key) {
        let count = self.count();
        assert!(slot <= count && count < Node::<S>::CAPACITY);
        // Lines that start behind `slot`, and at the new last slot at the latest, get a new first key: the
        // one before it.
        let mask = (!1u8 << (slot / LINE)) & (u8::MAX >> (LINE - 1 - count / LINE));
        let before_lines = self.key_words(0, 0).wrapping_sub(1);
        // SAFETY: from one word before the keys on, 57 words are the node's; and it is locked.
        unsafe { simd::gather_lines(before_lines, self.sample(0), mask) };
        let sample = self.sample(slot / LINE);
        let word = if slot.is_multiple_of(LINE) { key.word(0) } else { sample.load(Ordering::Relaxed) };
        sample.store(word, Ordering::Relaxed);
    }

    /// Brings the samples up to date with a removal of `slot` that is about to happen.
    #[inline(always)]
    fn shift_samples_left(&mut self, slot: usize) {
        let last = self.count().wrapping_sub(1);
        assert!(slot <= last && last < Node::<S>::CAPACITY);
        // Lines that start at `slot` or behind it, but not at the last slot, get a new first key: the next one.
        let from = slot.div_ceil(LINE);
        let to = last.div_ceil(LINE);
        let mask = ((1u32 << to) - (1u32 << from.min(to))) as u8;
        // SAFETY: from the second key's word on, 57 words are the node's; and it is locked.
        unsafe { simd::gather_lines(self.key_words(0, 1), self.sample(0), mask) };
        // A line that starts at the last slot is empty then.
        let sample = self.sample(last / LINE);
        let word = if last.is_multiple_of(LINE) { u64::MAX } else { sample.load(Ordering::Relaxed) };
        sample.store(word, Ordering::Relaxed);
    }

    /// Puts a key and its payload into `slot`; the node has room.
    #[inline(always)]
    pub(crate) fn insert(&mut self, slot: usize, key: S::Key, payload: S::Payload) {
        if simd::HAS_SHIFT {
            self.shift_samples_right(slot, key);
        }
        self.open_gap(slot);
        self.write(slot, payload);
        self.set_key(slot, key);
        if !simd::HAS_SHIFT {
            self.resample(slot);
        }
    }

    /// Overwrites the payload in `slot`, whatever it was.
    #[inline(always)]
    fn write(&mut self, slot: usize, payload: S::Payload) {
        assert!(slot < Node::<S>::CAPACITY);
        // SAFETY: `slot` is below the capacity, so its words are the node's, and it is locked.
        unsafe { S::store(self.payload(slot), payload) };
    }

    /// Moves the slots behind `slot` one to the left, over it.
    #[inline(always)]
    fn close_gap(&mut self, slot: usize) {
        let count = self.count();
        assert!(slot < count && count <= Node::<S>::CAPACITY);
        // The slots that get another key: `slot` and those behind it, but the last.
        let mask = (1 << (count - 1)) - (1 << slot);
        if simd::HAS_SHIFT {
            self.shift_samples_left(slot);
        }
        for plane in 0..S::Key::WORDS {
            if simd::HAS_SHIFT {
                // SAFETY: the plane has the slots up to `count`, and the node is locked.
                unsafe { simd::shift_left(self.key_words(plane, 0), Node::<S>::CAPACITY / LINE, mask) };
            } else {
                let (from, to) = (self.key_words(plane, slot + 1), self.key_words(plane, slot));
                // SAFETY: slots `slot..count` are the node's, and this thread has it locked.
                unsafe { moves::copy(from, to, count - slot - 1) };
            }
        }
        if simd::HAS_SHIFT && Node::<S>::WORD_PAYLOAD {
            // SAFETY: as for the keys.
            unsafe { simd::shift_left(self.payload(0).cast(), Node::<S>::CAPACITY / LINE, mask) };
        } else {
            let (from, to) = (self.payload(slot + 1), self.payload(slot));
            // SAFETY: slots `slot..count` are the node's, and this thread has it locked.
            unsafe { moves::copy(from, to, (count - slot - 1) * S::WORDS_PER_SLOT) };
        }
        self.set_count(count - 1);
        if !simd::HAS_SHIFT {
            self.resample(slot);
        }
    }

    /// Appends slots `from..` of `other`.
    fn append(&mut self, other: &Node<'_, S>, from: usize) {
        let (count, end) = (self.count(), other.count());
        assert!(from <= end && count + end - from <= Node::<S>::CAPACITY);
        let n = end - from;
        for plane in 0..S::Key::WORDS {
            let (from, to) = (other.key_words(plane, from), self.key_words(plane, count));
            // SAFETY: `n` slots from `from` are the other's, `n` from `count` are ours, which is locked.
            unsafe { moves::copy(from, to, n) };
        }
        let (from, to) = (other.payload(from), self.payload(count));
        // SAFETY: as above.
        unsafe { moves::copy(from, to, n * S::WORDS_PER_SLOT) };
        self.set_count(count + n);
        self.resample(count);
    }

    /// Splits: slots from `at` on go to `right`, a fresh node, which becomes the next and starts at `low`.
    /// `low` is above every key that stays, and not above any that goes.
    pub(crate) fn split_off(&mut self, at: usize, low: S::Key, right: &mut Locked<'_, S>) {
        right.format(self.level(), Some(low));
        right.copy_high(self);
        right.set_next(self.next());
        self.set_high(low);
        right.append(self, at);
        self.set_next(Some(right.id()));
        self.set_count(at);
        self.resample(at);
    }

    /// Takes over everything of `right`, the next node, which ends.
    pub(crate) fn absorb(&mut self, right: Locked<'_, S>) -> BlockId {
        debug_assert_eq!(self.next(), Some(right.id()));
        self.append(&right, 0);
        self.copy_high(&right);
        self.set_next(right.next());
        right.retire()
    }
}

impl<K: Key> LockedInner<'_, K> {
    /// Puts the entry at the low end of a level's first node, below every key, into the empty node.
    pub(crate) fn insert_first(&mut self, child: BlockId) {
        self.open_gap(0);
        for plane in 0..K::WORDS {
            // SAFETY: slot 0 is one of the node's.
            let word = unsafe { &*self.key_words(plane, 0) };
            word.store(0, Ordering::Relaxed);
        }
        self.write(0, child);
        self.resample(0);
    }

    /// Takes the entry out of `slot`.
    pub(crate) fn remove(&mut self, slot: usize) {
        self.close_gap(slot);
    }
}

impl<K: Key, V> LockedLeaf<'_, K, V> {
    /// The value in `slot`, which then must be written, removed or forgotten.
    ///
    /// # Safety
    /// `slot` is below the count, and its value is not used again before it is written anew.
    #[inline(always)]
    pub(crate) unsafe fn read(&self, slot: usize) -> V {
        let value: MaybeUninit<V> = self.value(slot);
        // SAFETY: a slot in use holds a value, nobody changes it while this thread has the lock, and by the
        // caller's promise this copy is the only one that is used.
        unsafe { value.assume_init() }
    }

    /// Exchanges the value in `slot`, which is below the count.
    #[inline(always)]
    pub(crate) fn replace(&mut self, slot: usize, value: V) -> V {
        assert!(slot < self.count());
        // SAFETY: below the count; written anew below.
        let old = unsafe { self.read(slot) };
        self.write(slot, value);
        old
    }

    /// Takes the pair out of `slot`, which is below the count.
    #[inline(always)]
    pub(crate) fn remove(&mut self, slot: usize) -> V {
        assert!(slot < self.count());
        // SAFETY: below the count; the slot is closed below.
        let value = unsafe { self.read(slot) };
        self.close_gap(slot);
        value
    }

    /// Runs `f` on the value in `slot`, which is below the count, and keeps what `f` made of it, also if `f`
    /// panics.
    pub(crate) fn with_value<R>(&mut self, slot: usize, f: impl FnOnce(&mut V) -> R) -> R {
        /// Puts the value back into its slot, at the latest when `f` unwinds.
        struct PutBack<'g, 'a, K: Key, V> {
            leaf: &'g mut LockedLeaf<'a, K, V>,
            slot: usize,
            value: mem::ManuallyDrop<V>,
        }
        impl<K: Key, V> Drop for PutBack<'_, '_, K, V> {
            fn drop(&mut self) {
                // SAFETY: `value` is not used after this.
                let value = unsafe { mem::ManuallyDrop::take(&mut self.value) };
                self.leaf.write(self.slot, value);
            }
        }
        assert!(slot < self.count());
        // SAFETY: below the count; `PutBack` writes it anew.
        let value = mem::ManuallyDrop::new(unsafe { self.read(slot) });
        let mut held = PutBack { leaf: self, slot, value };
        f(&mut held.value)
    }

    /// Drops every value and forgets the pairs. Should a drop panic, the rest is leaked.
    pub(crate) fn clear(&mut self) {
        let count = self.count();
        self.set_count(0);
        self.resample(0);
        if mem::needs_drop::<V>() {
            for slot in 0..count {
                // SAFETY: the slot was in use until just now, and nobody reaches it any more.
                drop(unsafe { self.read(slot) });
            }
        }
    }
}

#[cfg(all(test, feature = "check"))]
mod tests {
    use super::*;
    use crate::arena::{GlobalArena, NodeArena, NodeKind, NodePool, Placement};
    use crate::node::Leaf;
    use alloc::vec::Vec;

    /// Inserts into and removes from every slot of a leaf of every count, and looks at all of it.
    fn every_slot<K: Key + core::fmt::Debug, V: Clone + PartialEq + core::fmt::Debug>(
        key: impl Fn(usize) -> K,
        value: impl Fn(usize) -> V,
    ) {
        let pool = GlobalArena.pool(Leaf::<K, V>::LAYOUT, NodeKind::Leaf).expect("memory");
        let id = pool.acquire(Placement::Policy).expect("memory");
        // SAFETY: the pool has issued `id`.
        let base = unsafe { pool.address(id) };
        // SAFETY: the pool has this layout, lives until the end, and the block is used here only.
        let node: Leaf<'_, K, V> = unsafe { Leaf::from_raw(base, id) };
        let mut leaf = node.lock_unshared();
        leaf.format(LevelMark::of(0), None);
        let check = |leaf: &LockedLeaf<'_, K, V>, expected: &[usize], what: &str| {
            assert_eq!(leaf.count(), expected.len(), "{what}");
            for (slot, &i) in expected.iter().enumerate() {
                assert_eq!(leaf.key(slot), key(i), "{what}: key {slot}");
                assert_eq!(leaf.find(key(i)), (slot + 1, true), "{what}: search");
                // SAFETY: a slot in use; the copy is forgotten.
                let found = unsafe { core::mem::ManuallyDrop::new(leaf.read(slot)) };
                assert_eq!(*found, value(i), "{what}: value {slot}");
            }
            leaf.check_samples();
        };
        for count in 0..Leaf::<K, V>::CAPACITY {
            // Even numbers are in the leaf, an odd one goes between two of them and out again.
            let mut expected: Vec<usize> = (0..count).map(|i| 2 * i + 2).collect();
            check(&leaf, &expected, "before");
            for slot in 0..=count {
                leaf.insert(slot, key(2 * slot + 1), value(2 * slot + 1));
                expected.insert(slot, 2 * slot + 1);
                check(&leaf, &expected, "inserted");
                assert_eq!(leaf.remove(slot), value(2 * slot + 1));
                expected.remove(slot);
                check(&leaf, &expected, "removed");
            }
            leaf.insert(count, key(2 * count + 2), value(2 * count + 2));
        }
        leaf.clear();
    }

    #[test]
    fn every_slot_of_every_shape() {
        every_slot(|i| i as u64, |i| i as u64 * 3);
        every_slot(|i| i as u64 + (u64::MAX - 200), |i| alloc::format!("{i}"));
        every_slot(|i| (7u64, i as u64), |i| i as u64);
        every_slot(|i| (i as u64) << 48, |i| i as u8);
        every_slot(|i| i as u32, |_| ());
        every_slot(|i| (i as u128) << 60, |i| [i as u64; 5]);
        every_slot(|i| i as u64, |i| [i as u64; 100]);
    }
}
