//! Searching a node of byte keys.
//!
//! A search compares words: first the prefix, then `d` of all slots at once. Only if a slot has the same `d`, it
//! reads that slot's entry and heap.

use core::cmp;

use super::super::payload::Payload;
use super::super::shape::Shape;
use super::entry::heap_words;
use super::fences::Fence;
use super::long::LongRef;
use super::shape::{ByteShape, LIMIT, Slotted};
use crate::key::big_endian::{WORD, word_at};
use crate::key::byte_string::ByteString;
use crate::simd::{self, Isa, LINE};

impl<P: Payload> Slotted<'_, P> {
    const LINES: usize = ByteShape::<P>::CAPACITY / LINE;

    /// How many of `count` slots have a `d` of at most `word`.
    #[inline(always)]
    fn rank_of_d(self, word: u64, count: usize) -> usize {
        simd::choose!(isa => self.rank_of_d_by(isa, word, count))
    }

    #[inline(always)]
    fn rank_of_d_by(self, isa: impl Isa, word: u64, count: usize) -> usize {
        // SAFETY: the samples are a line of words, and the block is aligned to 64 bytes.
        let lines = unsafe { isa.rank(self.samples(), word) };
        // For the greatest word the samples after the last key count too. `min` below corrects that.
        let line = lines.saturating_sub(1).min(Self::LINES - 1);
        self.prefetch_found(line);
        let slot = line * LINE;
        // SAFETY: `slot` starts a line of `d`.
        let rank = unsafe { isa.rank(self.d_from(slot), word) };
        // Slots that are not in use hold anything.
        (slot + rank).min(count)
    }

    /// The rank of `key`, and whether the slot before it holds `key` itself.
    #[inline(always)]
    pub(super) fn find_key(self, key: &[u8]) -> (usize, bool) {
        match self.compare_prefix(key, self.state().prefix) {
            cmp::Ordering::Less => (0, false),
            cmp::Ordering::Greater => (self.count(), false),
            cmp::Ordering::Equal => self.find_prefixed(key),
        }
    }

    /// As [`find_key`](Self::find_key), for a key that begins with the prefix, as all keys in the node's range do.
    #[inline(always)]
    pub(super) fn find_prefixed(self, key: &[u8]) -> (usize, bool) {
        let count = self.count();
        let prefix = self.state().prefix;
        let word = word_at(key, prefix);
        let rank = self.rank_of_d(word, count);
        if rank == 0 || self.d(rank - 1) != word {
            return (rank, false);
        }
        match self.compare_behind_d(key, prefix, rank - 1, (prefix, prefix)) {
            (cmp::Ordering::Equal, _) => (rank, true),
            (cmp::Ordering::Greater, _) => (rank, false),
            (cmp::Ordering::Less, common) => self.find_among_ties(key, prefix, word, rank - 1, common),
        }
    }

    /// As [`find_key`](Self::find_key), if the slots before `to` may have the same `d`, and `key` is below that
    /// in slot `to`, with which it has the first `common_with_to` bytes in common.
    #[inline(never)]
    fn find_among_ties(
        self,
        key: &[u8],
        prefix: usize,
        word: u64,
        mut to: usize,
        mut common_with_to: usize,
    ) -> (usize, bool) {
        if to == 0 || self.d(to - 1) != word {
            return (to, false);
        }
        let mut from = if word == 0 { 0 } else { self.rank_of_d(word - 1, to) };
        let mut common_with_from = prefix;
        while from < to {
            let middle = from.midpoint(to);
            // What both ends have in common with the key, all keys between them have, too.
            let common = (common_with_from.min(common_with_to), common_with_from.max(common_with_to));
            match self.compare_behind_d(key, prefix, middle, common) {
                (cmp::Ordering::Equal, _) => return (middle + 1, true),
                (cmp::Ordering::Greater, common) => (from, common_with_from) = (middle + 1, common),
                (cmp::Ordering::Less, common) => (to, common_with_to) = (middle, common),
            }
        }
        (from, false)
    }

    /// How `key`, which has the node's prefix and the `d` of `slot`, compares with the key in `slot`, and a number of
    /// bytes with which both begin. `known` is such a number, at least the prefix, and how many bytes the key has in
    /// common with any key of the node.
    #[inline(always)]
    fn compare_behind_d(
        self,
        key: &[u8],
        prefix: usize,
        slot: usize,
        known: (usize, usize),
    ) -> (cmp::Ordering, usize) {
        let entry = self.entry(slot);
        if entry.is_long() {
            return self.compare_long(key, prefix, LongRef::from_word(self.heap(entry.place())), known);
        }
        let (ours, theirs) = (key.len().saturating_sub(prefix), entry.len());
        for i in 0..heap_words(ours).min(heap_words(theirs)).min(Self::HEAP_WORDS) {
            let (ours, theirs) = (word_at(key, prefix + (i + 1) * WORD), self.heap(entry.place() + i));
            if ours != theirs {
                return (ours.cmp(&theirs), prefix);
            }
        }
        (ours.cmp(&theirs), prefix)
    }

    #[inline(never)]
    fn compare_long(
        self,
        key: &[u8],
        prefix: usize,
        string: LongRef,
        (mut known, with_any): (usize, usize),
    ) -> (cmp::Ordering, usize) {
        if key.len().min(string.len) <= prefix.saturating_add(WORD) {
            return (key.len().cmp(&string.len), prefix);
        }
        let base = self.base();
        if base.covers && base.len > known {
            // If the key has that much in common with another key, that one begins with the base, too.
            if with_any < base.len {
                let order = self.compare_base(key, base, base.len);
                if order.is_ne() {
                    return (order, known);
                }
            }
            known = base.len;
        }
        self.context().difference(key, string.number, known.max(prefix + WORD))
    }

    /// How `key` compares with the key in `slot`.
    pub(super) fn compare_slot(self, key: &[u8], slot: usize) -> cmp::Ordering {
        let prefix = self.state().prefix;
        self.compare_prefix(key, prefix)
            .then_with(|| word_at(key, prefix).cmp(&self.d(slot)))
            .then_with(|| self.compare_behind_d(key, prefix, slot, (prefix, prefix)).0)
    }

    /// The key in `slot`.
    pub(super) fn key_bytes(self, slot: usize) -> ByteString {
        let entry = self.entry(slot);
        if entry.is_long() {
            return self.long_bytes(LongRef::from_word(self.heap(entry.place())));
        }
        let prefix = self.prefix_len();
        let len = entry.len().min(WORD + LIMIT);
        ByteString::filled(prefix + len, |bytes| {
            let (start, rest) = bytes.split_at_mut(prefix);
            self.copy_fence_bytes(Fence::Low, 0, start);
            self.copy_behind(slot, rest);
        })
    }

    /// Copies what is behind the prefix of a key in the node itself.
    fn copy_behind(self, slot: usize, out: &mut [u8]) {
        let place = self.entry(slot).place();
        for (i, chunk) in out.chunks_mut(WORD).enumerate() {
            let word = if i == 0 { self.d(slot) } else { self.heap(place + i - 1) };
            chunk.copy_from_slice(&word.to_be_bytes()[..chunk.len()]);
        }
    }

    /// The length of the key in `slot`.
    pub(super) fn key_len(self, slot: usize) -> usize {
        let entry = self.entry(slot);
        if entry.is_long() {
            return self.context().len(LongRef::from_word(self.heap(entry.place())));
        }
        self.prefix_len() + entry.len().min(WORD + LIMIT)
    }

    /// Copies the key in `slot` from byte `from` on into `out`, up to the end of either. Allocates nothing.
    pub(super) fn copy_key(self, slot: usize, from: usize, out: &mut [u8]) {
        let entry = self.entry(slot);
        if entry.is_long() {
            let string = LongRef::from_word(self.heap(entry.place()));
            _ = self.context().copy(string.number, from, out);
            return;
        }
        let prefix = self.prefix_len();
        let (start, rest) = out.split_at_mut(prefix.saturating_sub(from).min(out.len()));
        self.copy_fence_bytes(Fence::Low, from, start);
        let mut bytes = [0; WORD + LIMIT];
        let len = entry.len().min(WORD + LIMIT);
        self.copy_behind(slot, &mut bytes[..len]);
        let behind = bytes[..len].get(from.saturating_sub(prefix)..).unwrap_or_default();
        let n = behind.len().min(rest.len());
        rest[..n].copy_from_slice(&behind[..n]);
    }

    /// The length of the prefix. No key is longer, whatever a reader has found.
    pub(super) fn prefix_len(self) -> usize {
        match self.state().prefix {
            0 => 0,
            prefix => prefix.min(self.bytes_of_fence(Fence::Low)),
        }
    }

    /// What all keys in the node's range begin with.
    pub(super) fn prefix_bytes(self) -> ByteString {
        ByteString::filled(self.prefix_len(), |bytes| self.copy_fence_bytes(Fence::Low, 0, bytes))
    }

    /// Eight bytes of the key in `slot`, from byte `stem` on.
    pub(super) fn key_word_behind(self, slot: usize, stem: usize) -> u64 {
        let prefix = self.state().prefix;
        let Some(kept) = prefix.checked_sub(stem) else {
            let mut bytes = [0; WORD];
            self.copy_key(slot, stem, &mut bytes);
            return u64::from_be_bytes(bytes);
        };
        if kept == 0 {
            return self.d(slot);
        }
        let start = self.fence_word_behind(Fence::Low, stem);
        let kept = 8 * kept.min(WORD) as u32;
        let behind = u64::MAX.checked_shr(kept).unwrap_or(0);
        start & !behind | self.d(slot).checked_shr(kept).unwrap_or(0)
    }
}
