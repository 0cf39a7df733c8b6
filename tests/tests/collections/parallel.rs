//! Parallel iterators and collecting, by rayon.
//!
//! Properties:
//! - a parallel range gives the pairs of a range, for every promotion policy and all kinds of bounds; methods that give
//!   results in order give them in the order of the keys;
//! - a map from a parallel iterator is that from the same iterator in sequence: of pairs with the same key, the last
//!   stays, also if there are many; the same holds for `par_extend`;
//! - of eight parts of a range, none is larger than a third; a range is divided down to single leaves;
//! - keys that stay are met exactly once while other threads write.

use bskip_core::{BSkipBytesMap, BSkipBytesSet, BSkipMap, BSkipSet, GlobalArena};
use rayon::iter::plumbing::UnindexedProducer;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::ops::Bound;
use tests::config::{CRUEL_PROMOTIONS, config, scaled};
use tests::rng::mix;

fn text(key: u64) -> String {
    format!("{:>width$}", key, width = if key.is_multiple_of(7) { 200 } else { 8 })
}

#[test]
fn a_parallel_range_gives_the_pairs_of_the_range() {
    for promotion in CRUEL_PROMOTIONS {
        for count in [0, 1, 10, 3000] {
            let map = BSkipMap::with_config(GlobalArena::new(), config(promotion, 5)).expect("memory");
            let owned = BSkipMap::with_config(GlobalArena::new(), config(promotion, 5)).expect("memory");
            let bytes: BSkipBytesMap<str, u64> = BSkipBytesMap::new();
            for key in (0..count).map(|i| mix(i) % 10_000) {
                map.insert(key, key + 1);
                owned.insert(key, key.to_string());
                bytes.insert(&text(key), key);
            }
            let places = [Bound::Unbounded, Bound::Included(10), Bound::Excluded(10), Bound::Excluded(5000)];
            let ends =
                [Bound::Unbounded, Bound::Included(5001), Bound::Excluded(9000), Bound::Included(20_000)];
            for range in places.into_iter().flat_map(|place| ends.map(|end| (place, end))) {
                let parallel: Vec<(u64, u64)> = map.par_range(range).collect();
                assert!(map.range(range).eq(parallel));
                let parallel: Vec<(u64, String)> = owned.par_range(range).cloned().collect();
                assert!(owned.range(range).cloned().eq(parallel));
                let words = (range.0.map(text), range.1.map(text));
                let parallel: Vec<(String, u64)> = bytes.par_range(words.clone()).collect();
                assert!(bytes.range(words.clone()).eq(parallel));
                assert_eq!(bytes.par_range(words.clone()).cloned().count(), bytes.range(words).count());
            }
            assert_eq!(map.par_iter().count(), map.len());
            // A consumer that is full early.
            assert_eq!(map.par_iter().any(|pair| pair.1 == 1), map.contains_key(&0));
            assert_eq!(
                bytes.par_iter().map(|pair| pair.1).sum::<u64>(),
                map.iter().map(|pair| pair.0).sum::<u64>()
            );
        }
    }
}

#[test]
fn maps_collected_in_parallel_are_those_collected_in_sequence() {
    // Many pairs for each key, as few as one key in all.
    for keys in [1, 3, 100, 50_000] {
        let count = scaled(50_000);
        let pairs = || (0..count).into_par_iter().map(move |i| (mix(i) % keys, i.to_string()));
        let expected: BTreeMap<u64, String> = (0..count).map(|i| (mix(i) % keys, i.to_string())).collect();
        let mut map: BSkipMap<u64, String> = pairs().collect();
        assert!(map.iter().cloned().eq(expected.clone()));
        map.check_invariants();
        map.par_extend((0..count).into_par_iter().map(|i| (mix(i) % (2 * keys), format!("later {i}"))));
        let mut later = expected.clone();
        later.extend((0..count).map(|i| (mix(i) % (2 * keys), format!("later {i}"))));
        assert!(map.iter().cloned().eq(later));
        map.check_invariants();

        let texts = || pairs().map(|(key, value)| (text(key), value));
        let spelled: BTreeMap<String, String> =
            expected.into_iter().map(|(key, value)| (text(key), value)).collect();
        let mut map: BSkipBytesMap<str, String> = texts().collect();
        assert!(map.iter().cloned().eq(spelled.clone()));
        map.check_invariants();
        let mut extended: BSkipBytesMap<str, String> = BSkipBytesMap::new();
        extended.par_extend(texts());
        assert_eq!(extended, map);
        let set: BSkipBytesSet<str> = texts().map(|pair| pair.0).collect();
        assert!(set.iter().eq(spelled.into_keys()));
        assert_eq!(set.par_iter().count(), set.len());
    }
    let mut set: BSkipSet<u64> = (0..1000u64).into_par_iter().map(|key| key % 700).collect();
    set.par_extend(600..1000u64);
    assert_eq!(set, (0..1000).collect());
    assert_eq!(set.par_range(500..).sum::<u64>(), (500..1000u64).sum::<u64>());
    let empty: BSkipMap<u64, u64> = rayon::iter::empty().collect();
    assert!(empty.is_empty());
}

/// The numbers of pairs in parts that are each divided as often as possible, up to `depth` times.
fn parts<P: UnindexedProducer + ParallelIterator>(part: P, depth: u32) -> Vec<usize> {
    if depth == 0 {
        return vec![part.count()];
    }
    match part.split() {
        (left, Some(right)) => [parts(left, depth - 1), parts(right, depth - 1)].concat(),
        (whole, None) => vec![whole.count()],
    }
}

#[test]
fn no_part_of_a_range_is_much_larger_than_the_others() {
    let count = scaled(500_000);
    let map: BSkipMap<u64, u64> = (0..count).map(|key| (mix(key), key)).collect();
    for part in [map.par_range(..), map.par_range(u64::MAX / 4..u64::MAX / 2)] {
        let whole = part.clone().count();
        let eight = parts(part.clone(), 3);
        assert_eq!((eight.len(), eight.iter().sum::<usize>()), (8, whole));
        assert!(eight.iter().all(|&part| part < whole / 3), "{eight:?} of {whole}");
        // Down to single leaves.
        let leaves = parts(part, u32::MAX);
        assert_eq!(leaves.iter().sum::<usize>(), whole);
        assert!(leaves.iter().all(|&pairs| pairs <= 64) && leaves.len() > whole / 64);
    }
}

#[test]
fn keys_that_stay_are_met_once_while_others_write() {
    let map: BSkipMap<u64, u64> = (0..2000).map(|key| (2 * key, key)).collect();
    tests::threads::run(3, |thread| {
        for round in 0..scaled(100) {
            if thread == 0 {
                let keys: Vec<u64> = map.par_iter().map(|pair| pair.0).collect();
                assert!(keys.is_sorted_by(|a, b| a < b));
                assert!(keys.into_iter().filter(|key| key % 2 == 0).eq((0..2000).map(|key| 2 * key)));
            } else {
                for step in 0..300 {
                    let key = 2 * (mix(1000 * round + step) % 2000) + 1;
                    if thread == 1 {
                        map.insert(key, key)
                    } else {
                        map.remove(&key)
                    };
                }
            }
        }
    });
}

/// Keys of any form can be collected, not only strings.
#[test]
fn encoded_keys_are_collected() {
    let map: BSkipBytesMap<(String, u64), u64> =
        (0..1000u64).into_par_iter().map(|i| ((text(i % 10), i), i)).collect();
    assert_eq!(map.get(&(text(3).as_str(), 33u64)), Some(33));
}
