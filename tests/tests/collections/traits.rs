//! The traits of std's maps.
//!
//! Properties:
//! - a clone has the same pairs and the choices of its map, shares nothing with it, and is as full as a map from
//!   sorted pairs; without memory, `try_clone` returns an error and leaks nothing;
//! - `==`, `<`, `cmp` and the hash agree with those of `BTreeMap` for the same pairs, whatever history the
//!   maps have;
//! - arrays, references and maps extend as they do for `BTreeMap`;
//! - maps can be cloned and compared while other threads write, in both directions at once.

use bskip_core::{
    AllocErrorKind, BSkipBlobMap, BSkipBytesMap, BSkipMap, BulkLoad, BumpArena, Config, GlobalArena,
    Promotion,
};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;
use tests::config::scaled;
use tests::rng::mix;

type Model<K, V> = BTreeMap<K, V>;

/// Pairs whose maps differ in a key, in a value, and in length, in every combination of neighbours.
fn lists() -> Vec<Vec<(u64, u64)>> {
    let long: Vec<_> = (0..300).map(|i| (3 * i, i)).collect();
    let mut lists = vec![vec![], vec![(0, 1)], vec![(0, 2)], vec![(1, 0)], long.clone()];
    for place in [0, 1, 150, 299] {
        let mut list = long.clone();
        list[place].1 += 1;
        lists.push(list.clone());
        list[place].0 += 1;
        lists.push(list.clone());
        list.remove(place);
        lists.push(list);
    }
    lists
}

fn text(key: u64) -> String {
    format!("key {key:05}")
}

/// Compares each pair of `maps` as the `models` compare.
fn compare<M: Ord + Hash + Clone, N: Ord>(maps: &[M], models: &[N]) {
    let hashes = RandomState::new();
    for (a, expected_a) in maps.iter().zip(models) {
        assert!(a.clone() == *a && hashes.hash_one(a.clone()) == hashes.hash_one(a));
        for (b, expected_b) in maps.iter().zip(models) {
            let expected = expected_a.cmp(expected_b);
            assert_eq!(a == b, expected == Ordering::Equal);
            assert_eq!((a.cmp(b), a.partial_cmp(b)), (expected, Some(expected)));
            // Equal hashes of different maps would be one chance in 2^64.
            assert_eq!(hashes.hash_one(a) == hashes.hash_one(b), expected == Ordering::Equal);
        }
    }
}

#[test]
fn maps_compare_and_hash_as_std_maps_do() {
    let lists = lists();
    let models: Vec<Model<u64, u64>> = lists.iter().map(|list| list.iter().copied().collect()).collect();
    let numbers: Vec<BSkipMap<u64, u64>> = lists.iter().map(|list| list.iter().copied().collect()).collect();
    compare(&numbers, &models);
    let owned = |list: &Vec<(u64, u64)>| list.iter().map(|&(k, v)| (k, v.to_string())).collect();
    let strings: Vec<BSkipMap<u64, String>> = lists.iter().map(owned).collect();
    let expected: Vec<Model<u64, String>> =
        models.iter().map(|model| model.iter().map(|(&k, v)| (k, v.to_string())).collect()).collect();
    compare(&strings, &expected);
    let bytes: Vec<BSkipBytesMap<str, u64>> =
        lists.iter().map(|list| list.iter().map(|&(k, v)| (text(k), v)).collect()).collect();
    compare(&bytes, &models);
    let blobs: Vec<BSkipBlobMap<str>> =
        lists.iter().map(|list| list.iter().map(|&(k, v)| (text(k), v.to_be_bytes())).collect()).collect();
    compare(&blobs, &models);
}

#[test]
fn values_without_an_order_leave_maps_without_one() {
    let map = |value: f64| BSkipMap::from([(1, 0.5), (2, value)]);
    assert_eq!(map(1.0).partial_cmp(&map(2.0)), Some(Ordering::Less));
    assert_eq!(map(f64::NAN).partial_cmp(&map(2.0)), None);
    assert!(map(f64::NAN) != map(f64::NAN));
    // Keys of floats: by their encodings.
    let floats = |key: f64| BSkipBytesMap::<f64, u8>::from([(key, 1)]);
    assert!(floats(-1.0) < floats(0.5) && floats(0.5) == floats(0.5));
}

#[test]
fn maps_of_other_histories_are_equal() {
    let sorted: BSkipMap<u64, u64> = (0..500).map(|k| (k, k)).collect();
    let config = Config::new().promotion(Promotion::Coin { one_in: 4 }).seed(7);
    let other = BSkipMap::with_config(GlobalArena::new(), config).expect("memory");
    (0..1000u64).rev().for_each(|k| assert_eq!(other.insert(k, k), None));
    assert_ne!(sorted, other);
    assert!(sorted < other);
    (500..1000).for_each(|k| assert_eq!(other.remove(&k), Some(k)));
    assert_eq!(sorted, other);
    // The compiler knows what to collect.
    assert_eq!(other, (0..500).map(|k| (k, k)).collect());
}

