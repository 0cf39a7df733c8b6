//! The shape of a node of byte keys, and the offsets of its parts.

use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem::size_of;

use super::super::header::Node;
use super::super::payload::{Children, Payload, Values};
use super::super::shape::Shape;
use super::entry::MOST_WORDS;
use super::long::Long;
use crate::arena::{BlockId, BlockKind};
use crate::key::ByteKeys;
use crate::key::big_endian::WORD;
use crate::key::byte_string::INLINE;
use crate::simd::LINE;

/// The bytes that a node has, unless its values are large.
const TARGET_BYTES: usize = 2048;
/// The bytes of slots that a node has, unless its values are large.
const SLOTS_BYTES: usize = 960;
pub(super) const MAX_CAPACITY: usize = LINE * LINE;
/// A quarter of a node must be at least one slot.
const MIN_CAPACITY: usize = if LINE < 4 { 4 } else { LINE };
/// The fewest words of a heap. Four of the largest keys fit, so each half of a node has room for one more key.
const MIN_HEAP: usize = 4 * (LIMIT / WORD);

/// A longer key, measured in bytes behind prefix and `d`, is outside of the node.
pub(super) const LIMIT: usize = 128;
/// A longer fence is outside of the node.
pub(super) const FENCE_LIMIT: usize = 104;

/// The shape of a node of byte keys, with what its slots hold besides the keys.
pub(crate) struct ByteShape<P>(PhantomData<P>);

pub(crate) type ByteLeaf<V> = ByteShape<Values<V>>;
pub(crate) type ByteInner = ByteShape<Children>;

impl<P> Clone for ByteShape<P> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<P> Copy for ByteShape<P> {}

/// The geometry. All of it is constant for a shape.
impl<P: Payload> ByteShape<P> {
    pub(super) const PAYLOAD_BYTES: usize = P::WORDS * size_of::<P::Word>();
    /// The bytes of a slot without what is in the heap.
    const SLOT_BYTES: usize = 8 + 4 + Self::PAYLOAD_BYTES;

    /// Lengths of the fences, 32 bits each.
    pub(super) const FENCE_LENS: usize = 24;
    /// See `State`.
    pub(super) const STATE: usize = 32;
    /// The first words of the fences, low and high.
    pub(super) const FENCE_STARTS: usize = 40;
    /// What long fences begin with, see `base`.
    pub(super) const BASE: usize = 56;
    pub(super) const SAMPLES: usize = 64;
    /// The other words of the fences: in each line four of the low one, four of the high one.
    pub(super) const FENCES: usize = 128;
    pub(super) const D: usize = Self::FENCES + (FENCE_LIMIT / WORD - 1) / 4 * 64;
    pub(super) const PAYLOAD: usize = Self::D + Self::CAPACITY * 8;
    pub(super) const ENTRIES: usize = Self::PAYLOAD + Self::CAPACITY * Self::PAYLOAD_BYTES;
    pub(super) const HEAP: usize = (Self::ENTRIES + Self::CAPACITY * 4).next_multiple_of(8);
    pub(super) const HEAP_WORDS: usize = (Self::SIZE - Self::HEAP) / 8;
    pub(super) const SIZE: usize = {
        let least = Self::HEAP + MIN_HEAP * 8;
        (if least < TARGET_BYTES && LINE == 8 { TARGET_BYTES } else { least }).next_multiple_of(64)
    };

    /// Whether the payload is one word of 64 bits. It then moves as `d` does.
    pub(super) const WORD_PAYLOAD: bool = P::WORDS == 1 && size_of::<P::Word>() == 8;
    /// Whether it is one word of 32 bits. It then moves as the entries do.
    pub(super) const HALF_PAYLOAD: bool = P::WORDS == 1 && size_of::<P::Word>() == 4;
}

impl<P: Payload> Shape for ByteShape<P> {
    type Kind = ByteKeys;
    type Payload = P::Value;
    type Context = Long;
    const KIND: BlockKind = P::KIND;
    /// The number of slots: a multiple of a line, so that the samples divide them evenly.
    const CAPACITY: usize = {
        let fit = SLOTS_BYTES / Self::SLOT_BYTES / LINE * LINE;
        if fit < MIN_CAPACITY {
            MIN_CAPACITY
        } else if fit > MAX_CAPACITY {
            MAX_CAPACITY
        } else {
            fit
        }
    };

    const LAYOUT: Layout = {
        assert!(Self::D + LINE * LINE * 8 <= Self::SIZE, "`gather_lines` stays within the node");
        assert!(Self::HEAP_WORDS <= MOST_WORDS, "an entry names every place of the heap");
        assert!(FENCE_LIMIT / WORD % 4 == 1, "lines of fences are full");
        assert!(Self::BASE + 8 == Self::SAMPLES, "the first line is full");
        assert!(INLINE <= FENCE_LIMIT && FENCE_LIMIT <= WORD + LIMIT, "a short key fits into every node");
        match Layout::from_size_align(Self::SIZE, 64) {
            Ok(layout) => layout,
            Err(_) => panic!("a node of this value type is larger than the address space"),
        }
    };

    const READ_OF_EMPTY: usize = Self::SIZE;

    #[inline(always)]
    fn child_of(payload: &P::Value) -> Option<BlockId> {
        P::child_of(payload)
    }
}

/// A node of byte keys, at its place in memory.
pub(super) type Slotted<'a, P> = Node<'a, ByteShape<P>>;
