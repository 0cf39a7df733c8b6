//! A move of a cursor allocates nothing.

use super::TestCursor;
use super::blobs::spelled;
use bskip_core::{BSkipBlobMap, BSkipBytesMap, BSkipMap};
use tests::allocations::counted;
use tests::rng::{Rng, mix};

/// Moves of every kind, also while the map changes.
fn moves<C: TestCursor>(cursor: &mut C, keys: &[C::Key], change: impl Fn(u64)) {
    let mut rng = Rng::new(1);
    let mut found = 0;
    for step in 0..20_000 {
        if step % 7 == 0 {
            change(rng.below(keys.len() as u64));
        }
        let key = &keys[rng.below(keys.len() as u64) as usize];
        let (requests, at_pair) = counted(|| match rng.below(20) {
            0 => cursor.seek(key),
            1 => cursor.seek_for_prev(key),
            2 => cursor.seek_to_first(),
            3 => cursor.seek_to_last(),
            4..=11 => cursor.next(),
            _ => cursor.prev(),
        });
        assert_eq!(requests, 0, "step {step}");
        let (requests, now) = counted(|| cursor.now());
        assert_eq!(requests, 0, "the value at step {step}");
        found += u64::from(at_pair && now.is_some());
    }
    assert!(found > 10_000, "{found}");
}

#[test]
fn of_fixed_width_keys() {
    let map: BSkipMap<u64, u64> = (0..10_000).map(|i| (mix(i), i)).collect();
    let keys: Vec<u64> = (0..10_000).map(mix).collect();
    moves(&mut map.cursor(), &keys, |i| {
        if i % 2 == 0 {
            map.insert(mix(i), i)
        } else {
            map.remove(&mix(i))
        };
    });
}

#[test]
fn of_byte_strings() {
    let key = |i: u64| format!("/srv/{:?}/{i}", mix(i).to_be_bytes()).into_bytes();
    let keys: Vec<Vec<u8>> = (0..10_000).map(key).collect();
    let map: BSkipBytesMap<[u8], u64> = keys.iter().zip(0..).collect();
    moves(&mut map.cursor(), &keys, |i| {
        if i % 2 == 0 {
            map.insert(&key(i), i)
        } else {
            map.remove(&key(i))
        };
    });
}

/// Also of values in cells that are on the stack while they are lent.
#[test]
fn of_values_that_are_byte_strings() {
    let key = |i: u64| format!("/srv/{:?}/{i}", mix(i).to_be_bytes()).into_bytes();
    // An even number has at most 256 bytes.
    let value = |i: u64| spelled(mix(i) & !1);
    let keys: Vec<Vec<u8>> = (0..10_000).map(key).collect();
    let map: BSkipBlobMap<[u8]> = keys.iter().zip((0..).map(value)).collect();
    moves(&mut map.cursor(), &keys, |i| {
        if i % 2 == 0 {
            map.insert(&key(i), &value(i))
        } else {
            map.remove(&key(i))
        };
    });
    // Longer ones, where there is room.
    let mut copy = Vec::with_capacity(6000);
    (0..100).for_each(|i| _ = map.insert(&key(i), &vec![i as u8; 6000]));
    let mut cursor = map.cursor();
    for (key, i) in keys.iter().zip(0..100) {
        let (requests, found) = counted(|| cursor.seek(key) && cursor.value_into(&mut copy));
        assert_eq!((requests, found, &copy), (0, true, &vec![i as u8; 6000]));
    }
}

/// The look-up of a store with versions: one search by the parts of the key.
#[test]
fn of_composite_keys() {
    use std::cmp::Reverse;
    let map: BSkipBytesMap<(Vec<u8>, Reverse<u64>), u64> = BSkipBytesMap::new();
    for i in 0..10_000u64 {
        map.insert(&(format!("user{}", i / 10).as_bytes(), Reverse(i % 10)), i);
    }
    for i in 0..10_000u64 {
        let name = format!("user{}", i / 10);
        let (requests, value) = counted(|| {
            let mut cursor = map.cursor();
            cursor.seek(&(name.as_bytes(), Reverse(i % 10)));
            cursor.value()
        });
        assert_eq!((requests, value), (0, Some(i)));
    }
}