#[test]
fn a_clone_is_a_map_of_its_own() {
    let config = Config::new().counted(true).promotion(Promotion::Overflow);
    let map = BSkipMap::with_config(GlobalArena::new(), config.clone()).expect("memory");
    let pairs = || (0..2000u64).map(|k| (mix(k), mix(k).to_string()));
    map_insert(&map, pairs());
    let mut copy = map.clone();
    assert_eq!(copy, map);
    assert_eq!(copy.len(), 2000, "a counted map's clone counts");
    let load = BulkLoad::with_config(GlobalArena::new(), config).expect("memory");
    load.part(pairs().collect::<Model<_, _>>()).expect("ascending");
    let sorted = load.finish().expect("one part").usage();
    assert_eq!(copy.usage().issued_blocks, sorted.issued_blocks, "as full as from sorted pairs");
    copy.check_invariants();
    let keys: Vec<u64> = map.iter().cloned().map(|pair| pair.0).collect();
    keys.iter().step_by(2).for_each(|key| drop(copy.remove(key)));
    assert_eq!((map.len(), copy.len()), (2000, 1000));
    copy.insert(keys[1], "changed".into());
    assert_eq!(map.get_cloned(&keys[1]), Some(keys[1].to_string()));
    drop(map);
    assert_eq!(copy.get_cloned(&keys[3]), Some(keys[3].to_string()));

    let mut bytes: BSkipBytesMap<str, u64> =
        (0..500).map(|k| (text(k).repeat(1 + k as usize % 30), k)).collect();
    let mut copy = bytes.clone();
    assert_eq!(copy, bytes);
    bytes.clear();
    assert_eq!(copy.len(), 500);
    copy.check_invariants();

    let mut blobs: BSkipBlobMap<str> = (0..500).map(|k| (text(k), vec![7; 10 * k as usize])).collect();
    let mut copy = blobs.clone();
    assert_eq!(copy, blobs);
    blobs.clear();
    assert_eq!(copy.get(text(300).as_str()), Some(vec![7; 3000]));
    copy.check_invariants();
}

fn map_insert<V>(map: &BSkipMap<u64, V>, pairs: impl Iterator<Item = (u64, V)>) {
    pairs.for_each(|(key, value)| drop(map.insert(key, value)));
}

#[test]
fn without_memory_for_a_clone_there_is_an_error() {
    let map = BSkipMap::with_arena(BumpArena::with_limit(256 << 10)).expect("memory");
    let value = Arc::new(());
    // The clone shares the arena. So it needs more memory than is left.
    while map.arena().taken() < 200 << 10 {
        map.insert(map.len() as u64, value.clone());
    }
    let error = map.try_clone().map(|copy| copy.len()).expect_err("no memory");
    assert_eq!(error.kind, AllocErrorKind::LimitReached);
    assert_eq!(
        Arc::strong_count(&value),
        map.len() + 1,
        "the values of the part that was copied are dropped"
    );
}

#[test]
fn arrays_references_and_maps_extend() {
    let model = Model::from([(2, "b"), (1, "a"), (2, "c")]);
    let map = BSkipMap::from([(2, "b"), (1, "a"), (2, "c")]);
    assert!(map.iter().eq(model.iter().map(|(&k, &v)| (k, v))));
    let mut more = BSkipMap::from([(1, "old"), (5, "e")]);
    more.extend(&model);
    more.extend(&BSkipMap::from([(7, "g")]));
    more.extend([(8, "h")]);
    let expected = BSkipMap::from([(1, "a"), (2, "c"), (5, "e"), (7, "g"), (8, "h")]);
    assert_eq!(more, expected);
    assert_eq!(format!("{more:?}"), r#"{1: "a", 2: "c", 5: "e", 7: "g", 8: "h"}"#);

    let mut bytes: BSkipBytesMap<str, u64> = BSkipBytesMap::from([("b", 1), ("a", 2), ("b", 3)]);
    bytes.extend(&Model::from([("c".to_string(), 4)]));
    bytes.extend(&bytes.clone());
    assert!(bytes.iter().eq([("a".into(), 2), ("b".into(), 3), ("c".into(), 4)]));
    let blobs: BSkipBlobMap<str> = BSkipBlobMap::from([("b", "1"), ("b", "2")]);
    assert!(blobs.iter().eq([("b".to_string(), b"2".to_vec())]));
}

#[test]
fn maps_are_cloned_and_compared_while_others_write() {
    let maps: [BSkipMap<u64, String>; 2] = [0, 1].map(|_| (0..300).map(|k| (2 * k, k.to_string())).collect());
    tests::threads::run(4, |thread| {
        let (one, other) = (&maps[thread % 2], &maps[1 - thread % 2]);
        for round in 0..scaled(200) {
            if thread < 2 {
                // Keys that stay are in every clone, whatever others do between them.
                let copy = one.clone();
                assert!((0..300).all(|k| copy.contains_key(&(2 * k))));
                let _ = (one == other, one.cmp(other));
            } else {
                let key = 2 * (mix(round) % 300) + 1;
                one.insert(key, "odd".into());
                other.remove(&key);
            }
        }
    });
}
