//! Maps built from sorted pairs.
//!
//! Properties:
//! - a built map holds exactly its pairs, and its invariants hold. This is tested for every promotion policy,
//!   several shapes of keys and values, every size around a node's capacity and larger ones, and every fill.
//!   The load has one part or several, built by one thread or several, in any order;
//! - the built map then answers every operation as a `BTreeMap` does, and shrinks to nothing;
//! - if keys do not ascend, in a part or between parts, the error names them, and every pair that the load
//!   has taken is dropped once;
//! - if any request for memory fails, the call fails, all blocks come back, and the rest of the load is
//!   usable;
//! - an iterator that panics leaves nothing behind;
//! - `append`, `extend` and `collect` do as `BTreeMap`'s do.

use bskip_core::{AllocErrorKind, BSkipMap, BlockArena, BulkError, BulkLoad, GlobalArena, Promotion};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tests::config::{CRUEL_PROMOTIONS, config};
use tests::counted::{Counted, Ledger};
use tests::keys::NumberedKey;
use tests::rationed::{Rationed, Refuse};
use tests::rng::Rng;
use tests::values::NumberedValue;

/// Pairs of every third number, so that others fit in between.
fn pairs<K: NumberedKey, V: NumberedValue>(from: u64, to: u64) -> impl Iterator<Item = (K, V)> + Clone {
    (from..to).map(|i| (K::of(3 * i), V::of(i)))
}

fn load<K: NumberedKey, V>(promotion: Promotion, fill: f64) -> BulkLoad<K, V> {
    BulkLoad::with_config(GlobalArena::new(), config(promotion, 0x5EED)).expect("memory").fill(fill)
}

/// Whether the map holds exactly the model's pairs, from both ends.
fn expect_same<K: NumberedKey, V: NumberedValue, A: BlockArena>(
    map: &mut BSkipMap<K, V, A>,
    model: &BTreeMap<K, V>,
    what: &str,
) {
    let found = map.check_invariants();
    assert_eq!(found.keys, model.len(), "{what}: {found:?}");
    assert_eq!(map.len(), model.len(), "{what}");
    let expected = model.iter().map(|(&key, value)| (key, value.number()));
    assert!(map.iter().cloned().map(|(key, value)| (key, value.number())).eq(expected.clone()), "{what}");
    let backwards = map.iter().cloned().rev().map(|(key, value)| (key, value.number()));
    assert!(backwards.eq(expected.rev()), "{what}, backwards");
}

/// Ordinary operations on a built map, then removal of everything.
fn live<K: NumberedKey, V: NumberedValue>(mut map: BSkipMap<K, V>, mut model: BTreeMap<K, V>, what: &str) {
    let mut rng = Rng::new(7);
    let numbers = 3 * model.len() as u64 + 10;
    for step in 0..2 * model.len() + 300 {
        let key = K::of(rng.below(numbers));
        let number = |value: Option<V>| value.map(|value| value.number());
        match rng.below(8) {
            0..=2 => {
                let (ours, theirs) =
                    (map.insert(key, V::of(step as u64)), model.insert(key, V::of(step as u64)));
                assert_eq!(number(ours), number(theirs), "{what}: insert {key:?}");
            }
            3..=5 => assert_eq!(number(map.remove(&key)), number(model.remove(&key)), "{what}: {key:?}"),
            6 => assert_eq!(
                number(map.get_cloned(&key)),
                model.get(&key).map(NumberedValue::number),
                "{what}: {key:?}"
            ),
            _ => {
                let ours = map.range(key..).cloned().take(3).map(|(key, value)| (key, value.number()));
                let theirs = model.range(key..).take(3).map(|(&key, value)| (key, value.number()));
                assert!(ours.eq(theirs), "{what}: from {key:?}");
            }
        }
    }
    expect_same(&mut map, &model, what);
    while let Some((key, value)) = map.pop_first() {
        let expected = model.pop_first().expect("as many");
        assert_eq!((key, value.number()), (expected.0, expected.1.number()), "{what}");
    }
    assert!(model.is_empty(), "{what}");
    map.check_invariants();
}

