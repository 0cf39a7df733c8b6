//! Maps of byte strings built from sorted pairs.
//!
//! Properties:
//! - a built map holds exactly its pairs, and its invariants hold, for every promotion policy, several sets of
//!   keys and sizes, and every fill, in one part or several, built by several threads in any order;
//! - the built map then answers every operation as a `BTreeMap` does;
//! - nodes are as full as with keys that have nothing in common cut off;
//! - if keys do not ascend, or one is refused, the call fails, and every pair that it has taken is dropped once;
//! - if any request for memory fails, the call fails, all blocks come back, and the rest of the load is usable;
//! - `append`, `extend` and `collect` do as `BTreeMap`'s do.

use bskip_core::{
    BSkipBytesMap, BlockArena, BytesBulkError, BytesBulkLoad, BytesInsertErrorKind, GlobalArena, Promotion,
};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tests::config::{CRUEL_PROMOTIONS, config, some_promotions};
use tests::counted::{Counted, Ledger};
use tests::rationed::{Rationed, Refuse};
use tests::rng::{Rng, mix};

type Map<V, A = GlobalArena> = BSkipBytesMap<[u8], V, A>;
type Load<V, A = GlobalArena> = BytesBulkLoad<[u8], V, A>;
type Model = BTreeMap<Vec<u8>, u64>;

/// A key of the set with this number.
fn key(set: usize, i: u64) -> Vec<u8> {
    let r = mix(i);
    match set {
        // Numbers in order: leaves have long prefixes.
        0 => format!("user{i:019}").into_bytes(),
        1 => format!("user{r:019}").into_bytes(),
        // Groups of various sizes. A leaf's prefix becomes shorter where one ends.
        2 => {
            let host = mix(r % 97) % 1_000_000;
            let depth = (host % 4) as usize;
            format!("https://www.{host}.org/{}{}/{r:x}", "articles/".repeat(depth), r % 7).into_bytes()
        }
        // All common starts, and bytes that have no successor.
        3 => (0..r % 12).map(|j| [0, 0xFF, 0xFF, 0xFE][(r >> (8 + 2 * j)) as usize & 3]).collect(),
        // Long common starts.
        4 => [&vec![b'p'; 70 + (r % 3) as usize][..], format!("{r:016x}").as_bytes()].concat(),
        // Long keys with little in common.
        _ => (0..60 + r % 40).map(|j| (mix(r ^ j) % 3) as u8).collect(),
    }
}

const SETS: usize = 6;

fn model(set: usize, size: u64) -> Model {
    (0..).map(|i| (key(set, i), i)).take(size as usize).collect()
}

fn load(promotion: Promotion, fill: f64) -> Load<u64> {
    Load::with_config(GlobalArena::new(), config(promotion, 0x5EED)).expect("memory").fill(fill)
}

fn pairs(model: &Model) -> impl Iterator<Item = (&[u8], u64)> {
    model.iter().map(|(key, &value)| (&key[..], value))
}

fn expect_same<A: BlockArena>(map: &mut Map<u64, A>, model: &Model, what: &str) {
    let found = map.check_invariants();
    assert_eq!((found.keys, map.len()), (model.len(), model.len()), "{what}: {found:?}");
    let owned = || model.iter().map(|(key, &value)| (key.clone(), value));
    assert!(map.iter().eq(owned()), "{what}");
    assert!(map.iter().rev().eq(owned().rev()), "{what}, backwards");
    assert!(model.iter().all(|(key, &value)| map.get(key) == Some(value)), "{what}: found");
}

/// Ordinary operations on a built map.
fn live(mut map: Map<u64>, mut model: Model, set: usize, what: &str) {
    let mut rng = Rng::new(7);
    let numbers = 2 * model.len() as u64 + 10;
    for step in 0..2 * model.len() as u64 + 300 {
        let key = key(set, rng.below(numbers));
        match rng.below(8) {
            0..=2 => assert_eq!(map.insert(&key, step), model.insert(key, step), "{what}"),
            3..=5 => assert_eq!(map.remove(&key), model.remove(&key), "{what}"),
            6 => assert_eq!(map.get(&key), model.get(&key).copied(), "{what}"),
            _ => {
                let theirs = model.range(key.clone()..).take(3).map(|(key, &value)| (key.clone(), value));
                assert!(map.range(key..).take(3).eq(theirs), "{what}");
            }
        }
    }
    expect_same(&mut map, &model, what);
    while let Some(pair) = map.pop_first() {
        assert_eq!(Some(pair), model.pop_first(), "{what}");
    }
    assert!(model.is_empty(), "{what}");
    map.check_invariants();
}

