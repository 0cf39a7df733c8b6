//! Strings that are too long for a node: the node has a number, which leads to the bytes.

use core::cmp;

/// Where long strings are. A reader may ask for any number: the answer is right if the number led to the string
/// the whole time.
pub(crate) trait LongStrings: Send + Sync {
    /// Compares the string from byte `from` on with `bytes`.
    fn compare(&self, number: u32, from: usize, bytes: &[u8]) -> cmp::Ordering;

    /// Copies the string from byte `from` on into `out`, up to the end of either. Returns the number of bytes.
    fn copy(&self, number: u32, from: usize, out: &mut [u8]) -> usize;
}

/// Where the long strings of a map are.
#[derive(Clone, Copy)]
pub(crate) struct Long(Option<&'static dyn LongStrings>);

impl Long {
    /// For nodes without long strings.
    pub(crate) const NONE: Self = Self(None);

    #[cfg(test)]
    pub(crate) fn new(strings: &'static dyn LongStrings) -> Self {
        Self(Some(strings))
    }

    /// How `key` compares with the string, both from byte `from` on.
    #[cold]
    #[inline(never)]
    pub(super) fn compare(self, key: &[u8], number: u32, from: usize) -> cmp::Ordering {
        let rest = key.get(from..).unwrap_or_default();
        self.0.map_or(cmp::Ordering::Equal, |strings| strings.compare(number, from, rest).reverse())
    }

    #[cold]
    #[inline(never)]
    pub(super) fn copy(self, number: u32, from: usize, out: &mut [u8]) -> usize {
        self.0.map_or(0, |strings| strings.copy(number, from, out))
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
