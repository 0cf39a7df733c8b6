//! Maps of byte-string values built from pairs: sorted ones, those of another map, any.
//!
//! Properties:
//! - the map has exactly the pairs, also the longest values, for every promotion policy, fill and number of
//!   parts, and answers every operation afterwards;
//! - if a pair is refused, the iterator panics, or any request for memory fails, no cell is lost: the check
//!   of the invariants compares the cells in use with those of the map's values;
//! - `append`, `extend` and `collect` do as `BTreeMap`'s do.

use bskip_core::{
    BSkipBlobMap, BlobBulkLoad, BlockArena, BytesBulkError, BytesInsertErrorKind, GlobalArena, Promotion,
};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tests::blobs::{LENGTHS, value};
use tests::config::{CRUEL_PROMOTIONS, config, some_promotions};
use tests::rationed::{Rationed, Refuse};
use tests::rng::{Rng, mix};

type Map<A = GlobalArena> = BSkipBlobMap<[u8], A>;
type Load<A = GlobalArena> = BlobBulkLoad<[u8], A>;
type Model = BTreeMap<Vec<u8>, Vec<u8>>;

/// Short ones, and ones that are in cells themselves.
fn key(i: u64) -> Vec<u8> {
    let r = mix(i);
    match i % 3 {
        0 => format!("user{r:019}").into_bytes(),
        1 => r.to_be_bytes()[..(1 + r % 8) as usize].to_vec(),
        _ => (0..100 + r % 90).map(|j| (mix(r ^ j) % 3) as u8).collect(),
    }
}

fn pair(i: u64) -> (Vec<u8>, Vec<u8>) {
    let lengths = &LENGTHS[..LENGTHS.len() - 1];
    (key(i), value(&key(i), i as u8, lengths[mix(i ^ 7) as usize % lengths.len()]))
}

fn model(size: u64) -> Model {
    (0..size).map(pair).collect()
}

fn cells<'a>(values: impl IntoIterator<Item = &'a Vec<u8>>) -> usize {
    values.into_iter().map(|value| if value.len() < 8 { 0 } else { value.len().div_ceil(2032) }).sum()
}

fn expect<A: BlockArena>(map: &mut Map<A>, model: &Model, what: &str) {
    assert_eq!((map.check_invariants().keys, map.len()), (model.len(), model.len()), "{what}");
    assert_eq!(map.cells_usage().issued_blocks, cells(model.values()), "{what}");
    assert!(map.iter().eq(model.clone()), "{what}");
    assert!(map.iter().rev().eq(model.clone().into_iter().rev()), "{what}, backwards");
}

/// Ordinary operations on a built map.
fn live(mut map: Map, mut model: Model, what: &str) {
    let mut rng = Rng::new(7);
    let numbers = 2 * model.len() as u64 + 10;
    for _ in 0..model.len() as u64 + 300 {
        let (i, longer) = (rng.below(numbers), rng.below(50) as usize);
        let (key, mut value) = pair(i);
        value.resize(value.len() + longer, 0);
        match rng.below(4) {
            0 => assert_eq!(map.replace(&key, &value), model.insert(key, value), "{what}"),
            1 | 2 => assert_eq!(map.take(&key), model.remove(&key), "{what}"),
            _ => assert_eq!(map.get(&key), model.get(&key).cloned(), "{what}"),
        }
    }
    expect(&mut map, &model, what);
}

#[test]
fn every_size_and_fill() {
    for promotion in some_promotions() {
        for fill in [1.0, 0.7, 0.0] {
            for size in [0, 1, 2, 47, 48, 49, 600, 2000] {
                let what = format!("{promotion:?}, fill {fill}, {size} keys");
                let load = Load::with_config(GlobalArena::new(), config(promotion, 5)).expect("memory");
                let load = load.fill(fill);
                let model = model(size);
                load.part(&model).expect("ascending");
                let mut map = load.finish().expect("one part");
                expect(&mut map, &model, &what);
                live(map, model, &what);
            }
        }
    }
}

