//! What the check of the map's invariants asks of a node of byte keys.

use super::super::payload::Payload;
use super::super::verify::Checking;
use super::fences::{Fence, Place, prefix_between};
use super::long::LongRef;
use super::shape::{ByteShape, Slotted};
use crate::simd::LINE;
use crate::sync::Ordering;

impl<P: Payload> Slotted<'_, P> {
    /// Panics unless prefix, heap, order and fences are as they must be.
    pub(crate) fn check_keys(self) {
        let (count, state) = (self.count(), self.state());
        let low = self.fence_bytes(Fence::Low);
        let high = self.has_high().then(|| self.fence_bytes(Fence::High));
        assert_eq!(
            state.prefix,
            prefix_between(&low, high.as_deref()),
            "the prefix is what the fences share"
        );
        let mut is_used_at = [false; super::entry::MOST_WORDS];
        for slot in 0..count {
            let (key, entry) = (self.key_bytes(slot), self.entry(slot));
            assert!(*low <= *key && high.as_ref().is_none_or(|high| key < *high), "a key is in the range");
            assert!(slot == 0 || self.key_bytes(slot - 1) < key, "keys ascend");
            for is_used in &mut is_used_at[entry.place()..][..entry.words()] {
                assert!(!*is_used, "two keys share a word of the heap");
                *is_used = true;
            }
        }
        assert!(!is_used_at[state.used..].contains(&true), "all keys are in the used part of the heap");
        let live = is_used_at.iter().filter(|&&is_used| is_used).count();
        assert_eq!(live, state.used - state.garbage, "what is no key's is garbage");
    }
}

impl<P: Payload> Checking for ByteShape<P> {
    fn low_is_least(node: Slotted<'_, P>) -> bool {
        node.fence_place(Fence::Low) == Place::Inline(0)
    }

    fn key_is_least(node: Slotted<'_, P>, slot: usize) -> bool {
        node.state().prefix == 0 && node.entry(slot).len() == 0 && !node.entry(slot).is_long()
    }

    fn check_is_copy_of(replica: Slotted<'_, P>, original: Slotted<'_, P>) {
        let of = |node: Slotted<'_, P>| {
            let keys: alloc::vec::Vec<_> = (0..original.count()).map(|slot| node.key_bytes(slot)).collect();
            let fences =
                [Fence::Low, Fence::High].map(|fence| (node.fence_place(fence), node.fence_bytes(fence)));
            (node.count(), node.level(), node.next(), node.state(), fences, keys)
        };
        assert_eq!(of(replica), of(original), "a replica's contents");
        Self::check_samples(replica);
    }

    fn each_number(node: Slotted<'_, P>, f: &mut dyn FnMut(u32)) {
        for fence in [Fence::Low, Fence::High] {
            if let Place::Long(string) = node.fence_place(fence) {
                f(string.number);
            }
        }
        for slot in 0..node.count() {
            let entry = node.entry(slot);
            if entry.is_long() {
                f(LongRef::from_word(node.heap(entry.place())).number);
            }
        }
    }

    fn check_samples(node: Slotted<'_, P>) {
        for line in 0..LINE {
            let slot = line * LINE;
            let expected = if slot < node.count() { node.d(slot) } else { u64::MAX };
            assert_eq!(node.sample(line).load(Ordering::Relaxed), expected, "a sample is stale");
        }
        node.check_keys();
    }
}
