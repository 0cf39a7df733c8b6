//! The fences of a node of byte keys: whole strings, from byte 0 on.
//!
//! A fence has a place of its own, so it can change without a search for room. A longer one is outside of the
//! node, and its first word leads there. The other words are what follows the base (`base`), so a search seldom
//! reads the fence itself.

use core::cmp;

use super::super::locked::Locked;
use super::super::payload::Payload;
use super::long::LongRef;
use super::shape::{ByteShape, FENCE_LIMIT, Slotted};
use crate::key::KeptBytes;
use crate::key::big_endian::{WORD, common_prefix, word_at, words};
use crate::key::byte_string::ByteString;
use crate::sync::Ordering;

/// The length that says that there is no fence: the high one of a level's last node.
const NONE: u32 = u32::MAX;
/// The length that says that the fence is outside of the node.
const LONG: u32 = NONE - 1;

const FENCE_WORDS: usize = FENCE_LIMIT / WORD;

/// How many bytes behind the base of a fence outside of the node are in the node.
pub(super) const TAIL: usize = FENCE_LIMIT - WORD;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fence {
    Low = 0,
    High = 1,
}

pub(super) const BOTH: [Fence; 2] = [Fence::Low, Fence::High];

/// Where a fence is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    None,
    Long(LongRef),
    /// The length.
    Inline(usize),
}

/// The offset of word `i` of a fence.
#[inline(always)]
const fn offset<P: Payload>(fence: Fence, i: usize) -> usize {
    if i == 0 {
        return ByteShape::<P>::FENCE_STARTS + fence as usize * 8;
    }
    let i = if i < FENCE_WORDS { i - 1 } else { FENCE_WORDS - 2 };
    ByteShape::<P>::FENCES + i / 4 * 64 + fence as usize * 32 + i % 4 * 8
}

