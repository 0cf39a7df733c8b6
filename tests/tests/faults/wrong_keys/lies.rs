//! Keys whose conversions and order are arbitrary.

use super::keys::{LIE, LIES, Liar, Lie};
use bskip_core::{BSkipMap, BulkLoad, MigrateCursor, ShrinkCursor};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use tests::config::{CRUEL_PROMOTIONS, map_of};

type Map = BSkipMap<Liar, String>;

/// Runs every operation that shares the map, with keys around `i`. The map itself panics only for bounds in
/// the wrong order.
fn everything(map: &Map, i: u64) {
    let key = Liar(i);
    let value = || i.to_string();
    drop(map.insert(key, value()));
    assert!(map.try_insert(key, value()).is_ok());
    let _ = map.get_or_insert_with(Liar(i + 1), value);
    map.update(&key, |value| value.push('0'));
    let _ = (map.get_cloned(&key), map.get_with(&key, String::len), map.contains_key(&key));
    let _ = (map.first_key_value_cloned(), map.last_key_value_cloned(), map.is_empty());
    if i.is_multiple_of(16) {
        // A map has no more keys than there are words.
        assert!(map.iter().cloned().count() <= 1000 && map.range(key..).cloned().rev().count() <= 1000);
        assert!(map.len() <= 1000);
        let both = catch_unwind(AssertUnwindSafe(|| map.range(key..Liar(i + 50)).cloned().count()));
        if let Err(panic) = both {
            let said = panic.downcast::<String>().expect("a sentence");
            assert!(said.starts_with("range start"), "{said}");
        }
        let keys: Vec<Liar> = (i..i + 50).map(Liar).collect();
        let mut values = vec![None; 50];
        let mut pairs: Vec<_> = keys.iter().map(|&key| (key, Some(value()))).collect();
        map.insert_many(&mut pairs);
        map.contains_many(&keys, &mut [false; 50]);
        map.remove_many(&keys[..20], &mut values[..20]);
        let _ = (map.pop_first(), map.pop_last());
        map.shrink(&mut ShrinkCursor::new(), 3);
        let mut cursor = MigrateCursor::new();
        map.migrate(&mut cursor, 5, |_, _| Some(bskip_core::NumaNodeId(0)));
        map.rebalance(&mut cursor, 5);
    }
    if !i.is_multiple_of(3) {
        drop(map.remove(&key));
    }
}

/// Checks that the map is whole and counts as many keys as it hands out.
fn is_whole(map: &mut Map) {
    let keys = map.check_invariants().keys;
    assert_eq!(
        (map.len(), map.iter().cloned().count(), map.iter().cloned().rev().count()),
        (keys, keys, keys)
    );
}

#[test]
fn one_thread_gets_answers() {
    for lie in LIES {
        LIE.set(lie);
        for promotion in CRUEL_PROMOTIONS {
            let mut map = map_of(promotion);
            (0..700).for_each(|i| everything(&map, i));
            is_whole(&mut map);
            let mut other: Map = (0..500).map(|i| (Liar(i), i.to_string())).collect();
            is_whole(&mut other);
            map.append(&mut other);
            is_whole(&mut map);
            assert!(other.is_empty());
            other.extend((0..500).map(|i| (Liar(i), i.to_string())));
            is_whole(&mut other);
            while other.pop_first().is_some() {}
            assert_eq!(other.check_invariants().keys, 0);
            let sorted = BSkipMap::from_sorted((0..500).map(|i| (Liar(i), i)));
            assert_eq!(sorted.is_err(), matches!(lie, Lie::OneWord | Lie::RandomWords | Lie::Random));
            let load = BulkLoad::new();
            let _ = (load.part([(Liar(1), 1), (Liar(2), 2)]), load.part([(Liar(3), 3), (Liar(1), 4)]));
            if let Ok(mut map) = load.finish() {
                map.check_invariants();
            }
            map.clear();
            assert!(map.is_empty());
        }
    }
}

#[test]
fn several_threads_get_answers() {
    for lie in LIES {
        for promotion in CRUEL_PROMOTIONS {
            let mut map = map_of(promotion);
            thread::scope(|threads| {
                for thread in 0..2 {
                    let map = &map;
                    threads.spawn(move || {
                        LIE.set(lie);
                        (0..700).for_each(|i| everything(map, i + 100 * thread));
                    });
                }
            });
            LIE.set(lie);
            is_whole(&mut map);
        }
    }
}

/// Values that are copied, and chunks.
#[test]
fn copies_are_handed_out() {
    for lie in LIES {
        LIE.set(lie);
        let map: BSkipMap<Liar, u64> = BSkipMap::new();
        (0..700).for_each(|i| _ = map.insert(Liar(i), i));
        let (mut pairs, mut back) = (0, 0);
        map.for_each_chunk(.., |keys, values| {
            assert_eq!(keys.len(), values.len());
            pairs += keys.len();
        });
        map.for_each_chunk_rev(.., |keys, _| {
            back += keys.len();
        });
        assert_eq!((map.len(), map.iter().count(), map.iter().rev().count()), (pairs, pairs, back));
        assert!(map.first_key_value().is_some() && map.last_key_value().is_some());
        let keys: Vec<Liar> = (0..100).map(Liar).collect();
        let mut values = vec![None; 100];
        map.get_many(&keys, &mut values);
        let known = !matches!(lie, Lie::OneWord | Lie::RandomWords | Lie::Random);
        assert_eq!(values.into_iter().eq((0..100).map(Some)), known);
        assert!(!known || (0..700).all(|i| map.get(&Liar(i)) == Some(i)));
    }
}
