//! Slots of a locked node of byte keys: putting keys in and taking them out.

use super::super::locked::Locked;
use super::super::moves;
use super::super::payload::Payload;
use super::super::shape::Shape;
use super::base::Base;
use super::cells::State;
use super::entry::{Entry, heap_words};
use super::long::LongRef;
use super::room::is_long;
use super::shape::{ByteShape, Slotted};
use crate::key::KeptBytes;
use crate::key::big_endian::{WORD, word_at};
use crate::simd::{self, Isa, LINE};
use crate::sync::Ordering;

impl<P: Payload> Locked<'_, ByteShape<P>> {
    const LINES: usize = ByteShape::<P>::CAPACITY / LINE;

    /// Puts a key and its payload into `slot`; the node has room. The key must have a number if more than
    /// `LIMIT` bytes are behind prefix and `d`.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(super) fn insert_key(&mut self, slot: usize, key: KeptBytes<'_>, payload: P::Value) {
        let (d, entry) = self.place_key(key);
        simd::choose!(isa => self.insert_by(isa, slot, d, entry, payload));
    }

    #[inline(always)]
    fn insert_by<I: Isa>(&mut self, isa: I, slot: usize, d: u64, entry: Entry, payload: P::Value) {
        if I::HAS_SHIFT {
            self.shift_samples_right(isa, slot, d);
        }
        self.open_gap(isa, slot);
        self.fill(slot, d, entry, payload);
        if !I::HAS_SHIFT {
            self.resample(slot);
        }
    }

    /// Adds a key above all others and its payload; the node has room.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(super) fn push_key(&mut self, key: KeptBytes<'_>, payload: P::Value) {
        let slot = self.count();
        let (d, entry) = self.place_key(key);
        self.fill(slot, d, entry, payload);
        if slot.is_multiple_of(LINE) {
            self.sample(slot / LINE).store(d, Ordering::Relaxed);
        }
        self.set_count(slot + 1);
    }

    #[inline(always)]
    fn fill(&mut self, slot: usize, d: u64, entry: Entry, payload: P::Value) {
        self.write_payload(slot, payload);
        self.d_cell(slot).store(d, Ordering::Relaxed);
        self.entry_cell(slot).store(entry.0, Ordering::Relaxed);
    }

    /// Writes into the heap what a slot of `key` needs there. Gives `d` and the entry.
    #[inline(always)]
    fn place_key(&mut self, KeptBytes { bytes: key, number }: KeptBytes<'_>) -> (u64, Entry) {
        let mut state = self.state();
        let len = key.len().checked_sub(state.prefix).expect("a key in the range begins with the prefix");
        let is_long = is_long(len);
        let words = if is_long { 1 } else { heap_words(len) };
        if state.used + words > Slotted::<'_, P>::HEAP_WORDS {
            self.rewrite(state.prefix);
            state = self.state();
        }
        let place = state.used;
        self.store_state(State { used: place + words, ..state });
        let d = word_at(key, state.prefix);
        if is_long {
            let number = number.expect("a long key has a number");
            self.context().retain(number);
            self.write_heap(place, LongRef { number, len: key.len() }.to_word());
            self.cover(key, number);
            return (d, Entry::long(place));
        }
        for i in 0..words {
            self.write_heap(place + i, word_at(key, state.prefix + (i + 1) * WORD));
        }
        (d, Entry::inline(place, len))
    }

    /// Says that the heap words of `slot` are garbage. Returns the number of its string if that is outside of the
    /// node. The caller releases it once the slot no longer names it: the wait for a shelf's lock might unwind.
    #[inline(always)]
    #[must_use]
    fn forget_key(&mut self, slot: usize) -> Option<u32> {
        let (state, entry) = (self.state(), self.entry(slot));
        let number = entry.is_long().then(|| LongRef::from_word(self.heap(entry.place())).number);
        let words = entry.words();
        let state = if entry.place() + words == state.used {
            State { used: entry.place(), ..state }
        } else {
            State { garbage: state.garbage + words, ..state }
        };
        // With nothing in use, there is no garbage.
        self.store_state(if state.live() == 0 { State { used: 0, garbage: 0, ..state } } else { state });
        number
    }

    /// Whether the base is the string of the key in `slot`.
    #[inline(always)]
    fn is_base(&self, slot: usize) -> bool {
        let entry = self.entry(slot);
        entry.is_long() && LongRef::from_word(self.heap(entry.place())).number == self.base().number
    }

    #[cold]
    #[inline(never)]
    fn release_string(&mut self, number: u32) {
        self.context().release(number);
    }

    /// Empties the slots, and gives up their strings that are outside of the node.
    pub(super) fn release_keys(&mut self) {
        let count = self.count();
        // First, for the same reason.
        self.set_count(0);
        for slot in 0..count {
            let entry = self.entry(slot);
            if entry.is_long() {
                self.release_string(LongRef::from_word(self.heap(entry.place())).number);
            }
        }
    }

    /// Takes key and payload out of `slot`, which is below the count, and drops neither.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(super) fn remove_key(&mut self, slot: usize) {
        let is_base = self.is_base(slot);
        let number = self.forget_key(slot);
        simd::choose!(isa => self.remove_by(isa, slot));
        // The base would keep the string of the key, perhaps without any use.
        if is_base || self.count() == 0 {
            self.set_base(Base::NONE);
        }
        if let Some(number) = number {
            self.release_string(number);
        }
    }

    #[inline(always)]
    fn remove_by<I: Isa>(&mut self, isa: I, slot: usize) {
        if I::HAS_SHIFT {
            self.shift_samples_left(isa, slot);
        }
        self.close_gap(isa, slot);
        if !I::HAS_SHIFT {
            self.resample(slot);
        }
    }

    /// Exchanges the key in `slot` for one that belongs there too; the node has room for it.
    pub(super) fn exchange_key(&mut self, slot: usize, key: KeptBytes<'_>) {
        assert!(slot < self.count());
        let number = self.forget_key(slot);
        // No word of the heap is its any more, so nothing is copied if the heap is written again.
        self.entry_cell(slot).store(Entry::inline(0, 0).0, Ordering::Relaxed);
        let (d, entry) = self.place_key(key);
        self.d_cell(slot).store(d, Ordering::Relaxed);
        self.entry_cell(slot).store(entry.0, Ordering::Relaxed);
        self.resample(slot);
        if let Some(number) = number {
            self.release_string(number);
        }
    }

    /// Forgets all slots, and drops nothing.
    pub(super) fn forget_keys(&mut self) {
        self.release_keys();
        let prefix = self.state().prefix;
        self.store_state(State { prefix, used: 0, garbage: 0 });
        self.resample(0);
        self.set_base(Base::NONE);
    }

    /// Overwrites the payload in `slot`, whatever it was.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(super) fn write_payload(&mut self, slot: usize, payload: P::Value) {
        assert!(slot < ByteShape::<P>::CAPACITY);
        // SAFETY: `slot` is below the capacity, so its words are the node's, and it is locked.
        unsafe { P::store(self.payload_from(slot), payload) };
    }

    /// Updates the samples for an insertion of `d` into `slot` that is about to happen.
    #[inline(always)]
    fn shift_samples_right(&mut self, isa: impl Isa, slot: usize, d: u64) {
        let count = self.count();
        assert!(slot <= count && count < ByteShape::<P>::CAPACITY);
        // A line gets a new first `d`, the one before it, if it starts after `slot` and not after the new last
        // slot.
        let mask = (!1u8 << (slot / LINE)) & (u8::MAX >> (LINE - 1 - count / LINE));
        let before_lines = self.d_from(0).wrapping_sub(1);
        // SAFETY: the 57 words that begin one word before `d` are the node's, and it is locked.
        unsafe { isa.gather_lines(before_lines, self.samples(), mask) };
        let sample = self.sample(slot / LINE);
        let word = if slot.is_multiple_of(LINE) { d } else { sample.load(Ordering::Relaxed) };
        sample.store(word, Ordering::Relaxed);
    }

    /// Updates the samples for a removal of `slot` that is about to happen.
    #[inline(always)]
    fn shift_samples_left(&mut self, isa: impl Isa, slot: usize) {
        let last = self.count().wrapping_sub(1);
        assert!(slot <= last && last < ByteShape::<P>::CAPACITY);
        // A line gets a new first `d`, the next one, if it starts at `slot` or after it, but not at the last
        // slot.
        let from = slot.div_ceil(LINE);
        let to = last.div_ceil(LINE);
        let mask = ((1u32 << to) - (1u32 << from.min(to))) as u8;
        // SAFETY: the 57 words that begin at the second `d` are the node's, and it is locked.
        unsafe { isa.gather_lines(self.d_from(1), self.samples(), mask) };
        // A line that starts at the last slot is then empty.
        let sample = self.sample(last / LINE);
        let word = if last.is_multiple_of(LINE) { u64::MAX } else { sample.load(Ordering::Relaxed) };
        sample.store(word, Ordering::Relaxed);
    }

    /// Moves the slots from `slot` on one to the right. The caller fills `slot` and resamples.
    #[inline(always)]
    fn open_gap<I: Isa>(&mut self, isa: I, slot: usize) {
        let count = self.count();
        assert!(slot <= count && count < ByteShape::<P>::CAPACITY);
        // The slots that get another key: those after `slot` up to the new last one.
        let mask = (!1 << slot) & (u64::MAX >> (63 - count));
        let capacity = ByteShape::<P>::CAPACITY;
        let payload = self.payload_from(0);
        if I::HAS_SHIFT {
            // SAFETY: `d` has the slots up to the capacity, above `count`, and the node is locked.
            unsafe { isa.shift_right(self.d_from(0), Self::LINES, mask) };
            // SAFETY: as for `d`.
            unsafe { isa.shift_halves_right(self.entries_from(0), capacity, mask) };
        } else {
            // SAFETY: slots `slot..=count` are the node's, and this thread has it locked.
            unsafe { moves::copy_backwards(isa, self.d_from(slot), self.d_from(slot + 1), count - slot) };
            let (from, to) = (self.entries_from(slot), self.entries_from(slot + 1));
            // SAFETY: as above.
            unsafe { moves::copy_backwards(isa, from, to, count - slot) };
        }
        if I::HAS_SHIFT && ByteShape::<P>::WORD_PAYLOAD {
            // SAFETY: as for `d`.
            unsafe { isa.shift_right(payload.cast(), Self::LINES, mask) };
        } else if I::HAS_SHIFT && ByteShape::<P>::HALF_PAYLOAD {
            // SAFETY: as for `d`.
            unsafe { isa.shift_halves_right(payload.cast(), capacity, mask) };
        } else {
            let (from, to) = (self.payload_from(slot), self.payload_from(slot + 1));
            // SAFETY: as above.
            unsafe { moves::copy_backwards(isa, from, to, (count - slot) * P::WORDS) };
        }
        self.set_count(count + 1);
    }

    /// Moves the slots after `slot` one to the left, over it. The caller resamples.
    #[inline(always)]
    fn close_gap<I: Isa>(&mut self, isa: I, slot: usize) {
        let count = self.count();
        assert!(slot < count && count <= ByteShape::<P>::CAPACITY);
        // The slots that get another key: `slot` and those after it, except the last.
        let mask = (1 << (count - 1)) - (1 << slot);
        let n = count - slot - 1;
        let capacity = ByteShape::<P>::CAPACITY;
        let payload = self.payload_from(0);
        if I::HAS_SHIFT {
            // SAFETY: `d` has the slots up to `count`, and the node is locked.
            unsafe { isa.shift_left(self.d_from(0), Self::LINES, mask) };
            // SAFETY: as for `d`.
            unsafe { isa.shift_halves_left(self.entries_from(0), capacity, mask) };
        } else {
            // SAFETY: slots `slot..count` are the node's, and this thread has it locked.
            unsafe { moves::copy(isa, self.d_from(slot + 1), self.d_from(slot), n) };
            // SAFETY: as above.
            unsafe { moves::copy(isa, self.entries_from(slot + 1), self.entries_from(slot), n) };
        }
        if I::HAS_SHIFT && ByteShape::<P>::WORD_PAYLOAD {
            // SAFETY: as for `d`.
            unsafe { isa.shift_left(payload.cast(), Self::LINES, mask) };
        } else if I::HAS_SHIFT && ByteShape::<P>::HALF_PAYLOAD {
            // SAFETY: as for `d`.
            unsafe { isa.shift_halves_left(payload.cast(), capacity, mask) };
        } else {
            let (from, to) = (self.payload_from(slot + 1), self.payload_from(slot));
            // SAFETY: as above.
            unsafe { moves::copy(isa, from, to, n * P::WORDS) };
        }
        self.set_count(count - 1);
    }

    /// Copies the payload of `n` slots of `other` from `from` on into ours from `to` on.
    pub(super) fn copy_payload(&mut self, to: usize, other: Slotted<'_, P>, from: usize, n: usize) {
        let capacity = ByteShape::<P>::CAPACITY;
        assert!(from + n <= capacity && to + n <= capacity);
        let (from, to) = (other.payload_from(from), self.payload_from(to));
        // SAFETY: `n` slots from `from` are the other's, `n` from `to` are ours, which is locked.
        unsafe { simd::choose!(isa => moves::copy(isa, from, to, n * P::WORDS)) };
    }

    /// Moves the payload of all slots `n` to the right.
    pub(super) fn shift_payload(&mut self, n: usize) {
        let count = self.count();
        assert!(count + n <= ByteShape::<P>::CAPACITY);
        let (from, to) = (self.payload_from(0), self.payload_from(n));
        // SAFETY: slots up to `count + n` are the node's, and this thread has it locked.
        unsafe { simd::choose!(isa => moves::copy_backwards(isa, from, to, count * P::WORDS)) };
    }
}