impl<P: Payload> Slotted<'_, P> {
    /// Word `i` of a fence, or the last one that a fence can have.
    #[inline(always)]
    pub(super) fn fence_word(self, fence: Fence, i: usize) -> u64 {
        self.word(offset::<P>(fence, i)).load(Ordering::Relaxed)
    }

    #[inline(always)]
    fn fence_len(self, fence: Fence) -> u32 {
        (self.word(ByteShape::<P>::FENCE_LENS).load(Ordering::Relaxed) >> (fence as u32 * 32)) as u32
    }

    #[inline(always)]
    pub(super) fn fence_place(self, fence: Fence) -> Place {
        match self.fence_len(fence) {
            NONE => Place::None,
            LONG => Place::Long(LongRef::from_word(self.fence_word(fence, 0))),
            len => Place::Inline((len as usize).min(FENCE_LIMIT)),
        }
    }

    /// Whether there is a high fence.
    #[cfg(feature = "check")]
    pub(super) fn has_high(self) -> bool {
        self.fence_len(Fence::High) != NONE
    }

    /// How `key` compares with both fences.
    #[inline(always)]
    pub(super) fn compare_both_fences(self, key: &[u8]) -> [cmp::Ordering; 2] {
        let [low, high] = BOTH.map(|fence| self.fence_len(fence));
        if low.max(high) >= LONG {
            return self.compare_far_fences(key);
        }
        [self.compare_near_fence(key, Fence::Low, low), self.compare_near_fence(key, Fence::High, high)]
    }

    /// How `key` compares with a fence.
    #[inline(always)]
    pub(super) fn compare_fence(self, key: &[u8], fence: Fence) -> cmp::Ordering {
        let len = self.fence_len(fence);
        if len >= LONG {
            return self.compare_far_fences(key)[fence as usize];
        }
        self.compare_near_fence(key, fence, len)
    }

    /// As [`compare_fence`](Self::compare_fence), for a fence of this length in the node.
    #[inline(always)]
    fn compare_near_fence(self, key: &[u8], fence: Fence, len: u32) -> cmp::Ordering {
        let (ours, theirs) = (word_at(key, 0), self.fence_word(fence, 0));
        if ours != theirs {
            return ours.cmp(&theirs);
        }
        for i in 1..words(key.len()).min(words(len as usize)).min(FENCE_WORDS) {
            let (ours, theirs) = (word_at(key, i * WORD), self.fence_word(fence, i));
            if ours != theirs {
                return ours.cmp(&theirs);
            }
        }
        key.len().cmp(&(len as usize))
    }

    /// As [`compare_both_fences`](Self::compare_both_fences), if one of them is outside of the node, or there is no high one.
    #[inline(never)]
    fn compare_far_fences(self, key: &[u8]) -> [cmp::Ordering; 2] {
        let base = self.base();
        let is_long = BOTH.into_iter().any(|fence| self.fence_len(fence) == LONG);
        let order = if is_long { self.compare_base(key, base, base.len) } else { cmp::Ordering::Equal };
        BOTH.map(|fence| match self.fence_place(fence) {
            // The node is changing if it has no low one.
            Place::None => cmp::Ordering::Less,
            Place::Inline(len) => self.compare_near_fence(key, fence, len as u32),
            Place::Long(string) => order.then_with(|| self.compare_tail(key, fence, string, base.len)),
        })
    }

    /// How `key` compares with a fence outside of the node. Both begin with the same `from` bytes: the base.
    #[inline(always)]
    fn compare_tail(self, key: &[u8], fence: Fence, string: LongRef, from: usize) -> cmp::Ordering {
        let both = key.len().min(string.len).saturating_sub(from);
        for i in 0..words(both.min(TAIL)) {
            let (ours, theirs) = (word_at(key, from + i * WORD), self.fence_word(fence, i + 1));
            if ours != theirs {
                return ours.cmp(&theirs);
            }
        }
        if both > TAIL {
            return self.context().difference(key, string.number, from + TAIL).0;
        }
        key.len().cmp(&string.len)
    }

    /// The bytes of a fence. The empty string if there is none.
    pub(super) fn fence_bytes(self, fence: Fence) -> ByteString {
        match self.fence_place(fence) {
            Place::None => ByteString::new(),
            Place::Inline(len) => ByteString::filled(len, |bytes| {
                for (i, chunk) in bytes.chunks_mut(WORD).enumerate() {
                    chunk.copy_from_slice(&self.fence_word(fence, i).to_be_bytes()[..chunk.len()]);
                }
            }),
            Place::Long(string) => {
                let len = self.context().len(string);
                ByteString::filled(len, |bytes| self.copy_fence_bytes(fence, 0, bytes))
            }
        }
    }

    /// Eight bytes of a fence, from byte `stem` on. Zeros if there is none.
    pub(super) fn fence_word_behind(self, fence: Fence, stem: usize) -> u64 {
        match self.fence_place(fence) {
            Place::None => 0,
            Place::Inline(_) if stem == 0 => self.fence_word(fence, 0),
            Place::Inline(_) | Place::Long(_) => {
                let mut bytes = [0; WORD];
                self.copy_fence_bytes(fence, stem, &mut bytes);
                u64::from_be_bytes(bytes)
            }
        }
    }

    /// The bytes of a long string.
    ///
    /// A reader may have found any length. No memory is reserved for a length that the string does not have.
    #[cold]
    #[inline(never)]
    pub(super) fn long_bytes(self, string: LongRef) -> ByteString {
        let long = self.context();
        ByteString::filled(long.len(string), |bytes| _ = long.copy(string.number, 0, bytes))
    }

    /// The length of a fence. 0 if there is none.
    pub(super) fn bytes_of_fence(self, fence: Fence) -> usize {
        match self.fence_place(fence) {
            Place::None => 0,
            Place::Inline(len) => len,
            Place::Long(string) => self.context().len(string),
        }
    }

    /// Copies the fence from byte `from` on into `out`, up to the end of either. Allocates nothing.
    pub(super) fn copy_fence_bytes(self, fence: Fence, from: usize, out: &mut [u8]) {
        match self.fence_place(fence) {
            Place::None => {}
            Place::Inline(len) => {
                let mut bytes = [0; FENCE_LIMIT];
                for (i, word) in bytes.as_chunks_mut::<WORD>().0.iter_mut().enumerate() {
                    *word = self.fence_word(fence, i).to_be_bytes();
                }
                let rest = bytes[..len].get(from..).unwrap_or_default();
                let n = rest.len().min(out.len());
                out[..n].copy_from_slice(&rest[..n]);
            }
            Place::Long(string) => {
                let base = self.base();
                let (start, rest) = out.split_at_mut(base.len.saturating_sub(from).min(out.len()));
                if !start.is_empty() {
                    self.context().copy(base.number, from, start);
                }
                if !rest.is_empty() {
                    self.context().copy(string.number, from + start.len(), rest);
                }
            }
        }
    }

    /// How many bytes at their start a fence and `bytes` have in common. 0 if there is no such fence. Allocates
    /// nothing.
    pub(super) fn common_with_fence(self, fence: Fence, bytes: &[u8]) -> usize {
        match self.fence_place(fence) {
            Place::None => 0,
            Place::Inline(len) => {
                let mut near = [0; FENCE_LIMIT];
                self.copy_fence_bytes(fence, 0, &mut near[..len]);
                common_prefix(&near[..len], bytes)
            }
            Place::Long(string) => self.context().difference(bytes, string.number, 0).1,
        }
    }

    /// How many bytes at their start the low fence and the high one of `right`, which may be the same node, have
    /// in common. 0 if there is no high one. Allocates nothing.
    pub(super) fn prefix_up_to(self, right: Self) -> usize {
        self.common_fence(Fence::Low, right, Fence::High)
    }

    /// How many bytes at their start a fence and one of another node have in common. 0 if one of them is missing.
    /// Allocates nothing.
    pub(super) fn common_fence(self, fence: Fence, other: Self, others: Fence) -> usize {
        let places = (self.fence_place(fence), other.fence_place(others));
        if let (Place::Long(ours), Place::Long(theirs)) = places {
            return self.context().common(ours.number, theirs).min(ours.len);
        }
        // One of them is in its node.
        let mut bytes = [0; FENCE_LIMIT];
        let (node, fence, other, others, len) = match places {
            (Place::Inline(len), _) => (self, fence, other, others, len),
            (_, Place::Inline(len)) => (other, others, self, fence, len),
            _ => return 0,
        };
        node.copy_fence_bytes(fence, 0, &mut bytes[..len]);
        other.common_with_fence(others, &bytes[..len])
    }

    /// How `key` compares with the part of the range that begins with the node's prefix: `Equal` if the key does
    /// so too.
    #[inline(always)]
    pub(super) fn compare_prefix(self, key: &[u8], prefix: usize) -> cmp::Ordering {
        if prefix == 0 {
            return cmp::Ordering::Equal;
        }
        if self.fence_len(Fence::Low) >= LONG {
            return self.compare_far_prefix(key, prefix);
        }
        let prefix = prefix.min(FENCE_LIMIT);
        let mut i = 0;
        while i * WORD < prefix {
            let (ours, theirs) = (word_at(key, i * WORD), self.fence_word(Fence::Low, i));
            let behind = 8 * (WORD - (prefix - i * WORD).min(WORD));
            if (ours ^ theirs) >> behind != 0 {
                return ours.cmp(&theirs);
            }
            i += 1;
        }
        // A shorter key with zeros for the rest of the prefix.
        if key.len() < prefix { cmp::Ordering::Less } else { cmp::Ordering::Equal }
    }

    /// As [`compare_prefix`](Self::compare_prefix), by a low fence that is outside of the node. `Less` if it is not.
    #[inline(never)]
    fn compare_far_prefix(self, key: &[u8], prefix: usize) -> cmp::Ordering {
        let Place::Long(low) = self.fence_place(Fence::Low) else { return cmp::Ordering::Less };
        let base = self.base();
        let shared = base.len.min(prefix);
        self.compare_base(key, base, shared).then_with(|| {
            if prefix == shared {
                return cmp::Ordering::Equal;
            }
            let start = &key[..key.len().min(prefix)];
            let (order, common) = self.context().difference(start, low.number, shared);
            if common >= prefix { cmp::Ordering::Equal } else { order }
        })
    }
}

