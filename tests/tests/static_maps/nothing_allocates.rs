//! What a program without a global allocator may call.

use std::ops::ControlFlow;

use bskip_core::{BSkipMap, BSkipSet, Compute, Config, Operation, Promotion, ShrinkCursor, StaticArena};

use crate::arena;
use crate::guard::without_allocations;

type Map = BSkipMap<u64, u64, &'static StaticArena>;

const KEYS: u64 = 5000;

fn key(i: u64) -> u64 {
    i.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Calls everything that a map of `Copy` values has, but what returns memory or takes a whole map.
fn use_it(map: &Map) {
    assert!(map.is_empty() && map.pop_first().is_none() && map.remove_range(..) == 0);
    for i in 0..KEYS {
        assert_eq!(map.insert(key(i), i), None);
    }
    assert_eq!(map.insert(key(3), 3), Some(3));
    assert!(map.try_insert(key(4), 4).is_ok() && map.insert_if_absent(key(5), 0) == Some(0));
    for i in 0..KEYS {
        assert_eq!(map.get(&key(i)), Some(i));
        assert!(!map.contains_key(&key(i + KEYS)));
    }
    assert_eq!(map.get_with(&key(7), |value| *value), Some(7));
    assert_eq!(map.update(&key(7), |value| *value += 1), Some(()));
    assert_eq!(map.len(), KEYS as usize);
    // Neighbours and ends.
    let (first, last) = (map.first_key_value().expect("there"), map.last_key_value().expect("there"));
    assert_eq!((map.ceiling(&0), map.floor(&u64::MAX)), (Some(first), Some(last)));
    assert!(map.higher(&first.0).is_some_and(|above| map.lower(&above.0) == Some(first)));
    // Scans.
    assert!(map.iter().is_sorted() && map.iter().rev().is_sorted_by(|a, b| a > b));
    assert_eq!(map.range(1 << 63..).count() + map.range(..1 << 63).rev().count(), KEYS as usize);
    let mut seen = 0;
    let flow = map.try_for_each_chunk(.., |keys, _| {
        seen += keys.len();
        ControlFlow::<()>::Continue(())
    });
    assert!(flow.is_continue() && seen == KEYS as usize);
    let mut cursor = map.cursor();
    assert!(cursor.seek(&key(9)) && cursor.key() == Some(key(9)) && cursor.next() && cursor.prev());
    assert_eq!(cursor.value(), Some(9));
    // Batches.
    let keys: [u64; 40] = std::array::from_fn(|i| key(100 + i as u64));
    let mut values = [None; 40];
    map.get_many(&keys, &mut values);
    assert!(values.iter().zip(100..).all(|(value, i)| *value == Some(i)));
    let mut pairs = keys.map(|key| (key, Some(1)));
    assert!(map.try_insert_many(&mut pairs).is_ok());
    map.remove_many(&keys, &mut values);
    assert_eq!(values, [Some(1); 40]);
    // Computations.
    assert_eq!(map.get_or_insert_with(1, || 5), 5);
    assert!(matches!(map.compute(2, |_| Operation::<_, ()>::Insert(6)), Compute::Inserted));
    assert!(matches!(map.compute(2, |_| Operation::<_, ()>::Remove), Compute::Removed(6)));
    assert_eq!(map.compare_exchange(&1, &5, 7), Ok(5));
    map.range_update(..1000, |_, value| *value += 1);
    assert_eq!(map.remove_if(&1, |_| true), Some(8));
    // Removals, and upkeep.
    assert!(map.pop_first().is_some() && map.pop_last().is_some());
    map.retain(|_, value| *value % 4 > 0);
    assert!(map.remove_range(..1 << 62) > 0);
    for i in 0..KEYS / 2 {
        map.remove(&key(i));
    }
    let mut cursor = ShrinkCursor::new();
    while map.shrink(&mut cursor, 10) {}
    map.shrink_to_fit();
    assert!(map.usage().issued_blocks > 0 && map.hint_bytes() == 0);
    assert!(map.remove_range(..) > 0 && map.is_empty());
}

#[test]
fn of_a_map_of_numbers() {
    for promotion in [Promotion::default(), Promotion::Overflow, Promotion::Coin { one_in: 8 }] {
        let arena = arena(&[(0, 1 << 20), (1, 1 << 20)]);
        let mut map = Map::new_in_with(arena, Config::new().promotion(promotion));
        without_allocations(|| {
            use_it(&map);
            use_it(&map);
        });
        map.check_invariants();
        without_allocations(|| {
            for i in 0..KEYS {
                map.insert(key(i), i);
            }
            map.clear();
            assert!(map.drain().next().is_none());
            map.insert(1, 2);
        });
        map.check_invariants();
        without_allocations(|| drop(map));
        assert_eq!(arena.remaining(), arena.capacity());
    }
}

#[test]
fn of_a_set() {
    let arena = arena(&[(0, 300_000)]);
    let set: BSkipSet<[u8; 20], &'static StaticArena> = BSkipSet::new_in(arena);
    let key = |i: u32| std::array::from_fn(|at| i.wrapping_mul(0x9e37_79b9).to_le_bytes()[at % 4]);
    without_allocations(|| {
        assert!(!set.contains(&key(0)));
        assert!((0..3000).all(|i| set.insert(key(i))));
        assert!((0..3000).all(|i| set.contains(&key(i))));
        assert!((0..3000).step_by(2).all(|i| set.remove(&key(i))));
        assert_eq!((set.len(), set.iter().count()), (1500, 1500));
    });
}

/// Values that own memory of their own. The map takes none for a list of them.
#[test]
fn of_values_that_need_drop() {
    static DROPS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    #[derive(Clone)]
    struct Counted(u64);
    impl Drop for Counted {
        fn drop(&mut self) {
            DROPS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }
    let arena = arena(&[(0, 300_000)]);
    let map: BSkipMap<u64, Counted, &'static StaticArena> = BSkipMap::new_in(arena);
    without_allocations(|| {
        for i in 0..KEYS {
            assert!(map.insert(key(i), Counted(i)).is_none());
        }
        assert_eq!(map.get_with(&key(8), |value| value.0), Some(8));
        let removed = map.remove_range(1 << 60..1 << 63);
        assert!(removed > 1000 && DROPS.load(std::sync::atomic::Ordering::Relaxed) == removed);
        drop(map);
    });
    assert_eq!(DROPS.load(std::sync::atomic::Ordering::Relaxed), KEYS as usize);
}
