//! Defects that other maps had, by name. This map has none of them.
//!
//! Properties, each for every promotion policy. Those with threads run on narrow nodes, which split and merge
//! at almost every step:
//! - upserts of one promoted key from many threads agree on which was first;
//! - after a concurrent insert and removal of one key, the key is as the later of the two left it;
//! - a range that starts at a present key yields that key; one that starts at an absent key yields the next;
//! - 0 and the greatest number are ordinary keys; keys that are all odd are found;
//! - `get` never says that a key is absent while it is overwritten (crossbeam #1023);
//! - a range during writes yields no key outside its bounds (surrealmx #80);
//! - a range from below the first key begins at the first key (scc #115);
//! - no key is lost or missed when its parent changes between two steps of a descent.

use bskip_core::{BSkipMap, GlobalArena, Promotion};
use core::ops::Bound::{self, Excluded, Included, Unbounded};
use std::collections::BTreeMap;
use tests::config::{CRUEL_PROMOTIONS, config};
use tests::keys::NumberedKey;
use tests::rng::Rng;
use tests::shapes::Shape;
use tests::threads::{self, Stop};

/// Nodes of eight slots.
type Wide = [u8; 64];

/// The policies of all suites, and the coin that promotes half of all keys.
fn promotions() -> impl Iterator<Item = Promotion> {
    CRUEL_PROMOTIONS.into_iter().chain([Promotion::Coin { one_in: 2 }])
}

fn empty<K: bskip_core::Key>(promotion: Promotion, seed: u64) -> BSkipMap<K, u64> {
    BSkipMap::with_config(GlobalArena::new(), config(promotion, seed)).expect("an empty map")
}

#[test]
fn concurrent_upsert_of_a_promoted_key() {
    for promotion in promotions() {
        // For any seed, the frequent coins promote one key in two or three.
        for seed in 0..20 {
            let mut map = empty::<Wide>(promotion, seed);
            const KEYS: u64 = 120;
            let answers = threads::run(6, |t| {
                let upsert = |i| map.insert(Wide::of(i), i << 8 | t as u64).map(|old| old & 0xFF);
                (0..KEYS).map(upsert).collect::<Vec<_>>()
            });
            // Of the six inserts of each key, one was the first. Each of the others replaced a value.
            for i in 0..KEYS as usize {
                let mut owners: Vec<Option<u64>> = answers.iter().map(|mine| mine[i]).collect();
                owners.push(map.remove(&Wide::of(i as u64)).map(|last| last & 0xFF));
                owners.sort_unstable();
                let expected: Vec<Option<u64>> = std::iter::once(None).chain((0..6).map(Some)).collect();
                assert_eq!(owners, expected, "{promotion:?}, seed {seed}, key {i}");
            }
            assert_eq!(map.check_invariants().keys, 0);
        }
    }
}

#[test]
fn insert_with_delete() {
    const KEYS: u64 = 90;
    const STEPS: u64 = 12_000;
    for promotion in promotions() {
        let mut map = empty::<Wide>(promotion, 1);
        let balances = threads::run(4, |t| {
            let (mut rng, mut balance) = (Rng::new(t as u64), vec![0i64; KEYS as usize]);
            for _ in 0..STEPS {
                let key = rng.below(KEYS);
                // Half of the threads insert what the others delete.
                balance[key as usize] += match t % 2 {
                    0 => i64::from(map.insert(Wide::of(key), key).is_none()),
                    _ => -i64::from(map.remove(&Wide::of(key)).is_some()),
                };
            }
            balance
        });
        for key in 0..KEYS {
            let balance: i64 = balances.iter().map(|mine| mine[key as usize]).sum();
            assert_eq!(map.get(&Wide::of(key)), (balance == 1).then_some(key), "{promotion:?}, key {key}");
        }
        map.check_invariants();
    }
}

#[test]
fn range_that_starts_at_an_existing_key() {
    for promotion in promotions() {
        let map = empty::<Wide>(promotion, 2);
        (0..400).for_each(|i| assert_eq!(map.insert(Wide::of(2 * i), i), None));
        for i in 0..400 {
            // Takes every key in turn, so also the first key of each node.
            let key = Wide::of(2 * i);
            assert_eq!(map.range(key..).next(), Some((key, i)), "{promotion:?}");
            assert_eq!(map.range(..=key).next_back(), Some((key, i)), "{promotion:?}");
            assert_eq!(map.range(key..).count() as u64, 400 - i);
            assert_eq!(
                map.range((Excluded(key), Unbounded)).next().map(|(_, i)| i),
                (i < 399).then_some(i + 1)
            );
            assert_eq!(map.range(..key).next_back().map(|(_, i)| i), i.checked_sub(1));
        }
    }
}

