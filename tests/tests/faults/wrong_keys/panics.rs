//! Keys whose conversions panic, at each call in turn.

use super::keys::{Blown, Counted, FUSE, Panicky};
use bskip_core::{BSkipMap, BulkLoad, MigrateCursor, NumaNodeId, Promotion, ShrinkCursor};
use numa_alloc::{NumaArena, PageSize};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::thread;
use tests::config::{PROMOTIONS, config, map_of};

type Map<V> = BSkipMap<Panicky, V>;

/// At the start of an operation, the map's keys are the even numbers below twice this.
const KEYS: u64 = 400;

fn key(i: u64) -> Panicky {
    Panicky(2 * i)
}

/// A key that is not there.
fn between(i: u64) -> Panicky {
    Panicky(2 * i + 1)
}

/// An operation, run once or several times. It may use a second map. The function makes the `V`.
type Operation<V> = fn(&mut Map<V>, &mut Map<V>, &dyn Fn(u64) -> V);

/// For values of any kind.
fn operations<V: Clone + Send + Sync>() -> Vec<(&'static str, Operation<V>)> {
    vec![
        ("insert", |map, _, make| (0..KEYS).for_each(|i| drop(map.insert(between(i), make(i))))),
        ("replace", |map, _, make| (0..50).for_each(|i| drop(map.insert(key(8 * i), make(i))))),
        ("try_insert", |map, _, make| (0..50).for_each(|i| drop(map.try_insert(between(8 * i), make(i))))),
        ("get_or_insert_with", |map, _, make| {
            (0..50).for_each(|i| drop(map.get_or_insert_with(Panicky(17 * i), || make(i))));
        }),
        ("remove", |map, _, _| (0..KEYS).for_each(|i| drop(map.remove(&key(i))))),
        ("update", |map, _, make| {
            (0..50).for_each(|i| assert!(map.update(&key(8 * i), |value| *value = make(i)).is_some()));
        }),
        ("get", |map, _, _| {
            for i in 0..20 {
                let _ =
                    (map.get_cloned(&key(i)), map.get_with(&key(i), |_| ()), map.contains_key(&between(i)));
            }
        }),
        ("range", |map, _, _| {
            drop(map.range(key(3)..between(200)).cloned().collect::<Vec<_>>());
            drop(map.range(between(100)..=key(300)).cloned().rev().collect::<Vec<_>>());
        }),
        ("ends", |map, _, _| {
            let _ = (map.first_key_value_cloned(), map.last_key_value_cloned());
            (0..KEYS / 2).for_each(|_| drop((map.pop_first(), map.pop_last())));
        }),
        ("insert_many", |map, _, make| {
            let mut pairs: Vec<_> = (0..100).map(|i| (Panicky(13 * i), Some(make(i)))).collect();
            map.insert_many(&mut pairs);
        }),
        ("remove_many", |map, _, _| {
            let keys: Vec<_> = (0..100).map(|i| Panicky(3 * i)).collect();
            map.remove_many(&keys, &mut vec![None; 100]);
            map.contains_many(&keys, &mut [false; 100]);
        }),
        ("bulk", |map, _, make| {
            let load = BulkLoad::new().fill(0.7);
            load.part((0..100).map(|i| (key(i), make(i)))).unwrap();
            load.part((100..200).map(|i| (key(i), make(i)))).unwrap();
            assert!(load.part((150..160).rev().map(|i| (key(i), make(i)))).is_err());
            *map = load.finish().unwrap();
        }),
        ("overlapping parts", |_, _, make| {
            let load = BulkLoad::new();
            load.part((0..20).map(|i| (key(i), make(i)))).unwrap();
            load.part((10..30).map(|i| (key(i), make(i)))).unwrap();
            assert!(load.finish().is_err());
        }),
        ("collect", |_, other, make| {
            *other = (0..100).rev().chain(0..50).map(|i| (key(i), make(i))).collect();
        }),
        ("extend", |map, _, make| {
            map.extend(
                (0..100).map(|i| (key(KEYS + i), make(i))).chain((0..50).map(|i| (between(i), make(i)))),
            );
        }),
        ("append", |map, other, make| {
            (0..100).for_each(|i| drop(other.insert(key(KEYS + i), make(i))));
            map.append(other);
            (0..100).for_each(|i| drop(other.insert(between(i), make(i))));
            map.append(other);
        }),
        ("shrink", |map, _, _| {
            (0..KEYS).filter(|i| i % 16 > 3).for_each(|i| drop(map.remove(&key(i))));
            map.shrink(&mut ShrinkCursor::new(), 3);
            map.shrink_to_fit();
        }),
        ("clear", |map, _, _| map.clear()),
    ]
}

/// For values that are copied.
fn copying() -> Vec<(&'static str, Operation<[u64; 2]>)> {
    vec![
        ("get", |map, _, _| (0..50).for_each(|i| assert_eq!(map.get(&key(i)), Some([i; 2])))),
        ("get_many", |map, _, _| {
            let keys: Vec<_> = (0..100).map(key).collect();
            let mut values = [None; 100];
            map.get_many(&keys, &mut values);
            assert!(values.into_iter().eq((0..100).map(|i| Some([i; 2]))));
        }),
        ("range", |map, _, _| {
            assert!(map.range(key(3)..between(200)).map(|pair| pair.1).eq((3..=200).map(|i| [i; 2])));
            assert_eq!(map.iter().rev().count(), KEYS as usize);
            assert_eq!(
                (map.first_key_value(), map.last_key_value()),
                (Some((key(0), [0; 2])), Some((key(399), [399; 2])))
            );
        }),
        ("chunks", |map, _, _| {
            let mut expected = 3..=200;
            map.for_each_chunk(key(3)..between(200), |keys, values| {
                assert!(keys.iter().all(|&found| Some(found) == expected.next().map(key)));
                assert_eq!(keys.len(), values.len());
            });
            assert!(expected.is_empty());
            map.for_each_chunk_rev(.., |_, _| ());
        }),
    ]
}

