//! Threads that compute on the same keys: nothing comes between what a closure sees and what the map then does.
//!
//! Properties, with 8 threads, over few and many keys and every promotion policy:
//! - `compute` and `entry_or_insert_with` that count up, and removal of a counter that is full: no count is lost or
//!   doubled, and a reader sees no torn value;
//! - `compare_exchange` in a loop counts exactly;
//! - of threads that offer a value for one key (`get_or_insert`, `entry_or_insert_with`), one wins, and all see it;
//! - `remove_if` removes only what it has seen, and one thread gets it;
//! - `extract_if`, `retain`, `range_update` and `remove_range` beside writers: no value is lost, none comes out twice.

use bskip_core::{Compute, Operation, Promotion};
use tests::config::{CRUEL_PROMOTIONS, map_of, shared_steps};
use tests::read::Read;
use tests::rng::Rng;
use tests::threads;
use tests::values::NumberedValue;

const THREADS: usize = 8;
const SPACES: [u64; 3] = [3, 300, 20_000];
const FULL: u64 = 5;

fn counts<V: NumberedValue>(promotion: Promotion, steps: u64) {
    for keys in SPACES {
        let mut map = map_of::<u64, V>(promotion);
        let out: u64 = threads::run(THREADS, |t| {
            let (mut rng, mut out) = (Rng::new(t as u64 + 5), 0);
            for step in 0..steps {
                let key = rng.below(keys);
                if step % 3 == 0 {
                    map.entry_or_insert_with(key, || V::of(0), |value| *value = V::of(value.number() + 1));
                    assert!(V::Reader::get(&map, &rng.below(keys)).is_none_or(|value| value.number() > 0));
                    continue;
                }
                match map.compute(key, |old| match old.map(V::number) {
                    None => Operation::<_, ()>::Insert(V::of(1)),
                    Some(n) if n < FULL => Operation::Insert(V::of(n + 1)),
                    Some(_) => Operation::Remove,
                }) {
                    // This removal adds one by itself.
                    Compute::Removed(value) => out += value.number() + 1,
                    Compute::Updated(old) => assert!(old.number() < FULL),
                    Compute::Inserted => {}
                    Compute::Absent | Compute::Aborted(()) => panic!("the closure did not ask for that"),
                }
            }
            out
        })
        .into_iter()
        .sum();
        let left: u64 = map.range(..).cloned().map(|(_, value)| value.number()).sum();
        assert_eq!(out + left, THREADS as u64 * steps, "{promotion:?}, {keys} keys");
        map.check_invariants();
    }
}

#[test]
fn computed_counts() {
    CRUEL_PROMOTIONS.into_iter().for_each(|promotion| {
        counts::<u64>(promotion, shared_steps(30_000));
        counts::<[u64; 5]>(promotion, shared_steps(30_000));
        counts::<Box<[u64; 3]>>(promotion, shared_steps(10_000));
    });
}

#[test]
fn exchanged_counts() {
    let steps = shared_steps(20_000);
    for promotion in CRUEL_PROMOTIONS {
        let mut map = map_of::<u64, u64>(promotion);
        (0..200).for_each(|key| assert_eq!(map.insert(key, 0), None));
        threads::run(THREADS, |t| {
            let mut rng = Rng::new(t as u64 + 9);
            for _ in 0..steps {
                let key = rng.below(3);
                loop {
                    let seen = map.get(&key).expect("never removed");
                    match map.compare_exchange(&key, &seen, seen + 1) {
                        Ok(old) => break assert_eq!(old, seen),
                        Err(new) => assert_eq!(new, seen + 1),
                    }
                }
            }
        });
        let sum: u64 = (0..200).filter_map(|key| map.get(&key)).sum();
        assert_eq!(sum, THREADS as u64 * steps, "{promotion:?}");
        map.check_invariants();
    }
}

