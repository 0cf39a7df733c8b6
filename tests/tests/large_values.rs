//! Values of 32 KiB: every operation compiles in seconds and runs on a thread's usual stack of 2 MiB.
//!
//! Property: each operation returns the values that were inserted, on a thread with a stack of 2 MiB. If the
//! stack is too small, the process ends. If the compiler needs minutes for an operation, building this file
//! takes minutes. An unoptimised build needs the most stack; the test `unoptimised` builds this file in that
//! way.

use bskip_core::{BSkipMap, BulkLoad};
use std::thread;

type Large = [u8; 32 << 10];

const STACK: usize = 2 << 20;

/// A value that repeats its number at both ends.
fn large(key: u64) -> Large {
    let mut value = [key as u8; 32 << 10];
    value[..8].copy_from_slice(&key.to_ne_bytes());
    value
}

#[inline(never)]
fn check(key: u64, value: &Large) {
    assert!(value[..8] == key.to_ne_bytes() && value[8..].iter().all(|&byte| byte == key as u8));
}

#[inline(never)]
fn filled(keys: u64) -> BSkipMap<u64, Large> {
    let map = BSkipMap::new();
    (0..keys).for_each(|key| assert!(map.insert(key, large(key)).is_none()));
    map
}

fn check_all(map: &BSkipMap<u64, Large>, keys: u64) {
    assert_eq!(map.len() as u64, keys);
    for key in 0..keys {
        assert!(map.get_with(&key, |value| check(key, value)).is_some());
    }
}

fn in_a_thread(test: impl FnOnce() + Send) {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, test);
        thread.expect("a thread").join().expect("no panic");
    });
}

// A function of its own, because each value in an unoptimised function takes stack all the time.
#[inline(never)]
fn look_ups(map: &BSkipMap<u64, Large>) {
    assert!(map.try_insert(100, large(100)).is_ok());
    check(101, &map.get_or_insert_with(101, || large(101)));
    check(5, &map.get(&5).expect("there"));
    check(5, &map.get_cloned(&5).expect("there"));
    assert!(map.update(&5, |value| value[9] = 0).is_some());
    assert_eq!(map.get_with(&5, |value| value[9]), Some(0));
    assert!(map.remove(&5).is_some());
}

#[inline(never)]
fn ends(map: &BSkipMap<u64, Large>) {
    check(0, &map.first_key_value().expect("there").1);
    check(101, &map.last_key_value_cloned().expect("there").1);
    check(0, &map.pop_first().expect("there").1);
    check(101, &map.pop_last().expect("there").1);
    map.shrink_to_fit();
    assert_eq!(map.len(), 99);
}

#[test]
fn one_at_a_time() {
    in_a_thread(|| {
        let map = filled(100);
        check_all(&map, 100);
        (0..100).for_each(|key| check(key, &map.insert(key, large(key)).expect("there")));
        look_ups(&map);
        ends(&map);
    });
}

#[test]
fn in_order() {
    in_a_thread(|| {
        let map = filled(100);
        map.iter().for_each(|(key, value)| check(key, &value));
        map.iter().rev().for_each(|(key, value)| check(key, &value));
        map.iter().cloned().for_each(|(key, value)| check(key, &value));
        let mut seen = 0;
        let mut each = |keys: &[u64], values: &[Large]| {
            keys.iter().zip(values).for_each(|(key, value)| check(*key, value));
            seen += keys.len();
        };
        map.for_each_chunk(.., &mut each);
        map.for_each_chunk_rev(.., &mut each);
        assert_eq!(seen, 200);
    });
}

#[test]
fn at_once() {
    in_a_thread(|| {
        let pairs = || (0..50).map(|key| (key, large(key)));
        check_all(&pairs().rev().collect(), 50);
        let load = BulkLoad::new();
        load.part(pairs()).expect("ascending");
        let mut map = load.finish().expect("one part");
        let mut other = BSkipMap::from_sorted((50..60).map(|key| (key, large(key)))).expect("ascending");
        map.append(&mut other);
        map.extend(pairs().rev());
        check_all(&map, 60);
        map.clear();
        assert!(map.is_empty());
    });
}

#[test]
fn in_batches() {
    in_a_thread(|| {
        let map = BSkipMap::new();
        let mut pairs: Vec<_> = (0..40).map(|key| (key, Some(large(key)))).collect();
        map.insert_many(&mut pairs);
        check_all(&map, 40);
        let keys: Vec<u64> = (0..40).collect();
        let mut values: Vec<_> = keys.iter().map(|_| None).collect();
        map.get_many(&keys, &mut values);
        keys.iter().zip(&values).for_each(|(key, value)| check(*key, value.as_ref().expect("there")));
        map.remove_many(&keys, &mut values);
        keys.iter().zip(&values).for_each(|(key, value)| check(*key, value.as_ref().expect("there")));
        assert!(map.is_empty());
    });
}
