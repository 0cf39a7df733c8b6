//! Copies of an inner node, for threads that are far from it.
//!
//! A replica is memory of the node's shape that stands for the same block. Threads read it as they read the
//! node, and never lock it: only the holder of the node's own lock writes it.

use super::header::Node;
use super::inner::InnerSlots;
use super::locked::Locked;
use crate::lock::Version;

impl<S: InnerSlots> Locked<'_, S> {
    /// Copies the node to `replica`, under the version that the node will have after this change.
    pub(crate) fn copy_changed_to(&self, replica: Node<'_, S>) {
        self.copy_to(replica, self.locked_at().changed());
    }

    /// Copies the node to `replica`, if nothing was changed since the node was locked.
    pub(crate) fn copy_unchanged_to(&self, replica: Node<'_, S>) {
        self.copy_to(replica, self.locked_at());
    }

    fn copy_to(&self, replica: Node<'_, S>, version: Version) {
        debug_assert!(replica.id() == self.id() && replica.base != self.base);
        replica.lock().begin_copy(version);
        S::copy_words(self, replica);
        replica.lock().end_copy(version);
    }
}

impl<S: InnerSlots> Node<'_, S> {
    /// Whether this replica is, or seems to be, a copy of the original in the state `version`. Reads one
    /// word.
    pub(crate) fn is_of(self, version: Version) -> bool {
        self.try_read_begin() == Some(version)
    }
}
