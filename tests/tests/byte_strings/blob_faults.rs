//! Maps of byte-string values that run out of memory.
//!
//! If any block that an operation asks for is refused, the operation happens completely or not at all, and no cell
//! is lost.

use bskip_core::{AllocErrorKind, BSkipBlobMap, BumpArena, BytesInsertErrorKind, Config, GlobalArena};
use std::collections::BTreeMap;
use tests::blobs::value;
use tests::config::{CRUEL_PROMOTIONS, config};
use tests::rationed::{Rationed, Refuse};
use tests::rng::{Rng, mix};

type Map<A = GlobalArena> = BSkipBlobMap<[u8], A>;

fn key(i: u64) -> Vec<u8> {
    format!("{:020}", mix(i)).into_bytes()
}

/// Values that need no cell, one cell, and several cells.
fn length(i: u64) -> usize {
    [5, 30, 5000, 700, 100, 9000][i as usize % 6]
}

fn expect(map: &mut Map<Rationed>, model: &BTreeMap<Vec<u8>, Vec<u8>>, what: &str) {
    assert_eq!(map.check_invariants().keys, model.len(), "{what}");
    assert!(map.iter().eq(model.iter().map(|(key, value)| (key.clone(), value.clone()))), "{what}");
}

#[test]
fn nth_block_of_every_operation() {
    let mut refusals = [0; 4];
    for promotion in CRUEL_PROMOTIONS {
        let arena = Rationed::all_nodes();
        let ration = arena.ration.clone();
        let mut map = Map::with_config(arena, config(promotion, 5)).expect("an empty map");
        let mut model = BTreeMap::new();
        for i in 0..400 {
            // First new keys, then ever longer values for these keys.
            let (length, operation) =
                if i < 300 { (length(i), i % 2) } else { (i as usize * 100, 2 + i % 2) };
            let operation = operation as usize;
            let (key, new) = (key(i % 300), value(&key(i % 300), i as u8, length));
            for n in 0.. {
                let what = format!("{promotion:?}, step {i}, request {n}");
                ration.set(if n % 2 == 0 { Refuse::Once(n / 2) } else { Refuse::After(n / 2) });
                let done = match operation {
                    0 | 2 => map.try_replace(&key, &new).map(|old| assert_eq!(old.as_ref(), model.get(&key))),
                    1 => map.try_insert_if_absent(&key, &new).map(|inserted| assert!(inserted)),
                    _ => {
                        let update = map.try_update(&key, |value| value.clone_from(&new));
                        update.map(|found| assert!(found.is_some())).map_err(BytesInsertErrorKind::Alloc)
                    }
                };
                let refused = ration.refused();
                ration.set(Refuse::Nothing);
                match done {
                    Ok(()) => {
                        model.insert(key.clone(), new.clone());
                        if i % 16 == 0 {
                            expect(&mut map, &model, &what);
                        }
                        break;
                    }
                    Err(BytesInsertErrorKind::Alloc(error)) => {
                        assert!(refused > 0 && error.kind == AllocErrorKind::LimitReached, "{what}");
                        expect(&mut map, &model, &what);
                        refusals[operation] += 1;
                    }
                    Err(other) => panic!("{what}: {other}"),
                }
            }
        }
        expect(&mut map, &model, "the end");
        model.keys().for_each(|key| assert!(map.remove(key)));
        assert_eq!(map.cells_usage().issued_blocks, 0);
    }
    println!("refused: {refusals:?}\nverify: {} faults", refusals.iter().sum::<usize>());
    assert!(refusals.iter().all(|&refused| refused > 0), "{refusals:?}");
}

/// The limit of an arena counts cells. A full map gives room for what was removed.
#[test]
fn cells_count_against_a_limit() {
    const LIMIT: usize = 600 << 10;
    let mut map =
        Map::with_config(BumpArena::with_limit(LIMIT), Config::new()).expect("room for an empty map");
    let mut rng = Rng::new(1);
    let mut bytes = 0;
    let full = (0..100_000).find(|&i| {
        let value = value(&key(i), 1, rng.below(1000) as usize);
        match map.try_insert(&key(i), &value) {
            Ok(new) => {
                assert!(new);
                bytes += value.len();
                false
            }
            Err(error) => {
                assert!(matches!(error, BytesInsertErrorKind::Alloc(_)));
                assert!(!map.contains_key(&key(i)));
                true
            }
        }
    });
    let full = full.expect("the arena is full some time");
    assert!(bytes > LIMIT / 3, "{bytes} bytes of {full} values in {LIMIT}");
    assert!(map.usage().reserved_bytes <= LIMIT);
    assert_eq!(map.check_invariants().keys as u64, full);
    // The values stay as they are if they cannot be replaced.
    assert!(map.try_insert(&key(0), &[1; 100_000]).is_err());
    assert!(map.try_update(&key(0), |value| value.resize(100_000, 1)).is_err());
    tests::blobs::check(&key(0), &map.get(&key(0)).expect("it stays"));
    map.check_invariants();
    (0..full / 2).for_each(|i| assert!(map.remove(&key(i))));
    (0..full / 4).for_each(|i| assert_eq!(map.try_insert(&key(i), &value(&key(i), 2, 20)), Ok(true)));
    map.clear();
    assert_eq!((map.check_invariants().keys, map.cells_usage().issued_blocks), (0, 0));
}

#[test]
fn a_key_that_is_too_long_stores_nothing() {
    let map = Map::new();
    let key = vec![7; Map::<GlobalArena>::MAX_KEY_BYTES + 1];
    let error = map.try_insert(&key, &[1; 100]).expect_err("too long");
    assert!(matches!(error, BytesInsertErrorKind::KeyTooLong { .. }), "{error}");
    assert!(!map.contains_key(&key) && map.get(&key).is_none() && !map.remove(&key));
    assert_eq!(map.update(&key, |_| ()), None);
    assert_eq!(map.cells_usage().issued_blocks, 0);
}
