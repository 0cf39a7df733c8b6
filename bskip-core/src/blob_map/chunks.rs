//! Scans of byte-string values that hand out the pairs of a leaf at a time.

use alloc::vec::Vec;
use core::fmt;
use core::ops::{Bound, ControlFlow, RangeBounds};

use super::blobs::{Blobs, TRIES};
use super::{BSkipBlobMap, NAME};
use crate::arena::{BlockArena, BlockPool};
use crate::blob::Blob;
use crate::bytes_map::encoded::bounds;
use crate::cells::Directory;
use crate::key::{ByteKeys, BytesKey, KeyKind};
use crate::lock::State;
use crate::node::PairImage;

/// Neighbouring pairs of a map of byte-string values, of one moment. There is at least one. See
/// [`BSkipBlobMap::for_each_chunk`].
pub struct BlobChunk<'c> {
    image: &'c mut PairImage<Blob>,
    /// The place of pair number 0 in the image.
    first: usize,
    values: &'c Values,
}

impl BlobChunk<'_> {
    /// The number of pairs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.ends.len()
    }

    /// Whether there are no pairs: never.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of pair number `i`.
    ///
    /// # Panics
    /// If there are not more than `i` pairs.
    #[must_use]
    pub fn value(&self, i: usize) -> &[u8] {
        self.values.value(i)
    }

    /// The encoded key and the value of pair number `i`. The key is put together in a buffer of the scan,
    /// which the next call uses again.
    ///
    /// # Panics
    /// If there are not more than `i` pairs.
    pub fn pair(&mut self, i: usize) -> (&[u8], &[u8]) {
        (self.image.pair(self.first + i).0, self.values.value(i))
    }

    /// Lends the encoded key and the value of each pair to `f`, in order.
    pub fn for_each(&mut self, mut f: impl FnMut(&[u8], &[u8])) {
        for i in 0..self.len() {
            let (key, value) = self.pair(i);
            f(key, value);
        }
    }
}

impl fmt::Debug for BlobChunk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobChunk").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// Copies of the values of an image, one after the other.
struct Values {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// The value that is being copied.
    one: Vec<u8>,
}

impl Values {
    const fn new() -> Self {
        Self { bytes: Vec::new(), ends: Vec::new(), one: Vec::new() }
    }

    fn value(&self, i: usize) -> &[u8] {
        let start = i.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[i]]
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Appends `one`.
    fn push_one(&mut self) {
        self.bytes.extend_from_slice(&self.one);
        self.ends.push(self.bytes.len());
    }

    /// Copies all values; false if the leaf is not in the image's state any more.
    fn copy(&mut self, image: &PairImage<Blob>, directory: &Directory, state: State<'_>) -> bool {
        self.clear();
        image.values().iter().for_each(|blob| blob.prefetch(directory));
        image.values().iter().all(|blob| {
            let is_read = blob.read(directory, &mut self.one, state);
            if is_read {
                self.push_one();
            }
            is_read
        })
    }
}

/// Where a scan goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

impl<P: BlockPool> Blobs<P> {
    /// Hands out the pairs between the bounds in chunks.
    fn chunks<B>(
        &self,
        way: Way,
        lower: Bound<&[u8]>,
        upper: Bound<&[u8]>,
        mut f: impl FnMut(BlobChunk<'_>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let (mut values, mut tries) = (Values::new(), 0);
        let take = |image: &mut PairImage<Blob>, state: State<'_>| {
            let all = image.len();
            if values.copy(image, self.cells.directory(), state) {
                tries = 0;
                f(BlobChunk { image, first: 0, values: &values })?;
                return ControlFlow::Continue(all);
            }
            tries += 1;
            if tries < TRIES {
                return ControlFlow::Continue(0);
            }
            // The leaf changes all the time. So one pair is a chunk, and no writer is in the way.
            tries = 0;
            values.clear();
            let first = if way == Way::Up { 0 } else { all - 1 };
            if self.read_kept(image.pair(first).0, &mut values.one) {
                values.push_one();
                f(BlobChunk { image, first, values: &values })?;
            }
            ControlFlow::Continue(1)
        };
        match way {
            Way::Up => self.index.images(lower, upper, take),
            Way::Down => self.index.images_rev(lower, upper, take),
        }
    }
}

