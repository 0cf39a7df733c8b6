//! Scans of byte strings that hand out the pairs of a leaf at a time.

use core::fmt;
use core::ops::{ControlFlow, RangeBounds};

use super::encoded::bounds;
use super::{BSkipBytesMap, NAME};
use crate::arena::BlockArena;
use crate::key::{ByteKeys, BytesKey, KeyKind};
use crate::node::PairImage;

/// Neighbouring pairs of a map of byte strings, of one moment. There is at least one. See
/// [`BSkipBytesMap::for_each_chunk`].
pub struct BytesChunk<'c, V: Copy>(&'c mut PairImage<V>);

impl<V: Copy> BytesChunk<'_, V> {
    /// The number of pairs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no pairs: never.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values, in the order of their keys.
    #[must_use]
    pub fn values(&self) -> &[V] {
        self.0.values()
    }

    /// The encoded key and the value of pair number `i`. The key is put together in a buffer of the scan,
    /// which the next call uses again.
    ///
    /// # Panics
    /// If there are not more than `i` pairs.
    #[inline]
    pub fn pair(&mut self, i: usize) -> (&[u8], V) {
        self.0.pair(i)
    }

    /// Lends the encoded key and the value of each pair to `f`, in order.
    #[inline]
    pub fn for_each(&mut self, mut f: impl FnMut(&[u8], V)) {
        for i in 0..self.len() {
            let (key, value) = self.pair(i);
            f(key, value);
        }
    }
}

impl<V: Copy> fmt::Debug for BytesChunk<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BytesChunk").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// # Chunks
/// The fastest way to read many pairs. A chunk is a copy of what is in the range of one leaf, some 35 pairs.
/// (A leaf with a [long key](Self#long-keys) gives chunks of one pair.)
///
/// **A chunk is a snapshot**, with the promise of [`BSkipMap`'s chunks](crate::BSkipMap#chunks): at one
/// moment, the map held all its pairs, and no others between its first and its last key. Two chunks are of
/// two moments.
///
/// The closure runs without a lock, so it may use the map. Threads may scan parts of a map side by side, each
/// with a range of its own.
///
/// Expected O(log n) to begin, then O(1) for each pair, and O(log n) whenever a leaf changed while it was
/// copied. Writes no shared memory.
impl<K: BytesKey + ?Sized, V, A: BlockArena> BSkipBytesMap<K, V, A> {
    /// Calls `f` with the pairs whose keys are in `range`, in ascending [chunks](Self#chunks).
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    ///
    /// let map: BSkipBytesMap<str, u64> = (0..1000u64).map(|i| (format!("{i:04}"), i)).collect();
    /// let mut sum = 0;
    /// map.for_each_chunk("0100".."0200", |chunk| sum += chunk.values().iter().sum::<u64>());
    /// assert_eq!(sum, (100..200).sum());
    /// ```
    ///
    /// # Panics
    /// As [`range`](Self::range), and if `f` panics.
    pub fn for_each_chunk<Q>(&self, range: impl RangeBounds<Q>, mut f: impl FnMut(BytesChunk<'_, V>))
    where
        Q: BytesKey<Form = K::Form>,
        V: Copy,
    {
        let _ = self.try_for_each_chunk(range, |chunk| {
            f(chunk);
            ControlFlow::<()>::Continue(())
        });
    }

    /// As [`for_each_chunk`](Self::for_each_chunk), from the last chunk to the first. Within a chunk keys
    /// ascend.
    ///
    /// # Panics
    /// As [`for_each_chunk`](Self::for_each_chunk).
    pub fn for_each_chunk_rev<Q>(&self, range: impl RangeBounds<Q>, mut f: impl FnMut(BytesChunk<'_, V>))
    where
        Q: BytesKey<Form = K::Form>,
        V: Copy,
    {
        let _ = self.try_for_each_chunk_rev(range, |chunk| {
            f(chunk);
            ControlFlow::<()>::Continue(())
        });
    }

    /// As [`for_each_chunk`](Self::for_each_chunk), as long as `f` returns [`ControlFlow::Continue`]. Returns
    /// what `f` broke off with.
    ///
    /// ```
    /// use bskip_core::BSkipBytesMap;
    /// use std::ops::ControlFlow;
    ///
    /// let map: BSkipBytesMap<str, u64> = (0..1000u64).map(|i| (format!("{i:04}"), 2 * i)).collect();
    /// // The first key with a value above 500.
    /// let found = map.try_for_each_chunk::<&str, _>(.., |mut chunk| {
    ///     match chunk.values().iter().position(|&value| value > 500) {
    ///         Some(i) => ControlFlow::Break(chunk.pair(i).0.to_vec()),
    ///         None => ControlFlow::Continue(()),
    ///     }
    /// });
    /// assert_eq!(found, ControlFlow::Break(b"0251".to_vec()));
    /// ```
    ///
    /// # Panics
    /// As [`for_each_chunk`](Self::for_each_chunk).
    pub fn try_for_each_chunk<Q, B>(
        &self,
        range: impl RangeBounds<Q>,
        mut f: impl FnMut(BytesChunk<'_, V>) -> ControlFlow<B>,
    ) -> ControlFlow<B>
    where
        Q: BytesKey<Form = K::Form>,
        V: Copy,
    {
        let (lower, upper) = bounds(&range, NAME);
        let (lower, upper) = (lower.as_ref().map(ByteKeys::borrow), upper.as_ref().map(ByteKeys::borrow));
        self.index.images(lower, upper, |image, _| {
            let all = image.len();
            f(BytesChunk(image))?;
            ControlFlow::Continue(all)
        })
    }

    /// As [`try_for_each_chunk`](Self::try_for_each_chunk), from the last chunk to the first. Within a chunk
    /// keys ascend.
    ///
    /// # Panics
    /// As [`for_each_chunk`](Self::for_each_chunk).
    pub fn try_for_each_chunk_rev<Q, B>(
        &self,
        range: impl RangeBounds<Q>,
        mut f: impl FnMut(BytesChunk<'_, V>) -> ControlFlow<B>,
    ) -> ControlFlow<B>
    where
        Q: BytesKey<Form = K::Form>,
        V: Copy,
    {
        let (lower, upper) = bounds(&range, NAME);
        let (lower, upper) = (lower.as_ref().map(ByteKeys::borrow), upper.as_ref().map(ByteKeys::borrow));
        self.index.images_rev(lower, upper, |image, _| {
            let all = image.len();
            f(BytesChunk(image))?;
            ControlFlow::Continue(all)
        })
    }
}
