//! Cursors while other threads split, merge and refill the leaves.
//!
//! Properties:
//! - moves in one direction are strictly ordered and meet every key that stays;
//! - a move is one look-up of one moment: if one of two keys beside the cursor is in the map at every moment,
//!   the move finds one of them, also if the two are in different leaves;
//! - a pair is never torn and never of another key.

use bskip_core::{BSkipBytesMap, BSkipMap, Promotion};
use std::collections::BTreeMap;
use std::sync::Arc;
use tests::config::{map_of, shared_steps, some_promotions};
use tests::keys::NumberedKey;
use tests::rng::{Rng, mix};
use tests::threads::{self, Stop};

/// The distance between keys that stay.
const STEP: u64 = 97;

fn value_of(number: u64) -> u64 {
    mix(number) << 20 | number
}

/// Inserts and removes runs of keys until told to stop.
fn churn<K: NumberedKey>(map: &BSkipMap<K, u64>, end: u64, seed: u64, stop: &Stop) {
    let mut rng = Rng::new(seed);
    while !stop.raised() {
        let start = rng.below(end);
        let insert = rng.below(2) == 0;
        for number in (start..end.min(start + rng.below(400))).filter(|n| !n.is_multiple_of(STEP)) {
            if insert {
                map.insert(K::of(number), value_of(number));
            } else {
                map.remove(&K::of(number));
            }
        }
    }
}

fn read<K: NumberedKey + 'static>(map: &Arc<BSkipMap<K, u64>>, end: u64, seed: u64, rounds: u64) {
    let mut rng = Rng::new(seed);
    let mut cursor = map.clone().cursor_owned();
    for _ in 0..rounds {
        let start = rng.below(end);
        let up = rng.below(2) == 0;
        let mut at = if up { cursor.seek(&K::of(start)) } else { cursor.seek_for_prev(&K::of(start)) };
        // The next key that stays.
        let mut staying = if up { start.div_ceil(STEP) * STEP } else { start / STEP * STEP };
        let mut last = None;
        for _ in 0..rng.below(500) {
            if !at {
                break;
            }
            let (key, value) = cursor.key_value().expect("valid");
            let number = key.number();
            assert_eq!(value, value_of(number), "a value of another key");
            match last {
                Some(last) if up => assert!(number > last),
                Some(last) => assert!(number < last),
                None => assert!(if up { number >= start } else { number <= start }),
            }
            assert!(if up { number <= staying } else { number >= staying }, "{staying} was passed");
            if number == staying {
                staying = if up { staying + STEP } else { staying.saturating_sub(STEP) };
            }
            last = Some(number);
            at = if up { cursor.next() } else { cursor.prev() };
        }
    }
}

fn among_writers<K: NumberedKey + Send + Sync + 'static>(promotion: Promotion, end: u64) {
    let map = map_of::<K, u64>(promotion);
    (0..end).step_by(STEP as usize).for_each(|n| assert!(map.insert(K::of(n), value_of(n)).is_none()));
    let map = Arc::new(map);
    let stop = Stop::default();
    std::thread::scope(|scope| {
        let _stop = stop.raise_on_drop();
        for seed in 0..2 {
            let (map, stop) = (&map, &stop);
            scope.spawn(move || churn(map, end, seed, stop));
        }
        threads::run(2, |t| read(&map, end, 7 + t as u64, shared_steps(3000)));
    });
    Arc::into_inner(map).expect("the cursors are gone").check_invariants();
}

#[test]
fn every_key_that_stays_is_met() {
    for promotion in some_promotions() {
        among_writers::<u64>(promotion, 20_000);
        among_writers::<[u8; 64]>(promotion, 3000);
    }
}

