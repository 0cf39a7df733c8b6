//! The two ways to read a map, so that one suite runs over both.

use bskip_core::{BSkipBytesMap, BSkipMap, BlockArena, Key};
use core::ops::{Bound, ControlFlow, RangeBounds};

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

    /// The value of a byte string.
    fn get_bytes<A: BlockArena>(map: &BSkipBytesMap<[u8], V, A>, key: &[u8]) -> Option<V>;

    /// The pair with the least byte string, or with `last` the one with the greatest.
    fn end_bytes<A: BlockArena>(map: &BSkipBytesMap<[u8], V, A>, last: bool) -> Option<(Vec<u8>, V)>;

    /// The pairs of a range of byte strings.
    fn range_bytes<A: BlockArena>(
        map: &BSkipBytesMap<[u8], V, A>,
        lower: Bound<Vec<u8>>,
        upper: Bound<Vec<u8>>,
    ) -> impl DoubleEndedIterator<Item = (Vec<u8>, V)>;

    /// The pairs of a range of byte strings, lent if this way of reading can, until `go_on` returns false. With
    /// `back`, the last pair comes first.
    fn lend_bytes<A: BlockArena>(
        map: &BSkipBytesMap<[u8], V, A>,
        lower: Bound<Vec<u8>>,
        upper: Bound<Vec<u8>>,
        back: bool,
        mut go_on: impl FnMut(&[u8], V) -> bool,
    ) {
        let mut pairs = Self::range_bytes(map, lower, upper);
        while let Some((key, value)) = if back { pairs.next_back() } else { pairs.next() } {
            if !go_on(&key, value) {
                return;
            }
        }
    }

    /// The pairs of a range at one moment, if this way of reading can.
    fn snapshot<K: Key, A: BlockArena>(_: &BSkipMap<K, V, A>, _: impl RangeBounds<K>) -> Option<Vec<(K, V)>> {
        None
    }

    /// The pairs of a range of byte strings at one moment, if this way of reading can.
    fn snapshot_bytes<A: BlockArena>(
        _: &BSkipBytesMap<[u8], V, A>,
        _: (Bound<Vec<u8>>, Bound<Vec<u8>>),
    ) -> Option<Vec<(Vec<u8>, V)>> {
        None
    }

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

    fn snapshot<K: Key, A: BlockArena>(
        map: &BSkipMap<K, V, A>,
        range: impl RangeBounds<K>,
    ) -> Option<Vec<(K, V)>> {
        Some(map.range_snapshot(range))
    }

    fn snapshot_bytes<A: BlockArena>(
        map: &BSkipBytesMap<[u8], V, A>,
        range: (Bound<Vec<u8>>, Bound<Vec<u8>>),
    ) -> Option<Vec<(Vec<u8>, V)>> {
        Some(map.range_snapshot(range))
    }

    fn get_bytes<A: BlockArena>(map: &BSkipBytesMap<[u8], V, A>, key: &[u8]) -> Option<V> {
        map.get(key)
    }

    fn end_bytes<A: BlockArena>(map: &BSkipBytesMap<[u8], V, A>, last: bool) -> Option<(Vec<u8>, V)> {
        if last { map.last_key_value() } else { map.first_key_value() }
    }

    fn range_bytes<A: BlockArena>(
        map: &BSkipBytesMap<[u8], V, A>,
        lower: Bound<Vec<u8>>,
        upper: Bound<Vec<u8>>,
    ) -> impl DoubleEndedIterator<Item = (Vec<u8>, V)> {
        map.range((lower, upper))
    }

    fn lend_bytes<A: BlockArena>(
        map: &BSkipBytesMap<[u8], V, A>,
        lower: Bound<Vec<u8>>,
        upper: Bound<Vec<u8>>,
        back: bool,
        mut go_on: impl FnMut(&[u8], V) -> bool,
    ) {
        let each = |key: &[u8], value| {
            if go_on(key, value) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        if !back {
            let _ = map.try_for_each_in((lower, upper), each);
            return;
        }
        let _ = map.range((lower, upper)).rev().try_for_each({
            let mut each = each;
            move |(key, value)| each(&key, value)
        });
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

    fn get_bytes<A: BlockArena>(map: &BSkipBytesMap<[u8], V, A>, key: &[u8]) -> Option<V> {
        map.get_cloned(key)
    }

    fn end_bytes<A: BlockArena>(map: &BSkipBytesMap<[u8], V, A>, last: bool) -> Option<(Vec<u8>, V)> {
        if last { map.last_key_value_cloned() } else { map.first_key_value_cloned() }
    }

    fn range_bytes<A: BlockArena>(
        map: &BSkipBytesMap<[u8], V, A>,
        lower: Bound<Vec<u8>>,
        upper: Bound<Vec<u8>>,
    ) -> impl DoubleEndedIterator<Item = (Vec<u8>, V)> {
        map.range((lower, upper)).cloned()
    }
}
