//! No key is special. (`model` covers the least and the greatest key of every type.)
//!
//! Properties:
//! - the order is the type's: signed integers by value, arrays and tuples lexicographically;
//! - the full key spaces of `u8` and `u16`, filled and emptied in several orders;
//! - ranges with every kind of bound at, before and after keys agree with `BTreeMap`;
//! - `range` panics where `BTreeMap`'s does;
//! - an empty map answers everything.

use bskip_core::{BSkipMap, Key};
use core::ops::Bound::{self, Excluded, Included, Unbounded};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tests::config::{CRUEL_PROMOTIONS, PROMOTIONS, map_of};
use tests::keys::TestKey;
use tests::rng::Rng;

/// The keys of a map filled with `keys` in random order.
fn sorted<K: Key>(keys: &[K]) -> Vec<K> {
    let map = map_of::<K, ()>(PROMOTIONS[0]);
    let mut shuffled = keys.to_vec();
    Rng::new(5).shuffle(&mut shuffled);
    shuffled.into_iter().for_each(|key| assert_eq!(map.insert(key, ()), None));
    map.iter().map(|(key, ())| key).collect()
}

#[test]
fn signed_order() {
    let keys: Vec<i64> = vec![i64::MIN, i64::MIN + 1, -(1 << 32), -256, -2, -1, 0, 1, 255, 1 << 32, i64::MAX];
    assert_eq!(sorted(&keys), keys);
}

#[cfg(thorough)]
#[test]
fn signed_order_of_other_types() {
    let keys: Vec<i8> = (i8::MIN..=i8::MAX).collect();
    assert_eq!(sorted(&keys), keys);
    let keys: Vec<i128> =
        vec![i128::MIN, -(1 << 64), -(1 << 64) + 1, -1, 0, (1 << 64) - 1, 1 << 64, i128::MAX];
    assert_eq!(sorted(&keys), keys);
    let keys = [(-1, -1), (-1, 0), (0, i16::MIN), (0, i16::MAX), (1i32, -1)];
    assert_eq!(sorted(&keys), keys);
}

#[cfg(thorough)]
#[test]
fn order_of_other_types() {
    let keys: Vec<char> = ('\0'..=char::MAX).step_by(97).chain([char::MAX]).collect();
    assert_eq!(sorted(&keys), keys);
    let keys = ['\0', 'a', '\u{D7FF}', '\u{E000}', char::MAX];
    assert_eq!(sorted(&keys), keys);
    let keys = [(false, u64::MAX), (true, 0)];
    assert_eq!(sorted(&keys), keys);
    let keys: Vec<[u64; 2]> = (0..300).map(|i| [(i / 3) << 60, i % 3]).collect();
    let mut ordered = keys.clone();
    ordered.sort_unstable();
    ordered.dedup();
    assert_eq!(sorted(&ordered), ordered);
    assert_eq!(sorted(&[[0u64; 0]]), [[0u64; 0]]);
    let keys = [*b"\0\0\0", *b"\0\0\x01", *b"\0\x01\0", *b"a\xff\xff", *b"b\0\0", *b"ba\0", *b"\xff\0\0"];
    assert_eq!(sorted(&keys), keys);
}

#[test]
fn byte_order() {
    // Keys that differ in one byte each, at every place: words of any size must compare in the right order.
    let mut keys: Vec<[u8; 20]> = Vec::new();
    for place in 0..20 {
        for byte in [1, 0x7F, 0x80, 0xFF] {
            let mut key = [0x40; 20];
            key[place] = byte;
            keys.push(key);
        }
    }
    keys.sort_unstable();
    assert_eq!(sorted(&keys), keys);
}

/// Fills and empties the whole key space, `keys` in ascending order.
fn whole_space<K: TestKey>(keys: Vec<K>) {
    for promotion in CRUEL_PROMOTIONS {
        let mut map = map_of::<K, K>(promotion);
        let mut order = keys.clone();
        // The first order, and the last one.
        for round in (0..4).step_by(if cfg!(thorough) { 1 } else { 3 }) {
            match round {
                0 => (),
                1 => order.reverse(),
                _ => Rng::new(round).shuffle(&mut order),
            }
            order.iter().for_each(|key| assert_eq!(map.insert(*key, *key), None));
            order.iter().for_each(|key| assert_eq!(map.get(key), Some(*key)));
            assert!(map.iter().eq(keys.iter().map(|key| (*key, *key))));
            assert!(map.iter().rev().eq(keys.iter().rev().map(|key| (*key, *key))));
            assert_eq!(map.check_invariants().keys, keys.len());
            Rng::new(round + 10).shuffle(&mut order);
            order.iter().for_each(|key| assert_eq!(map.remove(key), Some(*key)));
            assert_eq!(map.check_invariants().keys, 0);
            assert_eq!(map.iter().next(), None);
        }
    }
}