#[test]
fn one_offer_wins_and_one_removal_gets_it() {
    let rounds = shared_steps(400);
    for promotion in CRUEL_PROMOTIONS {
        let mut map = map_of::<u64, String>(promotion);
        let seen = threads::run(THREADS, |t| {
            let mut seen = Vec::new();
            for round in 0..rounds {
                let (key, mine) = (round * 37 % rounds, format!("{round} of {t}"));
                let got = match t % 2 {
                    0 => map.get_or_insert(key, mine),
                    _ => map.entry_or_insert_with(key, || mine, |value| value.clone()),
                };
                seen.push((key, got));
            }
            seen
        });
        assert!(seen.iter().all(|other| *other == seen[0]), "{promotion:?}: two values of one key");
        let removed = threads::run(THREADS, |_| {
            let is_there =
                |(key, value): &&(u64, String)| map.remove_if(key, |there| there == value).is_some();
            seen[0].iter().filter(is_there).count() as u64
        });
        assert_eq!(removed.into_iter().sum::<u64>(), rounds, "{promotion:?}");
        assert!(map.is_empty());
        map.check_invariants();
    }
}

/// Half of the threads count up, the others take counters out in sweeps or change them in place.
#[test]
fn sweeps_beside_writers() {
    let steps = shared_steps(4_000);
    for promotion in CRUEL_PROMOTIONS {
        let mut map = map_of::<u64, Box<[u64; 3]>>(promotion);
        let sums = threads::run(THREADS, |t| {
            let (mut rng, mut sum) = (Rng::new(t as u64 + 3), 0u64);
            for step in 0..steps {
                let key = rng.below(400);
                match t % 4 {
                    0 | 1 => {
                        let count =
                            |value: &mut Box<[u64; 3]>| *value = NumberedValue::of(value.number() + 1);
                        map.entry_or_insert_with(key, || NumberedValue::of(0), count);
                        sum = sum.wrapping_add(1);
                    }
                    2 if step % 16 == 0 => {
                        let mut last = None;
                        for (key, value) in map.extract_if(key..key + 100, |key, _| key % 3 == 0) {
                            assert!(last < Some(key), "out of order");
                            last = Some(key);
                            sum = sum.wrapping_sub(value.number());
                        }
                    }
                    3 if step % 64 == 0 => {
                        map.range_update(key.., |_, value| {
                            *value = NumberedValue::of(value.number() + 2);
                            sum = sum.wrapping_add(2);
                        });
                        map.retain(|key, value| {
                            let keep = key % 5 > 0;
                            sum = if keep { sum } else { sum.wrapping_sub(value.number()) };
                            keep
                        });
                    }
                    _ => {}
                }
            }
            sum
        });
        let left: u64 = map.values().cloned().map(|value| value.number()).sum();
        assert_eq!(sums.into_iter().fold(0, u64::wrapping_add), left, "{promotion:?}");
        map.check_invariants();
    }
}

/// Half of the threads insert keys of their own, each once, and remove some. The others remove ranges.
#[test]
fn ranges_are_removed_beside_writers() {
    CRUEL_PROMOTIONS.into_iter().for_each(ranges_beside_writers::<u64>);
    // These must be dropped.
    ranges_beside_writers::<Box<[u64; 3]>>(CRUEL_PROMOTIONS[3]);
}

fn ranges_beside_writers<V: NumberedValue>(promotion: Promotion) {
    let steps = shared_steps(20_000);
    let mut map = map_of::<u64, V>(promotion);
    let counts = threads::run(THREADS, |t| {
        let (mut rng, mut count) = (Rng::new(t as u64 + 8), 0isize);
        for step in 0..steps {
            if t % 2 == 0 {
                // Every key once, in a scattered order.
                let key = (step * 7919 % steps) * THREADS as u64 + t as u64;
                assert!(map.insert(key, V::of(!key)).is_none());
                count += 1;
                if step % 5 == 0 {
                    count -= map.remove(&key).map_or(0, |value| (value.number() == !key).into());
                }
            } else if step % 256 == 0 {
                let (a, b) = (rng.below(steps * 8), rng.below(steps * 8));
                count -= map.remove_range(a.min(b)..=a.max(b)) as isize;
            }
        }
        count
    });
    assert_eq!(counts.into_iter().sum::<isize>(), map.len() as isize, "{promotion:?}");
    assert!(V::Reader::iter(&map).all(|(key, value)| value.number() == !key));
    map.check_invariants();
    let left = map.len();
    assert_eq!((map.range_count(..), map.remove_range(..), map.len()), (left, left, 0));
    map.check_invariants();
}
