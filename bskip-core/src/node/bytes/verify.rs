//! What the check of the map's invariants asks of a node of byte keys.

use super::super::payload::Payload;
use super::super::verify::Checking;
use super::base::Base;
use super::fences::{BOTH, Fence, Place, TAIL, prefix_between};
use super::long::LongRef;
use super::shape::{ByteShape, Slotted};
use crate::key::big_endian::{WORD, word_at, words};
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
        self.check_base();
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

    /// Panics unless all that must begin with the base does, and the node has what follows it in the fences.
    fn check_base(self) {
        let (fences, base) = (self.long_fences(), self.base());
        assert!(base != Base::NONE || fences == [None, None], "a node with a long fence has a base");
        if base == Base::NONE {
            return assert_eq!(self.long_keys().next(), None, "keys in cells without a base");
        }
        let bytes_of = |number, len| {
            let mut bytes = alloc::vec![0; len];
            self.context().copy(number, 0, &mut bytes);
            bytes
        };
        let shared = bytes_of(base.number, base.len);
        for (fence, string) in BOTH.into_iter().zip(fences) {
            let Some(string) = string else { continue };
            let bytes = bytes_of(string.number, string.len);
            assert!(bytes.starts_with(&shared), "a long fence begins with the base");
            let tail = &bytes[base.len..];
            for i in 0..words(tail.len().min(TAIL)) {
                assert_eq!(self.fence_word(fence, i + 1), word_at(tail, i * WORD), "what follows the base");
            }
        }
        let is_covered = |key: LongRef| bytes_of(key.number, key.len).starts_with(&shared);
        assert!(!base.covers || self.long_keys().all(is_covered), "the base covers keys in cells");
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
            let fences = BOTH.map(|fence| (node.fence_place(fence), node.fence_bytes(fence)));
            (node.count(), node.level(), node.next(), node.state(), node.base(), fences, keys)
        };
        assert_eq!(of(replica), of(original), "a replica's contents");
        Self::check_samples(replica);
    }

    fn each_number(node: Slotted<'_, P>, f: &mut dyn FnMut(u32)) {
        let base = (node.base() != Base::NONE).then_some(node.base().number);
        let strings = node.long_fences().into_iter().flatten().chain(node.long_keys());
        strings.map(|string| string.number).chain(base).for_each(f);
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
