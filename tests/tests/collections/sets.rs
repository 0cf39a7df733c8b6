//! Sets of numbers and of byte strings.
//!
//! Properties:
//! - every method does what that of `BTreeSet` does, in random sequences, over several promotion policies and
//!   arenas;
//! - union, intersection, differences, subsets and the operators agree with `BTreeSet`, for sets of every overlap
//!   and of very different sizes, in different arenas;
//! - a leaf has no room for values: a set of `u64` takes at most .6 of the bytes of a map to `u64`;
//! - while other threads write, set operations hand out ascending keys, and all keys that stay.

use bskip_core::{
    AllocErrorKind, BSkipBytesSet, BSkipMap, BSkipSet, BulkError, BumpArena, Config, GlobalArena,
};
use std::collections::BTreeSet;
use std::ops::Bound;
use tests::config::{CRUEL_PROMOTIONS, config, scaled};
use tests::rng::mix;

type Model = BTreeSet<u64>;

fn text(key: u64) -> String {
    // Some keys are long, and go into cells.
    format!("{:>width$}", key, width = if key.is_multiple_of(7) { 200 } else { 8 })
}

#[test]
fn a_set_answers_as_a_set_of_std() {
    for promotion in CRUEL_PROMOTIONS {
        let mut set = BSkipSet::with_config(GlobalArena::new(), config(promotion, 3)).expect("memory");
        let mut model = Model::new();
        for step in 0..scaled(30_000) {
            let key = mix(step) % 500;
            let random = mix(step + (1 << 40));
            match random % 16 {
                0..6 => assert_eq!(set.insert(key), model.insert(key)),
                6 => assert_eq!(set.try_insert(key).expect("memory"), model.insert(key)),
                7..10 => assert_eq!(set.remove(&key), model.remove(&key)),
                10 => assert_eq!(set.pop_first(), model.pop_first()),
                11 => assert_eq!(set.pop_last(), model.pop_last()),
                12 => assert_eq!(set.contains(&key), model.contains(&key)),
                13 => {
                    let bounds = (Bound::Included(key), Bound::Excluded(key + random % 100));
                    if let (Bound::Included(from), Bound::Excluded(to)) = bounds
                        && from < to
                    {
                        assert!(set.range(from..to).eq(model.range(from..to).copied()));
                        assert!(set.range(from..to).rev().eq(model.range(from..to).rev().copied()));
                        let mut keys = Vec::new();
                        set.for_each_chunk(from..to, |chunk| keys.extend_from_slice(chunk));
                        assert!(keys.iter().eq(model.range(from..to)));
                    }
                }
                14 => {
                    let keys: Vec<u64> = (0..70).map(|i| mix(random + i) % 500).collect();
                    let mut found = vec![false; keys.len()];
                    set.contains_many(&keys, &mut found);
                    assert!(keys.iter().map(|key| model.contains(key)).eq(found));
                    let changed = if random.is_multiple_of(3) {
                        (set.insert_many(&keys), keys.iter().filter(|&&key| model.insert(key)).count())
                    } else {
                        (set.remove_many(&keys), keys.iter().filter(|key| model.remove(key)).count())
                    };
                    assert_eq!(changed.0, changed.1);
                }
                _ => {
                    assert_eq!((set.first(), set.last()), (model.first().copied(), model.last().copied()));
                    assert_eq!((set.len(), set.is_empty()), (model.len(), model.is_empty()));
                    assert!(set.iter().eq(model.iter().copied()));
                }
            }
        }
        set.shrink_to_fit();
        set.check_invariants();
        assert!((&set).into_iter().eq(model));
        set.clear();
        assert!(set.is_empty() && set.insert(1));
    }
}

#[test]
fn a_set_of_byte_strings_answers_as_a_set_of_std() {
    let mut set: BSkipBytesSet<str> = BSkipBytesSet::new();
    let mut model = BTreeSet::new();
    for step in 0..scaled(30_000) {
        let key = text(mix(step) % 300);
        match mix(step + (1 << 40)) % 16 {
            0..7 => assert_eq!(set.insert(&key), model.insert(key)),
            7 => assert_eq!(set.try_insert(&key).expect("memory"), model.insert(key)),
            8..11 => assert_eq!(set.remove(&key), model.remove(&key)),
            11 => assert_eq!(set.pop_first(), model.pop_first()),
            12 => assert_eq!(set.pop_last(), model.pop_last()),
            13 => assert_eq!(set.contains(&key), model.contains(&key)),
            14 => assert!(set.range(key.as_str()..).eq(model.range(key..).cloned())),
            _ => {
                assert_eq!((set.first(), set.last()), (model.first().cloned(), model.last().cloned()));
                assert_eq!((set.len(), set.is_empty()), (model.len(), model.is_empty()));
                assert!(set.iter().rev().eq(model.iter().rev().cloned()));
            }
        }
    }
    set.shrink_to_fit();
    set.check_invariants();
    assert!((&set).into_iter().eq(model));
}

/// Sets that overlap in every way, and whose sizes differ by up to a thousand times.
fn sets() -> Vec<Model> {
    let steps = [1, 2, 3, 50];
    let mut sets: Vec<Model> = steps.iter().map(|&step| (0..1000).step_by(step).collect()).collect();
    sets.extend([
        Model::new(),
        (5000..6000).collect(),
        (0..10_000).collect(),
        Model::from([0]),
        (0..100).collect(),
    ]);
    sets.push([999, 5000, 5001, 20_000].into());
    sets
}

