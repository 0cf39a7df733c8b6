//! Estimates are near the truth, and keys that chance chooses are equally probable.
//!
//! Properties, for the promotion policies that users would choose, over keys that were inserted in any order and
//! partly removed:
//! - of a range within some dozens of leaves, the estimate is exact;
//! - of longer ranges, estimates have the error that the documentation states, and `estimate_nth` finds the place that
//!   `estimate_rank` tells;
//! - a map at rest always gives the same answers;
//! - keys in full leaves and keys in nearly empty ones are chosen equally often.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use bskip_core::{BSkipBytesMap, BSkipMap, BSkipSet, GlobalArena, Promotion};
use tests::config::{PROMOTIONS, config, map_of, scaled};
use tests::rng::Rng;

const KEYS: u64 = if cfg!(small_nodes) { 3_000 } else { 60_000 };

/// Small nodes differ more in how full they are, and there are more levels.
const SLACK: f64 = if cfg!(small_nodes) { 3.0 } else { 1.0 };

/// The root of the mean square of the relative errors of what `estimate` says of ranges.
fn error<K>(keys: &[K], mut estimate: impl FnMut(usize, usize) -> f64) -> f64 {
    let mut rng = Rng::new(9);
    let long = keys.len() / 4;
    let squares: Vec<f64> = (0..40)
        .map(|_| {
            let start = rng.below((keys.len() - long) as u64) as usize;
            let end = start + long + rng.below((keys.len() - start - long) as u64) as usize;
            (estimate(start, end) / (end - start) as f64 - 1.0).powi(2)
        })
        .collect();
    (squares.iter().sum::<f64>() / squares.len() as f64).sqrt()
}

#[test]
fn estimates_are_near_the_truth() {
    for promotion in PROMOTIONS {
        let map = map_of::<u64, u64>(promotion);
        let mut rng = Rng::new(1);
        for i in 0..KEYS {
            map.insert(rng.draw() >> 1, i);
        }
        // The second quarter gets sparse.
        map.retain(|key, _| key >> 61 != 1 || key % 4 == 0);
        let keys: Vec<u64> = map.keys().collect();
        let ranges = error(&keys, |start, end| {
            let about = map.estimate_range_count(keys[start]..keys[end]);
            assert_eq!(about, map.estimate_range_count(keys[start]..keys[end]));
            about as f64
        });
        let is_coin = matches!(promotion, Promotion::Coin { .. });
        let bound = SLACK * if is_coin { 0.3 } else { 0.12 };
        assert!(ranges < bound, "{promotion:?}: {ranges}");
        for tenth in 1..9 {
            let n = tenth * keys.len() / 10;
            let key = map.estimate_nth(n).unwrap_or(u64::MAX);
            let rank = keys.partition_point(|other| *other < key);
            let bound = SLACK * if is_coin { 1.0 } else { 0.3 };
            assert!(rank.abs_diff(n) as f64 <= bound * n as f64, "{promotion:?}: {rank} for {n}");
        }
        assert_eq!(map.estimate_nth(0), Some(keys[0]));
        assert_eq!(map.estimate_nth(10 * keys.len()), None);
    }
}

#[test]
fn short_ranges_are_exact() {
    let map = map_of::<u64, u64>(Promotion::default());
    for n in [0, 1, 60, 1000] {
        let before = map.len() as u64;
        (before..n).for_each(|key| assert!(map.insert(3 * key, key).is_none()));
        assert_eq!(map.estimate_range_count(..), map.range_count(..));
        let is_exact = n < if cfg!(small_nodes) { 100 } else { 2000 };
        if is_exact {
            (0..n).for_each(|i| assert_eq!(map.estimate_nth(i as usize), Some(3 * i)));
            (0..n).for_each(|i| assert_eq!(map.estimate_rank(&(3 * i)), i as usize));
            assert_eq!(map.estimate_nth(n as usize), None);
        }
    }
}

/// A generator for `sample_key`.
fn words(seed: u64) -> impl FnMut() -> u64 {
    let mut rng = Rng::new(seed);
    move || rng.draw()
}

