//! A node of words at its place in memory: the offsets of its parts, computed from the sizes of key and payload,
//! and its words.

use core::alloc::Layout;
use core::mem::size_of;

use super::super::header::Node;
use super::super::shape::Shape;
use super::shape::WordShape;
use crate::arena::{BlockId, BlockKind};
use crate::key::KeyWords;
use crate::simd::LINE;
use crate::sync::{DataWord, Ordering};

/// The bytes of keys and payload that a node should have; its capacity follows. Measured with `u64` keys and
/// values against the 64 slots that this gives: with 32 slots scans are 20 % slower, with 128 slots lookups
/// are 15 % slower.
const TARGET_BYTES: usize = 1024;
pub(crate) const MAX_CAPACITY: usize = LINE * LINE;
/// A quarter of a node must be at least one slot: see `room`.
const MIN_CAPACITY: usize = if LINE < 4 { 4 } else { LINE };

/// The geometry. All of it is constant for a shape.
impl<S: WordShape> Node<'_, S> {
    /// Whether the samples lead to a single line.
    pub(super) const BY_LINES: bool = Self::KEY_WORDS == 1;
    pub(super) const KEY_WORDS: usize = S::Key::WORDS;
    /// The bytes of a slot without its key.
    pub(super) const PAYLOAD_BYTES: usize = S::WORDS_PER_SLOT * size_of::<S::Word>();
    pub(super) const SLOT_BYTES: usize = Self::KEY_WORDS * 8 + Self::PAYLOAD_BYTES;
    pub(super) const LOW: usize = Self::OWN;
    pub(super) const HIGH: usize = Self::LOW + Self::KEY_WORDS * 8;
    pub(super) const SAMPLES: usize = (Self::HIGH + Self::KEY_WORDS * 8).next_multiple_of(64);
    pub(super) const KEYS: usize = Self::SAMPLES + 64;
    pub(super) const PAYLOAD: usize = Self::KEYS + Self::KEY_WORDS * S::CAPACITY * 8;
    pub(super) const SIZE: usize = (Self::PAYLOAD + S::CAPACITY * Self::PAYLOAD_BYTES).next_multiple_of(64);

    /// Whether the payload is one word of 64 bits. Such a payload moves as keys do.
    pub(super) const WORD_PAYLOAD: bool = S::WORDS_PER_SLOT == 1 && size_of::<S::Word>() == 8;
}

impl<S: WordShape> Shape for S {
    type Kind = S::Key;
    type Payload = S::Payload;
    type Context = ();
    const KIND: BlockKind = S::KIND;
    /// The number of slots: a multiple of a line, so that the samples divide them evenly.
    const CAPACITY: usize = {
        let fit = TARGET_BYTES / Node::<S>::SLOT_BYTES / LINE * LINE;
        if fit < MIN_CAPACITY {
            MIN_CAPACITY
        } else if fit > MAX_CAPACITY {
            MAX_CAPACITY
        } else {
            fit
        }
    };

    const LAYOUT: Layout = {
        assert!(Node::<S>::KEYS + LINE * LINE * 8 <= Node::<S>::SIZE, "`gather_lines` stays within the node");
        assert!(Node::<S>::KEY_WORDS > 0, "a key has at least one word");
        assert!(Self::CAPACITY / LINE <= LINE, "one line of samples covers the node");
        match Layout::from_size_align(Node::<S>::SIZE, 64) {
            Ok(layout) => layout,
            Err(_) => panic!("a node of this key and value type is larger than the address space"),
        }
    };

    /// A lookup also loads the payload in slot 0.
    const READ_OF_EMPTY: usize = {
        let (slot_0, gathered) =
            (Node::<S>::PAYLOAD + Node::<S>::PAYLOAD_BYTES, Node::<S>::KEYS + LINE * LINE * 8);
        if slot_0 > gathered { slot_0 } else { gathered }
    };

    #[inline(always)]
    fn child_of(payload: &S::Payload) -> Option<BlockId> {
        S::child_of(payload)
    }
}

/// The words. Only the holder of the lock may trust what these return before [`Node::validate`].
impl<'a, S: WordShape> Node<'a, S> {
    #[inline(always)]
    pub(super) fn header(self, offset: usize) -> &'a DataWord {
        debug_assert!(offset < Self::SAMPLES);
        // SAFETY: the header is made of 64-bit words.
        unsafe { self.field(offset) }
    }

    /// Word `plane` of the keys from `slot` on.
    #[inline(always)]
    pub(super) fn key_words(self, plane: usize, slot: usize) -> *const DataWord {
        debug_assert!(plane < Self::KEY_WORDS && slot <= S::CAPACITY);
        let offset = Self::KEYS + (plane * S::CAPACITY + slot) * 8;
        // SAFETY: `slot` is at most the capacity, so this is at most the end of the block.
        unsafe { self.base.add(offset) }.cast().as_ptr()
    }

    /// The samples, `LINE` words.
    #[inline(always)]
    pub(super) fn samples(self) -> *const DataWord {
        // SAFETY: within the block.
        unsafe { self.base.add(Self::SAMPLES) }.cast().as_ptr()
    }

    /// The payload from `slot` on.
    #[inline(always)]
    pub(super) fn payload(self, slot: usize) -> *const S::Word {
        debug_assert!(slot <= S::CAPACITY);
        let offset = Self::PAYLOAD + slot * Self::PAYLOAD_BYTES;
        // SAFETY: `slot` is at most the capacity, so this is at most the end of the block.
        unsafe { self.base.add(offset) }.cast().as_ptr()
    }

    /// Word `plane` of the key in `slot`, which is below the capacity.
    #[inline(always)]
    pub(super) fn key_cell(self, plane: usize, slot: usize) -> &'a DataWord {
        assert!(plane < Self::KEY_WORDS && slot < S::CAPACITY);
        // SAFETY: as asserted, the word is one of the node's, which are mapped for `'a` and only accessed as
        // this atomic.
        unsafe { &*self.key_words(plane, slot) }
    }

    /// The sample of a line of slots.
    #[inline(always)]
    pub(super) fn sample(self, line: usize) -> &'a DataWord {
        assert!(line < LINE);
        // SAFETY: the samples are `LINE` words.
        unsafe { self.field(Self::SAMPLES + line * 8) }
    }

    #[inline(always)]
    pub(super) fn key_word(self, plane: usize, slot: usize) -> u64 {
        self.key_cell(plane, slot.min(S::CAPACITY - 1)).load(Ordering::Relaxed)
    }

    /// The first slot of this line, or of the last line.
    #[inline(always)]
    pub(super) fn first_slot(line: usize) -> usize {
        line.min(S::CAPACITY / LINE - 1) * LINE
    }
}