#[test]
fn absent_key() {
    for promotion in promotions() {
        let mut map = empty::<Wide>(promotion, 3);
        (0..400).for_each(|i| assert_eq!(map.insert(Wide::of(2 * i + 2), i), None));
        for number in (1..=801).step_by(2).chain([0, 802, u64::MAX]) {
            let key = Wide::of(number);
            assert_eq!((map.get(&key), map.remove(&key), map.contains_key(&key)), (None, None, false));
            assert!(map.update(&key, |_| unreachable!()).is_none());
            assert_eq!(map.get_with(&key, |_| ()), None);
            let below = (number / 2).min(400);
            assert_eq!(map.range(key..).next().map(|(_, i)| i), (below < 400).then_some(below), "{number}");
            assert_eq!(map.range(..key).next_back().map(|(_, i)| i), below.checked_sub(1), "{number}");
        }
        assert_eq!(map.check_invariants().keys, 400);
    }
}

#[test]
fn extreme_keys_0_and_max() {
    for promotion in promotions() {
        let mut map = empty::<u64>(promotion, 4);
        for key in [0, u64::MAX, 1, u64::MAX - 1] {
            assert_eq!((map.insert(key, key), map.insert(key, key)), (None, Some(key)));
            assert_eq!(map.get(&key), Some(key));
        }
        assert_eq!((map.first_key_value(), map.last_key_value()), (Some((0, 0)), Some((u64::MAX, u64::MAX))));
        assert!(map.range(0..=u64::MAX).map(|(key, _)| key).eq([0, 1, u64::MAX - 1, u64::MAX]));
        // Other keys are inserted and removed among them by several threads.
        threads::run(4, |t| {
            let key = [0, u64::MAX, 1 << 63, 5][t];
            for i in 0..3_000 {
                assert_eq!(map.insert(key, i).is_some(), i == 0 && t < 2, "{promotion:?}, key {key}");
                assert_eq!(map.get(&key), Some(i));
                assert_eq!(map.remove(&key), Some(i), "{promotion:?}, key {key}");
            }
        });
        assert!(map.iter().map(|(key, _)| key).eq([1, u64::MAX - 1]));
        assert_eq!(map.check_invariants().keys, 2);
    }
}

#[test]
fn odd_only_keys() {
    for promotion in promotions() {
        let mut map = empty::<u64>(promotion, 5);
        let keys = Shape::Odd.keys(5_000);
        keys.iter().for_each(|key| assert_eq!(map.insert(*key, !key), None));
        for key in &keys {
            assert_eq!((map.get(key), map.get(&(key - 1)), map.get(&(key + 1))), (Some(!key), None, None));
        }
        assert!(map.iter().map(|(key, _)| key).eq((0..5_000).map(|i| 2 * i + 1)));
        keys.iter().for_each(|key| assert_eq!(map.remove(key), Some(!key)));
        assert_eq!(map.check_invariants().keys, 0);
    }
}

#[test]
fn get_during_overwrite_crossbeam_1023() {
    const KEYS: u64 = 60;
    for promotion in promotions() {
        let mut map = empty::<Wide>(promotion, 6);
        (0..KEYS).for_each(|i| assert_eq!(map.insert(Wide::of(2 * i), 0), None));
        let stop = Stop::default();
        threads::run(4, |t| {
            let mut rng = Rng::new(t as u64);
            if t < 2 {
                // Overwrites, and neighbours that are inserted and removed, so that the keys move from node
                // to node.
                while !stop.raised() {
                    assert!(map.insert(Wide::of(2 * rng.below(KEYS)), rng.draw()).is_some());
                    let neighbour = Wide::of(2 * rng.below(KEYS) + 1);
                    if rng.below(2) == 0 {
                        map.insert(neighbour, 0)
                    } else {
                        map.remove(&neighbour)
                    };
                }
            } else {
                let _raise = stop.raise_on_drop();
                for _ in 0..20_000 {
                    let key = Wide::of(2 * rng.below(KEYS));
                    assert!(map.get(&key).is_some() && map.contains_key(&key), "{promotion:?}: absent");
                    assert!(map.get_with(&key, |_| ()).is_some(), "{promotion:?}: absent");
                }
            }
        });
        map.check_invariants();
    }
}