/// # Chunks
/// The fastest way to read many pairs. A chunk is a copy of what is in the range of one leaf, some 35 pairs
/// with their values. (A leaf with a [long key](crate::BSkipBytesMap#long-keys) gives chunks of one pair, and
/// so does a leaf that changes all the time.)
///
/// **A chunk is a snapshot**, with the promise of [`BSkipMap`'s chunks](crate::BSkipMap#chunks): at one
/// moment, the map held all its pairs, and no others between its first and its last key. Two chunks are of
/// two moments.
///
/// The closure runs without a lock, so it may use the map. Threads may scan parts of a map side by side, each
/// with a range of its own.
///
/// Expected O(log n) to begin, then O(1) and O(bytes) for each pair, and O(log n) whenever a leaf changed
/// while it was copied.
impl<K: BytesKey + ?Sized, A: BlockArena> BSkipBlobMap<K, A> {
    /// Calls `f` with the pairs whose keys are in `range`, in ascending [chunks](Self#chunks).
    ///
    /// ```
    /// use bskip_core::BSkipBlobMap;
    ///
    /// let map: BSkipBlobMap<str> = (0..1000).map(|i| (format!("{i:04}"), format!("{i}"))).collect();
    /// let mut bytes = 0;
    /// map.for_each_chunk("0098".."0102", |mut chunk| chunk.for_each(|_, value| bytes += value.len()));
    /// assert_eq!(bytes, 2 + 2 + 3 + 3);
    /// ```
    ///
    /// # Panics
    /// As [`range`](Self::range), and if `f` panics.
    pub fn for_each_chunk<Q>(&self, range: impl RangeBounds<Q>, mut f: impl FnMut(BlobChunk<'_>))
    where
        Q: BytesKey<Form = K::Form>,
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
    pub fn for_each_chunk_rev<Q>(&self, range: impl RangeBounds<Q>, mut f: impl FnMut(BlobChunk<'_>))
    where
        Q: BytesKey<Form = K::Form>,
    {
        let _ = self.try_for_each_chunk_rev(range, |chunk| {
            f(chunk);
            ControlFlow::<()>::Continue(())
        });
    }

    /// As [`for_each_chunk`](Self::for_each_chunk), as long as `f` returns [`ControlFlow::Continue`]. Returns
    /// what `f` broke off with.
    ///
    /// # Panics
    /// As [`for_each_chunk`](Self::for_each_chunk).
    pub fn try_for_each_chunk<Q, B>(
        &self,
        range: impl RangeBounds<Q>,
        f: impl FnMut(BlobChunk<'_>) -> ControlFlow<B>,
    ) -> ControlFlow<B>
    where
        Q: BytesKey<Form = K::Form>,
    {
        self.chunks(Way::Up, &range, f)
    }

    /// As [`try_for_each_chunk`](Self::try_for_each_chunk), from the last chunk to the first. Within a chunk
    /// keys ascend.
    ///
    /// # Panics
    /// As [`for_each_chunk`](Self::for_each_chunk).
    pub fn try_for_each_chunk_rev<Q, B>(
        &self,
        range: impl RangeBounds<Q>,
        f: impl FnMut(BlobChunk<'_>) -> ControlFlow<B>,
    ) -> ControlFlow<B>
    where
        Q: BytesKey<Form = K::Form>,
    {
        self.chunks(Way::Down, &range, f)
    }

    fn chunks<Q, B>(
        &self,
        way: Way,
        range: &impl RangeBounds<Q>,
        f: impl FnMut(BlobChunk<'_>) -> ControlFlow<B>,
    ) -> ControlFlow<B>
    where
        Q: BytesKey<Form = K::Form>,
    {
        let (lower, upper) = bounds(range, NAME);
        let (lower, upper) = (lower.as_ref().map(ByteKeys::borrow), upper.as_ref().map(ByteKeys::borrow));
        self.blobs.chunks(way, lower, upper, f)
    }
}
