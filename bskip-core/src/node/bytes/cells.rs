//! The words of a node of byte keys. Each is always accessed as an atomic of one size.
//!
//! Only the holder of the lock may trust what these return before `Node::validate`. An offset that was read out
//! of a changing node may be anything, so each function keeps it within the node.

use super::super::header::Node;
use super::super::payload::Payload;
use super::super::shape::Shape;
use super::entry::Entry;
use super::shape::{ByteInner, ByteShape, Slotted};
use crate::simd::LINE;
use crate::sync::{AtomicU32, DataWord, Ordering};

/// What the state word says of a node: 32, 16 and 16 bits of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct State {
    /// How many bytes at their start all keys in the node's range have in common. They are the start of the low
    /// fence.
    pub(super) prefix: usize,
    /// How many words of the heap are in use or garbage.
    pub(super) used: usize,
    /// How many of these are garbage.
    pub(super) garbage: usize,
}

impl State {
    #[inline(always)]
    fn from_word(word: u64) -> Self {
        Self {
            prefix: word as u32 as usize,
            used: usize::from((word >> 32) as u16),
            garbage: (word >> 48) as usize,
        }
    }

    #[inline(always)]
    fn to_word(self) -> u64 {
        self.prefix as u64 | (self.used as u64) << 32 | (self.garbage as u64) << 48
    }

    /// How many words of the heap are in use.
    #[inline(always)]
    pub(super) fn live(self) -> usize {
        self.used.saturating_sub(self.garbage)
    }
}

impl<'a, P: Payload> Slotted<'a, P> {
    pub(super) const HEAP_WORDS: usize = ByteShape::<P>::HEAP_WORDS;

    /// The word of 64 bits at `offset`.
    #[inline(always)]
    pub(super) fn word(self, offset: usize) -> &'a DataWord {
        debug_assert!(offset < ByteShape::<P>::PAYLOAD || offset >= ByteShape::<P>::HEAP);
        // SAFETY: header, samples, fences, `d` and heap are made of 64-bit words.
        unsafe { self.field(offset) }
    }

    #[inline(always)]
    pub(super) fn state(self) -> State {
        State::from_word(self.word(ByteShape::<P>::STATE).load(Ordering::Relaxed))
    }

    #[inline(always)]
    pub(super) fn store_state(self, state: State) {
        self.word(ByteShape::<P>::STATE).store(state.to_word(), Ordering::Relaxed);
    }

    /// The first sample. There are `LINE`.
    #[inline(always)]
    pub(super) fn samples(self) -> *const DataWord {
        // SAFETY: within the node.
        unsafe { self.base.add(ByteShape::<P>::SAMPLES) }.cast().as_ptr()
    }

    #[inline(always)]
    pub(super) fn sample(self, line: usize) -> &'a DataWord {
        assert!(line < LINE);
        self.word(ByteShape::<P>::SAMPLES + line * 8)
    }

    /// `d` from `slot` on.
    #[inline(always)]
    pub(super) fn d_from(self, slot: usize) -> *const DataWord {
        debug_assert!(slot <= ByteShape::<P>::CAPACITY);
        // SAFETY: `slot` is at most the capacity, so this is at most the end of `d`.
        unsafe { self.base.add(ByteShape::<P>::D + slot * 8) }.cast().as_ptr()
    }

    #[inline(always)]
    pub(super) fn d_cell(self, slot: usize) -> &'a DataWord {
        let slot = slot.min(ByteShape::<P>::CAPACITY - 1);
        self.word(ByteShape::<P>::D + slot * 8)
    }

    /// The eight bytes behind the prefix of the key in `slot`.
    #[inline(always)]
    pub(super) fn d(self, slot: usize) -> u64 {
        self.d_cell(slot).load(Ordering::Relaxed)
    }

    /// The entries from `slot` on.
    #[inline(always)]
    pub(super) fn entries_from(self, slot: usize) -> *const AtomicU32 {
        debug_assert!(slot <= ByteShape::<P>::CAPACITY);
        // SAFETY: `slot` is at most the capacity, so this is at most the end of the entries.
        unsafe { self.base.add(ByteShape::<P>::ENTRIES + slot * 4) }.cast().as_ptr()
    }

    #[inline(always)]
    pub(super) fn entry_cell(self, slot: usize) -> &'a AtomicU32 {
        let slot = slot.min(ByteShape::<P>::CAPACITY - 1);
        // SAFETY: there are `CAPACITY` entries of 32 bits.
        unsafe { self.field(ByteShape::<P>::ENTRIES + slot * 4) }
    }

    #[inline(always)]
    pub(super) fn entry(self, slot: usize) -> Entry {
        Entry(self.entry_cell(slot).load(Ordering::Relaxed))
    }

    /// The heap from `place` on.
    #[inline(always)]
    pub(super) fn heap_from(self, place: usize) -> *const DataWord {
        debug_assert!(place <= Self::HEAP_WORDS);
        // SAFETY: `place` is at most the length of the heap, so this is at most the end of the node.
        unsafe { self.base.add(ByteShape::<P>::HEAP + place * 8) }.cast().as_ptr()
    }

    /// The word of the heap at `place`, or the last one.
    #[inline(always)]
    pub(super) fn heap_cell(self, place: usize) -> &'a DataWord {
        self.word(ByteShape::<P>::HEAP + place.min(Self::HEAP_WORDS - 1) * 8)
    }

    #[inline(always)]
    pub(super) fn heap(self, place: usize) -> u64 {
        self.heap_cell(place).load(Ordering::Relaxed)
    }

    /// The payload from `slot` on.
    #[inline(always)]
    pub(super) fn payload_from(self, slot: usize) -> *const P::Word {
        debug_assert!(slot <= ByteShape::<P>::CAPACITY);
        // SAFETY: `slot` is at most the capacity, so this is at most the end of the payload.
        unsafe { self.base.add(ByteShape::<P>::PAYLOAD + slot * ByteShape::<P>::PAYLOAD_BYTES) }
            .cast()
            .as_ptr()
    }
}

impl<'a> Node<'a, ByteInner> {
    /// The word of the child in `slot`.
    #[inline(always)]
    pub(super) fn child_cell_in(self, slot: usize) -> &'a AtomicU32 {
        let slot = slot.min(ByteInner::CAPACITY - 1);
        // SAFETY: `slot` is below the capacity, so the word is the node's, mapped for `'a` and only accessed as
        // this atomic.
        unsafe { &*self.payload_from(slot) }
    }
}
