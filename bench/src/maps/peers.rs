//! The peers. Each is used in the way that its documentation names as the fastest.
//!
//! Maps of bytes get big-endian keys, which keep integers in order. A map that reclaims memory by epochs gets
//! a guard for each call. A guard that is held longer would stop its reclamation.

use super::arena::largest_arena;
use super::names::Lack;
use super::ordered_map::{OrderedMap, Share};
use ::artmap::{Arena, ArenaArtMap, ArtMap, AsBytes};
use ::bplustree::BPlusTree;
use ::concurrent_map::ConcurrentMap;
use ::congee::{U64Congee, epoch};
use ::crossbeam_skiplist::SkipMap;
use ::ferntree::Tree;
use ::indexset::concurrent::map::BTreeMap;
use ::masstree::{MassTree15Inline, RangeBound};
use ::scc::{Guard, TreeIndex};
use arenaskiplist::SkipList;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

/// Implements [`OrderedMap`] for a type by the calls that differ. Unless an update is given, it is an insert.
macro_rules! adapter {
    (
        $Map:ty,
        insert: |$insert_in:ident, $key:ident, $value:ident| $insert:expr,
        $(update: |$update_in:ident, $update_key:ident, $new:ident| $update:expr,)?
        get: |$get_in:ident, $get_key:ident| $get:expr,
        remove: |$remove_in:ident, $remove_key:ident| $remove:expr,
        scan: |$scan_in:ident, $start:ident, $limit:ident, $visit:ident| $scan:expr
        $(, lacks: $lacks:expr)?
        $(,)?
    ) => {
        impl OrderedMap for $Map {
            #[inline]
            fn insert(&self, $key: u64, $value: u64) {
                let $insert_in = self;
                let _ = $insert;
            }

            $(#[inline]
            fn update(&self, $update_key: u64, $new: u64) {
                let $update_in = self;
                let _ = $update;
            })?

            #[inline]
            fn get(&self, $get_key: u64) -> Option<u64> {
                let $get_in = self;
                $get
            }

            #[inline]
            fn remove(&self, $remove_key: u64) -> Option<u64> {
                let $remove_in = self;
                $remove
            }

            #[inline]
            fn scan(&self, $start: u64, $limit: usize, mut $visit: impl FnMut(u64, u64)) {
                let $scan_in = self;
                if $limit > 0 {
                    let _ = $scan;
                }
            }

            $(fn lacks(&self) -> &'static [Lack] {
                $lacks
            })?
        }
    };
}

/// Makes a visitor of at most `limit` pairs; `limit` is not 0. After each pair, it returns whether more are
/// wanted.
#[inline]
fn at_most(limit: usize, mut visit: impl FnMut(u64, u64)) -> impl FnMut(u64, u64) -> bool {
    let mut left = limit;
    move |key, value| {
        visit(key, value);
        left -= 1;
        left > 0
    }
}

/// The number in the eight bytes of a big-endian key.
fn number(bytes: &[u8]) -> u64 {
    u64::from_be_bytes(bytes.try_into().expect("keys and values have eight bytes"))
}