/// Builds every size around a few capacities, and runs operations on some.
fn sizes<K: NumberedKey, V: NumberedValue>(large: &[u64]) {
    for promotion in CRUEL_PROMOTIONS {
        for fill in [1.0, 0.7, 0.0] {
            let around = [1u64, 4, 8, 64, 512, 4096].into_iter().flat_map(|c| [c - 1, c, c + 1]);
            for size in around.chain(large.iter().copied().filter(|_| fill == 1.0)) {
                let what = format!("{promotion:?}, fill {fill}, {size} keys");
                let load = load::<K, V>(promotion, fill);
                load.part(pairs(0, size)).expect("ascending");
                let mut map = load.finish().expect("one part");
                let model: BTreeMap<K, V> = pairs(0, size).collect();
                expect_same(&mut map, &model, &what);
                if size < if fill == 1.0 { 5000 } else { 100 } {
                    live(map, model, &what);
                }
            }
        }
    }
}

#[test]
fn plain_numbers() {
    sizes::<u64, u64>(&[100_000]);
}

#[cfg(thorough)]
#[test]
fn wide_values() {
    sizes::<u64, [u64; 5]>(&[20_000]);
    sizes::<(u32, u64), [u8; 19]>(&[5000]);
}

#[test]
fn keys_of_several_words() {
    sizes::<[u8; 64], String>(&[2000]);
}

#[cfg(thorough)]
#[test]
fn keys_of_two_words() {
    sizes::<u128, u64>(&[20_000]);
}

/// Leaves are full, except before a tall key, which starts a leaf. There are as many as ascending insertions
/// make.
#[test]
fn leaves_are_as_full_as_told() {
    const N: u64 = 100_000;
    for promotion in CRUEL_PROMOTIONS {
        let full = load::<u64, u64>(promotion, 1.0);
        full.part(pairs(0, N)).expect("ascending");
        let mut full = full.finish().expect("one part");
        let inserted: BSkipMap<u64, u64> =
            BSkipMap::with_config(GlobalArena::new(), config(promotion, 0x5EED)).expect("memory");
        pairs(0, N).for_each(|(key, value)| assert_eq!(inserted.insert(key, value), None));
        let mut inserted = inserted;
        let (ours, theirs) = (full.check_invariants(), inserted.check_invariants());
        assert!(ours.leaves.abs_diff(theirs.leaves) <= 1, "{promotion:?}: {ours:?}, inserted {theirs:?}");
        assert!(ours.inners.abs_diff(theirs.inners) <= 8, "{promotion:?}: {ours:?}, inserted {theirs:?}");
        let loose = load::<u64, u64>(promotion, 0.5);
        loose.part(pairs(0, N)).expect("ascending");
        let loose = loose.finish().expect("one part").check_invariants();
        if promotion == Promotion::Overflow {
            assert!(loose.leaves > ours.leaves * 19 / 10, "{loose:?}, {ours:?}");
        }
    }
}

#[test]
fn parts_from_several_threads() {
    for promotion in CRUEL_PROMOTIONS {
        for (parts, size) in [(2, 100_000), (7, 1000), (30, 3), (5, 1)] {
            let load = load::<u64, String>(promotion, 1.0);
            std::thread::scope(|threads| {
                for thread in 0..3 {
                    let load = &load;
                    threads.spawn(move || {
                        // From right to left, in turns.
                        for part in (0..parts).rev().filter(|part| part % 3 == thread) {
                            load.part(pairs(part * size, (part + 1) * size)).expect("ascending");
                        }
                        load.part([]).expect("an empty part is no mistake");
                    });
                }
            });
            let mut map = load.finish().expect("ascending parts");
            let model: BTreeMap<u64, String> = pairs(0, parts * size).collect();
            let what = format!("{promotion:?}, {parts} parts of {size}");
            expect_same(&mut map, &model, &what);
            if size < 10_000 {
                live(map, model, &what);
            }
        }
    }
}

#[test]
fn no_part_is_an_empty_map() {
    let load = BulkLoad::<u64, u64>::default();
    load.part([]).expect("nothing");
    let mut map = load.finish().expect("nothing");
    assert_eq!((map.check_invariants().leaves, map.first_key_value()), (1, None));
    assert_eq!(map.insert(1, 1), None);
}

#[test]
fn keys_that_do_not_ascend() {
    for (at, wrong) in [(1, 0), (5, 4), (64, 63), (200, 0), (999, 998)] {
        let ledger = Ledger::new(10_000);
        let pairs = |from: u64, to: u64| (from..to).map(|i| (i, ledger.value(i)));
        let load: BulkLoad<u64, Counted<'_>> = BulkLoad::new();
        load.part(pairs(2000, 2100)).expect("ascending");
        let mut unsorted = pairs(0, at).chain([(wrong, ledger.value(0))]).chain(pairs(at, 1000));
        let error = load.part(unsorted.by_ref()).expect_err("not ascending");
        assert_eq!(error, BulkError::NotAscending { key: wrong, after: at - 1 });
        ledger.expect_live(100);
        assert_eq!(unsorted.next().map(|(key, _)| key), Some(at), "the rest is the caller's");
        // The finished load contains nothing of it.
        load.part(pairs(0, 1000)).expect("ascending");
        let mut map = load.finish().expect("two parts");
        assert_eq!(map.check_invariants().keys, 1100);
        ledger.expect_live(1100);
        drop(map);
        ledger.expect_live(0);
    }
}

