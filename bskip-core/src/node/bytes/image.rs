//! Rewriting the keys of a node, with another prefix or without garbage.
//!
//! A writer copies what it will read to its stack, then writes the node again. Nothing is allocated.

use core::array;

use super::super::locked::Locked;
use super::super::moves;
use super::super::payload::Payload;
use super::super::shape::Shape;
use super::cells::State;
use super::entry::{Entry, heap_words};
use super::fences::Fence;
use super::long::{Long, LongRef};
use super::room::is_long;
use super::shape::{ByteShape, LIMIT, MAX_CAPACITY, Slotted};
use crate::key::big_endian::{WORD, word_at};
use crate::simd::{self, LINE};
use crate::sync::Ordering;

/// The most words that the heap of any shape has.
pub(super) const MOST_HEAP: usize = 192;

/// The most bytes by which a prefix shrinks while there are keys in the node itself.
const MOST_BACK: usize = WORD + LIMIT;
const BACK_WORDS: usize = MOST_BACK / WORD;

/// A key outside of a node comes into it if at most this many of its bytes are behind the prefix. Half of what a
/// node could take: if the prefix shrinks a little, the key can stay.
const MOST_INSIDE: usize = WORD + LIMIT / 2;

/// A plain copy of a node's keys, without what they have in common.
pub(super) struct Keys {
    prefix: usize,
    /// The last bytes of the prefix, right-aligned.
    back: [u64; BACK_WORDS],
    d: [u64; MAX_CAPACITY],
    entries: [Entry; MAX_CAPACITY],
    heap: [u64; MOST_HEAP],
    long: Long,
}

