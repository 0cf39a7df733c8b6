//! The two ways to read a map, so that one suite runs over both.

use bskip_core::{BSkipMap, BlockArena, Key};
use core::ops::{ControlFlow, RangeBounds};

/// A way to read values out of a map.
pub trait Read<V> {
    /// The value of a key.
    fn get<K: Key, A: BlockArena>(map: &BSkipMap<K, V, A>, key: &K) -> Option<V>;

    /// The pair with the least key.
    fn first<K: Key, A: BlockArena>(map: &BSkipMap<K, V, A>) -> Option<(K, V)>;

    /// The pair with the greatest key.
    fn last<K: Key, A: BlockArena>(map: &BSkipMap<K, V, A>) -> Option<(K, V)>;

    /// The pairs of a range.
    fn range<K: Key, A: BlockArena>(
        map: &BSkipMap<K, V, A>,
        range: impl RangeBounds<K>,
    ) -> impl DoubleEndedIterator<Item = (K, V)>;

    /// The pairs of a range, in chunks if this way of reading has them, until `go_on` returns false. With
    /// `back`, the last chunk comes first.
    fn chunks<K: Key, A: BlockArena>(
        map: &BSkipMap<K, V, A>,
        range: impl RangeBounds<K>,
        back: bool,
        go_on: impl FnMut(Vec<(K, V)>) -> bool,
    );

    /// All pairs.
    fn iter<K: Key, A: BlockArena>(map: &BSkipMap<K, V, A>) -> impl DoubleEndedIterator<Item = (K, V)> {
        Self::range(map, ..)
    }
}

/// Without locks: `get`, `first`, `last`, `range`, `for_each_chunk`.
#[derive(Debug)]
pub struct Optimistic;

impl<V: Copy> Read<V> for Optimistic {
    fn get<K: Key, A: BlockArena>(map: &BSkipMap<K, V, A>, key: &K) -> Option<V> {
        map.get(key)
    }

    fn first<K: Key, A: BlockArena>(map: &BSkipMap<K, V, A>) -> Option<(K, V)> {
        map.first_key_value()
    }

    fn last<K: Key, A: BlockArena>(map: &BSkipMap<K, V, A>) -> Option<(K, V)> {
        map.last_key_value()
    }

    fn range<K: Key, A: BlockArena>(
        map: &BSkipMap<K, V, A>,
        range: impl RangeBounds<K>,
    ) -> impl DoubleEndedIterator<Item = (K, V)> {
        map.range(range)
    }

    fn chunks<K: Key, A: BlockArena>(
        map: &BSkipMap<K, V, A>,
        range: impl RangeBounds<K>,
        back: bool,
        mut go_on: impl FnMut(Vec<(K, V)>) -> bool,
    ) {
        let each = |keys: &[K], values: &[V]| {
            let chunk = keys.iter().copied().zip(values.iter().copied()).collect();
            if go_on(chunk) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let _ =
            if back { map.try_for_each_chunk_rev(range, each) } else { map.try_for_each_chunk(range, each) };
    }
}

/// Under the leaf's lock: `get_cloned`, `first_key_value_cloned`, `last_key_value_cloned`,
/// `range().cloned()`.
#[derive(Debug)]
pub struct Cloning;

impl<V: Clone> Read<V> for Cloning {
    fn get<K: Key, A: BlockArena>(map: &BSkipMap<K, V, A>, key: &K) -> Option<V> {
        map.get_cloned(key)
    }

    fn first<K: Key, A: BlockArena>(map: &BSkipMap<K, V, A>) -> Option<(K, V)> {
        map.first_key_value_cloned()
    }

    fn last<K: Key, A: BlockArena>(map: &BSkipMap<K, V, A>) -> Option<(K, V)> {
        map.last_key_value_cloned()
    }

    fn range<K: Key, A: BlockArena>(
        map: &BSkipMap<K, V, A>,
        range: impl RangeBounds<K>,
    ) -> impl DoubleEndedIterator<Item = (K, V)> {
        map.range(range).cloned()
    }

    fn chunks<K: Key, A: BlockArena>(
        map: &BSkipMap<K, V, A>,
        range: impl RangeBounds<K>,
        back: bool,
        mut go_on: impl FnMut(Vec<(K, V)>) -> bool,
    ) {
        let mut pairs = map.range(range).cloned();
        while let Some(pair) = if back { pairs.next_back() } else { pairs.next() } {
            if !go_on(vec![pair]) {
                return;
            }
        }
    }
}
