//! Threads that compute on the same keys: nothing comes between what a closure sees and what the map then does.
//!
//! Properties, with 8 threads, over few and many keys and every promotion policy:
//! - `compute` and `entry_or_insert_with` that count up, and removal of a counter that is full: no count is lost or
//!   doubled, and a reader sees no torn value;
//! - `compare_exchange` in a loop counts exactly;
//! - of threads that offer a value for one key (`get_or_insert`, `entry_or_insert_with`), one wins, and all see it;
//! - `remove_if` removes only what it has seen, and one thread gets it.

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
