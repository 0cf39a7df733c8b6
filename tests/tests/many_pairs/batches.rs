//! `get_many`, `contains_many`, `insert_many`, `remove_many` do the same as single operations in the order of
//! the slice.
//!
//! Properties:
//! - with one thread, for keys of one and several words and values of every size, copied and owned: every
//!   batch answers as `BTreeMap` does key by key. Batches are empty, random, sorted either way, dense, one
//!   repeated key, or absent keys;
//! - batches of insertions leave the same structure as single ones: tall keys are promoted, ascending keys
//!   leave full leaves;
//! - while other threads change other keys: a thread's own keys answer as its model says, keys that stay are
//!   always found, every value belongs to its key, and the invariants hold at the end;
//! - if memory runs out, `try_insert_many` says where it ended and leaves the rest as it was. No value is
//!   lost or dropped twice;
//! - pairs without a value are left alone. Slices that differ in length are refused.

use bskip_core::{AllocErrorKind, BSkipMap, BumpArena, Key, Promotion};
use core::fmt::Debug;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use tests::config::{CRUEL_PROMOTIONS, config, map_of};
use tests::counted::{Counted, Ledger};
use tests::keys::{NumberedKey, TestKey};
use tests::rng::{Rng, mix};
use tests::threads;
use tests::values::NumberedValue;

/// Numbers of keys, in the patterns that users may bring.
fn numbers(rng: &mut Rng) -> Vec<u32> {
    let longest = [3, 40, 100, 500][rng.below(4) as usize];
    let n = rng.below(longest) as u32;
    let (start, step) = (rng.below(6000) as u32, rng.below(5) as u32);
    let mut numbers: Vec<u32> = match rng.below(6) {
        // A run of neighbours, or one repeated key.
        0 | 1 => (0..n).map(|i| start + i * step).collect(),
        2 => (0..n).map(|_| rng.below(40) as u32).collect(),
        // Usually absent.
        3 => (0..n).map(|_| rng.draw() as u32 | 1).collect(),
        _ => (0..n).map(|_| rng.below(6000) as u32).collect(),
    };
    match rng.below(4) {
        0 => numbers.sort_unstable(),
        1 => numbers.sort_unstable_by_key(|&number| !number),
        _ => {}
    }
    numbers
}

/// One way to look up many keys.
type Look<K, V> = fn(&BSkipMap<K, V>, &[K]) -> Vec<Option<V>>;

fn copied<K: Key, V: Copy>(map: &BSkipMap<K, V>, keys: &[K]) -> Vec<Option<V>> {
    let mut values = vec![None; keys.len()];
    map.get_many(keys, &mut values);
    values
}

fn one_by_one<K: Key, V: Clone>(map: &BSkipMap<K, V>, keys: &[K]) -> Vec<Option<V>> {
    keys.iter().map(|key| map.get_cloned(key)).collect()
}

/// Random batches on a map and on `BTreeMap`.
fn compare<K: TestKey, V: Clone + PartialEq + Debug>(look: Look<K, V>, value: impl Fn(u32) -> V) {
    for (seed, promotion) in (0..).zip(CRUEL_PROMOTIONS) {
        let (mut map, mut model) = (map_of::<K, V>(promotion), BTreeMap::new());
        let mut rng = Rng::new(seed);
        for round in 0..600 {
            let keys: Vec<K> = numbers(&mut rng).into_iter().map(K::nth).collect();
            // Phases of mostly insertions alternate with phases of mostly removals.
            let grows = round / 100 % 2 == 0;
            match rng.below(8) {
                0 | 1 => {
                    let expected: Vec<Option<V>> = keys.iter().map(|key| model.get(key).cloned()).collect();
                    assert_eq!(look(&map, &keys), expected, "round {round}");
                    let mut found = vec![rng.below(2) == 0; keys.len()];
                    map.contains_many(&keys, &mut found);
                    assert!(found.iter().eq(expected.iter().map(Option::is_some).collect::<Vec<_>>().iter()));
                }
                what if what < 3 || grows == (what < 7) => {
                    let mut pairs: Vec<(K, Option<V>)> = keys
                        .iter()
                        .map(|&key| (key, (rng.below(16) > 0).then(|| value(rng.draw() as u32))))
                        .collect();
                    let expected: Vec<(K, Option<V>)> = pairs
                        .iter()
                        .map(|(key, value)| (*key, value.clone().and_then(|value| model.insert(*key, value))))
                        .collect();
                    map.insert_many(&mut pairs);
                    assert_eq!(pairs, expected, "round {round}");
                }
                _ => {
                    let expected: Vec<Option<V>> = keys.iter().map(|key| model.remove(key)).collect();
                    let mut values = vec![Some(value(7)); keys.len()];
                    map.remove_many(&keys, &mut values);
                    assert_eq!(values, expected, "round {round}");
                }
            }
            if round % 50 == 0 {
                assert_eq!(map.check_invariants().keys, model.len());
            }
        }
        assert!(map.iter().cloned().eq(model));
        map.check_invariants();
    }
}

