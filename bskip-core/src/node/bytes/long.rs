//! Strings that are too long for a node: the node has a number, which leads to the bytes.

use core::cmp;
use core::mem;
use core::panic::RefUnwindSafe;

use crate::arena::BlockPool;
use crate::cells::{CellId, Cells};
use crate::key::ByteKeys;
use crate::key::big_endian::WORD;

/// Where long strings are. A reader may ask for any number: the answer is right if the number led to the string
/// the whole time.
pub(crate) trait LongStrings: Send + Sync + RefUnwindSafe {
    /// How the string from byte `from` on compares with `bytes`, and how many bytes both have in common there.
    /// `from` is a multiple of `WORD`.
    fn difference(&self, number: u32, from: usize, bytes: &[u8]) -> (cmp::Ordering, usize);

    /// How many of the first `most` bytes two strings have in common.
    fn common(&self, a: u32, b: u32, most: usize) -> usize;

    /// Copies the string from byte `from` on into `out`, up to the end of either. Returns the number of bytes.
    fn copy(&self, number: u32, from: usize, out: &mut [u8]) -> usize;

    /// The length of the string.
    fn len(&self, number: u32) -> usize;

    /// Adds a reference to a string. The caller has one, or has locked a node that has one.
    fn retain(&self, number: u32);

    /// Takes back a reference to a string that the caller has, or that a node has which the caller has locked. The
    /// caller ends that lock as a change.
    fn release(&self, number: u32);
}

impl<P: BlockPool> LongStrings for Cells<P> {
    fn difference(&self, number: u32, from: usize, bytes: &[u8]) -> (cmp::Ordering, usize) {
        self.directory().difference(CellId::from_word(number), from, bytes)
    }

    fn common(&self, a: u32, b: u32, most: usize) -> usize {
        self.directory().common(CellId::from_word(a), CellId::from_word(b), most)
    }

    fn copy(&self, number: u32, from: usize, out: &mut [u8]) -> usize {
        self.directory().copy(CellId::from_word(number), from, out)
    }

    fn len(&self, number: u32) -> usize {
        self.directory().len(CellId::from_word(number))
    }

    fn retain(&self, number: u32) {
        self.directory().retain(CellId::from_word(number));
    }

    fn release(&self, number: u32) {
        Cells::release(self, CellId::from_word(number));
    }
}

/// Where the long strings of a map are.
#[derive(Clone, Copy)]
pub(crate) struct Long(Option<&'static dyn LongStrings>);

impl Long {
    /// For nodes without long strings.
    #[cfg(all(test, feature = "check"))]
    pub(crate) const NONE: Self = Self(None);

    #[cfg(all(test, feature = "check"))]
    pub(crate) fn new(strings: &'static dyn LongStrings) -> Self {
        Self(Some(strings))
    }

    /// The strings in `cells`. Good as long as `cells` is.
    #[inline(always)]
    pub(super) fn of<P: BlockPool>(cells: &Cells<P>) -> Self {
        let strings: &dyn LongStrings = cells;
        // SAFETY: only the lifetimes differ. By the promise of `Node::from_raw`, a node's context is not used after
        // the map that keeps the cells.
        Self(Some(unsafe { mem::transmute::<&dyn LongStrings, &'static dyn LongStrings>(strings) }))
    }

    /// How `key` compares with the string, and how many bytes both begin with. The caller knows that both begin
    /// with the same `from` bytes.
    #[inline(never)]
    pub(super) fn difference(self, key: &[u8], number: u32, from: usize) -> (cmp::Ordering, usize) {
        // Whole words compare faster.
        let from = from / WORD * WORD;
        let rest = key.get(from..).unwrap_or_default();
        self.0.map_or((cmp::Ordering::Equal, from), |strings| {
            let (order, common) = strings.difference(number, from, rest);
            (order.reverse(), from + common)
        })
    }

    /// How many bytes at their start both have in common.
    pub(super) fn common(self, number: u32, string: LongRef) -> usize {
        let most = string.len.min(ByteKeys::MAX_BYTES);
        self.0.map_or(0, |strings| strings.common(number, string.number, most))
    }

    #[cold]
    #[inline(never)]
    pub(super) fn copy(self, number: u32, from: usize, out: &mut [u8]) -> usize {
        self.0.map_or(0, |strings| strings.copy(number, from, out))
    }

    /// The length of the string to which a node refers; 0 if the node changes and refers to no such string.
    pub(super) fn len(self, string: LongRef) -> usize {
        let is_it = self.0.is_some_and(|strings| strings.len(string.number) == string.len);
        if is_it && string.len <= ByteKeys::MAX_BYTES { string.len } else { 0 }
    }

    /// The length of the string of this number.
    pub(super) fn len_of(self, number: u32) -> usize {
        self.0.map_or(0, |strings| strings.len(number))
    }

    #[cold]
    #[inline(never)]
    pub(super) fn retain(self, number: u32) {
        self.0.expect("nodes with long strings have a place for them").retain(number);
    }

    #[cold]
    #[inline(never)]
    pub(super) fn release(self, number: u32) {
        self.0.expect("nodes with long strings have a place for them").release(number);
    }
}

/// How a node refers to a long string: the number, and the length of all of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct LongRef {
    pub(super) number: u32,
    pub(super) len: usize,
}

impl LongRef {
    #[inline(always)]
    pub(super) fn from_word(word: u64) -> Self {
        Self { number: word as u32, len: (word >> 32) as usize }
    }

    #[inline(always)]
    pub(super) fn to_word(self) -> u64 {
        u64::from(self.number) | (self.len as u64) << 32
    }
}
