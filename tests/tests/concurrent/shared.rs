//! If threads change the same keys at once, nothing is lost and nothing is seen twice.
//!
//! Properties, with 8 threads, over few and many keys and every promotion policy:
//! - increments by `update`, with removals in between: no count is lost or doubled;
//! - every value that goes in comes out exactly once: as an old value, removed, popped, or at the end;
//! - per key, fresh inserts and successful removals alternate: their difference is 0 or 1, and says whether
//!   the key is there;
//! - concurrent calls of `get_or_insert_with` all return the same value, the one in the map;
//! - a value changed through a shared reference (`get_with` on an atomic) is the one in the map, not a copy;
//! - a racing reader never sees a torn value, a value of another key, or freed memory.

use bskip_core::Promotion;
use std::sync::atomic::{AtomicU64, Ordering};
use tests::config::{CRUEL_PROMOTIONS, map_of, shared_steps};
use tests::owner::token;
use tests::read::Read;
use tests::rng::Rng;
use tests::shared::{self, Sum, count_of};
use tests::tally::Tally;
use tests::threads;
use tests::values::NumberedValue;

const THREADS: usize = 8;

/// Few keys on one leaf, keys of a few leaves, and many.
const SPACES: [u64; 3] = [3, 300, 20_000];

fn counters<V: NumberedValue>(promotion: Promotion, steps: u64) {
    for keys in SPACES {
        let mut map = map_of::<u64, V>(promotion);
        let sums = threads::run(THREADS, |t| {
            let (mut rng, mut sum) = (Rng::new(t as u64), Sum::default());
            for _ in 0..steps {
                let key = rng.below(keys);
                shared::step(&map, key, &mut rng, &mut sum, &mut Tally::default());
            }
            sum
        });
        let added: u64 = sums.iter().map(|sum| sum.added).sum();
        let removed: u64 = sums.iter().map(|sum| sum.removed).sum();
        let left: u64 = V::Reader::iter(&map).map(|(_, value)| count_of(value.number())).sum();
        assert_eq!(added, removed + left, "{promotion:?}, {keys} keys");
        map.check_invariants();
    }
}

#[test]
fn no_increment_is_lost() {
    CRUEL_PROMOTIONS.into_iter().for_each(|promotion| counters::<u64>(promotion, shared_steps(50_000)));
}

#[cfg(thorough)]
#[test]
fn no_increment_is_lost_in_wide_values() {
    // All steps run on small nodes too, because a value that changes under a reader seldom tears.
    CRUEL_PROMOTIONS.into_iter().for_each(|promotion| counters::<[u64; 5]>(promotion, 50_000));
}

#[test]
fn no_increment_is_lost_in_owning_values() {
    CRUEL_PROMOTIONS
        .into_iter()
        .for_each(|promotion| counters::<Box<[u64; 3]>>(promotion, shared_steps(50_000)));
}

/// Inserts unique values and removes values in every possible way. Each must come out once.
fn conservation<V: NumberedValue>(promotion: Promotion) {
    const STEPS: u64 = shared_steps(50_000);
    for keys in SPACES {
        let mut map = map_of::<u64, V>(promotion);
        let out = threads::run(THREADS, |t| {
            let mut rng = Rng::new(t as u64 + 77);
            let (mut put, mut out) = (0, Vec::new());
            for i in 0..STEPS {
                let key = rng.below(keys);
                let unique = token(key, t as u64 * STEPS + i);
                let came = match rng.below(12) {
                    0..5 => {
                        put += 1;
                        map.insert(key, V::of(unique))
                    }
                    5..7 => {
                        let old = map.update(&key, |v| core::mem::replace(v, V::of(unique)));
                        put += u64::from(old.is_some());
                        old
                    }
                    7 => {
                        put += u64::from(map.get_or_insert_with(key, || V::of(unique)).number() == unique);
                        None
                    }
                    8 => map.pop_first().map(|(_, v)| v),
                    9 => map.pop_last().map(|(_, v)| v),
                    _ => map.remove(&key),
                };
                out.extend(came.map(|v| v.number()));
            }
            (put, out)
        });
        let put: u64 = out.iter().map(|(put, _)| put).sum();
        let mut out: Vec<u64> = out.into_iter().flat_map(|(_, out)| out).collect();
        assert_eq!(map.check_invariants().keys, map.len());
        out.extend(V::Reader::iter(&map).map(|(_, v)| v.number()));
        assert_eq!(out.len() as u64, put, "{promotion:?}, {keys} keys: values lost or doubled");
        out.sort_unstable();
        assert!(out.is_sorted_by(|a, b| a < b), "{promotion:?}, {keys} keys: a value came out twice");
    }
}

