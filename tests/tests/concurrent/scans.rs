//! What a reader sees while other threads split, merge and refill the leaves that it reads.
//!
//! Properties, with churning writers whose runs of keys fill and empty whole leaves between keys that are
//! never removed, for every promotion policy:
//! - `get`, `get_with` and `contains_key` never miss a key that is always present;
//! - an iteration, forwards, backwards, from both ends or by chunks, is strictly ordered, in bounds, and
//!   holds every key that is always present and no key that never was;
//! - `first` and `last` are right if those keys are always present;
//! - no value is torn or of another key, whether its type is read with or without a lock.

use bskip_core::{BSkipMap, GlobalArena};
use tests::config::{CRUEL_PROMOTIONS, map_of, shared_steps};
use tests::keys::NumberedKey;
use tests::owner::{COUNT_BITS, token};
use tests::read::Read;
use tests::rng::Rng;
use tests::threads::{self, Stop};
use tests::values::NumberedValue;

/// The distance between keys that are always present. The last numbers below each of them are never keys.
const STEP: u64 = 97;
const NEVER: u64 = 5;

fn is_always(number: u64) -> bool {
    number.is_multiple_of(STEP)
}

fn is_never(number: u64) -> bool {
    number % STEP >= STEP - NEVER
}

/// Inserts and removes runs of neighbouring keys until told to stop.
fn churn<K: NumberedKey, V: NumberedValue>(map: &BSkipMap<K, V>, end: u64, seed: u64, stop: &Stop) {
    let mut rng = Rng::new(seed);
    while !stop.raised() {
        let start = rng.below(end);
        let run = (start..end.min(start + rng.below(400))).filter(|n| !is_always(*n) && !is_never(*n));
        let insert = rng.below(2) == 0;
        for number in run {
            if insert {
                map.insert(K::of(number), V::of(token(number, rng.below(1 << 20))));
            } else {
                map.remove(&K::of(number));
            }
        }
    }
}

/// Checks what one iteration over `start..end` yielded, in ascending order.
fn check(items: &[(u64, u64)], start: u64, end: u64) {
    assert!(items.is_sorted_by(|a, b| a.0 < b.0), "{start}..{end} not strictly ordered: {items:?}");
    for (number, value) in items {
        assert!((start..end).contains(number), "{number} is outside of {start}..{end}");
        assert!(!is_never(*number), "{number} was never inserted");
        assert_eq!(value >> COUNT_BITS, *number, "a value of another key");
    }
    let seen = items.iter().filter(|(number, _)| is_always(*number)).count() as u64;
    assert_eq!(seen, end.div_ceil(STEP) - start.div_ceil(STEP), "{start}..{end} misses a key: {items:?}");
}

/// Reads at random, `steps` times.
fn read<K: NumberedKey, V: NumberedValue>(map: &BSkipMap<K, V>, end: u64, seed: u64, steps: u64) {
    let mut rng = Rng::new(seed);
    for step in 0..shared_steps(steps) {
        let number = rng.below(end / STEP) * STEP;
        let key = K::of(number);
        assert!(map.contains_key(&key), "missed {number}");
        assert_eq!(V::Reader::get(map, &key).expect("always present").number() >> COUNT_BITS, number);
        assert_eq!(map.get_with(&key, V::number).expect("always present") >> COUNT_BITS, number);
        let (first, last) =
            (V::Reader::first(map).expect("never empty"), V::Reader::last(map).expect("never empty"));
        assert_eq!((first.0.number(), last.0.number()), (0, (end - 1) / STEP * STEP));
        let start = rng.below(end);
        let stop = if step.is_multiple_of(50) { end } else { end.min(start + rng.below(700)) };
        let numbers = |(k, v): (K, V)| (k.number(), v.number());
        let mut range = V::Reader::range(map, K::of(start)..K::of(stop)).map(numbers);
        let mut items = Vec::new();
        match rng.below(4) {
            3 => {
                let back = rng.below(2) == 0;
                let mut chunks = Vec::new();
                V::Reader::chunks(map, K::of(start)..K::of(stop), back, |chunk| {
                    chunks.push(chunk);
                    true
                });
                if back {
                    chunks.reverse();
                }
                items.extend(chunks.into_iter().flatten().map(numbers));
            }
            0 => items.extend(range),
            1 => {
                items.extend(range.rev());
                items.reverse();
            }
            _ => {
                let mut back = Vec::new();
                loop {
                    let (side, item) = match rng.below(2) {
                        0 => (&mut items, range.next()),
                        _ => (&mut back, range.next_back()),
                    };
                    let Some(item) = item else { break };
                    side.push(item);
                }
                items.extend(range);
                items.extend(back.into_iter().rev());
            }
        }
        check(&items, start, stop);
    }
}

fn run<K: NumberedKey, V: NumberedValue>()
where
    BSkipMap<K, V, GlobalArena>: Sync,
{
    for promotion in CRUEL_PROMOTIONS {
        for (end, steps) in [(STEP * 4, 4_000), (STEP * 400, 2_000)] {
            // The last number is a key that is always present, so `last` is known.
            let end = end + 1;
            let mut map = map_of::<K, V>(promotion);
            for number in (0..end).step_by(STEP as usize) {
                assert!(map.insert(K::of(number), V::of(token(number, 0))).is_none());
            }
            let stop = Stop::default();
            let readers = std::sync::atomic::AtomicUsize::new(4);
            threads::run(8, |t| {
                if t < 4 {
                    churn(&map, end, t as u64, &stop);
                } else {
                    let raise = stop.raise_on_drop();
                    read(&map, end, t as u64, steps);
                    // Churn until the last reader has finished.
                    if readers.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) > 1 {
                        core::mem::forget(raise);
                    }
                }
            });
            map.check_invariants();
        }
    }
}

#[test]
fn words() {
    run::<u64, u64>();
}

#[cfg(thorough)]
#[test]
fn wide() {
    run::<[u8; 20], [u64; 5]>();
}

#[test]
fn owning() {
    run::<u64, Box<[u64; 3]>>();
}

#[test]
fn wide_keys() {
    run::<[u8; 20], [u8; 19]>();
}

#[cfg(thorough)]
#[test]
fn pairs() {
    run::<(u32, u64), [u8; 19]>();
}