#[test]
fn parts_from_several_threads() {
    for promotion in some_promotions() {
        for (parts, size) in [(2, 900), (7, 100), (30, 3)] {
            let model = model(parts * size);
            let all: Vec<_> = model.iter().collect();
            let load = Load::with_config(GlobalArena::new(), config(promotion, 5)).expect("memory");
            std::thread::scope(|threads| {
                for thread in 0..3 {
                    let (load, all) = (&load, &all);
                    threads.spawn(move || {
                        let parts = all.chunks(size as usize).enumerate().rev();
                        for (_, part) in parts.filter(|part| part.0 % 3 == thread) {
                            load.part(part.iter().copied()).expect("ascending");
                        }
                        load.part([(&[][..], []); 0]).expect("an empty part is no mistake");
                    });
                }
            });
            let what = format!("{promotion:?}, {parts} parts of {size}");
            let mut map = load.finish().expect("ascending parts");
            expect(&mut map, &model, &what);
            live(map, model, &what);
        }
    }
}

#[test]
fn the_longest_values() {
    let long = |i: u64| (format!("{i}").into_bytes(), value(b"k", i as u8, 1 << 20));
    let model: Model = (0..3).map(long).chain([(b"9".to_vec(), Vec::new())]).collect();
    let mut map: Map = Map::from_sorted(&model).expect("ascending");
    expect(&mut map, &model, "built");
    let mut other: Map = (1..5).map(long).collect();
    map.append(&mut other);
    let all: Model = model.into_iter().chain((1..5).map(long)).collect();
    expect(&mut map, &all, "appended");
    expect(&mut other, &Model::new(), "taken");
}

/// Nothing of a part that fails is left.
#[test]
fn what_is_refused_is_freed() {
    const MOST: usize = Map::<GlobalArena>::MAX_KEY_BYTES;
    let all: Vec<_> = model(1500).into_iter().collect();
    let (first, second) = all.split_at(1000);
    for at in [1, 50, 200, 999] {
        let load = Load::new();
        load.part(second.iter().cloned()).expect("ascending");
        let with = |wrong: Vec<u8>| {
            let wrong = [(wrong, vec![9; 100])];
            first[..at].iter().cloned().chain(wrong).chain(first[at..].iter().cloned())
        };
        let mut unsorted = with(first[at - 1].0.clone());
        let error = load.part(unsorted.by_ref()).expect_err("not ascending");
        let (key, after) = (first[at - 1].0.clone(), first[at - 1].0.clone());
        assert_eq!(error, BytesBulkError::NotAscending { key, after });
        assert_eq!(unsorted.next().as_ref(), Some(&first[at]), "the rest is the caller's");
        let error = load.part(with(vec![0xFF; MOST + 1])).expect_err("too long");
        let kind = BytesInsertErrorKind::KeyTooLong { bytes: MOST + 1, most: MOST };
        assert_eq!(error, BytesBulkError::Refused(kind));
        let panicking = (0..).map(|i| if i < at { first[i].clone() } else { panic!("asked to") });
        assert!(catch_unwind(AssertUnwindSafe(|| load.part(panicking))).is_err());
        load.part(first.iter().cloned()).expect("ascending");
        expect(&mut load.finish().expect("two parts"), &all.iter().cloned().collect(), "the other parts");
    }
    let load = Load::new();
    load.part(second.iter().cloned()).expect("ascending");
    load.part(all[900..1001].iter().cloned()).expect("ascending");
    let key = second[0].0.clone();
    assert_eq!(load.finish().err(), Some(BytesBulkError::NotAscending { key: key.clone(), after: key }));
}

#[test]
fn memory_fails_at_every_request() {
    let all: Vec<_> = model(300).into_iter().collect();
    for promotion in CRUEL_PROMOTIONS {
        let mut faults = 0;
        for n in 0.. {
            let arena = Rationed::all_nodes();
            let load: Load<_> = Load::with_config(arena.clone(), config(promotion, 3)).expect("memory");
            arena.ration.set(if n % 2 == 0 { Refuse::Once(n / 2) } else { Refuse::After(n / 2) });
            for part in [&all[150..], &all[..150]] {
                let Err(error) = load.part(part.iter().cloned()) else { continue };
                assert!(matches!(error, BytesBulkError::Refused(BytesInsertErrorKind::Alloc(_))), "{error}");
                arena.ration.set(Refuse::Nothing);
                load.part(part.iter().cloned()).expect("there is memory again");
                faults += 1;
            }
            let refused = arena.ration.refused();
            match load.finish() {
                Ok(mut map) => {
                    arena.ration.set(Refuse::Nothing);
                    expect(&mut map, &all.iter().cloned().collect(), "built");
                }
                Err(error) => assert!(matches!(error, BytesBulkError::Refused(_)), "{error}"),
            }
            if n % 2 == 1 && refused == 0 && arena.ration.refused() == 0 && n > 40 {
                break;
            }
            assert!(n < 2000, "requests go on");
        }
        println!("verify: {faults} faults");
        assert!(faults > 10, "{promotion:?}: {faults}");
    }
}

