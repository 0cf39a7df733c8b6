//! Cursors over values that are byte strings.
//!
//! Properties:
//! - `value_with` and `value_into` give the value that the key has now, of any length, or none if it is gone;
//! - while other threads overwrite the values, none is torn, and none is of another key.

use bskip_core::BSkipBlobMap;
use std::sync::Arc;
use tests::blobs::{LENGTHS, check, value};
use tests::config::shared_steps;
use tests::rng::Rng;
use tests::threads::{self, Stop};

type Map = BSkipBlobMap<[u8]>;

/// The length of a number's value. That of a small number is at most 5, and that of an even one at most 256.
fn length(number: u64) -> usize {
    match number {
        ..0x100_0000_0000 => 8 - number.leading_zeros() as usize / 8,
        _ if number % 64 == 63 => 6000,
        _ => 8 + number as usize % 249,
    }
}

/// A number as a value.
pub(super) fn spelled(number: u64) -> Vec<u8> {
    let mut value = number.to_le_bytes().to_vec();
    value.resize(length(number), number as u8);
    value
}

/// The number that a value spells. Allocates nothing.
pub(super) fn number(value: &[u8]) -> u64 {
    let (bytes, padding) = value.split_at(value.len().min(8));
    let number = bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte));
    assert!(value.len() == length(number) && padding.iter().all(|&byte| byte == number as u8), "{number}");
    number
}

#[test]
fn values_of_every_length() {
    let map = Map::new();
    let mut cursor = map.cursor();
    let mut copy = vec![7; 3];
    assert!(!cursor.value_into(&mut copy) && copy.is_empty());
    for (seed, length) in (1..).zip(LENGTHS.into_iter().chain([1 << 20])) {
        let (old, new) = (value(b"k", seed, length), value(b"k", seed + 100, length));
        map.insert(&b"k"[..], &old);
        assert!(cursor.seek(&b""[..]));
        let held = cursor.clone();
        for expected in [old, new] {
            map.insert(&b"k"[..], &expected);
            for cursor in [&cursor, &held] {
                assert!(cursor.value_into(&mut copy) && copy == expected);
                assert_eq!(cursor.value_with(|value| value == expected), Some(true));
            }
        }
        map.remove(&b"k"[..]);
        // The same cells, for another key.
        map.insert(&b"l"[..], &value(b"l", seed, length));
        assert!(!held.value_into(&mut copy) && copy.is_empty());
        assert_eq!((held.value_with(<[u8]>::len), held.key()), (None, Some(&b"k"[..])));
        map.remove(&b"l"[..]);
    }
}

/// A closure runs without a lock, so it may use the map.
#[test]
fn closures_use_the_map() {
    let map = Map::new();
    (0..100u8).for_each(|i| _ = map.insert(&[i][..], &[i; 30]));
    let mut cursor = map.cursor();
    while cursor.next() {
        let key = cursor.key().expect("valid");
        let longer = cursor.value_with(|value| map.insert(key, &[value, value].concat()));
        assert_eq!(longer, Some(false));
        assert_eq!(cursor.value_with(<[u8]>::len), Some(60));
    }
}

#[test]
fn no_value_is_torn() {
    const KEYS: u64 = 60;
    let key = |i: u64| format!("/srv/project/{i:06}").into_bytes();
    let some = |rng: &mut Rng, key: &[u8]| {
        value(key, rng.draw() as u8, LENGTHS[rng.below(LENGTHS.len() as u64 - 1) as usize])
    };
    let map = Arc::new(Map::new());
    // Keys of odd numbers come and go.
    (0..KEYS).step_by(2).for_each(|i| assert!(map.insert(&key(i), &value(&key(i), 0, 20))));
    let stop = Stop::default();
    std::thread::scope(|scope| {
        let _stop = stop.raise_on_drop();
        for seed in 0..2 {
            let (map, stop) = (&map, &stop);
            scope.spawn(move || {
                let mut rng = Rng::new(seed);
                while !stop.raised() {
                    let i = rng.below(KEYS);
                    if i % 2 == 1 && rng.below(2) == 0 {
                        map.remove(&key(i));
                    } else {
                        map.insert(&key(i), &some(&mut rng, &key(i)));
                    }
                }
            });
        }
        threads::run(2, |t| {
            let mut rng = Rng::new(9 + t as u64);
            let (mut cursor, mut copy) = (map.clone().cursor_owned(), Vec::new());
            for _ in 0..shared_steps(50_000) {
                let at = match rng.below(10) {
                    0 => cursor.seek(&key(rng.below(KEYS))),
                    1 => cursor.seek_for_prev(&key(rng.below(KEYS))),
                    turn => {
                        if turn % 2 == t as u64 % 2 {
                            cursor.next()
                        } else {
                            cursor.prev()
                        }
                    }
                };
                let Some(key) = cursor.key().filter(|_| at) else { continue };
                let is_there = cursor.value_into(&mut copy);
                check(key, &copy);
                let lent = cursor.value_with(|value| check(key, value)).is_some();
                let stays = key[key.len() - 1] % 2 == 0;
                assert!((is_there && lent) || !stays, "{key:?} stays");
            }
        });
    });
    let mut map = Arc::into_inner(map).expect("the cursors are gone");
    map.check_invariants();
    map.clear();
    assert_eq!(map.cells_usage().issued_blocks, 0);
}
