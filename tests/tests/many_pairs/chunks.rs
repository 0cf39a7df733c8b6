//! Pairs read in chunks.
//!
//! Properties:
//! - all chunks of a range, in both directions, hold what `BTreeMap` has there. This is tested for bounds of
//!   every kind, keys of one and more words, values of every size and every promotion policy, and also if the
//!   caller breaks off;
//! - while other threads fill and empty leaves, chunks are ordered and in bounds. They hold every key that is
//!   always present, no key that never was, and no value of another key;
//! - a chunk shows one moment: if a thread inserts keys of one leaf in ascending order and removes them in
//!   the same order, the keys seen are neighbours.

use bskip_core::{BSkipMap, Promotion};
use core::fmt::Debug;
use core::ops::{Bound, ControlFlow, RangeBounds};
use std::collections::BTreeMap;
use tests::config::{CRUEL_PROMOTIONS, map_of};
use tests::keys::NumberedKey;
use tests::owner::{COUNT_BITS, token};
use tests::rng::Rng;
use tests::threads::{self, Stop};
use tests::values::NumberedValue;

/// All chunks of a range, in the order of keys, and whether no chunk was empty.
fn chunks<K: NumberedKey, V: Copy>(
    map: &BSkipMap<K, V>,
    range: impl RangeBounds<K>,
    back: bool,
) -> Vec<Vec<(K, V)>> {
    let mut chunks = Vec::new();
    let each = |keys: &[K], values: &[V]| {
        assert!(!keys.is_empty() && keys.len() == values.len());
        chunks.push(keys.iter().copied().zip(values.iter().copied()).collect());
        ControlFlow::<()>::Continue(())
    };
    let flow =
        if back { map.try_for_each_chunk_rev(range, each) } else { map.try_for_each_chunk(range, each) };
    assert_eq!(flow, ControlFlow::Continue(()));
    if back {
        chunks.reverse();
    }
    chunks
}

/// Compares with the model: bounds of every kind around keys that are there and keys that are not.
fn compare<K: NumberedKey + Debug, V: Copy + PartialEq + Debug>(value: impl Fn(u64) -> V) {
    let many = if cfg!(small_nodes) { 250 } else { 1500 };
    for promotion in CRUEL_PROMOTIONS {
        for (end, keep) in [(0, 1), (7, 1), (150, 3), (many, 1), (many, 7)] {
            let map = map_of::<K, V>(promotion);
            let mut model = BTreeMap::new();
            for number in 0..end {
                map.insert(K::of(number), value(number));
            }
            // Leaves of every fill, also empty ones.
            for number in 0..end {
                if number % keep == 0 {
                    model.insert(K::of(number), value(number));
                } else {
                    map.remove(&K::of(number));
                }
            }
            let mut rng = Rng::new(end + keep);
            let mut bound = |number| match rng.below(5) {
                0 => Bound::Unbounded,
                1 | 2 => Bound::Excluded(K::of(number)),
                _ => Bound::Included(K::of(number)),
            };
            let mut draw = Rng::new(end);
            for _ in 0..60 {
                let (a, b) = (draw.below(end + 2), draw.below(end + 2));
                let lower = bound(a.min(b));
                let upper = if a == b { Bound::Included(K::of(a)) } else { bound(a.max(b)) };
                let right: Vec<_> = model.range((lower, upper)).map(|(k, v)| (*k, *v)).collect();
                for back in [false, true] {
                    let found = chunks(&map, (lower, upper), back).concat();
                    assert_eq!(found, right, "{promotion:?} {lower:?} {upper:?} {back}");
                }
            }
            break_off(&map, &model);
        }
    }
}