#[test]
fn every_set_size_and_fill() {
    for set in 0..SETS {
        for promotion in some_promotions() {
            for fill in [1.0, 0.7, 0.0] {
                let around = [1u64, 8, 48, 64].into_iter().flat_map(|c| [c - 1, c, c + 1]);
                for size in around.chain([500, 3000]) {
                    let what = format!("set {set}, {promotion:?}, fill {fill}, {size} keys");
                    let load = load(promotion, fill);
                    let model = model(set, size);
                    load.part(pairs(&model)).expect("ascending");
                    let mut map = load.finish().expect("one part");
                    expect_same(&mut map, &model, &what);
                    if fill == 1.0 || size < 60 {
                        live(map, model, set, &what);
                    }
                }
            }
        }
    }
}

/// The bytes of nodes for each key, beyond the key and its value.
#[cfg(not(small_nodes))]
fn overhead(map: &Map<u64>, model: &Model) -> f64 {
    let own: usize = model.keys().map(|key| key.len() + 8).sum();
    (map.usage().issued_bytes as f64 - own as f64) / model.len() as f64
}

/// A node of 2048 bytes has 48 slots, which fill it for keys like `user…`.
#[cfg(not(small_nodes))]
#[test]
fn leaves_are_full() {
    for (set, most) in [(0, 15.0), (1, 15.0), (2, 15.0), (4, 0.0)] {
        let model = model(set, 50_000);
        let load = load(Promotion::default(), 1.0);
        load.part(pairs(&model)).expect("ascending");
        let mut built = load.finish().expect("one part");
        let mut inserted: Map<u64> = Map::new();
        pairs(&model).for_each(|(key, value)| assert_eq!(inserted.insert(key, value), None));
        let (ours, theirs) = (built.check_invariants(), inserted.check_invariants());
        let what =
            format!("set {set}: {} bytes a key, {ours:?}, inserted {theirs:?}", overhead(&built, &model));
        assert!(overhead(&built, &model) < most, "{what}");
        assert!(ours.leaves <= theirs.leaves + theirs.leaves / 50, "{what}");
    }
}

#[test]
fn parts_from_several_threads() {
    for set in 0..SETS {
        for promotion in some_promotions() {
            for (parts, size) in [(2, 3000), (7, 300), (30, 3)] {
                let model = model(set, parts * size);
                let all: Vec<_> = pairs(&model).collect();
                let load = load(promotion, 1.0);
                std::thread::scope(|threads| {
                    for thread in 0..3 {
                        let (load, all) = (&load, &all);
                        threads.spawn(move || {
                            // From right to left, in turns.
                            for (_, part) in
                                all.chunks(size as usize).enumerate().rev().filter(|i| i.0 % 3 == thread)
                            {
                                load.part(part.iter().copied()).expect("ascending");
                            }
                            load.part([(&[][..], 0); 0]).expect("an empty part is no mistake");
                        });
                    }
                });
                let mut map = load.finish().expect("ascending parts");
                let what = format!("set {set}, {promotion:?}, {parts} parts of {size}");
                expect_same(&mut map, &model, &what);
                live(map, model, set, &what);
            }
        }
    }
}

