//! Iterators over the pairs of a map whose values are byte strings.

use alloc::vec::Vec;
use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::mem;
use core::ops::Bound;

use super::blobs::{Blobs, Pairs};
use crate::arena::{BlockArena, GlobalArena};
use crate::bytes_map::encoded::{Owned, pair};
use crate::key::{ByteKeys, BytesKey, KeyKind};

/// The pairs of a range, in key order, from both ends. [Consistency](crate::BSkipMap#consistency) says what it
/// promises while other threads write.
///
/// It is an iterator of owned pairs. [`lend_next`](Self::lend_next) and [`lend_next_back`](Self::lend_next_back)
/// lend the pairs instead, and allocate nothing for a pair. Both ways may take turns.
///
/// ```
/// use bskip_core::BSkipBlobMap;
///
/// let map: BSkipBlobMap<str> = [("a", "1"), ("b", "22"), ("c", "333")].into_iter().collect();
/// let mut pairs = map.range("a".."c");
/// let mut bytes = 0;
/// while let Some((key, value)) = pairs.lend_next() {
///     bytes += key.len() + value.len();
/// }
/// assert_eq!(bytes, 5);
/// ```
pub struct BlobRange<'a, K: BytesKey + ?Sized, A: BlockArena = GlobalArena> {
    blobs: &'a Blobs<A::Pool>,
    pairs: Pairs<'a, A::Pool>,
    /// The pair that was lent last.
    key: Owned,
    value: Vec<u8>,
    _keys: PhantomData<fn(&K)>,
}

impl<'a, K: BytesKey + ?Sized, A: BlockArena> BlobRange<'a, K, A> {
    pub(super) fn new(blobs: &'a Blobs<A::Pool>, lower: Bound<Owned>, upper: Bound<Owned>) -> Self {
        let pairs = blobs.pairs(lower, upper);
        Self { blobs, pairs, key: ByteKeys::own(&[]), value: Vec::new(), _keys: PhantomData }
    }

    /// The next pair: the key's encoding, which is the key itself for `str` and `[u8]`, and the value.
    pub fn lend_next(&mut self) -> Option<(&[u8], &[u8])> {
        self.key = self.blobs.next(&mut self.pairs, &mut self.value)?;
        Some((&self.key, &self.value))
    }

    /// The next pair from the back, as [`lend_next`](Self::lend_next) returns it.
    pub fn lend_next_back(&mut self) -> Option<(&[u8], &[u8])> {
        self.key = self.blobs.next_back(&mut self.pairs, &mut self.value)?;
        Some((&self.key, &self.value))
    }
}

impl<K: BytesKey + ?Sized, A: BlockArena> Iterator for BlobRange<'_, K, A> {
    type Item = (K::Owned, Vec<u8>);

    fn next(&mut self) -> Option<(K::Owned, Vec<u8>)> {
        let key = self.blobs.next(&mut self.pairs, &mut self.value)?;
        Some(pair::<K, _>((key, mem::take(&mut self.value))))
    }
}

impl<K: BytesKey + ?Sized, A: BlockArena> DoubleEndedIterator for BlobRange<'_, K, A> {
    fn next_back(&mut self) -> Option<(K::Owned, Vec<u8>)> {
        let key = self.blobs.next_back(&mut self.pairs, &mut self.value)?;
        Some(pair::<K, _>((key, mem::take(&mut self.value))))
    }
}

impl<K: BytesKey + ?Sized, A: BlockArena> FusedIterator for BlobRange<'_, K, A> {}

impl<K: BytesKey + ?Sized, A: BlockArena> fmt::Debug for BlobRange<'_, K, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobRange").finish_non_exhaustive()
    }
}