#[cfg(thorough)]
#[test]
fn every_byte() {
    whole_space((0..=u8::MAX).collect());
    whole_space((0..=u8::MAX).map(|byte| [byte]).collect::<Vec<[u8; 1]>>());
}

#[test]
fn every_u16() {
    whole_space((0..=u16::MAX).collect());
}

#[cfg(thorough)]
#[test]
fn every_i16() {
    whole_space((i16::MIN..=i16::MAX).collect());
}

/// Whether `BTreeMap` panics for this range.
fn is_invalid(lo: Bound<u16>, hi: Bound<u16>) -> bool {
    match (lo, hi) {
        (Excluded(a), Excluded(b)) => a >= b,
        (Included(a) | Excluded(a), Included(b) | Excluded(b)) => a > b,
        _ => false,
    }
}

#[test]
fn every_bound() {
    // Keys 0, 10, ..., so that bounds fall on, before and after keys, ends of leaves included.
    let keys: Vec<u16> = (0..300).map(|i| i * 10).collect();
    let map = map_of::<u16, u16>(PROMOTIONS[0]);
    let model: BTreeMap<u16, u16> = keys.iter().map(|key| (*key, *key)).collect();
    keys.iter().for_each(|key| assert_eq!(map.insert(*key, *key), None));
    let places = (0..3010).filter(|place| matches!(place % 10, 0 | 1 | 9)).chain([u16::MAX]);
    let mut bounds = vec![Unbounded];
    bounds.extend(places.flat_map(|place| [Included(place), Excluded(place)]));
    for lo in bounds.iter().step_by(3) {
        for hi in &bounds {
            if is_invalid(*lo, *hi) {
                continue;
            }
            let expected = || model.range((*lo, *hi)).map(|(k, v)| (*k, *v));
            let range = || map.range((*lo, *hi));
            assert_eq!(range().next(), expected().next(), "{lo:?} {hi:?}");
            assert_eq!(range().next_back(), expected().next_back(), "{lo:?} {hi:?}");
        }
    }
    for (lo, hi) in
        bounds.iter().step_by(7).flat_map(|lo| bounds.iter().step_by(11).map(move |hi| (*lo, *hi)))
    {
        if !is_invalid(lo, hi) {
            assert!(map.range((lo, hi)).eq(model.range((lo, hi)).map(|(k, v)| (*k, *v))), "{lo:?} {hi:?}");
            let expected = model.range((lo, hi)).rev().map(|(k, v)| (*k, *v));
            assert!(map.range((lo, hi)).rev().eq(expected), "{lo:?} {hi:?}");
        }
    }
}

#[test]
fn invalid_ranges_panic() {
    let map = map_of::<u16, u16>(PROMOTIONS[0]);
    for filled in [false, true] {
        if filled {
            (0..1000).for_each(|key| assert_eq!(map.insert(key, key), None));
        }
        for (lo, hi) in [
            (Included(5), Included(4)),
            (Included(5), Excluded(4)),
            (Excluded(5), Included(4)),
            (Excluded(5), Excluded(5)),
            (Included(u16::MAX), Excluded(0)),
        ] {
            let outcome = catch_unwind(AssertUnwindSafe(|| map.range((lo, hi)).count()));
            assert!(outcome.is_err(), "{lo:?} {hi:?} gave {outcome:?}");
        }
        for (lo, hi) in [(Included(5), Excluded(5)), (Excluded(5), Included(5))] {
            assert_eq!(map.range((lo, hi)).next(), None);
            assert_eq!(map.range((lo, hi)).next_back(), None);
        }
    }
}

#[test]
fn empty_map() {
    for promotion in CRUEL_PROMOTIONS {
        let mut map: BSkipMap<u64, String> = map_of(promotion);
        for round in 0..3 {
            assert_eq!((map.len(), map.is_empty()), (0, true));
            assert_eq!((map.first_key_value_cloned(), map.last_key_value_cloned()), (None, None));
            assert_eq!((map.pop_first(), map.pop_last()), (None, None));
            assert_eq!((map.iter().cloned().next(), map.iter().cloned().next_back()), (None, None));
            assert_eq!((map.get_cloned(&0), map.remove(&u64::MAX)), (None, None));
            assert_eq!(map.get_with(&1, String::len), None);
            assert_eq!(map.check_invariants().keys, 0);
            // After it was filled and emptied, by `clear` and by removals, it is the same again.
            (0..5000 * round).for_each(|key| assert_eq!(map.insert(key, key.to_string()), None));
            match round {
                1 => map.clear(),
                _ => (0..5000 * round).for_each(|key| assert_eq!(map.remove(&key), Some(key.to_string()))),
            }
        }
    }
}