/// What all keys between two fences begin with. `None` is no high fence.
#[cfg(feature = "check")]
pub(super) fn prefix_between(low: &[u8], high: Option<&[u8]>) -> usize {
    high.map_or(0, |high| common_prefix(low, high))
}

impl<P: Payload> Locked<'_, ByteShape<P>> {
    fn set_fence_len(&mut self, fence: Fence, len: u32) {
        let shift = fence as u32 * 32;
        let lens = self.word(ByteShape::<P>::FENCE_LENS);
        let others = lens.load(Ordering::Relaxed) & !(u64::from(u32::MAX) << shift);
        lens.store(others | u64::from(len) << shift, Ordering::Relaxed);
    }

    pub(super) fn set_fence_word(&mut self, fence: Fence, i: usize, word: u64) {
        assert!(i < FENCE_WORDS);
        self.word(offset::<P>(fence, i)).store(word, Ordering::Relaxed);
    }

    /// Gives up the string of a fence that is outside of the node. The caller stores another fence.
    fn release_fence(&mut self, fence: Fence) {
        if let Place::Long(string) = self.fence_place(fence) {
            self.context().release(string.number);
        }
    }

    /// Gives up both fences. The node then has none that is outside of it.
    pub(super) fn release_fences(&mut self) {
        for fence in BOTH {
            self.release_fence(fence);
            self.set_fence_len(fence, NONE);
        }
        self.release_base();
    }

    /// Says that the node has no fences. What is there belongs to no node.
    pub(super) fn forget_fences(&mut self) {
        self.word(ByteShape::<P>::FENCE_LENS).store(u64::MAX, Ordering::Relaxed);
        self.forget_base();
    }

    /// Stores a fence. It must have a number if it is longer than `FENCE_LIMIT`. The caller then sets the base.
    pub(super) fn store_fence(&mut self, fence: Fence, KeptBytes { bytes, number }: KeptBytes<'_>) {
        if bytes.len() > FENCE_LIMIT {
            let number = number.expect("a long fence has a number");
            self.context().retain(number);
            self.release_fence(fence);
            self.set_fence_word(fence, 0, LongRef { number, len: bytes.len() }.to_word());
            return self.set_fence_len(fence, LONG);
        }
        self.release_fence(fence);
        for i in 0..words(bytes.len()).max(1) {
            self.set_fence_word(fence, i, word_at(bytes, i * WORD));
        }
        self.set_fence_len(fence, bytes.len() as u32);
    }

    /// Takes over a fence of another node. The caller then sets the base.
    pub(super) fn copy_fence(&mut self, fence: Fence, other: Slotted<'_, P>, others: Fence) {
        if let Place::Long(string) = other.fence_place(others) {
            self.context().retain(string.number);
        }
        self.release_fence(fence);
        for i in 0..FENCE_WORDS {
            self.set_fence_word(fence, i, other.fence_word(others, i));
        }
        self.set_fence_len(fence, other.fence_len(others));
    }
}
