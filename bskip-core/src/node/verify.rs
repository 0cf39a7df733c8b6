//! What the check of the map's invariants asks of a node.

use super::layout::Node;
use super::shape::SlotShape;
use crate::simd::LINE;
use crate::sync::{AtomicU64, Ordering};

impl<S: SlotShape> Node<'_, S> {
    pub(crate) fn is_locked(self) -> bool {
        self.lock().is_locked()
    }

    pub(crate) fn low_is_zero(self) -> bool {
        (0..Self::KEY_WORDS).all(|i| self.header(Self::LOW + i * 8).load(Ordering::Relaxed) == 0)
    }

    pub(crate) fn key_is_zero(self, slot: usize) -> bool {
        (0..Self::KEY_WORDS).all(|plane| self.key_word(plane, slot) == 0)
    }

    /// Panics unless this replica has the contents of `original`.
    pub(crate) fn check_is_copy_of(self, original: Self) {
        let words = |node: Self, from: usize| {
            (from..Self::KEYS).step_by(8).map(move |at| {
                // SAFETY: header and samples are words of 64 bits.
                let word: &AtomicU64 = unsafe { node.field(at) };
                word.load(Ordering::Relaxed)
            })
        };
        assert!(words(self, Self::META).eq(words(original, Self::META)), "a replica's header and samples");
        for slot in 0..original.count() {
            let keys = (0..Self::KEY_WORDS).all(|i| self.key_word(i, slot) == original.key_word(i, slot));
            assert!(keys, "a replica's keys");
        }
    }

    /// Panics unless the samples match the keys and the count.
    pub(crate) fn check_samples(self) {
        for line in 0..LINE {
            let slot = line * LINE;
            let expected = if slot < self.count() { self.key_word(0, slot) } else { u64::MAX };
            assert_eq!(self.sample(line).load(Ordering::Relaxed), expected, "a sample is stale");
        }
    }
}
