//! Scans that hand out slices, a leaf at a time.

use core::ops::{ControlFlow, RangeBounds};

use super::{BSkipMap, bounds};
use crate::arena::BlockArena;
use crate::key::Key;
use crate::node::MAX_CAPACITY as MOST;

impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    /// Calls `f` with the pairs whose keys are in `range`, in ascending chunks: keys, and their values in the
    /// same order, never none. `f` goes on with [`ControlFlow::Continue`]; what it breaks with is returned.
    ///
    /// The fastest way to read many pairs. A chunk is a copy of what is in the range of one leaf, some 45 pairs
    /// (several chunks are, if the values are large), and it is a snapshot: all its pairs, and no others between its
    /// first and its last key, were in the map at one moment between the call and its being handed out. Of all
    /// chunks together [`range`](Self::range)'s promises hold: keys come strictly ascending, within the bounds, none
    /// twice, and one that is there all the time is not missed; but two chunks are of two moments.
    ///
    /// `f` runs without a lock, so it may use the map. What it inserts or removes behind its chunk is seen, as
    /// another thread's changes are.
    ///
    /// Expected O(log n) to begin, then O(1) a pair, and O(log n) whenever a leaf changed while it was copied.
    /// Writes no shared memory.
    ///
    /// # Panics
    /// At the bounds that [`range`](Self::range) panics at. If `f` does.
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    /// use core::ops::ControlFlow;
    ///
    /// let map: BSkipMap<u64, u64> = (0..1000).map(|k| (k, 2 * k)).collect();
    ///
    /// let mut sum = 0;
    /// let _ = map.try_for_each_chunk(100..200, |_, values| {
    ///     sum += values.iter().sum::<u64>();
    ///     ControlFlow::<()>::Continue(())
    /// });
    /// assert_eq!(sum, 29_900);
    ///
    /// // The first value above 500, and no further.
    /// let found = map.try_for_each_chunk(.., |_, values| match values.iter().find(|&&v| v > 500) {
    ///     Some(&value) => ControlFlow::Break(value),
    ///     None => ControlFlow::Continue(()),
    /// });
    /// assert_eq!(found, ControlFlow::Break(502));
    /// ```
    #[inline]
    pub fn for_each_chunk<B>(
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

    /// As [`for_each_chunk`](Self::for_each_chunk), from the last chunk to the first. Within a chunk keys ascend,
    /// as they lie in the leaf: go through it from its end for a descending order.
    ///
    /// # Panics
    /// As [`for_each_chunk`](Self::for_each_chunk).
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    /// use core::ops::ControlFlow;
    ///
    /// let map: BSkipMap<u64, char> = [(1, 'a'), (2, 'b'), (3, 'c')].into_iter().collect();
    /// let mut word = String::new();
    /// let _ = map.try_for_each_chunk_rev(.., |_, values| {
    ///     word.extend(values.iter().rev());
    ///     ControlFlow::<()>::Continue(())
    /// });
    /// assert_eq!(word, "cba");
    /// ```
    #[inline]
    pub fn for_each_chunk_rev<B>(
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

/// Runs `f` on the keys of a chunk, whose words these are: as they lie there, or else converted, on the stack.
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