/// Leaves of the first half are full. Those of the second half have lost three of four keys.
#[test]
fn samples_are_uniform() {
    const DRAWS: usize = 8_000;
    // Nodes of a coin alone differ so much that a sample prefers keys in small ones.
    for (promotion, allowed) in [(Promotion::default(), 0.15), (Promotion::Coin { one_in: 16 }, 0.4)] {
        let map = map_of::<u64, u64>(promotion);
        for key in 0..KEYS {
            map.insert(key, !key);
        }
        map.retain(|&key, _| key < KEYS / 2 || key % 4 == 0);
        let mut random = words(3);
        let drawn: Vec<u64> = (0..DRAWS)
            .map(|_| {
                let (key, value) = map.sample(&mut random).expect("there are keys");
                assert_eq!(map.get(&key), Some(value));
                key
            })
            .collect();
        let part = |range: core::ops::Range<u64>| {
            let share = drawn.iter().filter(|key| range.contains(key)).count() as f64 / DRAWS as f64;
            share / (map.range_count(range) as f64 / map.len() as f64)
        };
        let parts = [
            part(0..KEYS / 4),
            part(KEYS / 4..KEYS / 2),
            part(KEYS / 2..3 * KEYS / 4),
            part(3 * KEYS / 4..KEYS),
        ];
        // The last parts have a tenth of the keys each, so their error is about 3 %.
        assert!(parts.iter().all(|ratio| (ratio - 1.0).abs() < SLACK * allowed), "{promotion:?}: {parts:?}");
    }
}

#[test]
fn samples_of_few_keys() {
    let set = BSkipSet::new();
    assert_eq!((set.sample(words(1)), set.estimate_nth(0)), (None, None));
    (0..2_000u64).for_each(|key| assert!(set.insert(key)));
    (0..2_000u64).filter(|key| key % 1000 > 0).for_each(|key| assert!(set.remove(&key)));
    let mut random = words(2);
    let drawn: std::collections::BTreeSet<u64> = (0..60).filter_map(|_| set.sample(&mut random)).collect();
    assert!(drawn.into_iter().eq([0, 1000]));
}

/// Leaves of byte strings have no fixed number of keys.
#[test]
fn estimates_of_byte_strings() {
    let map = BSkipBytesMap::<[u8], u64>::with_config(GlobalArena::new(), config(Promotion::default(), 2))
        .expect("memory");
    let mut rng = Rng::new(5);
    for i in 0..KEYS / 2 {
        let tail = vec![b'x'; rng.below(40) as usize];
        map.insert(&[&rng.draw().to_be_bytes()[..], &tail].concat(), i);
    }
    let keys: Vec<Vec<u8>> = map.iter().map(|(key, _)| key).collect();
    let ranges = error(&keys, |start, end| {
        map.estimate_range_count(keys[start].as_slice()..keys[end].as_slice()) as f64
    });
    println!("byte strings: {ranges:.3}");
    assert!(ranges < 0.1 * SLACK, "{ranges}");
    assert!(map.sample(words(4)).is_some_and(|(key, value)| map.get(&key) == Some(value)));
}

/// While another thread fills the map and empties it, every estimate returns.
#[test]
fn estimates_return_beside_removals_of_ranges() {
    let map: BSkipMap<u64, u64> = BSkipMap::new();
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..scaled(40) {
                (0..20_000).for_each(|key| _ = map.insert(key, key));
                map.remove_range(..);
            }
            ended.store(true, Ordering::Relaxed);
        });
        let mut estimates = 0;
        while !ended.load(Ordering::Relaxed) {
            let all = map.estimate_range_count(..);
            assert!(all < 1 << 20, "{all}");
            let key = map.estimate_nth(all / 2);
            assert!(key.is_none_or(|key| key <= 20_000), "{key:?}");
            let rank = map.estimate_rank(&10_000);
            assert!(rank < 1 << 20, "{rank}");
            estimates += 1;
        }
        assert!(estimates > 0);
    });
    assert_eq!((map.estimate_range_count(..), map.sample_key(|| 7)), (0, None));
}
