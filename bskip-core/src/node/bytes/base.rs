//! What the long strings of a node begin with: the *base*, the first bytes of a string in a cell.
//!
//! Neighbouring nodes share one base as long as their fences allow it, so the processor's cache has the bytes that
//! each search of these nodes compares. What follows the base of a fence is in the node, up to `TAIL` bytes. A
//! search compares its key with the base once for both fences, and then with what is in the node.
//!
//! A node without two long fences has a short prefix, or none. If such a node has keys in cells, the base may
//! *cover* them: all of them begin with it. Then a search compares it once for all of these keys, too.
//!
//! A node with a long fence has a base. A base counts as one more reference to its cell. It need not be a fence or
//! key of this node, nor as long as what these have in common.

use core::cmp;

use super::super::locked::Locked;
use super::super::payload::Payload;
use super::long::LongRef;
use super::shape::{ByteShape, Slotted};
use crate::key::ByteKeys;
use crate::sync::Ordering;

/// See the module. Read out of a changing node, it may be anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Base {
    pub(super) number: u32,
    /// How many bytes of the string belong to it.
    pub(super) len: usize,
    /// Whether all keys of the node that are in cells begin with it.
    pub(super) covers: bool,
}

impl Base {
    /// None. No string has the number 0.
    pub(super) const NONE: Self = Self { number: 0, len: 0, covers: false };
    const COVERS: u64 = 1 << 63;

    #[inline(always)]
    fn from_word(word: u64) -> Self {
        let LongRef { number, len } = LongRef::from_word(word & !Self::COVERS);
        Self { number, len: len.min(ByteKeys::MAX_BYTES), covers: word & Self::COVERS != 0 }
    }

    fn to_word(self) -> u64 {
        let covers = if self.covers { Self::COVERS } else { 0 };
        LongRef { number: self.number, len: self.len }.to_word() | covers
    }
}

impl<P: Payload> Slotted<'_, P> {
    #[inline(always)]
    pub(super) fn base(self) -> Base {
        Base::from_word(self.word(ByteShape::<P>::BASE).load(Ordering::Relaxed))
    }

    /// How `key` compares with the first `len` bytes of the base: `Equal` if it begins with them.
    #[inline(always)]
    pub(super) fn compare_base(self, key: &[u8], base: Base, len: usize) -> cmp::Ordering {
        let start = &key[..key.len().min(len)];
        let (order, common) = self.context().difference(start, base.number, 0);
        if common >= len { cmp::Ordering::Equal } else { order }
    }
}

impl<P: Payload> Locked<'_, ByteShape<P>> {
    /// Stores the word and counts nothing.
    pub(super) fn write_base(&mut self, base: Base) {
        self.word(ByteShape::<P>::BASE).store(base.to_word(), Ordering::Relaxed);
    }

    /// Says that the node has no base.
    pub(super) fn forget_base(&mut self) {
        self.write_base(Base::NONE);
    }

    /// Gives up the base, if there is one.
    pub(super) fn release_base(&mut self) {
        let base = self.base();
        if base != Base::NONE {
            self.context().release(base.number);
            self.forget_base();
        }
    }
}
