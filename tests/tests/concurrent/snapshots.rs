//! Snapshots of ranges: every one is a state that the map was in.
//!
//! A writer goes through the keys in order, round after round, and gives each the number of the round. So at any
//! moment the first keys have the present round, the others the one before. A scan that is no snapshot finds
//! other pictures: it may pass a key before the writer does, and find a later one that the writer has passed.

use bskip_core::{BSkipBytesMap, BSkipMap};
use tests::config::{CRUEL_PROMOTIONS, map_of, shared_steps};
use tests::rng::Rng;
use tests::threads::{self, Stop};

/// Checks that `rounds`, in the order of the keys, are a picture of one moment.
fn check(rounds: &[u64]) {
    assert!(rounds.is_sorted_by(|a, b| a >= b), "the writer had passed the later key first: {rounds:?}");
    let (newest, oldest) = (rounds[0], rounds[rounds.len() - 1]);
    assert!(newest - oldest <= 1, "the writer was in two rounds: {rounds:?}");
}

#[test]
fn a_round_after_the_other() {
    const KEYS: u64 = 500;
    for promotion in CRUEL_PROMOTIONS {
        let map = map_of::<u64, u64>(promotion);
        (0..KEYS).for_each(|key| _ = map.insert(key * 10, 0));
        let stop = Stop::default();
        threads::run(3, |t| match t {
            0 => {
                for round in 1.. {
                    for key in 0..KEYS {
                        assert_eq!(map.insert(key * 10, round), Some(round - 1));
                        if stop.raised() {
                            return;
                        }
                    }
                }
            }
            // Splits and merges the leaves. These keys are in no snapshot.
            1 => {
                let mut rng = Rng::new(1);
                while !stop.raised() {
                    let start = rng.below(KEYS * 10);
                    let keys = || (start..start + 200).filter(|key| key % 10 != 0);
                    keys().for_each(|key| _ = map.insert(key, u64::MAX));
                    keys().for_each(|key| _ = map.remove(&key));
                }
            }
            _ => {
                let _raise = stop.raise_on_drop();
                let mut rng = Rng::new(2);
                for _ in 0..shared_steps(1000) {
                    let start = rng.below(KEYS - 1);
                    let end = start + 1 + rng.below(KEYS - start);
                    let mut pairs = map.range_snapshot(start * 10..end * 10);
                    assert!(pairs.is_sorted_by(|a, b| a.0 < b.0));
                    pairs.retain(|(_, round)| *round != u64::MAX);
                    let keys: Vec<u64> = pairs.iter().map(|pair| pair.0 / 10).collect();
                    assert!(keys.into_iter().eq(start..end), "a key that stays is missing");
                    check(&pairs.iter().map(|pair| pair.1).collect::<Vec<_>>());
                }
            }
        });
    }
}

/// A token moves: it comes to its new key before it leaves the old one. So a snapshot finds one or two.
#[test]
fn a_token_that_moves() {
    let map = BSkipBytesMap::<[u8], u64>::new();
    // Some keys are long, so that fences are too.
    let key = |n: u64| [vec![b'k'; (n % 3 * 60) as usize], n.to_be_bytes().to_vec()].concat();
    let mut keys: Vec<Vec<u8>> = (0..300).map(key).collect();
    keys.sort();
    keys.iter().for_each(|key| _ = map.insert(key.as_slice(), 0));
    map.update(keys[0].as_slice(), |token| *token = 1);
    let stop = Stop::default();
    threads::run(2, |t| {
        let mut rng = Rng::new(t as u64);
        if t == 0 {
            let mut at = 0;
            while !stop.raised() {
                let to = rng.below(300) as usize;
                if to != at {
                    map.update(keys[to].as_slice(), |token| *token += 1);
                    map.update(keys[at].as_slice(), |token| *token -= 1);
                    at = to;
                }
            }
        } else {
            let _raise = stop.raise_on_drop();
            for _ in 0..shared_steps(2000) {
                let pairs = map.range_snapshot::<&[u8]>(..);
                assert!(pairs.iter().map(|pair| &pair.0).eq(&keys));
                let tokens: u64 = pairs.iter().map(|pair| pair.1).sum();
                assert!((1..=2).contains(&tokens), "{tokens} tokens");
            }
        }
    });
}

#[test]
fn the_ends_of_a_range() {
    let map: BSkipMap<u64, u64> = (1..1000).map(|k| (k * 2, k)).collect();
    for (start, end) in [(0, 3000), (2, 2), (1, 1), (100, 101), (500, 1500), (1998, 5000), (2500, 3000)] {
        assert_eq!(map.range_snapshot(start..end), map.range(start..end).collect::<Vec<_>>());
        assert_eq!(map.range_snapshot(start..=end), map.range(start..=end).collect::<Vec<_>>());
    }
    assert_eq!(map.range_snapshot(..), map.iter().collect::<Vec<_>>());
    assert_eq!(BSkipMap::<u64, u64>::new().range_snapshot(..), []);
}
