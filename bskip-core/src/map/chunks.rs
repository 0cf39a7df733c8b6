//! Scans that hand out slices, a leaf at a time.

use core::ops::{ControlFlow, RangeBounds};

use super::{BSkipMap, bounds};
use crate::arena::BlockArena;
use crate::key::Key;
use crate::node::MAX_CAPACITY as MOST;

/// # Chunks
/// The fastest way to read many pairs. A chunk is two slices, keys and their values in the same order, which
/// are never empty. It is a copy of what is in the range of one leaf, some 45 pairs. (If the values are
/// large, a leaf gives several chunks.)
///
/// **A chunk is a snapshot**: at one moment between the call and the time it is handed out, the map held all
/// its pairs, and no others between its first and its last key. Two chunks are of two moments: all together
/// they promise what [every scan](Self#consistency) does.
///
/// The closure runs without a lock, so it may use the map. The scan sees what the closure inserts or removes
/// further on, as it sees other threads' changes.
///
/// Expected O(log n) to begin, then O(1) for each pair, and O(log n) whenever a leaf changed while it was
/// copied. Writes no shared memory.
impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    /// Calls `f` with the pairs whose keys are in `range`, in ascending [chunks](Self#chunks).
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map: BSkipMap<u64, u64> = (0..1000).map(|k| (k, 2 * k)).collect();
    /// let mut sum = 0;
    /// map.for_each_chunk(100..200, |_, values| sum += values.iter().sum::<u64>());
    /// assert_eq!(sum, 29_900);
    /// ```
    ///
    /// # Panics
    /// If the [bounds](Self#bounds-of-ranges) make no sense, and if `f` panics.
    #[inline]
    pub fn for_each_chunk(&self, range: impl RangeBounds<K>, mut f: impl FnMut(&[K], &[V]))
    where
        V: Copy,
    {
        let _ = self.try_for_each_chunk(range, |keys, values| {
            f(keys, values);
            ControlFlow::<()>::Continue(())
        });
    }

    /// As [`for_each_chunk`](Self::for_each_chunk), from the last chunk to the first. Within a chunk keys
    /// ascend, as they do in the leaf: go through it from its end for a descending order.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map: BSkipMap<u64, char> = [(1, 'a'), (2, 'b'), (3, 'c')].into_iter().collect();
    /// let mut word = String::new();
    /// map.for_each_chunk_rev(.., |_, values| word.extend(values.iter().rev()));
    /// assert_eq!(word, "cba");
    /// ```
    ///
    /// # Panics
    /// As [`for_each_chunk`](Self::for_each_chunk).
    #[inline]
    pub fn for_each_chunk_rev(&self, range: impl RangeBounds<K>, mut f: impl FnMut(&[K], &[V]))
    where
        V: Copy,
    {
        let _ = self.try_for_each_chunk_rev(range, |keys, values| {
            f(keys, values);
            ControlFlow::<()>::Continue(())
        });
    }

    /// As [`for_each_chunk`](Self::for_each_chunk), as long as `f` returns [`ControlFlow::Continue`]. Returns
    /// what `f` broke off with. (The name is that of std's [`Iterator::try_for_each`].)
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    /// use core::ops::ControlFlow;
    ///
    /// let map: BSkipMap<u64, u64> = (0..1000).map(|k| (k, 2 * k)).collect();
    /// // The first value above 500, and no further.
    /// let found = map.try_for_each_chunk(.., |_, values| match values.iter().find(|&&v| v > 500) {
    ///     Some(&value) => ControlFlow::Break(value),
    ///     None => ControlFlow::Continue(()),
    /// });
    /// assert_eq!(found, ControlFlow::Break(502));
    /// ```
    ///
    /// # Panics
    /// As [`for_each_chunk`](Self::for_each_chunk).
    #[inline]
    pub fn try_for_each_chunk<B>(
        &self,
        range: impl RangeBounds<K>,
        mut f: impl FnMut(&[K], &[V]) -> ControlFlow<B>,
    ) -> ControlFlow<B>
    where
        V: Copy,
    {
        let (lower, upper) = bounds(&range);
        self.index.chunks(lower, upper, |words, values| with_keys(words, |keys| f(keys, values)))
    }

    /// As [`try_for_each_chunk`](Self::try_for_each_chunk), from the last chunk to the first. Within a chunk
    /// keys ascend.
    ///
    /// # Panics
    /// As [`for_each_chunk`](Self::for_each_chunk).
    #[inline]
    pub fn try_for_each_chunk_rev<B>(
        &self,
        range: impl RangeBounds<K>,
        mut f: impl FnMut(&[K], &[V]) -> ControlFlow<B>,
    ) -> ControlFlow<B>
    where
        V: Copy,
    {
        let (lower, upper) = bounds(&range);
        self.index.chunks_rev(lower, upper, |words, values| with_keys(words, |keys| f(keys, values)))
    }
}

/// Calls `f` with the keys of a chunk, given their words. If keys are their own words, this is the same
/// slice; otherwise the keys are converted on the stack.
#[inline(always)]
fn with_keys<K: Key, R>(words: &[K::Words], f: impl FnOnce(&[K]) -> R) -> R {
    if let Some(keys) = K::SAME.slice_back(words) {
        return f(keys);
    }
    let Some(&first) = words.first() else { return f(&[]) };
    let mut keys = [K::from_words(first); MOST];
    keys[1..].iter_mut().zip(&words[1..]).for_each(|(key, &words)| *key = K::from_words(words));
    f(&keys[..words.len()])
}
