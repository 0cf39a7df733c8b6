//! The peers as maps of byte strings. Each owns its keys in the type that its documentation names for this,
//! or in a `Box<[u8]>`.

use super::byte_map::ByteMap;
use super::escape::{escaped, plain};
use super::shape::KeysLike;
use crate::maps::Lack;
use ::artmap::{ArenaArtMap, ArtMap};
use ::bplustree::BPlusTree;
use ::crossbeam_skiplist::SkipMap;
use ::ferntree::Tree;
use ::masstree::{MassTree15Inline, RangeBound};
use ::scc::{Guard, TreeIndex};
use arctic::key::{BoxedSlice, NonNull, Slice};
use std::ops::{Bound, ControlFlow};

/// A key that its map owns.
pub(crate) type Bytes = Box<[u8]>;

/// Implements [`ByteMap`] for a type by the calls that differ.
macro_rules! adapter {
    (
        $Map:ty,
        insert: |$insert_in:ident, $key:ident, $value:ident| $insert:expr,
        get: |$get_in:ident, $get_key:ident| $get:expr,
        remove: |$remove_in:ident, $remove_key:ident| $remove:expr,
        scan: |$scan_in:ident, $start:ident, $limit:ident, $visit:ident| $scan:expr
        $(, lacks: |$like:ident| $lacks:expr)?
        $(,)?
    ) => {
        impl ByteMap for $Map {
            #[inline]
            fn insert(&self, $key: &[u8], $value: u64) {
                let $insert_in = self;
                let _ = $insert;
            }

            #[inline]
            fn get(&self, $get_key: &[u8]) -> Option<u64> {
                let $get_in = self;
                $get
            }

            #[inline]
            fn remove(&self, $remove_key: &[u8]) -> Option<u64> {
                let $remove_in = self;
                $remove
            }

            #[inline]
            fn scan(&self, $start: &[u8], $limit: usize, mut $visit: impl FnMut(&[u8], u64)) {
                let $scan_in = self;
                if $limit > 0 {
                    let _ = $scan;
                }
            }

            $(fn lacks(&self, $like: Option<KeysLike>) -> &'static [Lack] {
                $lacks
            })?
        }
    };
}

/// Makes a visitor of at most `limit` pairs; `limit` is not 0. After each pair, it returns whether more are
/// wanted.
#[inline]
fn at_most(limit: usize, mut visit: impl FnMut(&[u8], u64)) -> impl FnMut(&[u8], u64) -> bool {
    let mut left = limit;
    move |key, value| {
        visit(key, value);
        left -= 1;
        left > 0
    }
}

/// The range from `start` on.
fn from(start: &[u8]) -> (Bound<&[u8]>, Bound<&[u8]>) {
    (Bound::Included(start), Bound::Unbounded)
}

/// An arctic map of keys without zeros, which its wrapper `NonNull` makes free of prefixes. Other keys
/// are [`escaped`].
#[derive(Default)]
pub(crate) struct Arctic(arctic::ConcurrentMap<BoxedSlice<NonNull>, u64>);

/// As [`escaped`], in the map's wrapper.
#[inline]
fn wrapped<R>(key: &[u8], f: impl FnOnce(&Slice<NonNull>) -> R) -> R {
    escaped(key, |key| f(Slice::new(key).expect("an escaped key has no zeros")))
}

adapter!(
    Arctic,
    insert: |map, key, value| wrapped(key, |key| drop(map.0.upsert(key, value))),
    get: |map, key| wrapped(key, |key| map.0.get(key).map(|value| *value)),
    remove: |map, key| wrapped(key, |key| map.0.remove(key).map(|value| *value)),
    scan: |map, start, limit, visit| {
        let mut visit = at_most(limit, &mut visit);
        escaped(start, |start| {
            let _ = map.0.range(start..).entries(arctic::Order::Ascend).try_fold((), |(), (key, value)| {
                let more = plain(key.as_bytes(), |key| visit(key, *value));
                if more { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
        })
    },
);

macro_rules! artmap {
    ($Map:ty, $get:ident) => {
        adapter!(
            $Map,
            insert: |map, key, value| map.insert(key.to_vec(), value),
            get: |map, key| map.$get(key),
            remove: |map, key| map.remove(key).map(|entry| *entry.value()),
            scan: |map, start, limit, visit| {
                let mut visit = at_most(limit, &mut visit);
                map.scan(start.., |key, value| visit(key, *value))
            },
        );
    };
}
artmap!(ArtMap<Vec<u8>, u64>, get_value);
artmap!(ArenaArtMap<Vec<u8>, u64>, get_slice);

macro_rules! b_plus_tree {
    ($Map:ty, |$map:ident, $key:ident| $get:expr) => {
        adapter!(
            $Map,
            insert: |map, key, value| map.insert(key.into(), value),
            get: |$map, $key| $get,
            remove: |map, key| map.remove(key),
            scan: |map, start, limit, visit| {
                let mut iter = map.raw_iter();
                iter.seek(start);
                for _ in 0..limit {
                    let Some((key, &value)) = iter.next() else { break };
                    visit(key, value);
                }
            },
        );
    };
}
b_plus_tree!(BPlusTree<Bytes, u64>, |map, key| map.lookup(key, |value| *value));
b_plus_tree!(Tree<Vec<u8>, u64>, |map, key| map.get_optimistic(key));

adapter!(
    SkipMap<Bytes, u64>,
    insert: |map, key, value| map.insert(key.into(), value),
    get: |map, key| map.get(key).map(|entry| *entry.value()),
    remove: |map, key| map.remove(key).map(|entry| *entry.value()),
    scan: |map, start, limit, visit| {
        map.range::<[u8], _>(from(start)).take(limit).for_each(|entry| visit(entry.key(), *entry.value()))
    },
);

// masstree: a further layer of its trie for every eight bytes that keys have in common.
//
// Version 0.9.5 leaves keys out of scans that start below the first layer: often the very key that they start
// at. Random keys stay in the first layer, and scans of the whole map start there.
adapter!(
    MassTree15Inline<u64>,
    insert: |map, key, value| map.insert(key, value),
    get: |map, key| map.get(key),
    remove: |map, key| map.remove(key).expect("masstree could not remove"),
    scan: |map, start, limit, visit| {
        let mut visit = at_most(limit, &mut visit);
        let (from, to) = (RangeBound::Included(start), RangeBound::Unbounded);
        map.scan_intra_leaf_batch(from, to, |key, value| visit(key, value), &map.guard())
    },
    lacks: |like| match like {
        Some(KeysLike::Rand16 | KeysLike::Rand32) => &[],
        _ => &[Lack::ExactScans],
    },
);

// scc's `TreeIndex`. A scan of the whole map uses `iter`: see the adapter for numbers.
adapter!(
    TreeIndex<Bytes, u64>,
    insert: |map, key, value| map.upsert_sync(key.into(), value),
    get: |map, key| map.peek_with(key, |_, value| *value),
    remove: |map, key| {
        let mut removed = None;
        // `remove_sync` does not return the value.
        map.remove_if_sync(key, |value| {
            removed = Some(*value);
            true
        });
        removed
    },
    scan: |map, start, limit, visit| {
        let guard = Guard::new();
        if start.is_empty() {
            map.iter(&guard).take(limit).for_each(|(key, &value)| visit(key, value))
        } else {
            map.range::<[u8], _>(from(start), &guard).take(limit).for_each(|(key, &value)| visit(key, value))
        }
    },
);