impl Keys {
    /// A copy of the keys of a node that this thread has locked.
    pub(super) fn of<P: Payload>(node: Slotted<'_, P>) -> Self {
        const { assert!(Slotted::<'_, P>::HEAP_WORDS <= MOST_HEAP) };
        let (count, state) = (node.count(), node.state());
        let mut keys = Self {
            prefix: state.prefix,
            back: [0; BACK_WORDS],
            d: [0; MAX_CAPACITY],
            entries: array::from_fn(|slot| if slot < count { node.entry(slot) } else { Entry(0) }),
            heap: [0; MOST_HEAP],
            long: node.context(),
        };
        let used = state.used.min(Slotted::<'_, P>::HEAP_WORDS);
        // SAFETY: `count` slots are the node's, and there is room for as many as any node has.
        unsafe { simd::choose!(isa => moves::read(isa, node.d_from(0), keys.d.as_mut_ptr(), count)) };
        // SAFETY: as asserted, there is room for the node's heap.
        unsafe { simd::choose!(isa => moves::read(isa, node.heap_from(0), keys.heap.as_mut_ptr(), used)) };
        keys
    }

    /// As [`of`](Self::of), for a node whose keys will have only `prefix` in common, or more.
    pub(super) fn with_back<P: Payload>(node: Slotted<'_, P>, prefix: usize) -> Self {
        let mut keys = Self::of(node);
        if prefix < keys.prefix {
            // Keys in the node itself need no more of it.
            let n = keys.prefix.min(MOST_BACK);
            let mut bytes = [0; MOST_BACK];
            node.copy_fence_bytes(Fence::Low, keys.prefix - n, &mut bytes[MOST_BACK - n..]);
            keys.back = array::from_fn(|i| word_at(&bytes, i * WORD));
        }
        keys
    }

    /// Word `i` of the bytes behind `prefix` of the key in `slot`.
    #[inline(always)]
    fn word_behind(&self, slot: usize, prefix: usize, i: usize) -> u64 {
        // The words of `back`, `d` and heap are one string. This is where it starts.
        let at = BACK_WORDS * WORD + prefix + i * WORD - self.prefix;
        let (j, shift) = (at / WORD, (at % WORD * 8) as u32);
        let word = self.word_of(slot, j);
        if shift == 0 { word } else { word << shift | self.word_of(slot, j + 1) >> (u64::BITS - shift) }
    }

    #[inline(always)]
    fn word_of(&self, slot: usize, j: usize) -> u64 {
        match j.checked_sub(BACK_WORDS) {
            None => self.back[j],
            Some(0) => self.d[slot],
            Some(i) => {
                let entry = self.entries[slot];
                if i <= entry.words() { self.heap[(entry.place() + i - 1).min(MOST_HEAP - 1)] } else { 0 }
            }
        }
    }
}

impl<P: Payload> Locked<'_, ByteShape<P>> {
    /// Writes keys `from..to` of `keys` into the slots from `slot` on, and appends their bytes to the heap.
    /// Each key must begin with the node's present prefix, which may be another one than that of `keys`.
    pub(super) fn write_keys(&mut self, keys: &Keys, from: usize, to: usize, slot: usize) {
        self.write_keys_with(keys, from, to, slot, 0);
    }

    /// As [`write_keys`](Self::write_keys), after a split: the prefix has grown. A key that was outside of the node
    /// comes into it if little of the key is left behind the prefix, and if room for another key stays.
    pub(super) fn write_keys_inside(&mut self, keys: &Keys, from: usize, to: usize) {
        let has_long = keys.entries[from..to].iter().any(|entry| entry.is_long());
        let spare = if has_long {
            let prefix = self.state().prefix;
            let words = |i: usize| match keys.entries[i] {
                entry if entry.is_long() => 1,
                entry => heap_words((entry.len() + keys.prefix).saturating_sub(prefix)),
            };
            let needed = (from..to).map(words).sum::<usize>() + LIMIT / WORD;
            Slotted::<'_, P>::HEAP_WORDS.saturating_sub(needed)
        } else {
            0
        };
        self.write_keys_with(keys, from, to, 0, spare);
    }

    fn write_keys_with(&mut self, keys: &Keys, from: usize, to: usize, slot: usize, mut spare: usize) {
        assert!(slot + (to - from) <= ByteShape::<P>::CAPACITY);
        let mut state = self.state();
        for i in from..to {
            let (d, entry) = self.write_key(keys, i, &mut state, &mut spare);
            let slot = slot + i - from;
            self.d_cell(slot).store(d, Ordering::Relaxed);
            self.entry_cell(slot).store(entry.0, Ordering::Relaxed);
        }
        self.store_state(state);
    }

    #[inline(always)]
    fn write_key(&mut self, keys: &Keys, i: usize, state: &mut State, spare: &mut usize) -> (u64, Entry) {
        let old = keys.entries[i];
        let place = state.used;
        if old.is_long() {
            let string = LongRef::from_word(keys.heap[old.place()]);
            let behind = string.len - state.prefix;
            if *spare > 0 && behind <= MOST_INSIDE && heap_words(behind) <= *spare {
                *spare -= heap_words(behind).saturating_sub(1);
                return self.write_inside(keys.long, string, state);
            }
            let mut bytes = [0; WORD];
            keys.long.copy(string.number, state.prefix, &mut bytes);
            self.write_heap(place, string.to_word());
            state.used += 1;
            return (u64::from_be_bytes(bytes), Entry::long(place));
        }
        let len = old.len() + keys.prefix - state.prefix;
        assert!(!is_long(len));
        if state.prefix == keys.prefix {
            for j in 0..old.words() {
                self.write_heap(place + j, keys.heap[old.place() + j]);
            }
            state.used += old.words();
            return (keys.d[i], Entry::inline(place, len));
        }
        for j in 0..heap_words(len) {
            self.write_heap(place + j, keys.word_behind(i, state.prefix, j + 1));
        }
        state.used += heap_words(len);
        (keys.word_behind(i, state.prefix, 0), Entry::inline(place, len))
    }

    /// Takes a key that was outside of the node into the node.
    #[cold]
    fn write_inside(&mut self, long: Long, string: LongRef, state: &mut State) -> (u64, Entry) {
        let (place, len) = (state.used, string.len - state.prefix);
        let mut bytes = [0; MOST_INSIDE];
        long.copy(string.number, state.prefix, &mut bytes[..len]);
        for j in 0..heap_words(len) {
            self.write_heap(place + j, word_at(&bytes, (j + 1) * WORD));
        }
        state.used += heap_words(len);
        long.release(string.number);
        (word_at(&bytes, 0), Entry::inline(place, len))
    }

    #[inline(always)]
    pub(super) fn write_heap(&mut self, place: usize, word: u64) {
        assert!(place < Slotted::<'_, P>::HEAP_WORDS, "the node has room");
        self.heap_cell(place).store(word, Ordering::Relaxed);
    }

    /// Writes all keys again: with the prefix that the fences have in common now, and without garbage.
    pub(super) fn rewrite(&mut self, prefix: usize) {
        let keys = Keys::with_back(**self, prefix);
        self.store_state(State { prefix, used: 0, garbage: 0 });
        self.write_keys(&keys, 0, self.count(), 0);
        self.resample(0);
    }

    /// Brings the samples from `slot`'s on up to date with keys and count.
    #[inline(always)]
    pub(super) fn resample(&mut self, slot: usize) {
        let count = self.count();
        for line in slot / LINE..LINE {
            let first = line * LINE;
            let word = if first < count { self.d(first) } else { u64::MAX };
            self.sample(line).store(word, Ordering::Relaxed);
        }
    }
}