#[test]
fn what_is_refused_is_dropped() {
    const MOST: usize = Map::<u64>::MAX_KEY_BYTES;
    let ledger = Ledger::new(100_000);
    let name = |i: u64| format!("https://example.org/articles/{i:06}").into_bytes();
    let pairs = |from: u64, to: u64| (from..to).map(|i| (name(i), ledger.value(i)));
    for (at, wrong) in [(1, 0), (50, 49), (200, 0), (999, 998)] {
        let load: Load<Counted<'_>> = Load::new();
        load.part(pairs(2000, 2300)).expect("ascending");
        let mut unsorted = pairs(0, at).chain([(name(wrong), ledger.value(0))]).chain(pairs(at, 1000));
        let error = load.part(unsorted.by_ref()).expect_err("not ascending");
        assert_eq!(error, BytesBulkError::NotAscending { key: name(wrong), after: name(at - 1) });
        assert!(error.to_string().contains("sort the pairs"));
        ledger.expect_live(300);
        assert_eq!(unsorted.next().map(|(key, _)| key), Some(name(at)), "the rest is the caller's");
        let mut too_long =
            pairs(0, at).chain([(vec![b'i'; MOST + 1], ledger.value(0))]).chain(pairs(at, 1000));
        let error = load.part(too_long.by_ref()).expect_err("too long");
        let kind = BytesInsertErrorKind::KeyTooLong { bytes: MOST + 1, most: MOST };
        assert_eq!(error, BytesBulkError::Refused(kind));
        ledger.expect_live(300);
        // The finished load contains nothing of it.
        load.part(pairs(0, 1000)).expect("ascending");
        let mut map = load.finish().expect("two parts");
        assert_eq!(map.check_invariants().keys, 1300);
        ledger.expect_live(1300);
        drop(map);
        ledger.expect_live(0);
    }
    let load: Load<Counted<'_>> = Load::new();
    load.part(pairs(300, 400)).expect("ascending");
    load.part(pairs(50, 301)).expect("ascending");
    assert_eq!(load.finish().err(), Some(BytesBulkError::NotAscending { key: name(300), after: name(300) }));
    ledger.expect_live(0);
    for at in [0, 1, 50, 300] {
        let panicking = (0..).map(|i| {
            assert!(i < at, "asked to panic");
            (name(i), ledger.value(i))
        });
        let load: Load<Counted<'_>> = Load::new();
        load.part(pairs(1000, 1010)).expect("ascending");
        assert!(catch_unwind(AssertUnwindSafe(|| load.part(panicking))).is_err());
        ledger.expect_live(10);
        assert_eq!(load.finish().expect("one part").check_invariants().keys, 10);
        ledger.expect_live(0);
    }
}

/// Builds from two parts. The `n`-th request for memory fails; the part that failed is built again. Returns
/// whether a request failed.
fn build_with_failure(set: usize, promotion: Promotion, n: usize, ledger: &Ledger) -> bool {
    const SIZE: usize = 400;
    let all: Vec<Vec<u8>> = model(set, SIZE as u64).into_keys().collect();
    let pairs = |from: usize, to: usize| (from..to).map(|i| (&all[i], ledger.value(i as u64)));
    let arena = Rationed::all_nodes();
    let load: Load<Counted<'_>, _> = Load::with_config(arena.clone(), config(promotion, 3)).expect("memory");
    arena.ration.set(Refuse::Once(n));
    for (from, to) in [(all.len() / 2, all.len()), (0, all.len() / 2)] {
        let before = ledger.live();
        let Err(error) = load.part(pairs(from, to)) else { continue };
        assert!(matches!(error, BytesBulkError::Refused(BytesInsertErrorKind::Alloc(_))), "{error}");
        ledger.expect_live(before);
        load.part(pairs(from, to)).expect("there is memory again");
    }
    match load.finish() {
        Ok(mut map) => {
            // The check also counts blocks, so those of the failed part have come back.
            assert_eq!(map.check_invariants().keys, all.len());
            ledger.expect_live(all.len());
        }
        Err(error) => {
            assert!(matches!(error, BytesBulkError::Refused(_)), "{error}");
            ledger.expect_live(0);
        }
    }
    arena.ration.refused() > 0
}

#[test]
fn memory_fails_at_every_request() {
    for set in 0..SETS {
        for promotion in CRUEL_PROMOTIONS {
            let mut requests = 0;
            let ledger = Ledger::new(1_000_000);
            while build_with_failure(set, promotion, requests, &ledger) {
                ledger.expect_live(0);
                requests += 1;
            }
            ledger.expect_live(0);
            assert!(requests > 4, "set {set}, {promotion:?}: {requests}");
        }
    }
}