/// `append` loses only the pair in hand, and `extend` no cell.
#[test]
fn memory_fails_while_appending() {
    let all: Vec<_> = model(300).into_iter().collect();
    for promotion in CRUEL_PROMOTIONS {
        for n in 0.. {
            let arena = Rationed::all_nodes();
            let map = || Map::with_config(arena.clone(), config(promotion, 3)).expect("memory");
            let (mut left, mut right) = (map(), map());
            // Not all of them are above, in every third case.
            let cut = if n % 3 == 2 { 99 } else { 100 };
            left.extend(all[..cut].iter().cloned().chain((cut < 100).then(|| all[150].clone())));
            right.extend(
                all[cut..].iter().enumerate().filter(|(i, _)| cut == 100 || *i != 51).map(|p| p.1.clone()),
            );
            assert_eq!(left.len() + right.len(), all.len());
            arena.ration.set(Refuse::Once(n / 3));
            let appended = if n % 3 == 0 {
                catch_unwind(AssertUnwindSafe(|| left.extend(all.iter().cloned())))
            } else {
                catch_unwind(AssertUnwindSafe(|| left.append(&mut right)))
            };
            let refused = arena.ration.refused();
            arena.ration.set(Refuse::Nothing);
            let (ours, theirs) = (left.check_invariants().keys, right.check_invariants().keys);
            if n % 3 > 0 {
                assert_eq!(ours + theirs, all.len() - usize::from(appended.is_err()), "{promotion:?}, {n}");
            }
            let lost =
                all.iter().filter(|(key, _)| !left.contains_key(key) && !right.contains_key(key)).count();
            assert_eq!(lost, usize::from(n % 3 > 0 && appended.is_err()), "{promotion:?}, {n}");
            // Both maps still work.
            left.append(&mut right);
            expect(&mut right, &Model::new(), "taken");
            left.extend(all.iter().cloned());
            expect(&mut left, &all.iter().cloned().collect(), "extended");
            if refused == 0 && n % 3 == 2 {
                assert!(appended.is_ok() && n > 5);
                break;
            }
        }
    }
}

/// A clone appends the pairs, so its leaves are full.
#[test]
fn clones_are_full() {
    let (mut map, model) = (Map::new(), model(2000));
    let mut numbers: Vec<u64> = (0..2000).collect();
    Rng::new(3).shuffle(&mut numbers);
    numbers.into_iter().map(pair).for_each(|(key, value)| _ = map.insert(&key, &value));
    let model: Model = model.into_keys().map(|key| (key.clone(), map.get(&key).expect("there"))).collect();
    let mut copy = map.clone();
    expect(&mut copy, &model, "the clone");
    assert!(copy.check_invariants().leaves <= map.check_invariants().leaves);
    expect(&mut map, &model, "the original");
}

#[test]
fn append_does_as_btreemap() {
    let all: Vec<_> = model(900).into_iter().collect();
    let n = all.len();
    let third = n / 3;
    for promotion in some_promotions() {
        let map = |from: usize, to: usize, plus: usize| {
            let longer =
                |(key, value): &(Vec<u8>, Vec<u8>)| (key.clone(), [&value[..], &vec![1; plus]].concat());
            let model: Model = all[from..to].iter().map(longer).collect();
            let map: Map = Map::with_config(GlobalArena::new(), config(promotion, 5)).expect("memory");
            model.iter().for_each(|(key, value)| assert!(map.insert(key, value)));
            (map, model)
        };
        for (a, b, c, d) in
            [(0, 0, 0, 0), (0, 0, 0, third), (0, third, third, n), (2 * third, n, 0, third), (0, n, third, n)]
        {
            for emptied in [false, true] {
                let what = format!("{promotion:?}, {a}..{b}, {c}..{d}, emptied {emptied}");
                let ((mut left, mut left_model), (mut right, mut right_model)) = (map(a, b, 0), map(c, d, 7));
                if emptied {
                    while left.pop_last().is_some() {}
                    left_model.clear();
                }
                left.append(&mut right);
                left_model.append(&mut right_model);
                expect(&mut left, &left_model, &what);
                expect(&mut right, &right_model, &what);
                live(left, left_model, &what);
            }
        }
    }
}