/// Runs the operation once for each of its conversions, which then panics, and once without a panic. Each
/// time it checks what the operation leaves.
fn at_every_conversion<V: Send + Sync>(
    promotion: Promotion,
    (name, operation): (&str, Operation<V>),
    make: &(dyn Fn(u64) -> V + Sync),
    all_dropped: &dyn Fn(&str),
) {
    for fuse in 1.. {
        let (mut map, mut other) = (map_of(promotion), map_of(promotion));
        (0..KEYS).for_each(|i| drop(map.insert(key(i), make(i))));
        FUSE.set(fuse);
        let outcome = catch_unwind(AssertUnwindSafe(|| operation(&mut map, &mut other, make)));
        FUSE.set(u64::MAX);
        let who = format!("{promotion:?}, {name}, conversion {fuse}");
        if let Err(panic) = &outcome {
            assert!(panic.is::<Blown>(), "{who}: the map's own panic");
        }
        for map in [&mut map, &mut other] {
            let keys = map.check_invariants().keys;
            assert_eq!(map.len(), keys, "{who}");
        }
        // Another thread's operations end and find what they should.
        thread::scope(|threads| {
            threads.spawn(|| {
                (0..2 * KEYS).for_each(|i| drop(map.insert(Panicky(i), make(i))));
                (0..2 * KEYS).for_each(|i| assert!(map.remove(&Panicky(i)).is_some(), "{who}: {i} went"));
            });
        });
        map.check_invariants();
        drop((map, other));
        all_dropped(&who);
        if outcome.is_ok() {
            assert!(fuse > 1 || name == "clear", "{who}: nothing was converted");
            println!("verify: {} faults", fuse - 1);
            return;
        }
    }
}

#[test]
fn values_are_dropped_once() {
    let live = AtomicI64::new(0);
    for promotion in PROMOTIONS {
        for operation in operations() {
            at_every_conversion(promotion, operation, &|_| Counted::new(&live), &|who| {
                assert_eq!(live.load(Relaxed), 0, "{who}: values leaked, or dropped twice");
            });
        }
    }
}

#[test]
fn pairs_of_numbers() {
    for promotion in PROMOTIONS {
        for operation in operations().into_iter().chain(copying()) {
            at_every_conversion(promotion, operation, &|i| [i; 2], &|_| ());
        }
    }
}

/// The smallest case of the report: 40 pairs and one more key.
#[test]
fn forty_pairs_and_one() {
    for promotion in PROMOTIONS {
        for fuse in 1..100 {
            let mut map = map_of(promotion);
            (0..40).for_each(|i| assert_eq!(map.insert(key(i), [i; 2]), None));
            FUSE.set(fuse);
            let inserted = catch_unwind(AssertUnwindSafe(|| map.insert(Panicky(1), [1; 2]))).is_ok();
            FUSE.set(u64::MAX);
            // Converted once, before everything else.
            assert_eq!(inserted, fuse > 1);
            assert_eq!(map.check_invariants().keys, 40 + usize::from(inserted));
            let removed = thread::scope(|threads| {
                threads.spawn(|| (0..80).filter(|&i| map.remove(&Panicky(i)).is_some()).count()).join()
            });
            assert_eq!(removed.unwrap(), 40 + usize::from(inserted));
        }
    }
}

#[test]
fn the_groups_before_are_done() {
    let map = Map::new();
    let mut pairs: Vec<_> = (0..100).map(|i| (key(i), Some(i))).collect();
    FUSE.set(40);
    assert!(catch_unwind(AssertUnwindSafe(|| map.insert_many(&mut pairs))).is_err());
    let done = map.len();
    assert!(done == 32 && pairs[..done].iter().all(|pair| pair.1.is_none()));
    assert!(
        pairs[done..].iter().zip(32..).all(|(pair, i)| pair.1 == Some(i)),
        "the others keep their values"
    );
    map.insert_many(&mut pairs);
    assert!(map.iter().map(|pair| pair.1).eq(0..100));
}

#[test]
fn leaves_are_moved() {
    let live = AtomicI64::new(0);
    for promotion in PROMOTIONS {
        for fuse in 1.. {
            let arena =
                NumaArena::builder().pretend_nodes(2).page_size(PageSize::Small).replicate_inner(true);
            let arena = arena.build().expect("pretended nodes");
            let mut map = BSkipMap::with_config(arena, config(promotion, fuse)).expect("memory");
            (0..KEYS).for_each(|i| drop(map.insert(key(i), Counted::new(&live))));
            let mut cursor = MigrateCursor::new();
            FUSE.set(fuse);
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                while map.migrate(&mut cursor, 2, |low, _| {
                    low.map(|Panicky(low)| NumaNodeId((low % 4 / 2) as u32))
                }) {}
                map.rebalance(&mut MigrateCursor::new(), 100);
            }));
            FUSE.set(u64::MAX);
            assert_eq!(map.check_invariants().keys, KEYS as usize);
            // The iterator goes on where it was.
            while map.migrate(&mut cursor, 2, |low, _| low.map(|_| NumaNodeId(1))) {}
            thread::scope(|threads| {
                threads.spawn(|| (0..KEYS).for_each(|i| assert!(map.remove(&key(i)).is_some())));
            });
            map.check_invariants();
            drop(map);
            assert_eq!(live.load(Relaxed), 0, "{promotion:?}, conversion {fuse}");
            if outcome.is_ok() {
                assert!(fuse > 3, "{fuse}: too few leaves");
                break;
            }
        }
    }
}
