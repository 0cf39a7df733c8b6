//! The offsets of a node's parts, computed from the sizes of key and payload.

use core::alloc::Layout;
use core::mem::size_of;

use super::{Node, Shape};
use crate::key::KeyWords;
use crate::simd::LINE;

/// The bytes of keys and payload that a node should have; its capacity follows. Measured with `u64` keys and
/// values against the 64 slots that this gives: with 32 slots scans are 20 % slower, with 128 slots lookups
/// are 15 % slower.
const TARGET_BYTES: usize = 1024;
pub(crate) const MAX_CAPACITY: usize = LINE * LINE;
/// A quarter of a node must be at least one slot: see `index/write/absorb.rs`.
const MIN_CAPACITY: usize = if LINE < 4 { 4 } else { LINE };

/// The geometry. All of it is constant for a shape.
impl<S: Shape> Node<'_, S> {
    pub(super) const KEY_WORDS: usize = S::Key::WORDS;
    /// The bytes of a slot without its key.
    pub(super) const PAYLOAD_BYTES: usize = S::WORDS_PER_SLOT * size_of::<S::Word>();
    pub(super) const SLOT_BYTES: usize = Self::KEY_WORDS * 8 + Self::PAYLOAD_BYTES;
    /// The number of slots: a multiple of a line, so that the samples divide them evenly.
    pub(crate) const CAPACITY: usize = {
        let fit = TARGET_BYTES / Self::SLOT_BYTES / LINE * LINE;
        if fit < MIN_CAPACITY {
            MIN_CAPACITY
        } else if fit > MAX_CAPACITY {
            MAX_CAPACITY
        } else {
            fit
        }
    };

    pub(super) const VERSION: usize = 0;
    pub(super) const META: usize = 8;
    pub(super) const NEXT: usize = 16;
    pub(super) const LOW: usize = 24;
    pub(super) const HIGH: usize = Self::LOW + Self::KEY_WORDS * 8;
    pub(super) const SAMPLES: usize = (Self::HIGH + Self::KEY_WORDS * 8).next_multiple_of(64);
    pub(super) const KEYS: usize = Self::SAMPLES + 64;
    pub(super) const PAYLOAD: usize = Self::KEYS + Self::KEY_WORDS * Self::CAPACITY * 8;
    pub(super) const SIZE: usize =
        (Self::PAYLOAD + Self::CAPACITY * Self::PAYLOAD_BYTES).next_multiple_of(64);

    /// Whether the payload is one word of 64 bits. It then moves as keys do.
    pub(super) const WORD_PAYLOAD: bool = S::WORDS_PER_SLOT == 1 && size_of::<S::Word>() == 8;

    pub(crate) const LAYOUT: Layout = {
        assert!(Self::KEYS + LINE * LINE * 8 <= Self::SIZE, "`gather_lines` stays within the node");
        assert!(Self::KEY_WORDS > 0, "a key has at least one word");
        assert!(Self::CAPACITY / LINE <= LINE, "one line of samples covers the node");
        match Layout::from_size_align(Self::SIZE, 64) {
            Ok(layout) => layout,
            Err(_) => panic!("a node of this key and value type is larger than the address space"),
        }
    };
}