#[test]
fn every_byte_string_that_stays_is_met() {
    let key = |i: u64| match i % 3 {
        0 => format!("/srv/project/{:06}/{i}", mix(i) % 1_000_000).into_bytes(),
        1 => i.to_be_bytes().iter().map(|byte| byte & 0x83).chain([0; 2]).chain(i.to_be_bytes()).collect(),
        _ => [&b"x\0"[..], i.to_string().as_bytes()].concat(),
    };
    let map: Arc<BSkipBytesMap<[u8], u64>> = Arc::new(BSkipBytesMap::new());
    let staying: BTreeMap<Vec<u8>, u64> = (0..4000).step_by(4).map(|i| (key(i), i)).collect();
    staying.iter().for_each(|(key, &value)| assert_eq!(map.insert(key, value), None));
    let stop = Stop::default();
    std::thread::scope(|scope| {
        let _stop = stop.raise_on_drop();
        for seed in 0..2 {
            let (map, stop) = (&map, &stop);
            scope.spawn(move || {
                let mut rng = Rng::new(seed);
                while !stop.raised() {
                    let i = rng.below(1000) * 4 + 1 + rng.below(3);
                    if rng.below(2) == 0 {
                        map.insert(&key(i), i)
                    } else {
                        map.remove(&key(i))
                    };
                }
            });
        }
        threads::run(2, |t| {
            let mut rng = Rng::new(t as u64);
            let mut cursor = map.clone().cursor_owned();
            for round in 0..shared_steps(1000) {
                let start = key(rng.below(4000));
                let up = round % 2 == t as u64;
                let mut met: Vec<(Vec<u8>, u64)> = Vec::new();
                let mut at = if up { cursor.seek(&start) } else { cursor.seek_for_prev(&start) };
                while at && met.len() < 200 {
                    let (found, value) = cursor.key_value().expect("valid");
                    assert_eq!(found, key(value));
                    let is_ordered = met.last().is_none_or(|(last, _)| (found > &**last) == up);
                    assert!(is_ordered && found != met.last().map_or(&[255; 9][..], |(last, _)| last));
                    met.push((found.to_vec(), value));
                    at = if up { cursor.next() } else { cursor.prev() };
                }
                if !up {
                    met.reverse();
                }
                let (first, last) = (met.first().expect("some stay"), met.last().expect("some stay"));
                let (from, to) = if up {
                    (&start, if at { &last.0 } else { &vec![255; 20] })
                } else {
                    (if at { &first.0 } else { &vec![] }, &start)
                };
                let mut rest = met.iter();
                for (key, _) in staying.range(from.clone()..=to.clone()) {
                    assert!(rest.any(|(found, _)| found == key), "{key:?} stays and was missed");
                }
            }
        });
    });
    Arc::into_inner(map).expect("the cursors are gone").check_invariants();
}

/// One thread moves a key from the end of a leaf to the start of the next leaf and back: it inserts at the new
/// place, then removes the old one. A move from below must find it: at every moment it is at one of the places.
#[test]
fn a_key_that_moves_between_leaves_is_always_found() {
    // The first nodes are full enough that the leaves never merge.
    const LEFT: u64 = 40;
    const RIGHT: u64 = 60;
    for promotion in some_promotions() {
        let map = map_of::<[u8; 64], u64>(promotion);
        let all = (1..100).filter(|n| !(LEFT..=RIGHT).contains(n));
        all.for_each(|n| assert!(map.insert(NumberedKey::of(n), n).is_none()));
        map.insert(NumberedKey::of(LEFT), LEFT);
        let stop = Stop::default();
        let (steps, places) = (shared_steps(200_000), [LEFT, 43, 46, 50, 54, 57, RIGHT]);
        std::thread::scope(|scope| {
            let _stop = stop.raise_on_drop();
            let (map, stop) = (&map, &stop);
            scope.spawn(move || {
                let mut rng = Rng::new(3);
                let mut at = LEFT;
                while !stop.raised() {
                    let to = places[rng.below(7) as usize];
                    if to != at {
                        assert_eq!(map.insert(NumberedKey::of(to), to), None);
                        assert_eq!(map.remove(&NumberedKey::of(at)), Some(at));
                        at = to;
                    }
                }
            });
            let (mut up, mut down) = (map.cursor(), map.cursor());
            for _ in 0..steps {
                assert!(up.seek(&NumberedKey::of(LEFT - 1)) && up.next());
                assert!(down.seek(&NumberedKey::of(RIGHT + 1)) && down.prev());
                for cursor in [&up, &down] {
                    let found = cursor.value().expect("valid");
                    assert!(places.contains(&found), "{found}, though a key between was always there");
                }
            }
        });
    }
}
