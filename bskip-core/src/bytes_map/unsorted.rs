//! Pairs that are sorted by their encoded keys.

use alloc::vec::Vec;
use core::iter;

use super::BytesInsertErrorKind;
use super::encoded::{Owned, encoded_key};
use crate::key::big_endian::{common_prefix, word_at};
use crate::key::{ByteKeys, BytesKey, KeyBuffer, KeyKind};

/// Pairs in any order, their encoded keys one after the other.
pub(crate) struct Unsorted<V> {
    bytes: Vec<u8>,
    /// How many bytes all keys begin with.
    common: usize,
    pairs: Vec<Place<V>>,
}

/// Where a key's bytes are, and its value.
struct Place<V> {
    /// Once the pairs are being sorted: the key's bytes behind the common ones, as a number.
    word: u64,
    from: usize,
    to: usize,
    value: V,
}

impl<V> Place<V> {
    fn key<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        &bytes[self.from..self.to]
    }
}

impl<V> Unsorted<V> {
    /// Encodes the keys of pairs.
    ///
    /// # Errors
    /// Why a map refuses one of the keys.
    pub(crate) fn of<Q: BytesKey>(
        pairs: impl IntoIterator<Item = (Q, V)>,
    ) -> Result<Self, BytesInsertErrorKind> {
        let mut unsorted = Self { bytes: Vec::new(), common: 0, pairs: Vec::new() };
        let mut buffer = KeyBuffer::new();
        for (key, value) in pairs {
            encoded_key(&key, &mut buffer, |key| unsorted.push(key, value))?;
        }
        Ok(unsorted)
    }

    fn push(&mut self, key: &[u8], value: V) {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(key);
        self.common = match self.pairs.first() {
            None => key.len(),
            Some(first) => self.common.min(common_prefix(first.key(&self.bytes), key)),
        };
        self.pairs.push(Place { word: 0, from, to: self.bytes.len(), value });
    }

    /// The pairs in order. If a key comes several times, the last value stays.
    pub(crate) fn into_sorted(self) -> impl Iterator<Item = (Owned, V)> {
        let Self { bytes, common, mut pairs } = self;
        pairs.iter_mut().for_each(|pair| pair.word = word_at(pair.key(&bytes), common));
        pairs.sort_by(|a, b| a.word.cmp(&b.word).then_with(|| a.key(&bytes).cmp(b.key(&bytes))));
        let mut pairs = pairs.into_iter().peekable();
        iter::from_fn(move || {
            loop {
                let pair = pairs.next()?;
                let key = pair.key(&bytes);
                if pairs.peek().is_none_or(|next| next.key(&bytes) != key) {
                    return Some((ByteKeys::own(key), pair.value));
                }
            }
        })
    }
}
