//! The fences of a node of byte keys: whole strings, from byte 0 on.
//!
//! A fence has a place of its own, so it can change without a search for room. A longer one is outside of the
//! node, and its first word leads there.

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

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fence {
    Low = 0,
    High = 1,
}

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

    /// How `key` compares with a fence.
    #[inline(always)]
    pub(super) fn compare_fence(self, key: &[u8], fence: Fence) -> cmp::Ordering {
        let len = self.fence_len(fence);
        if len >= LONG {
            return self.compare_far_fence(key, fence);
        }
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

    #[cold]
    #[inline(never)]
    fn compare_far_fence(self, key: &[u8], fence: Fence) -> cmp::Ordering {
        // Or there is no fence, or the node is changing.
        let Place::Long(string) = self.fence_place(fence) else { return cmp::Ordering::Less };
        let prefix = self.state().prefix;
        // The high fence begins as the low one does. A search has just read that one.
        let has_prefix = fence == Fence::High && self.compare_far_prefix(key, prefix).is_eq();
        self.context().difference(key, string.number, if has_prefix { prefix } else { 0 }).0
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
            Place::Long(string) => self.long_bytes(string),
        }
    }

    /// The first eight bytes of a fence. Zeros if there is none.
    pub(super) fn first_fence_word(self, fence: Fence) -> u64 {
        match self.fence_place(fence) {
            Place::None => 0,
            Place::Inline(_) => self.fence_word(fence, 0),
            Place::Long(string) => {
                let mut bytes = [0; WORD];
                self.context().copy(string.number, 0, &mut bytes);
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
            Place::Long(string) => _ = self.context().copy(string.number, from, out),
        }
    }

    /// How many bytes at their start a fence and `bytes` have in common. 0 if there is no such fence. Allocates
    /// nothing.
    pub(super) fn common_with_fence(self, fence: Fence, bytes: &[u8]) -> usize {
        const PART: usize = 128;
        let len = self.bytes_of_fence(fence).min(bytes.len());
        for at in (0..len).step_by(PART) {
            let n = PART.min(len - at);
            let mut part = [0; PART];
            self.copy_fence_bytes(fence, at, &mut part[..n]);
            let common = common_prefix(&part[..n], &bytes[at..at + n]);
            if common < n {
                return at + common;
            }
        }
        len
    }

    /// How many bytes at their start the low fence and the high one of `right`, which may be the same node, have
    /// in common. 0 if there is no high one. Allocates nothing.
    pub(super) fn prefix_up_to(self, right: Self) -> usize {
        const PART: usize = 128;
        let len = self.bytes_of_fence(Fence::Low).min(right.bytes_of_fence(Fence::High));
        for at in (0..len).step_by(PART) {
            let n = PART.min(len - at);
            let (mut low, mut high) = ([0; PART], [0; PART]);
            self.copy_fence_bytes(Fence::Low, at, &mut low[..n]);
            right.copy_fence_bytes(Fence::High, at, &mut high[..n]);
            let common = common_prefix(&low[..n], &high[..n]);
            if common < n {
                return at + common;
            }
        }
        len
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
    #[cold]
    #[inline(never)]
    fn compare_far_prefix(self, key: &[u8], prefix: usize) -> cmp::Ordering {
        let Place::Long(low) = self.fence_place(Fence::Low) else { return cmp::Ordering::Less };
        let (order, common) = self.context().difference(&key[..key.len().min(prefix)], low.number, 0);
        if common >= prefix { cmp::Ordering::Equal } else { order }
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

    fn set_fence_word(&mut self, fence: Fence, i: usize, word: u64) {
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
        for fence in [Fence::Low, Fence::High] {
            self.release_fence(fence);
            self.set_fence_len(fence, NONE);
        }
    }

    /// Says that the node has no fences. What is there belongs to no node.
    pub(super) fn forget_fences(&mut self) {
        self.word(ByteShape::<P>::FENCE_LENS).store(u64::MAX, Ordering::Relaxed);
    }

    /// Stores a fence. It must have a number if it is longer than `FENCE_LIMIT`.
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

    /// Takes over a fence of another node.
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