/// The scan ends after the chunk at which the closure breaks off, and returns the closure's value.
fn break_off<K: NumberedKey + Debug, V: Copy + PartialEq + Debug>(
    map: &BSkipMap<K, V>,
    model: &BTreeMap<K, V>,
) {
    let all = chunks(map, .., false);
    assert_eq!(all.concat().len(), model.len());
    for most in 1..=all.len().min(4) {
        let mut seen = Vec::new();
        let flow = map.try_for_each_chunk(.., |keys, _| {
            seen.push(keys.to_vec());
            if seen.len() == most { ControlFlow::Break(keys[0]) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(flow, ControlFlow::Break(all[most - 1][0].0));
        assert_eq!(seen.concat().len(), all[..most].concat().len());
        let flow = map.try_for_each_chunk_rev(.., |keys, _| ControlFlow::Break(keys.last().copied()));
        assert_eq!(flow, ControlFlow::Break(model.last_key_value().map(|(key, _)| *key)));
    }
}

#[test]
fn as_the_model() {
    compare::<u64, u64>(|n| n * 3);
    compare::<[u8; 20], [u64; 5]>(|n| [n; 5]);
    // Several chunks a leaf.
    compare::<u64, [u64; 70]>(|n| [n; 70]);
}

#[cfg(thorough)]
#[test]
fn other_types_as_the_model() {
    compare::<u64, ()>(|_| ());
    compare::<u64, u8>(|n| n as u8);
    compare::<(u32, u64), [u8; 19]>(|n| [n as u8; 19]);
    compare::<u64, Option<&str>>(|n| (n % 2 == 0).then_some("even"));
    // One pair a chunk.
    compare::<u64, [u64; 300]>(|n| [n; 300]);
}

#[test]
#[should_panic(expected = "range start is greater than range end")]
fn bounds_the_wrong_way_round() {
    let map = BSkipMap::<u64, u64>::new();
    let (start, end) = (2, 1);
    map.for_each_chunk(start..end, |_, _| ());
}

#[test]
fn the_map_may_be_used_inside() {
    const LAST: u64 = 1998;
    let map: BSkipMap<u64, u64> = (0..=LAST / 2).map(|k| (2 * k, k)).collect();
    let mut seen = 0;
    map.for_each_chunk(.., |keys, _| {
        seen += keys.len();
        // Removes what the scan handed out, so leaves are merged away under the scan.
        for key in keys {
            map.remove(key);
        }
        // The scan may meet it, because a chunk may have one key. It must end, so the last key has none behind it.
        if keys[0] < LAST {
            map.insert(keys[0] + 1, 0);
        }
    });
    assert!((1000..2000).contains(&seen));
}

/// The distance between keys that are always present. The number before each of them is never a key.
const STEP: u64 = 41;

fn churn<K: NumberedKey, V: NumberedValue>(map: &BSkipMap<K, V>, end: u64, seed: u64, stop: &Stop) {
    let mut rng = Rng::new(seed);
    while !stop.raised() {
        let start = rng.below(end);
        let insert = rng.below(2) == 0;
        for number in start..end.min(start + rng.below(300)) {
            match number % STEP {
                0 => {}
                rest if rest == STEP - 1 => {}
                _ if insert => drop(map.insert(K::of(number), V::of(token(number, rng.below(1 << 20))))),
                _ => drop(map.remove(&K::of(number))),
            }
        }
    }
}

fn read<K: NumberedKey, V: NumberedValue + Copy>(map: &BSkipMap<K, V>, end: u64, seed: u64, steps: u64) {
    let mut rng = Rng::new(seed);
    for step in 0..steps {
        let start = rng.below(end);
        let stop = if step.is_multiple_of(20) { end } else { end.min(start + rng.below(600)) };
        let back = rng.below(2) == 0;
        let pairs = chunks(map, K::of(start)..K::of(stop), back).concat();
        assert!(pairs.is_sorted_by(|a, b| a.0 < b.0), "not strictly ordered, {back}");
        for (key, value) in &pairs {
            let number = key.number();
            assert!((start..stop).contains(&number), "{number} is outside of {start}..{stop}");
            assert_ne!(number % STEP, STEP - 1, "{number} was never there");
            assert_eq!(value.number() >> COUNT_BITS, number, "a value of another key");
        }
        let always = pairs.iter().filter(|(key, _)| key.number().is_multiple_of(STEP)).count() as u64;
        assert_eq!(
            always,
            stop.div_ceil(STEP) - start.div_ceil(STEP),
            "{start}..{stop} misses a key, {back}"
        );
    }
}

fn concurrent<K: NumberedKey, V: NumberedValue + Copy>()
where
    BSkipMap<K, V>: Sync,
{
    for promotion in CRUEL_PROMOTIONS {
        for (end, steps) in [(STEP * 8, 3000), (STEP * 500, 600)] {
            let mut map = map_of::<K, V>(promotion);
            for number in (0..end).step_by(STEP as usize) {
                map.insert(K::of(number), V::of(token(number, 0)));
            }
            let stop = Stop::default();
            threads::run(4, |t| {
                if t < 2 {
                    churn(&map, end, t as u64, &stop);
                } else {
                    // Churn until the first reader has finished.
                    let _raise = stop.raise_on_drop();
                    read(&map, end, t as u64, steps);
                }
            });
            map.check_invariants();
        }
    }
}

#[test]
fn while_others_write_words() {
    concurrent::<u64, u64>();
}

#[test]
fn while_others_write_wide() {
    concurrent::<[u8; 20], [u64; 5]>();
}

#[cfg(thorough)]
#[test]
fn while_others_write_odd() {
    concurrent::<(u32, u64), [u8; 19]>();
}

/// A writer inserts 0, 1, 2 and removes 0, 1, 2, for ever. A chunk that mixed two moments could show 0 and 2
/// without 1, or values that change together and differ.
#[test]
fn a_chunk_is_of_one_moment() {
    for promotion in [Promotion::Overflow, CRUEL_PROMOTIONS[0]] {
        let map = map_of::<u64, u64>(promotion);
        let rounds = 20_000;
        let stop = Stop::default();
        threads::run(3, |t| {
            if t == 0 {
                for round in 0..rounds {
                    for key in 0..3 {
                        map.insert(key, round);
                    }
                    for key in 0..3 {
                        map.remove(&key);
                    }
                }
                drop(stop.raise_on_drop());
                return;
            }
            while !stop.raised() {
                for chunk in chunks(&map, .., t == 2) {
                    assert!(chunk.is_sorted_by(|a, b| a.0 + 1 == b.0), "{chunk:?}");
                    assert!(chunk.iter().all(|pair| pair.1 == chunk[0].1), "{chunk:?}");
                }
            }
        });
    }
}