#[test]
fn answers_are_those_of_single_operations() {
    compare::<u64, u64>(copied, u64::from);
    compare::<u64, String>(one_by_one, |v| v.to_string());
    compare::<[u8; 20], [u64; 5]>(copied, |v| [u64::from(v); 5]);
}

#[cfg(thorough)]
#[test]
fn values_of_every_size_too() {
    compare::<u32, u8>(copied, |v| v as u8);
    compare::<i64, [u64; 5]>(copied, |v| [u64::from(v); 5]);
    compare::<i8, ()>(copied, |_| ());
    compare::<u64, [u8; 201]>(copied, |v| [v as u8; 201]);
}

// With small nodes, batches run only among writers: four more maps would take half a minute to compile.
#[cfg(all(thorough, not(small_nodes)))]
#[test]
fn keys_of_several_words_too() {
    compare::<(u32, u64), u64>(copied, u64::from);
    compare::<i128, Option<u32>>(copied, |v| (v & 3 > 0).then_some(v));
    compare::<[u8; 20], [u64; 20]>(copied, |v| [u64::from(v); 20]);
    compare::<(u8, (u16, u32)), Box<u32>>(one_by_one, Box::new);
}

#[test]
fn the_structure_is_that_of_single_insertions() {
    for promotion in CRUEL_PROMOTIONS {
        let (mut batches, mut single) = (map_of::<u64, u64>(promotion), map_of::<u64, u64>(promotion));
        for batch in 0..300 {
            let mut pairs: Vec<(u64, Option<u64>)> =
                (0..batch % 70).map(|i| (mix(batch << 8 | i), Some(i))).collect();
            pairs.iter().for_each(|&(key, value)| assert_eq!(single.insert(key, value.expect("new")), None));
            batches.insert_many(&mut pairs);
        }
        assert_eq!(batches.check_invariants(), single.check_invariants(), "{promotion:?}");
    }
}

/// Keys in classes. Of every eight, six belong to one thread each, one is never removed, and all threads
/// share one.
const OWNERS: u64 = 6;
const STAYS: u64 = 6;
const COMMON: u64 = 7;

fn number(class: u64, i: u64) -> u64 {
    i * 8 + class
}

/// A value that says to which key it belongs.
fn token(key: u64, write: u64) -> u64 {
    key << 32 | write & 0xffff_ffff
}

fn concurrently<K: NumberedKey, V: NumberedValue>(look: Look<K, V>, promotion: Promotion, per_class: u64)
where
    BSkipMap<K, V>: Sync,
{
    let mut map = map_of::<K, V>(promotion);
    for i in 0..per_class {
        let key = number(STAYS, i);
        map.insert(K::of(key), V::of(token(key, 0)));
    }
    let checked = AtomicUsize::new(0);
    let shared = &map;
    let models = threads::run(OWNERS as usize + 2, |t| {
        let mut rng = Rng::new(t as u64);
        let mut model = BTreeMap::new();
        for round in 0..3000u64 {
            let class = if t as u64 >= OWNERS { [STAYS, COMMON][t % 2] } else { t as u64 };
            let (n, start, dense) = (rng.below(70), rng.below(per_class), rng.below(2) == 0);
            let numbers: Vec<u64> = (0..n)
                .map(|i| if dense { (start + i) % per_class } else { rng.below(per_class) })
                .map(|i| number(class, i))
                .collect();
            let keys: Vec<K> = numbers.iter().map(|&number| K::of(number)).collect();
            checked.fetch_add(keys.len(), Ordering::Relaxed);
            let (insert, remove) = if round / 100 % 2 == 0 { (5, 7) } else { (3, 7) };
            match rng.below(10) {
                _ if class == STAYS => {
                    for (number, value) in numbers.iter().zip(look(shared, &keys)) {
                        assert_eq!(value.expect("a key that stays").number(), token(*number, 0));
                    }
                }
                what if what < insert => {
                    let mut pairs: Vec<(K, Option<V>)> =
                        numbers.iter().map(|&n| (K::of(n), Some(V::of(token(n, round))))).collect();
                    shared.insert_many(&mut pairs);
                    for (&number, (_, old)) in numbers.iter().zip(pairs) {
                        let old = old.map(|value| value.number());
                        assert!(old.is_none_or(|old| old >> 32 == number), "{number}: another's {old:?}");
                        let expected = model.insert(number, token(number, round));
                        assert!(class == COMMON || old == expected, "{number}: {old:?}, not {expected:?}");
                    }
                }
                what if what < remove => {
                    let mut values: Vec<Option<V>> = keys.iter().map(|_| None).collect();
                    shared.remove_many(&keys, &mut values);
                    for (number, value) in numbers.iter().zip(values) {
                        let (old, expected) = (value.map(|value| value.number()), model.remove(number));
                        assert!(old.is_none_or(|old| old >> 32 == *number), "{number}: another's {old:?}");
                        assert!(class == COMMON || old == expected, "{number}: {old:?}, not {expected:?}");
                    }
                }
                what => {
                    let seen: Vec<Option<u64>> = match what {
                        7 => {
                            let mut found = vec![false; keys.len()];
                            shared.contains_many(&keys, &mut found);
                            let model = |n| model.get(n).copied().unwrap_or(token(*n, 0));
                            found.iter().zip(&numbers).map(|(&found, n)| found.then(|| model(n))).collect()
                        }
                        _ => look(shared, &keys).into_iter().map(|value| Some(value?.number())).collect(),
                    };
                    for (number, value) in numbers.iter().zip(seen) {
                        assert!(
                            value.is_none_or(|value| value >> 32 == *number),
                            "{number}: another's value"
                        );
                        let expected = model.get(number).copied();
                        assert!(
                            class == COMMON || value == expected,
                            "{number}: {value:?}, not {expected:?}"
                        );
                    }
                }
            }
        }
        // Keys that several threads use are in no model.
        if t as u64 >= OWNERS { BTreeMap::new() } else { model }
    });
    println!("{} operations", checked.into_inner());
    let owned: BTreeMap<u64, u64> = models.into_iter().flatten().collect();
    let left = map.iter().cloned().map(|(key, value)| (key.number(), value.number()));
    assert!(left.filter(|(key, _)| key % 8 < OWNERS).eq(owned));
    let stay = map.iter().cloned().filter(|(key, _)| key.number() % 8 == STAYS).count();
    assert_eq!(stay as u64, per_class);
    map.check_invariants();
}