#[test]
fn parts_that_overlap() {
    let ledger = Ledger::new(10_000);
    let pairs = |from: u64, to: u64| (from..to).map(|i| (i, ledger.value(i)));
    for (second, key) in [(99..200, 99), (0..1, 0), (50..51, 50)] {
        let load: BulkLoad<u64, Counted<'_>> = BulkLoad::new();
        load.part(pairs(300, 400)).expect("ascending");
        load.part(pairs(second.start, second.end)).expect("ascending");
        load.part(pairs(0, 100)).expect("ascending");
        let error = load.finish().expect_err("overlap");
        let BulkError::NotAscending { key: found, after } = error else { panic!("{error}") };
        assert!(found <= after && (found == key || after == 0), "{found}, {after}");
        ledger.expect_live(0);
    }
    let load: BulkLoad<u64, Counted<'_>> = BulkLoad::new();
    load.part(pairs(10, 400)).expect("ascending");
    load.part(pairs(0, 10)).expect("ascending");
    drop(load);
    ledger.expect_live(0);
}

/// Builds from two parts. The `n`-th request for memory fails; the part that failed is built again. Returns
/// whether a request failed.
fn build_with_failure(promotion: Promotion, n: usize, ledger: &Ledger) -> bool {
    let pairs = |from: u64, to: u64| (from..to).map(|i| (NumberedKey::of(i), ledger.value(i)));
    let arena = Rationed::all_nodes();
    let load: BulkLoad<[u8; 64], Counted<'_>, _> =
        BulkLoad::with_config(arena.clone(), config(promotion, 3)).expect("memory");
    arena.ration.set(Refuse::Once(n));
    for (from, to) in [(300, 500), (0, 300)] {
        let before = ledger.live();
        let Err(error) = load.part(pairs(from, to)) else { continue };
        let BulkError::NoMemory(cause) = error else { panic!("{error}") };
        assert_eq!(cause.kind, AllocErrorKind::LimitReached);
        ledger.expect_live(before);
        load.part(pairs(from, to)).expect("there is memory again");
    }
    match load.finish() {
        Ok(mut map) => {
            // The check also counts blocks, so those of the failed part have come back.
            assert_eq!(map.check_invariants().keys, 500);
            ledger.expect_live(500);
        }
        Err(error) => {
            assert!(matches!(error, BulkError::NoMemory(_)), "{error}");
            ledger.expect_live(0);
        }
    }
    arena.ration.refused() > 0
}

#[test]
fn memory_fails_at_every_request() {
    for promotion in CRUEL_PROMOTIONS {
        let mut requests = 0;
        let ledger = Ledger::new(1_000_000);
        while build_with_failure(promotion, requests, &ledger) {
            ledger.expect_live(0);
            requests += 1;
        }
        ledger.expect_live(0);
        assert!(requests > 500 / 8, "{promotion:?}: {requests}");
    }
}

/// `append` loses only the pair in hand. If there is no memory for an entry, only the entry is missing.
#[test]
fn memory_fails_while_appending() {
    type Map<'a> = BSkipMap<[u8; 64], Counted<'a>, Rationed>;
    for promotion in CRUEL_PROMOTIONS {
        for first_of_other in [0, 200] {
            for n in 0.. {
                let ledger = Ledger::new(10_000);
                let arena = Rationed::all_nodes();
                let map = || Map::with_config(arena.clone(), config(promotion, 3)).expect("memory");
                let (mut left, mut right) = (map(), map());
                left.extend((0..200).map(|i| (NumberedKey::of(2 * i), ledger.value(i))));
                let mut own =
                    (0..300).map(|i| (NumberedKey::of(2 * (first_of_other + i) + 1), ledger.value(i)));
                right.extend(own.by_ref());
                arena.ration.set(Refuse::Once(n));
                let appended = catch_unwind(AssertUnwindSafe(|| left.append(&mut right)));
                let refused = arena.ration.refused();
                arena.ration.set(Refuse::Nothing);
                let (ours, theirs) = (left.check_invariants().keys, right.check_invariants().keys);
                assert_eq!(ours + theirs, 500 - usize::from(appended.is_err()), "{promotion:?}, {n}");
                ledger.expect_live(ours + theirs);
                // No pair is in both maps, and both maps still work.
                left.append(&mut right);
                assert_eq!((left.check_invariants().keys, right.check_invariants().keys), (ours + theirs, 0));
                drop((left, right));
                ledger.expect_live(0);
                if refused == 0 {
                    assert!(appended.is_ok() && n > 0);
                    break;
                }
            }
        }
    }
}

