//! The fences of a node of byte keys: whole strings, from byte 0 on.
//!
//! A fence has a place of its own, so it can change without a search for room. A longer one is outside of the
//! node, and its first word leads there.

use alloc::vec::Vec;
use core::cmp;

use super::super::locked::Locked;
use super::super::payload::Payload;
use super::long::LongRef;
use super::shape::{ByteShape, FENCE_LIMIT, Slotted};
use crate::key::big_endian::{WORD, common_prefix, word_at, words};
use crate::key::buffer::KeyBuffer;
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
        match self.fence_place(fence) {
            Place::Long(string) => self.context().compare(key, string.number, 0),
            // There is no fence, or the node is changing.
            Place::None | Place::Inline(_) => cmp::Ordering::Less,
        }
    }

    /// The bytes of a fence. The empty string if there is none.
    pub(super) fn fence_bytes(self, fence: Fence) -> KeyBuffer {
        match self.fence_place(fence) {
            Place::None => KeyBuffer::new(),
            Place::Inline(len) => KeyBuffer::filled(len, |bytes| {
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
    /// A reader may have found any length. So memory grows with what is there, not with what the length says.
    #[cold]
    #[inline(never)]
    pub(super) fn long_bytes(self, string: LongRef) -> KeyBuffer {
        const PART: usize = 4096;
        let mut bytes = Vec::new();
        while bytes.len() < string.len {
            let (at, part) = (bytes.len(), PART.min(string.len - bytes.len()));
            bytes.resize(at + part, 0);
            let copied = self.context().copy(string.number, at, &mut bytes[at..]);
            if copied < part {
                bytes.truncate(at + copied);
                break;
            }
        }
        KeyBuffer::from_vec(bytes)
    }

    /// How `key` compares with the part of the range that begins with the node's prefix: `Equal` if the key does
    /// so too.
    #[inline(always)]
    pub(super) fn compare_prefix(self, key: &[u8], prefix: usize) -> cmp::Ordering {
        if prefix == 0 {
            return cmp::Ordering::Equal;
        }
        if self.fence_len(Fence::Low) >= LONG {
            return self.compare_with_range(key);
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

    /// As [`compare_prefix`](Self::compare_prefix), by both fences: a key between them begins with the prefix.
    #[cold]
    #[inline(never)]
    fn compare_with_range(self, key: &[u8]) -> cmp::Ordering {
        if self.compare_fence(key, Fence::Low).is_lt() {
            cmp::Ordering::Less
        } else if self.compare_fence(key, Fence::High).is_gt() {
            cmp::Ordering::Greater
        } else {
            cmp::Ordering::Equal
        }
    }
}

/// What all keys between two fences begin with. `None` is no high fence.
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

    /// Stores the bytes of a fence. `number` is the string's, which it must have if it is longer than
    /// `FENCE_LIMIT`.
    pub(super) fn store_fence(&mut self, fence: Fence, bytes: &[u8], number: Option<u32>) {
        if bytes.len() > FENCE_LIMIT {
            let number = number.expect("a long fence has a number");
            self.set_fence_word(fence, 0, LongRef { number, len: bytes.len() }.to_word());
            return self.set_fence_len(fence, LONG);
        }
        for i in 0..words(bytes.len()).max(1) {
            self.set_fence_word(fence, i, word_at(bytes, i * WORD));
        }
        self.set_fence_len(fence, bytes.len() as u32);
    }

    /// Says that the node has no high fence.
    pub(super) fn store_no_high(&mut self) {
        self.set_fence_len(Fence::High, NONE);
    }

    /// Takes over a fence of another node.
    pub(super) fn copy_fence(&mut self, fence: Fence, other: Slotted<'_, P>, others: Fence) {
        for i in 0..FENCE_WORDS {
            self.set_fence_word(fence, i, other.fence_word(others, i));
        }
        self.set_fence_len(fence, other.fence_len(others));
    }
}