#[test]
fn extend_and_collect_take_any_order() {
    let mut rng = Rng::new(11);
    for size in [0u64, 1, 2, 10, 255, 256, 257, 1500] {
        let mut numbers: Vec<u64> = (0..size).map(|i| i % (size / 2 + 1)).collect();
        rng.shuffle(&mut numbers);
        // Of equal keys, the last one counts.
        let given =
            || numbers.iter().zip(0..).map(|(&i, number)| (key(i), value(b"k", number as u8, number % 300)));
        let mut model: Model = given().collect();
        let mut map: Map = given().collect();
        expect(&mut map, &model, "collected");
        for from in [10_000, 20_000] {
            let ascending: Model = (from..from + 300).map(pair).collect();
            map.extend(&ascending);
            map.extend(given());
            model.extend(ascending);
            model.extend(given());
        }
        expect(&mut map, &model, "extended");
        live(map, model, "extended");
    }
}

/// A key that a map refuses, or a panic, ends the call. Pairs before the key stay; cells of dropped pairs are
/// free.
#[test]
fn extend_ends_early() {
    let too_long = vec![3; Map::<GlobalArena>::MAX_KEY_BYTES + 1];
    let pairs = || [vec![1], vec![2], too_long.clone(), vec![4]].map(|key| (key, [5; 100]));
    let mut map = Map::new();
    let extended = catch_unwind(AssertUnwindSafe(|| map.extend(pairs())));
    assert_eq!((extended.is_err(), map.check_invariants().keys), (true, 2));
    assert!(catch_unwind(|| pairs().into_iter().collect::<Map>()).is_err());
    for at in [0, 1, 100, 255, 256, 257, 1000] {
        for ascending in [true, false] {
            let mut map = Map::new();
            let key = |i: u64| if ascending { i } else { mix(i) }.to_be_bytes().to_vec();
            let panicking = (0..).map(|i| if i < at { (key(i), [7; 50]) } else { panic!("asked to") });
            assert!(catch_unwind(AssertUnwindSafe(|| map.extend(panicking))).is_err());
            assert_eq!(map.check_invariants().keys as u64, at / 256 * 256);
        }
    }
}

#[test]
fn batches_do_as_single_calls() {
    let map = Map::new();
    let all: Vec<_> = model(600).into_iter().collect();
    let (there, keys) = (all.len() * 2 / 3, all.iter().map(|pair| pair.0.clone()).collect::<Vec<_>>());
    let pairs: Vec<_> = all[..there].iter().chain(&all[..10]).cloned().collect();
    assert_eq!(map.insert_many(&pairs), there);
    let (mut values, mut found) = (vec![Some(vec![1; 50]); all.len()], vec![false; all.len()]);
    map.get_many(&keys, &mut values);
    map.contains_many(&keys, &mut found);
    for (i, (_, value)) in all.iter().enumerate() {
        assert_eq!((values[i].as_ref(), found[i]), ((i < there).then_some(value), i < there));
    }
    let (some, mut removed) =
        (keys.iter().step_by(2).cloned().collect::<Vec<_>>(), vec![true; all.len().div_ceil(2)]);
    map.remove_many(&some, &mut removed);
    assert!(removed.iter().enumerate().all(|(i, &removed)| removed == (2 * i < there)));
    assert_eq!(map.len(), there / 2);
    let too_long = vec![3; Map::<GlobalArena>::MAX_KEY_BYTES + 1];
    let error = map.try_insert_many(&[(b"x".to_vec(), "1"), (too_long, "2"), (b"y".to_vec(), "3")]);
    assert_eq!(error.map_err(|error| error.done), Err(1));
    assert!(map.contains_key(&b"x"[..]) && !map.contains_key(&b"y"[..]));
    assert!(catch_unwind(|| map.get_many(&keys, &mut [])).is_err());
}

/// A loader that is dropped, and a part of it that another policy placed, take all with them.
#[test]
fn a_load_that_is_dropped() {
    let load = Load::with_config(GlobalArena::new(), config(Promotion::Overflow, 1)).expect("memory");
    load.part(model(500)).expect("ascending");
    assert!(format!("{load:?}").starts_with("BlobBulkLoad"));
    drop(load);
}
