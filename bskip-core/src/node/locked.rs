//! A locked node, and storing its words.
//!
//! A change that others must learn of goes through `reshape`: a change of levels, fences, links and entries.

use core::hint;
use core::mem;
use core::ops::Deref;

use super::layout::{COUNT_BITS, LevelMark, Node};
use super::shape::{InnerShape, LeafShape, SlotShape};
use crate::arena::BlockId;
use crate::key::KeyWords;
use crate::lock::Version;
use crate::simd::LINE;
use crate::sync::Ordering;

/// A node that this thread has locked. Dropping it publishes the changes as a new version, also when a
/// panic unwinds.
pub(crate) struct Locked<'a, S: SlotShape> {
    node: Node<'a, S>,
    /// The version it was locked at.
    version: Version,
}

pub(crate) type LockedLeaf<'a, K, V> = Locked<'a, LeafShape<K, V>>;
pub(crate) type LockedInner<'a, K> = Locked<'a, InnerShape<K>>;

impl<'a, S: SlotShape> Deref for Locked<'a, S> {
    type Target = Node<'a, S>;
    #[inline(always)]
    fn deref(&self) -> &Node<'a, S> {
        &self.node
    }
}

impl<S: SlotShape> Drop for Locked<'_, S> {
    #[inline(always)]
    fn drop(&mut self) {
        self.node.lock().unlock(self.version);
    }
}

impl<'a, S: SlotShape> Node<'a, S> {
    /// Locks the node in the state `version`; `None` if it has changed or is locked.
    #[inline(always)]
    pub(crate) fn try_lock(self, version: Version) -> Option<Locked<'a, S>> {
        self.lock().try_lock(version).then(|| Locked::new(self, version))
    }

    /// Locks a node that no other thread tries to lock. It has just been taken from its pool and states no
    /// level, or this thread has exclusive access to the map. A stale reader may look at it. This never
    /// waits.
    pub(crate) fn lock_unshared(self) -> Locked<'a, S> {
        loop {
            if let Some(locked) = self.try_read_begin().and_then(|version| self.try_lock(version)) {
                return locked;
            }
            hint::spin_loop();
        }
    }
}

impl<'a, S: SlotShape> Locked<'a, S> {
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

    /// Turns the node into an empty one that starts at `low` and is the last of its level. `None` is below
    /// every key.
    pub(super) fn format(&mut self, level: LevelMark, low: Option<S::Key>) {
        self.set_low(low);
        self.set_next(None);
        // If a pool panics at the wrong moment, a node may be without entries, and a search takes its slot 0.
        // The block's last life, perhaps on another level, left a child there. This level's pool need not
        // know that child.
        // SAFETY: slot 0 is the node's, and it is locked.
        unsafe { S::wipe(self.payload(0)) };
        self.set_meta(0, level);
        self.resample(0);
    }

    /// Ends the node's life. It states no level from now on, so a thread that still comes here turns back.
    pub(super) fn end(&mut self) {
        self.set_meta(0, LevelMark::NONE);
    }

    /// Sets the low fence of a node that no other thread knows. `None` is below every key. In a linked node,
    /// the low fence changes together with its entry or not at all (`boundary`).
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

/// What a node is: a leaf, or an inner node.
pub(crate) trait Shape: SlotShape {
    /// The node as an inner one, if it is one.
    fn as_inner<'l, 'a>(node: &'l Locked<'a, Self>) -> Option<&'l LockedInner<'a, Self::Key>>;
}

impl<K: KeyWords, V> Shape for LeafShape<K, V> {
    #[inline(always)]
    fn as_inner<'l, 'a>(_: &'l Locked<'a, Self>) -> Option<&'l LockedInner<'a, K>> {
        None
    }
}

impl<K: KeyWords> Shape for InnerShape<K> {
    #[inline(always)]
    fn as_inner<'l, 'a>(node: &'l Locked<'a, Self>) -> Option<&'l LockedInner<'a, K>> {
        Some(node)
    }
}
