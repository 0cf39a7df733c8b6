//! A locked node, and the changes of a leaf's pairs.
//!
//! A change that others must learn of, of levels, fences, links and entries, goes through `reshape`.

use core::mem::{self, MaybeUninit};
use core::ops::{Deref, Range};

use super::{COUNT_BITS, InnerShape, LeafShape, LevelMark, Node, Shape};
use crate::arena::BlockId;
use crate::key::KeyWords;
use crate::lock::Version;
use crate::reentrancy::while_holding;
use crate::simd::LINE;
use crate::sync::Ordering;

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
    /// any while this thread has exclusive access to the map. A stale reader may look at it. This never
    /// waits.
    pub(crate) fn lock_unshared(self) -> Locked<'a, S> {
        loop {
            if let Some(locked) = self.try_read_begin().and_then(|version| self.try_lock(version)) {
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

    /// The version it was locked at.
    pub(super) fn locked_at(&self) -> Version {
        self.version
    }

    /// Unlocks a node that was not changed: what readers have read of it stays valid.
    #[inline(always)]
    pub(crate) fn unlock_unchanged(self) {
        self.node.lock().unlock_unchanged(self.version);
        mem::forget(self);
    }

    /// Makes the node an empty one that starts at `low`, and the last of its level. `None` is below every
    /// key.
    pub(super) fn format(&mut self, level: LevelMark, low: Option<S::Key>) {
        self.set_low(low);
        self.set_next(None);
        // A search takes slot 0 of a node without entries, which there is only if a pool panics at the wrong
        // moment. The block's last life, on another level, left a child there that this level's pool need not
        // know.
        // SAFETY: slot 0 is the node's, and it is locked.
        unsafe { S::wipe(self.payload(0)) };
        self.set_meta(0, level);
        self.resample(0);
    }

    /// Ends the node's life: it states no level from now on, so a thread that still comes here turns back.
    pub(super) fn end(&mut self) {
        self.set_meta(0, LevelMark::NONE);
    }

    /// Only for a node that no other thread knows: a linked node's low fence changes with its entry or not at
    /// all (`boundary`). `None` is below every key.
    pub(super) fn set_low(&mut self, low: Option<S::Key>) {
        for i in 0..S::Key::WORDS {
            let word = low.map_or(0, |low| low.word(i));
            self.header(Node::<S>::LOW + i * 8).store(word, Ordering::Relaxed);
        }
    }

    #[inline(always)]
    fn set_meta(&mut self, count: usize, level: LevelMark) {
        let meta = (u64::from(level.0) << COUNT_BITS) | count as u64;
        self.header(Node::<S>::META).store(meta, Ordering::Relaxed);
    }

    #[inline(always)]
    pub(super) fn set_count(&mut self, count: usize) {
        debug_assert!(count <= Node::<S>::CAPACITY);
        self.set_meta(count, self.level());
    }

    pub(super) fn set_next(&mut self, next: Option<BlockId>) {
        let next = next.map_or(0, |id| id.0.get());
        self.header(Node::<S>::NEXT).store(u64::from(next), Ordering::Relaxed);
    }

    pub(super) fn set_high(&mut self, high: S::Key) {
        for i in 0..S::Key::WORDS {
            self.header(Node::<S>::HIGH + i * 8).store(high.word(i), Ordering::Relaxed);
        }
    }

    /// Word by word: no user code runs.
    pub(super) fn copy_high(&mut self, other: &Node<'_, S>) {
        for i in 0..S::Key::WORDS {
            let offset = Node::<S>::HIGH + i * 8;
            self.header(offset).store(other.header(offset).load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    #[inline(always)]
    pub(super) fn set_key(&mut self, slot: usize, key: S::Key) {
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
}

impl<K: KeyWords, V> LockedLeaf<'_, K, V> {
    /// Puts a pair into `slot`; the leaf has room.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn insert(&mut self, slot: usize, key: K, value: V) {
        self.insert_at(slot, key, value);
    }

    /// As [`insert`](Self::insert), but touches no lines of slots before that of `slot`. For a leaf of which
    /// the later lines are in the cache and the earlier ones are not: what it moves then does not wait, so
    /// that a branch on it costs little.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn insert_from_line(&mut self, slot: usize, key: K, value: V) {
        self.insert_at_from_line(slot, key, value);
    }

    /// Adds a pair with a key above all others; the leaf has room.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn push(&mut self, key: K, value: V) {
        self.push_at_end(key, value);
    }

    /// The value in `slot`, which then must be written, removed or forgotten.
    ///
    /// # Safety
    /// `slot` is below the count, and its value is not used again before it is overwritten.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) unsafe fn read(&self, slot: usize) -> V {
        let value: MaybeUninit<V> = self.value(slot);
        // SAFETY: a slot in use holds a value, no other thread changes it while this thread has the lock, and
        // by the caller's promise this copy is the only one that is used.
        unsafe { value.assume_init() }
    }

    /// Exchanges the value in `slot`, which is below the count.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn replace(&mut self, slot: usize, value: V) -> V {
        assert!(slot < self.count());
        // SAFETY: below the count; overwritten below.
        let old = unsafe { self.read(slot) };
        self.write(slot, value);
        old
    }

    /// Takes the pair out of `slot`, which is below the count.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn remove(&mut self, slot: usize) -> V {
        self.remove_over::<true>(slot)
    }

    /// As [`remove`](Self::remove), but touches no lines of slots before that of `slot`: see
    /// [`insert_from_line`](Self::insert_from_line).
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn remove_from_line(&mut self, slot: usize) -> V {
        self.remove_over::<false>(slot)
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn remove_over<const WHOLE: bool>(&mut self, slot: usize) -> V {
        assert!(slot < self.count());
        // SAFETY: below the count; the slot is closed below.
        let value = unsafe { self.read(slot) };
        self.close_gap::<WHOLE>(slot);
        value
    }

    /// Runs `f` on the value in `slot`, which is below the count, and keeps what `f` made of it, also if `f`
    /// panics.
    pub(crate) fn with_value<R>(&mut self, slot: usize, f: impl FnOnce(&mut V) -> R) -> R {
        /// Puts the value back into its slot, at the latest when `f` unwinds.
        struct PutBack<'g, 'a, K: KeyWords, V> {
            leaf: &'g mut LockedLeaf<'a, K, V>,
            slot: usize,
            value: mem::ManuallyDrop<V>,
        }
        impl<K: KeyWords, V> Drop for PutBack<'_, '_, K, V> {
            fn drop(&mut self) {
                // SAFETY: `value` is not used after this.
                let value = unsafe { mem::ManuallyDrop::take(&mut self.value) };
                self.leaf.write(self.slot, value);
            }
        }
        assert!(slot < self.count());
        // SAFETY: below the count; `PutBack` overwrites it.
        let value = mem::ManuallyDrop::new(unsafe { self.read(slot) });
        let lock = self.node.lock();
        let mut held = PutBack { leaf: self, slot, value };
        while_holding(lock, || f(&mut held.value))
    }

    /// Forgets the pairs without dropping their values, and gives their number.
    pub(crate) fn forget(&mut self) -> usize {
        let count = self.count();
        self.set_count(0);
        self.resample(0);
        count
    }

    /// Drops every value and forgets the pairs. If a drop panics, the others run while it unwinds.
    pub(crate) fn clear(&mut self) {
        /// The slots whose values are still to be dropped. The leaf has forgotten them.
        struct Rest<'g, 'a, K: KeyWords, V> {
            leaf: &'g LockedLeaf<'a, K, V>,
            slots: Range<usize>,
        }
        impl<K: KeyWords, V> Rest<'_, '_, K, V> {
            fn drop_values(&mut self) {
                for slot in self.slots.by_ref() {
                    // SAFETY: the slot was in use until `clear` began, and `slots` names each of them once.
                    drop(unsafe { self.leaf.read(slot) });
                }
            }
        }
        impl<K: KeyWords, V> Drop for Rest<'_, '_, K, V> {
            fn drop(&mut self) {
                self.drop_values();
            }
        }
        let count = self.forget();
        if mem::needs_drop::<V>() {
            Rest { leaf: self, slots: 0..count }.drop_values();
        }
    }
}