#[test]
fn ranges_stay_in_bounds_under_writes_surrealmx_80() {
    const KEYS: u64 = 120;
    for promotion in promotions() {
        let mut map = empty::<Wide>(promotion, 7);
        let stop = Stop::default();
        threads::run(4, |t| {
            let mut rng = Rng::new(t as u64);
            if t < 2 {
                while !stop.raised() {
                    let key = Wide::of(rng.below(KEYS));
                    if rng.below(2) == 0 {
                        map.insert(key, 0)
                    } else {
                        map.remove(&key)
                    };
                }
            } else {
                let _raise = stop.raise_on_drop();
                for _ in 0..6_000 {
                    let (a, b) = (rng.below(KEYS), rng.below(KEYS));
                    let bound = |rng: &mut Rng, number| match rng.below(3) {
                        0 => Unbounded,
                        1 => Included(Wide::of(number)),
                        _ => Excluded(Wide::of(number)),
                    };
                    let lower: Bound<Wide> = bound(&mut rng, a.min(b));
                    let upper = if a == b { Included(Wide::of(a)) } else { bound(&mut rng, a.max(b)) };
                    let within = |key: &Wide| core::ops::RangeBounds::contains(&(lower, upper), key);
                    let front: Vec<Wide> = map.range((lower, upper)).map(|(key, _)| key).collect();
                    assert!(front.iter().all(within) && front.is_sorted_by(|a, b| a < b), "{promotion:?}");
                    let back: Vec<Wide> = map.range((lower, upper)).rev().map(|(key, _)| key).collect();
                    assert!(back.iter().all(within) && back.is_sorted_by(|a, b| a > b), "{promotion:?}");
                }
            }
        });
        map.check_invariants();
    }
}

#[test]
fn lower_bound_below_the_first_key_scc_115() {
    for promotion in promotions() {
        for first in [1, 7, 64, 1000] {
            let map = empty::<Wide>(promotion, first);
            let keys = first..first + 300;
            keys.clone().for_each(|key| assert_eq!(map.insert(Wide::of(key), key), None));
            // The first leaves become empty, too.
            for gone in [0, 1, 9, 40, 299] {
                (first..first + gone)
                    .for_each(|key| assert!(map.remove(&Wide::of(key)).is_none_or(|old| old == key)));
                for lower in [0, first - 1, first] {
                    let there = first + gone..first + 300;
                    let found = map.range(Wide::of(lower)..).map(|(_, key)| key);
                    assert!(found.eq(there.clone()), "{promotion:?}, from {lower}, {gone} gone");
                    let found = map.range((Excluded(Wide::of(lower)), Unbounded)).map(|(_, key)| key);
                    assert!(found.eq(there.filter(|key| *key > lower)), "{promotion:?}, above {lower}");
                    assert_eq!(map.range(..Wide::of(first)).next_back(), None);
                }
            }
        }
    }
}

/// Each thread knows its own keys, while other threads split and merge every node on the way to them.
#[test]
fn no_key_is_lost_when_the_parent_was_validated_once() {
    const THREADS: u64 = 4;
    const OWN: u64 = 80;
    for promotion in promotions() {
        let mut map = empty::<Wide>(promotion, 9);
        let models = threads::run(THREADS as usize, |t| {
            let (mut rng, mut model) = (Rng::new(t as u64), BTreeMap::new());
            for step in 0..15_000 {
                let number = rng.below(OWN) * THREADS + t as u64;
                let key = Wide::of(number);
                // Waves: all keys in, all keys out.
                if (step / 500 + rng.below(8)) % 8 < 4 {
                    assert_eq!(map.insert(key, step), model.insert(number, step), "{promotion:?}");
                } else {
                    assert_eq!(map.remove(&key), model.remove(&number), "{promotion:?}");
                }
                let number = rng.below(OWN) * THREADS + t as u64;
                assert_eq!(map.get(&Wide::of(number)), model.get(&number).copied(), "{promotion:?}");
            }
            model
        });
        let all: BTreeMap<u64, u64> = models.into_iter().flatten().collect();
        assert!(map.iter().map(|(key, value)| (key.number(), value)).eq(all), "{promotion:?}");
        map.check_invariants();
    }
}
