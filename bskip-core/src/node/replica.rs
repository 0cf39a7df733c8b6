//! Copies of an inner node, for threads that are far from it.
//!
//! A replica is memory of the node's shape that stands for the same block. Threads read it as they read the
//! node, and never lock it: only the holder of the node's own lock writes it.

use super::layout::Inner;
use super::locked::LockedInner;
use crate::key::KeyWords;
use crate::lock::Version;
use crate::sync::{AtomicU64, Ordering};

impl<K: KeyWords> LockedInner<'_, K> {
    /// Copies the node to `replica`, under the version that the node will have after this change.
    pub(crate) fn copy_changed_to(&self, replica: Inner<'_, K>) {
        self.copy_to(replica, self.locked_at().changed());
    }

    /// Copies the node to `replica`, if nothing was changed since the node was locked.
    pub(crate) fn copy_unchanged_to(&self, replica: Inner<'_, K>) {
        self.copy_to(replica, self.locked_at());
    }

    fn copy_to(&self, replica: Inner<'_, K>, version: Version) {
        debug_assert!(replica.id() == self.id() && replica.base != self.base);
        replica.lock().begin_copy(version);
        self.copy_words(replica);
        replica.lock().end_copy(version);
    }

    /// Word by word. A slot that is not in use holds any word, except slot 0: see `format`.
    fn copy_words(&self, replica: Inner<'_, K>) {
        for offset in (Inner::<K>::META..Inner::<K>::SAMPLES).step_by(8) {
            copy(self.header(offset), replica.header(offset));
        }
        for line in 0..crate::simd::LINE {
            copy(self.sample(line), replica.sample(line));
        }
        for slot in 0..self.count().max(1) {
            for plane in 0..K::WORDS {
                copy(self.key_cell(plane, slot), replica.key_cell(plane, slot));
            }
            let child = self.child_cell(slot).load(Ordering::Relaxed);
            replica.child_cell(slot).store(child, Ordering::Relaxed);
        }
    }
}

fn copy(from: &AtomicU64, to: &AtomicU64) {
    to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
}

impl<K: KeyWords> Inner<'_, K> {
    /// Whether this replica is, or seems to be, a copy of the original in the state `version`. Reads one
    /// word.
    pub(crate) fn is_of(self, version: Version) -> bool {
        self.try_read_begin() == Some(version)
    }
}