#[test]
fn iterators_that_panic() {
    for at in [0, 1, 5, 64, 300] {
        let ledger = Ledger::new(10_000);
        let pairs = |from: u64| (from..).map(|i| (i, ledger.value(i)));
        let panicking =
            |from: u64| pairs(from).inspect(move |&(key, _)| assert!(key < from + at, "asked to panic"));
        let load: BulkLoad<u64, Counted<'_>> = BulkLoad::new();
        load.part(pairs(1000).take(10)).expect("ascending");
        assert!(catch_unwind(AssertUnwindSafe(|| load.part(panicking(0)))).is_err());
        ledger.expect_live(10);
        let mut map = load.finish().expect("one part");
        assert_eq!(map.check_invariants().keys, 10);
        assert!(catch_unwind(AssertUnwindSafe(|| map.extend(panicking(2000)))).is_err());
        let kept = map.check_invariants().keys;
        assert!((10..=10 + at as usize).contains(&kept));
        ledger.expect_live(kept);
    }
}

#[test]
fn append_does_as_btreemap() {
    for promotion in CRUEL_PROMOTIONS {
        let seed = 0x5EED;
        let map = |from: u64, to: u64| -> (BSkipMap<u64, String>, BTreeMap<u64, String>) {
            let map = BSkipMap::with_config(GlobalArena::new(), config(promotion, seed)).expect("memory");
            pairs::<u64, String>(from, to).for_each(|(key, value)| drop(map.insert(key, value)));
            (map, pairs(from, to).collect())
        };
        let ranges = [(0, 0, 0, 0), (0, 0, 0, 500), (0, 500, 0, 0), (0, 500, 500, 1500), (500, 900, 0, 500)];
        for (a, b, c, d) in ranges.into_iter().chain([(0, 500, 499, 700), (0, 900, 300, 301), (0, 1, 1, 2)]) {
            for emptied in [false, true] {
                let what = format!("{promotion:?}, {a}..{b}, {c}..{d}, emptied {emptied}");
                let ((mut left, mut left_model), (mut right, mut right_model)) = (map(a, b), map(c, d));
                if emptied {
                    // Nodes of the upper levels stay.
                    while left.pop_last().is_some() {}
                    left_model.clear();
                }
                right_model.values_mut().for_each(|value| *value = String::of(value.number() + 7));
                let keys: Vec<u64> = right_model.keys().copied().collect();
                keys.iter().for_each(|key| {
                    assert!(right.update(key, |v| *v = String::of(v.number() + 7)).is_some())
                });
                left.append(&mut right);
                left_model.append(&mut right_model);
                expect_same(&mut left, &left_model, &what);
                expect_same(&mut right, &right_model, &what);
                assert_eq!(right.insert(5, String::of(5)), None);
                live(left, left_model, &what);
            }
        }
    }
}

#[test]
fn extend_and_collect_take_any_order() {
    let mut rng = Rng::new(11);
    for size in [0u64, 1, 2, 10, 1000, 20_000] {
        let mut numbers: Vec<u64> = (0..size).map(|i| i % (size / 2 + 1)).collect();
        rng.shuffle(&mut numbers);
        // Of equal keys, the last one counts.
        let given = || numbers.iter().zip(0u64..).map(|(&key, number)| (key, String::of(number)));
        let model: BTreeMap<u64, String> = given().collect();
        let mut map: BSkipMap<u64, String> = given().collect();
        expect_same(&mut map, &model, "collected");
        live(map, model.clone(), "collected");
        for sorted_first in [0, 5, 300] {
            let mut map: BSkipMap<u64, String> = pairs(0, sorted_first).collect();
            let mut model: BTreeMap<u64, String> = pairs(0, sorted_first).collect();
            for map_and_model in 0..3u64 {
                let ascending =
                    pairs::<u64, String>(1000 * (map_and_model + 1), 1000 * (map_and_model + 1) + 70);
                map.extend(ascending.clone().chain(given()));
                model.extend(ascending.chain(given()));
            }
            expect_same(&mut map, &model, "extended");
            live(map, model, "extended");
        }
    }
}