/// `append` loses only the pair in hand. If there is no memory for an entry, only the entry is missing.
#[test]
fn memory_fails_while_appending() {
    type Owner<'a> = Map<Counted<'a>, Rationed>;
    for set in [2, 4] {
        for promotion in CRUEL_PROMOTIONS {
            for n in 0.. {
                let ledger = Ledger::new(100_000);
                let arena = Rationed::all_nodes();
                let map = || Owner::with_config(arena.clone(), config(promotion, 3)).expect("memory");
                let (mut left, mut right) = (map(), map());
                let all: Vec<_> = model(set, 400).into_keys().collect();
                let (mut first, second) = all.split_at(100);
                left.extend(first.iter().zip(0..).map(|(key, i)| (key, ledger.value(i))));
                right.extend(second.iter().zip(100..).map(|(key, i)| (key, ledger.value(i))));
                if n % 3 == 2 {
                    // Not all of them are above.
                    first = &first[..99];
                    right.insert(&all[99], left.remove(&all[99]).expect("there"));
                    left.insert(&all[150], right.remove(&all[150]).expect("there"));
                }
                assert!(left.len() >= first.len());
                arena.ration.set(Refuse::Once(n / 3));
                let appended = catch_unwind(AssertUnwindSafe(|| left.append(&mut right)));
                let refused = arena.ration.refused();
                arena.ration.set(Refuse::Nothing);
                let (ours, theirs) = (left.check_invariants().keys, right.check_invariants().keys);
                assert_eq!(ours + theirs, all.len() - usize::from(appended.is_err()), "{promotion:?}, {n}");
                ledger.expect_live(ours + theirs);
                // No pair is in both maps, and both maps still work.
                left.append(&mut right);
                assert_eq!((left.check_invariants().keys, right.check_invariants().keys), (ours + theirs, 0));
                drop((left, right));
                ledger.expect_live(0);
                if refused == 0 && n % 3 == 2 {
                    assert!(appended.is_ok() && n > 5);
                    break;
                }
            }
        }
    }
}

#[test]
fn append_does_as_btreemap() {
    for set in 0..SETS {
        for promotion in some_promotions() {
            let all: Vec<_> = model(set, 1500).into_iter().collect();
            let n = all.len();
            let map = |from: usize, to: usize, plus: u64| {
                let map: Map<u64> =
                    Map::with_config(GlobalArena::new(), config(promotion, 5)).expect("memory");
                let model: Model =
                    all[from..to].iter().map(|(key, value)| (key.clone(), value + plus)).collect();
                pairs(&model).for_each(|(key, value)| assert_eq!(map.insert(key, value), None));
                (map, model)
            };
            let third = n / 3;
            for (a, b, c, d) in [
                (0, 0, 0, 0),
                (0, 0, 0, third),
                (0, third, 0, 0),
                (0, third, third, n),
                (2 * third, n, 0, third),
                (0, n, third, n),
            ] {
                for emptied in [false, true] {
                    let what = format!("set {set}, {promotion:?}, {a}..{b}, {c}..{d}, emptied {emptied}");
                    let ((mut left, mut left_model), (mut right, mut right_model)) =
                        (map(a, b, 0), map(c, d, 7));
                    if emptied {
                        // Nodes of the upper levels stay.
                        while left.pop_last().is_some() {}
                        left_model.clear();
                    }
                    left.append(&mut right);
                    left_model.append(&mut right_model);
                    expect_same(&mut left, &left_model, &what);
                    expect_same(&mut right, &right_model, &what);
                    live(left, left_model, set, &what);
                }
            }
        }
    }
}

#[test]
fn extend_and_collect_take_any_order() {
    let mut rng = Rng::new(11);
    for set in 0..SETS {
        for size in [0u64, 1, 2, 10, 1000, 5000] {
            let mut numbers: Vec<u64> = (0..size).map(|i| i % (size / 2 + 1)).collect();
            rng.shuffle(&mut numbers);
            // Of equal keys, the last one counts.
            let given = || numbers.iter().zip(0..).map(|(&i, number)| (key(set, i), number));
            let mut model: Model = given().collect();
            let mut map: Map<u64> = given().collect();
            expect_same(&mut map, &model, "collected");
            for from in [10_000, 20_000] {
                let ascending: Model = (from..from + 300).map(|i| (key(set, i), i)).collect();
                map.extend(ascending.clone());
                map.extend(given());
                model.extend(ascending);
                model.extend(given());
            }
            expect_same(&mut map, &model, "extended");
            live(map, model, set, "extended");
        }
    }
}

/// A key that a map refuses ends the call, and the pairs before it stay.
#[test]
fn extend_panics_at_a_key_that_is_refused() {
    let mut map: Map<u64> = Map::new();
    let too_long = vec![3; Map::<u64>::MAX_KEY_BYTES + 1];
    let pairs = || [(vec![1], 1), (vec![2], 2), (too_long.clone(), 3), (vec![4], 4)];
    let extended = catch_unwind(AssertUnwindSafe(|| map.extend(pairs())));
    assert_eq!((extended.is_err(), map.check_invariants().keys), (true, 2));
    assert!(catch_unwind(|| pairs().into_iter().collect::<Map<u64>>()).is_err());
}