#[test]
fn operations_on_two_sets_agree_with_std() {
    let models = sets();
    let sets: Vec<BSkipSet<u64>> = models.iter().map(|model| model.iter().copied().collect()).collect();
    let bounded: Vec<BSkipSet<u64, BumpArena>> = models
        .iter()
        .map(|model| {
            let mut set = BSkipSet::with_arena(BumpArena::with_limit(1 << 22)).expect("memory");
            set.extend(model);
            set
        })
        .collect();
    let bytes: Vec<BSkipBytesSet<str>> =
        models.iter().map(|model| model.iter().map(|&key| text(key)).collect()).collect();
    for (i, one) in models.iter().enumerate() {
        for (j, other) in models.iter().enumerate() {
            let (a, b) = (&sets[i], &bounded[j]);
            assert!(a.union(b).eq(one.union(other).copied()));
            assert!(a.intersection(b).eq(one.intersection(other).copied()));
            assert!(a.difference(b).eq(one.difference(other).copied()));
            assert!(a.symmetric_difference(b).eq(one.symmetric_difference(other).copied()));
            assert_eq!(a.is_subset(b), one.is_subset(other));
            assert_eq!(a.is_superset(b), one.is_superset(other));
            assert_eq!(a.is_disjoint(b), one.is_disjoint(other));
            assert_eq!((*a == sets[j], a.cmp(&sets[j])), (one == other, one.cmp(other)));
            for (set, model) in
                [(a | b, one | other), (a & b, one & other), (a - b, one - other), (a ^ b, one ^ other)]
            {
                assert!(set.iter().eq(model));
            }
            let texts = |keys: Model| keys.into_iter().map(text).collect::<BTreeSet<_>>();
            let (a, b) = (&bytes[i], &bytes[j]);
            assert!(a.intersection(b).eq(texts(one & other)));
            assert!((a ^ b).iter().eq(texts(one ^ other)));
            assert_eq!(a.is_subset(b), one.is_subset(other));
        }
    }
}

#[test]
fn sets_are_collections() {
    let mut set: BSkipSet<u64> = BSkipSet::from([3, 1, 2, 1]);
    set.extend([9, 8]);
    set.extend(&Model::from([7]));
    let mut more = BSkipSet::from([100, 8]);
    set.append(&mut more);
    assert!(more.is_empty());
    assert_eq!(format!("{set:?}"), "{1, 2, 3, 7, 8, 9, 100}");
    assert_eq!(set.clone(), set);
    assert!(set < BSkipSet::from([2]) && set.clone().into_map() == *set.as_map());
    assert_eq!(BSkipSet::<u64>::default(), BSkipSet::new());
    let unsorted = BSkipSet::from_sorted([1u64, 3, 2]).map(|set| set.len());
    assert_eq!(unsorted, Err(BulkError::NotAscending { key: 2, after: 3 }));
    let mut cursor = set.cursor();
    assert!(cursor.seek(&4));
    assert_eq!(cursor.key(), Some(7));

    let mut bytes: BSkipBytesSet<str> = BSkipBytesSet::from(["b", "a"]);
    bytes.extend(["c".to_string()]);
    bytes.append(&mut BSkipBytesSet::from(["d"]));
    assert_eq!(format!("{bytes:?}"), r#"{"a", "b", "c", "d"}"#);
    assert_eq!(bytes.clone(), bytes);
    assert!(bytes.cursor().seek("bb"));

    let full = BSkipSet::with_arena(BumpArena::with_limit(64 << 10)).expect("memory");
    let error = (0u64..).find_map(|key| full.try_insert(key).err()).expect("full");
    assert_eq!((error.cause.kind, full.contains(&error.key)), (AllocErrorKind::LimitReached, false));
    let counted: BSkipSet<u64> =
        BSkipSet::with_config(GlobalArena::new(), Config::new().counted(true)).expect("memory");
    assert_eq!((counted.insert_many(&[5, 6]), counted.len()), (2, 2));
}

/// On nodes of the usual size, which alone are this full.
#[cfg(not(small_nodes))]
#[test]
fn a_leaf_has_no_room_for_values() {
    assert_eq!(BSkipMap::<u64, ()>::NODE_BYTES.0, 640);
    let keys = || (0..scaled(500_000)).map(mix);
    let (set, map) = (BSkipSet::new(), BSkipMap::new());
    keys().for_each(|key| assert!(set.insert(key) && map.insert(key, key).is_none()));
    assert!(10 * set.usage().issued_bytes < 6 * map.usage().issued_bytes);
    let (set, map): (BSkipSet<u64>, BSkipMap<u64, u64>) =
        (keys().collect(), keys().map(|key| (key, key)).collect());
    assert!(10 * set.usage().issued_bytes < 6 * map.usage().issued_bytes);
}

#[test]
fn set_operations_while_others_write() {
    // Multiples of 6 and of 10 stay, other even and fifth keys come and go.
    let last = 3000;
    let sets: [BSkipSet<u64>; 2] = [6, 10].map(|step| (0..last).step_by(step).collect());
    let both: Vec<u64> = (0..last).step_by(30).collect();
    tests::threads::run(4, |thread| {
        for round in 0..scaled(100) {
            if thread < 2 {
                let keys: Vec<u64> = sets[thread].intersection(&sets[1 - thread]).collect();
                assert!(keys.is_sorted_by(|a, b| a < b));
                assert!(keys.iter().filter(|key| *key % 30 == 0).eq(&both));
                let keys: Vec<u64> = sets[0].union(&sets[1]).collect();
                assert!(keys.is_sorted_by(|a, b| a < b));
                assert!((0..last).step_by(6).all(|key| keys.binary_search(&key).is_ok()));
            } else {
                for step in 0..200 {
                    let key = mix(1000 * round + step) % last;
                    if !key.is_multiple_of(6) && !key.is_multiple_of(10) {
                        let set = &sets[(step % 2) as usize];
                        if thread == 2 {
                            set.insert(key)
                        } else {
                            set.remove(&key)
                        };
                    }
                }
            }
        }
    });
}
