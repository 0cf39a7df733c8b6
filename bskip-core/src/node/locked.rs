//! A locked node, and storing the words that nodes of every shape have.
//!
//! A change that others must learn of goes through `reshape`: a change of levels, fences, links and entries.

use core::hint;
use core::mem;
use core::ops::Deref;

use super::header::{COUNT_BITS, LevelMark, Node, SENTINEL};
use super::shape::Shape;
use crate::arena::BlockId;
use crate::lock::Version;
use crate::section::expect_inside;
use crate::sync::Ordering;

/// A node that this thread has locked. Dropping it publishes the changes as a new version, also when a
/// panic unwinds.
pub(crate) struct Locked<'a, S: Shape> {
    node: Node<'a, S>,
    /// The version it was locked at.
    version: Version,
}

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
    /// Locks the node in the state `version`; `None` if it has changed or is locked.
    ///
    /// The caller is in a section of the platform. [`try_guard`](Self::try_guard) enters one.
    #[inline(always)]
    pub(crate) fn try_lock(self, version: Version) -> Option<Locked<'a, S>> {
        expect_inside();
        debug_assert!(self.id() != SENTINEL, "maps share this leaf, so no thread may change it");
        self.lock().try_lock(version).then(|| Locked::new(self, version))
    }

    /// Locks a node that no other thread tries to lock. It has just been taken from its pool and states no
    /// level, or this thread has exclusive access to the map. A stale reader may look at it. This never
    /// waits, with one exception.
    ///
    /// The exception is a version of two words (`lock/narrow.rs`). Suppose a thread was suspended within `try_lock`
    /// while this node changed 2^31 times. That thread may lock the node for an instant, and this one waits for it.
    pub(crate) fn lock_unshared(self) -> Locked<'a, S> {
        loop {
            if let Some(version) = self.try_read_begin()
                && self.lock().try_lock(version)
            {
                return Locked::new(self, version);
            }
            hint::spin_loop();
        }
    }
}

impl<'a, S: Shape> Locked<'a, S> {
    /// For [`Node::try_lock`] and [`Node::lock_unshared`], which have locked `node` at `version`.
    #[inline(always)]
    fn new(node: Node<'a, S>, version: Version) -> Self {
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

    /// Ends the node's life. It states no level from now on, so a thread that still comes here turns back.
    pub(super) fn end(&mut self) {
        self.set_meta(0, LevelMark::NONE);
    }

    #[inline(always)]
    pub(super) fn set_meta(&mut self, count: usize, level: LevelMark) {
        let meta = (u64::from(level.0) << COUNT_BITS) | count as u64;
        self.meta().store(meta, Ordering::Relaxed);
    }

    #[inline(always)]
    pub(super) fn set_count(&mut self, count: usize) {
        debug_assert!(count <= S::CAPACITY);
        self.set_meta(count, self.level());
    }

    pub(super) fn set_next(&mut self, next: Option<BlockId>) {
        let next = next.map_or(0, |id| id.0.get());
        self.next_cell().store(u64::from(next), Ordering::Relaxed);
    }
}