// arctic-map: a lock-free adaptive radix tree (OSDI 2026), with its default reclamation (seize). Integers are
// stored inline.
adapter!(
    arctic::ConcurrentMap<u64, u64>,
    insert: |map, key, value| map.upsert(key, value),
    // Fails only if the key is absent. The check after the run would find that.
    update: |map, key, value| map.update(&key, value),
    get: |map, key| map.get(&key).map(|value| *value),
    remove: |map, key| map.remove(&key).map(|value| *value),
    scan: |map, start, limit, visit| {
        let mut visit = at_most(limit, &mut visit);
        let _ = map.range(start..).entries(arctic::Order::Ascend).try_fold((), |(), (key, value)| {
            if visit(key, *value) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
    },
);

// arenaskiplist: a lock-free skiplist of bytes in an arena, made for the memtables of log-structured stores.
// It only adds: an update is a further version of the key, and there is no removal.
adapter!(
    SkipList,
    insert: |map, key, value| {
        map.insert(&key.to_be_bytes(), &value.to_be_bytes()).expect("a new key, and room in the arena")
    },
    get: |map, key| map.get_value(&key.to_be_bytes()).map(number),
    remove: |_map, _key| unreachable!("cells with removals are skipped"),
    scan: |map, start, limit, visit| {
        let entries = map.range(start.to_be_bytes()..).take(limit);
        entries.for_each(|entry| visit(number(entry.key()), number(entry.value())))
    },
    lacks: &[Lack::Updates, Lack::Removals],
);

/// An arenaskiplist whose arena grows in chunks, up to 4 GiB.
pub(crate) fn arenaskiplist() -> SkipList {
    SkipList::new(Arc::new(arenaskiplist::Arena::chunked()))
}

/// artmap: an adaptive radix tree with optimistic lock coupling. `$get` returns the value without a handle
/// for its entry.
macro_rules! artmap {
    ($Map:ty, $get:ident) => {
        adapter!(
            $Map,
            insert: |map, key, value| map.insert(key.to_be_bytes(), value),
            get: |map, key| map.$get(&key.to_be_bytes()),
            remove: |map, key| map.remove(&key.to_be_bytes()).map(|entry| *entry.value()),
            scan: |map, start, limit, visit| {
                let mut visit = at_most(limit, &mut visit);
                map.scan(start.to_be_bytes().., |key, value| visit(u64::from_be_bytes(*key), *value))
            },
        );
    };
}
artmap!(ArtMap<[u8; 8], u64>, get_value);
artmap!(ArenaArtMap<[u8; 8], u64>, get);

/// An artmap in an arena of a fixed size. The arena frees nothing before the map drops, so each update takes
/// memory. If a cell needs more than the arena holds, it panics and counts as FAILED.
pub(crate) fn artmap_arena<K: AsBytes>() -> ArenaArtMap<K, u64> {
    ArenaArtMap::new(Arena::with_capacity(largest_arena()))
}

/// The B+-trees with optimistic lock coupling, after LeanStore. Their `range` probes both of its bounds
/// first; the raw iterator only seeks.
macro_rules! b_plus_tree {
    ($Map:ty, |$map:ident, $key:ident| $get:expr) => {
        adapter!(
            $Map,
            insert: |map, key, value| map.insert(key, value),
            get: |$map, $key| $get,
            remove: |map, key| map.remove(&key),
            scan: |map, start, limit, visit| {
                let mut iter = map.raw_iter();
                iter.seek(&start);
                for _ in 0..limit {
                    let Some((&key, &value)) = iter.next() else { break };
                    visit(key, value);
                }
            },
        );
    };
}
b_plus_tree!(BPlusTree<u64, u64>, |map, key| map.lookup(&key, |value| *value));
// ferntree descends from bplustree. It documents this as the faster of its two reads for `Copy` values.
b_plus_tree!(Tree<u64, u64>, |map, key| map.get_optimistic(&key));

// concurrent-map: the lock-free B+-tree of sled's index.
adapter!(
    ConcurrentMap<u64, u64>,
    insert: |map, key, value| map.insert(key, value),
    get: |map, key| map.get(&key),
    remove: |map, key| map.remove(&key),
    scan: |map, start, limit, visit| {
        map.range(start..).take(limit).for_each(|(key, value)| visit(key, value))
    },
);

/// A map that threads share by cloning a handle. The original stays in the mutex.
#[derive(Default)]
pub(crate) struct Cloned<M>(Mutex<M>);

impl<M: OrderedMap + Clone + Send> Share for Cloned<M> {
    type Map = M;

    fn with<R>(&self, work: impl FnOnce(&M) -> R) -> R {
        let handle = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        work(&handle)
    }
}

const _: () = assert!(usize::BITS == 64, "congee keeps values in a usize");

/// Pairs of a scan that congee copies into a buffer at a time.
const CHUNK: usize = 128;

// congee: an adaptive radix tree with optimistic lock coupling, for eight-byte keys.
adapter!(
    U64Congee<usize>,
    insert: |map, key, value| {
        map.insert(key, value as usize, &epoch::pin()).expect("congee is out of memory")
    },
    get: |map, key| map.get(key, &epoch::pin()).map(|value| value as u64),
    remove: |map, key| map.remove(key, &epoch::pin()).map(|value| value as u64),
    scan: |map, start, limit, visit| {
        let guard = epoch::pin();
        let mut buffer = [([0_u8; 8], 0_usize); CHUNK];
        let (mut from, mut left) = (start, limit);
        while left > 0 && from < u64::MAX {
            let want = left.min(CHUNK);
            let got = map.range(from, u64::MAX, &mut buffer[..want], &guard);
            for (key, value) in &buffer[..got] {
                visit(u64::from_be_bytes(*key), *value as u64);
            }
            left -= got;
            if got < want {
                break;
            }
            from = u64::from_be_bytes(buffer[got - 1].0) + 1;
        }
        // Its ranges exclude their end, so the greatest key needs a lookup of its own.
        if left > 0
            && let Some(value) = map.get(u64::MAX, &guard)
        {
            visit(u64::MAX, value as u64);
        }
    },
);

// crossbeam-skiplist: the lock-free skiplist of the crossbeam project.
//
// Version 0.1.3 may fail workload U with several threads: an insert of a key that is there removes it first,
// so a read in between finds nothing (crossbeam issue 1023).
adapter!(
    SkipMap<u64, u64>,
    insert: |map, key, value| map.insert(key, value),
    get: |map, key| map.get(&key).map(|entry| *entry.value()),
    remove: |map, key| map.remove(&key).map(|entry| *entry.value()),
    scan: |map, start, limit, visit| {
        map.range(start..).take(limit).for_each(|entry| visit(*entry.key(), *entry.value()))
    },
);

// indexset: nodes that are sorted vectors, each behind a mutex, found through a skiplist.
adapter!(
    BTreeMap<u64, u64>,
    insert: |map, key, value| map.insert(key, value),
    get: |map, key| map.get(&key).map(|pair| pair.get().value),
    remove: |map, key| map.remove(&key).map(|(_, value)| value),
    scan: |map, start, limit, visit| {
        map.range::<u64, _>(start..).take(limit).for_each(|(&key, &value)| visit(key, value))
    },
);

/// An indexset with 256 pairs a node: the faster one of the two sizes in the crate's table of concurrent
/// maps.
pub(crate) fn indexset() -> BTreeMap<u64, u64> {
    BTreeMap::with_maximum_node_size(256)
}

// masstree: a trie of B+-trees, after the paper of that name, in its configuration for small `Copy` values,
// which lie in the leaves. One layer of the trie holds a whole key.
//
// Version 0.9.5 may fail workload E with several threads: while a leaf splits, its scans (all three kinds of
// them) sometimes miss keys that are there all the time, about 1 in 60,000 scans of a small map.
adapter!(
    MassTree15Inline<u64>,
    insert: |map, key, value| map.insert(&key.to_be_bytes(), value),
    get: |map, key| map.get(&key.to_be_bytes()),
    remove: |map, key| map.remove(&key.to_be_bytes()).expect("masstree could not remove"),
    scan: |map, start, limit, visit| {
        let (start, mut visit) = (start.to_be_bytes(), at_most(limit, &mut visit));
        let (from, to) = (RangeBound::Included(&start), RangeBound::Unbounded);
        // Documented as its fastest scan.
        map.scan_intra_leaf_batch(from, to, |key, value| visit(number(key), value), &map.guard())
    },
);

// scc's `TreeIndex`: a B+-tree made for reading, whose readers never wait.
//
// In version 3.8.8, a range that begins below the least key takes time quadratic in the map's size: the
// search for a key at or below the start walks back from every leaf in turn. With 200,000 keys that is 10 s
// and more. So a scan from 0, which is one of the whole map, uses `iter`. Other scans from below the least
// key reach the cell's timeout.
adapter!(
    TreeIndex<u64, u64>,
    insert: |map, key, value| map.upsert_sync(key, value),
    get: |map, key| map.peek_with(&key, |_, value| *value),
    remove: |map, key| {
        let mut removed = None;
        // `remove_sync` does not return the value.
        map.remove_if_sync(&key, |value| {
            removed = Some(*value);
            true
        });
        removed
    },
    scan: |map, start, limit, visit| {
        let guard = Guard::new();
        if start == 0 {
            map.iter(&guard).take(limit).for_each(|(&key, &value)| visit(key, value))
        } else {
            map.range(start.., &guard).take(limit).for_each(|(&key, &value)| visit(key, value))
        }
    },
);