#[test]
fn every_value_comes_out_once() {
    CRUEL_PROMOTIONS.into_iter().for_each(conservation::<u64>);
}

#[cfg(thorough)]
#[test]
fn every_wide_value_comes_out_once() {
    CRUEL_PROMOTIONS.into_iter().for_each(conservation::<[u64; 5]>);
}

#[test]
fn every_owning_value_comes_out_once() {
    CRUEL_PROMOTIONS.into_iter().for_each(conservation::<Box<[u64; 3]>>);
}

#[test]
fn inserts_and_removals_of_a_key_alternate() {
    for promotion in CRUEL_PROMOTIONS {
        for keys in [5, 500] {
            let map = map_of::<u64, u64>(promotion);
            let balances = threads::run(THREADS, |t| {
                let mut rng = Rng::new(t as u64);
                let mut balance = vec![0i64; keys as usize];
                for _ in 0..shared_steps(50_000) {
                    let key = rng.below(keys);
                    balance[key as usize] += match rng.below(2) {
                        0 => i64::from(map.insert(key, 0).is_none()),
                        _ => -i64::from(map.remove(&key).is_some()),
                    };
                }
                balance
            });
            for key in 0..keys {
                let balance: i64 = balances.iter().map(|b| b[key as usize]).sum();
                assert_eq!(balance, i64::from(map.contains_key(&key)), "{promotion:?}, key {key}");
            }
        }
    }
}

fn agreement<V: NumberedValue>(promotion: Promotion) {
    const KEYS: u64 = 5_000;
    let mut map = map_of::<u64, V>(promotion);
    let answers = threads::run(THREADS, |t| {
        // Every thread visits the same keys at the same pace, so that they meet at each.
        (0..KEYS)
            .map(|i| map.get_or_insert_with(i.reverse_bits(), || V::of(token(i, t as u64))).number())
            .collect::<Vec<_>>()
    });
    for i in 0..KEYS {
        let there = V::Reader::get(&map, &i.reverse_bits()).expect("inserted").number();
        for answer in &answers {
            assert_eq!(answer[i as usize], there, "{promotion:?}, key number {i}");
        }
    }
    assert_eq!(map.check_invariants().keys as u64, KEYS);
}

#[test]
fn get_or_insert_with_agrees() {
    CRUEL_PROMOTIONS.into_iter().for_each(agreement::<u64>);
    CRUEL_PROMOTIONS.into_iter().for_each(agreement::<Box<[u64; 3]>>);
}

#[cfg(thorough)]
#[test]
fn get_or_insert_with_agrees_on_odd_values() {
    CRUEL_PROMOTIONS.into_iter().for_each(agreement::<[u8; 19]>);
}

#[test]
fn get_with_shows_the_value_itself() {
    const STEPS: u64 = shared_steps(20_000);
    for promotion in CRUEL_PROMOTIONS {
        // Neighbours that come and go move the counters from leaf to leaf.
        let map = map_of::<u64, AtomicU64>(promotion);
        (0..50).for_each(|i| assert!(map.insert(i * 40, AtomicU64::new(0)).is_none()));
        threads::run(THREADS, |t| {
            let mut rng = Rng::new(t as u64);
            for _ in 0..STEPS {
                let counter = rng.below(50) * 40;
                assert!(map.get_with(&counter, |v| v.fetch_add(1, Ordering::Relaxed)).is_some());
                let neighbour = rng.below(2000);
                if !neighbour.is_multiple_of(40) {
                    match rng.below(2) {
                        0 => drop(map.insert(neighbour, AtomicU64::new(0))),
                        _ => drop(map.remove(&neighbour)),
                    }
                }
            }
        });
        let total: u64 = (0..50).map(|i| map.remove(&(i * 40)).expect("never removed").into_inner()).sum();
        assert_eq!(total, STEPS * THREADS as u64, "{promotion:?}");
    }
}
