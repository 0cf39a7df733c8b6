//! Copies neighbouring pairs of a leaf of byte keys to the reader's stack. The reader validates once, and then
//! works on plain memory.

use alloc::vec::Vec;
use core::mem::MaybeUninit;
use core::slice;

use super::super::header::Node;
use super::super::leaf::LeafSlots;
use super::super::moves;
use super::super::shape::Shape;
use super::entry::Entry;
use super::image::MOST_HEAP;
use super::shape::{ByteLeaf, MAX_CAPACITY};
use crate::key::big_endian::WORD;
use crate::simd;

/// What became of an attempt to copy pairs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Filled {
    /// They are there.
    Valid,
    /// The leaf has changed. There are none.
    Changed,
    /// One of the keys is outside of the leaf, so it may go at any time. There are none: read one by one.
    Long,
}

/// Copies of neighbouring pairs of a leaf. A pair's place is its slot.
pub(crate) struct PairImage<V: Copy> {
    /// Where a key is put together. It begins with the prefix.
    key: Vec<u8>,
    prefix: usize,
    start: usize,
    len: usize,
    d: [u64; MAX_CAPACITY],
    entries: [Entry; MAX_CAPACITY],
    heap: [u64; MOST_HEAP],
    values: Vec<MaybeUninit<V>>,
}

impl<V: Copy> PairImage<V> {
    pub(crate) fn new() -> Self {
        Self {
            key: Vec::new(),
            prefix: 0,
            start: 0,
            len: 0,
            d: [0; MAX_CAPACITY],
            entries: [Entry(0); MAX_CAPACITY],
            heap: [0; MOST_HEAP],
            values: Vec::new(),
        }
    }

    /// How many pairs there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The `i`-th pair. The key is good until the next call.
    #[inline]
    pub(crate) fn pair(&mut self, i: usize) -> (&[u8], V) {
        assert!(i < self.len);
        let slot = self.start + i;
        let entry = self.entries[slot];
        self.key.truncate(self.prefix);
        self.key.extend_from_slice(&self.d[slot].to_be_bytes());
        for word in &self.heap[entry.place()..][..entry.words()] {
            self.key.extend_from_slice(&word.to_be_bytes());
        }
        self.key.truncate(self.prefix + entry.len());
        // SAFETY: `fill` has validated that the first `len` values are values, and `V` is `Copy`.
        (&self.key, unsafe { self.values[i].assume_init() })
    }

    /// The value of the `i`-th pair.
    #[inline]
    pub(crate) fn value(&self, i: usize) -> V {
        assert!(i < self.len);
        // SAFETY: as in `pair`.
        unsafe { self.values[i].assume_init() }
    }

    /// The values of all pairs.
    pub(crate) fn values(&self) -> &[V] {
        let values = self.values[..self.len].as_ptr();
        // SAFETY: `fill` has validated that the first `len` values are values, and `MaybeUninit<V>` is laid out as
        // `V` is.
        unsafe { slice::from_raw_parts(values.cast(), self.len) }
    }

    /// Makes this pair the only one.
    pub(crate) fn set_only(&mut self, key: &[u8], value: V) {
        self.key.clear();
        self.key.extend_from_slice(key);
        self.values.clear();
        self.values.push(MaybeUninit::new(value));
        // All of the key is prefix.
        (self.d[0], self.entries[0]) = (0, Entry::inline(0, 0));
        (self.prefix, self.start, self.len) = (key.len(), 0, 1);
    }

    /// Copies slots `start..end` of `leaf`. Then `is_valid` says whether the leaf is still in the state of before.
    ///
    /// # Safety
    /// If `is_valid` returns true, everything read of the leaf during the call belongs to one state, and these
    /// slots are in use in that state.
    pub(crate) unsafe fn fill(
        &mut self,
        leaf: Node<'_, ByteLeaf<V>>,
        start: usize,
        end: usize,
        is_valid: impl FnOnce() -> bool,
    ) -> Filled {
        assert!(start <= end && end <= ByteLeaf::<V>::CAPACITY);
        self.len = 0;
        let state = leaf.state();
        let used = state.used.min(Node::<ByteLeaf<V>>::HEAP_WORDS);
        let n = end - start;
        // SAFETY: these slots are the leaf's, and there is room for as many as a leaf can have.
        unsafe {
            simd::choose!(isa => moves::read(isa, leaf.d_from(start), self.d[start..].as_mut_ptr(), n));
        }
        // SAFETY: these words are the heap's, and there is room for the largest heap.
        unsafe { simd::choose!(isa => moves::read(isa, leaf.heap_from(0), self.heap.as_mut_ptr(), used)) };
        let mut is_long = false;
        for slot in start..end {
            self.entries[slot] = leaf.entry(slot);
            is_long |= self.entries[slot].is_long();
        }
        self.values.clear();
        self.values.extend((start..end).map(|slot| <ByteLeaf<V> as LeafSlots>::value(leaf, slot)));
        self.key.clear();
        let prefix = leaf.prefix_bytes();
        if !is_valid() {
            return Filled::Changed;
        }
        if is_long {
            return Filled::Long;
        }
        self.key.reserve(prefix.len() + (MOST_HEAP + 1) * WORD);
        self.key.extend_from_slice(&prefix);
        // Only now the copies are pairs: by the caller's promise all of them come from one state in which the
        // slots were in use.
        (self.prefix, self.start, self.len) = (prefix.len(), start, n);
        Filled::Valid
    }
}