#[test]
fn among_writers() {
    for promotion in CRUEL_PROMOTIONS {
        concurrently::<u64, u64>(copied, promotion, 20);
        concurrently::<u64, u64>(copied, promotion, 3000);
    }
}

#[cfg(thorough)]
#[test]
fn other_types_among_writers() {
    concurrently::<u64, [u64; 5]>(copied, CRUEL_PROMOTIONS[2], 300);
    concurrently::<(u32, u64), [u8; 19]>(copied, CRUEL_PROMOTIONS[3], 300);
    concurrently::<u64, Box<[u64; 3]>>(one_by_one, CRUEL_PROMOTIONS[4], 300);
}

#[test]
fn a_batch_ends_where_memory_does() {
    for promotion in CRUEL_PROMOTIONS {
        let ledger = Ledger::new(1 << 16);
        let arena = BumpArena::with_limit(100_000);
        let mut map = BSkipMap::<u64, Counted<'_>, _>::with_config(arena, config(promotion, 4))
            .expect("room for an empty map");
        let mut inserted = 0;
        let mut refusals = 0;
        for batch in 0..200u64 {
            let keys: Vec<u64> = (0..100).map(|i| mix(batch * 100 + i)).collect();
            let mut pairs: Vec<_> = keys.iter().map(|&key| (key, Some(ledger.value(key)))).collect();
            let done = match map.try_insert_many(&mut pairs) {
                Ok(()) => pairs.len(),
                Err(error) => {
                    assert_eq!(error.cause.kind, AllocErrorKind::LimitReached);
                    refusals += 1;
                    error.done
                }
            };
            for (i, (key, value)) in pairs.iter().enumerate() {
                assert_eq!(*key, keys[i]);
                assert_eq!(value.as_ref().map(Counted::checked), (i >= done).then_some(*key));
                assert_eq!(map.contains_key(key), i < done);
            }
            inserted += done;
            drop(pairs);
            ledger.expect_live(inserted);
        }
        assert!(refusals > 0, "{promotion:?}: {inserted} keys");
        assert_eq!(map.check_invariants().keys, inserted);
        // Replacing needs no memory, and the old values come back.
        let keys: Vec<u64> = map.iter().cloned().map(|(key, _)| key).collect();
        let mut pairs: Vec<_> = keys.iter().map(|&key| (key, Some(ledger.value(!key)))).collect();
        map.insert_many(&mut pairs);
        assert!(pairs.iter().all(|(key, value)| value.as_ref().map(Counted::checked) == Some(*key)));
        let mut values: Vec<_> = keys.iter().map(|&key| Some(ledger.value(key))).collect();
        map.remove_many(&keys, &mut values);
        assert!(values.iter().zip(&keys).all(|(value, key)| value.as_ref().map(|v| v.id) == Some(!key)));
        drop((pairs, values));
        ledger.expect_live(0);
        assert!(map.is_empty());
    }
}

#[test]
fn slices_of_other_lengths_are_refused() {
    fn message(call: impl FnOnce(&BSkipMap<u64, u64>) + std::panic::UnwindSafe) -> String {
        let panic =
            std::panic::catch_unwind(|| call(&[(1, 1)].into_iter().collect())).expect_err("it panics");
        *panic.downcast::<String>().expect("a message")
    }
    let get = message(|map| map.get_many(&[1, 2], &mut [None; 3]));
    assert_eq!(get, "BSkipMap::get_many: 2 keys, but room for 3 values");
    let contains = message(|map| map.contains_many(&[1, 2], &mut [false; 1]));
    assert_eq!(contains, "BSkipMap::contains_many: 2 keys, but room for 1 found");
    let remove = message(|map| map.remove_many(&[], &mut [None; 1]));
    assert_eq!(remove, "BSkipMap::remove_many: 0 keys, but room for 1 values");
}
