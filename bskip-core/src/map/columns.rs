//! Iterators over keys alone and over values alone.

use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::ops::Bound;

use super::BSkipMap;
use crate::arena::{BlockArena, GlobalArena};
use crate::columns::{Values, keys};
use crate::index::{Index, Skipped};
use crate::iter::{ClonedRange, Pairs, Range};
use crate::key::Key;

keys! {
    /// A double-ended iterator over the keys of a map, in order. Of [`BSkipMap::keys`].
    Keys<[K: Key, V], K, V>(K::Words, V) -> K = K::from_words
}

impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    /// The keys in order, from both ends. Values are not read, so they need not be `Copy`. Consistency and complexity
    /// are those of [`range`](Self::range).
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map: BSkipMap<u64, String> = [(2, "b".to_string()), (1, "a".to_string())].into_iter().collect();
    /// assert_eq!(map.keys().collect::<Vec<_>>(), [1, 2]);
    /// assert_eq!(map.keys().next_back(), Some(2));
    /// ```
    pub fn keys(&self) -> Keys<'_, K, V, A> {
        Keys::new(&self.index)
    }

    /// The values in the order of their keys, from both ends. Consistency and complexity are those of
    /// [`range`](Self::range). For values that are not `Copy`, add [`.cloned()`](Values::cloned), or visit them with
    /// [`for_each_with`](Self::for_each_with).
    ///
    /// ```
    /// use bskip_core::BSkipMap;
    ///
    /// let map: BSkipMap<u64, char> = [(2, 'b'), (1, 'a')].into_iter().collect();
    /// assert_eq!(map.values().collect::<String>(), "ab");
    /// ```
    pub fn values(&self) -> Values<Range<'_, K, V, A>> {
        Values(self.iter())
    }
}

impl<'a, K: Key, V, A: BlockArena> Values<Range<'a, K, V, A>> {
    /// The rest of the values, for types that are not `Copy`: each is cloned under its leaf's lock. `V::clone`
    /// [must not use the map](crate::BSkipMap#closures).
    ///
    /// ```
    /// let map: bskip_core::BSkipMap<u64, String> = [(1, "a".to_string())].into_iter().collect();
    /// assert_eq!(map.values().cloned().collect::<Vec<_>>(), ["a"]);
    /// ```
    #[must_use]
    pub fn cloned(self) -> Values<ClonedRange<'a, K, V, A>> {
        Values(self.0.cloned())
    }
}
