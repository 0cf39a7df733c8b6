//! Handlers against `BTreeMap`, on one thread.
//!
//! Properties, for every promotion policy that posts:
//! - every answer is that of the model, also between calls that wait;
//! - a call is never busy, because no lock is held;
//! - with a block in reserve, an insertion always succeeds;
//! - the map counts what handlers insert and remove, and its invariants hold afterwards.

use bskip_core::{BSkipMap, BSkipSet, Config, GlobalArena, Promotion, TryInsertCause};
use std::collections::{BTreeMap, BTreeSet};
use tests::config::scaled;
use tests::rng::Rng;

const KEYS: u64 = 3000;

#[test]
fn every_call_answers_as_the_model_does() {
    let mut steps = 0;
    for promotion in [
        Promotion::Overflow,
        Promotion::CoinAndOverflow { one_in: 256 },
        Promotion::CoinAndOverflow { one_in: 4 },
    ] {
        let config = Config::new().promotion(promotion).counted(true).seed(5);
        let mut map = BSkipMap::<u64, u64>::with_config(GlobalArena::new(), config).expect("memory");
        let mut model = BTreeMap::new();
        let mut rng = Rng::new(11);
        let mut full = 0;
        {
            let handler = map.handler();
            let mut reservation = map.reserve(2).expect("memory");
            for step in 0..scaled(200_000) {
                // The map grows, then shrinks, and so on.
                let inserts = if step / 5_000 % 2 == 0 { 6 } else { 2 };
                let (key, value) = (rng.below(KEYS), step);
                match rng.below(16) {
                    dice if dice < inserts => match handler.try_insert(key, value) {
                        Ok(old) => assert_eq!(old, model.insert(key, value)),
                        Err(error) => {
                            assert_eq!((error.key, error.value), (key, value));
                            assert_eq!(error.cause, TryInsertCause::Full, "no thread holds a lock");
                            assert_eq!(model.get(&key), None, "a key that is there needs no room");
                            full += 1;
                            let inserted = handler.try_insert_with(&mut reservation, key, value);
                            assert_eq!(inserted, Ok(model.insert(key, value)));
                            assert_eq!(reservation.len(), 1, "one block for one leaf");
                            reservation.refill().expect("memory");
                        }
                    },
                    0..9 => assert_eq!(handler.try_remove(&key), Ok(model.remove(&key))),
                    9 => assert_eq!(handler.try_contains_key(&key), Ok(model.contains_key(&key))),
                    10 => {
                        let floor = model.range(..=key).next_back().map(|(&k, &v)| (k, v));
                        assert_eq!(handler.try_floor(&key), Ok(floor));
                    }
                    11 => {
                        let ceiling = model.range(key..).next().map(|(&k, &v)| (k, v));
                        assert_eq!(handler.try_ceiling(&key), Ok(ceiling));
                    }
                    12 => {
                        let ends = [model.first_key_value(), model.last_key_value()];
                        let ends = ends.map(|pair| pair.map(|(&k, &v)| (k, v)));
                        assert_eq!(handler.try_first_key_value(), Ok(ends[0]));
                        assert_eq!(handler.try_last_key_value(), Ok(ends[1]));
                    }
                    13 if step % 3 == 0 => assert_eq!(handler.try_pop_first(), Ok(model.pop_first())),
                    13 if step % 3 == 1 => assert_eq!(handler.try_pop_last(), Ok(model.pop_last())),
                    14 => assert_eq!(map.remove(&key), model.remove(&key)),
                    15 => assert_eq!(map.insert(key, value), model.insert(key, value)),
                    _ => assert_eq!(handler.try_get(&key), Ok(model.get(&key).copied())),
                }
                steps += 1;
            }
        }
        assert!(full > 10, "{full} leaves were full");
        assert_eq!(map.len(), model.len());
        assert!(map.iter().eq(model));
        let found = map.check_invariants();
        assert_eq!(found.unlisted, 0, "a reservation that ends has made the entries");
    }
    println!("handlers against a model: {steps} steps");
}

/// Splits leaves until the node above is full. Drops the reservations, or forgets them and the entries that they are
/// to make.
fn split_by_handlers(forgets: bool) -> BSkipMap<u64, u64> {
    let config = Config::new().promotion(Promotion::Overflow);
    let map = BSkipMap::<u64, u64>::with_config(GlobalArena::new(), config).expect("memory");
    (0..3000).for_each(|key| _ = map.insert(key, !key));
    for key in 3000..6000 {
        let mut reservation = map.reserve(1).expect("memory");
        assert_eq!(map.handler().try_insert_with(&mut reservation, key, !key), Ok(None));
        if forgets && reservation.is_empty() {
            core::mem::forget(reservation);
        }
    }
    assert!(map.iter().eq((0..6000).map(|key| (key, !key))));
    map
}

/// If the node above has no room, a handler makes no entry. The reservation remembers that.
#[test]
fn a_reservation_makes_the_entries_that_are_missing() {
    assert!(split_by_handlers(true).check_invariants().unlisted > 0);
    assert_eq!(split_by_handlers(false).check_invariants().unlisted, 0);
}

#[test]
fn a_set_answers_as_a_set() {
    let set = BSkipSet::<u64>::new();
    let handler = set.handler();
    let mut reservation = set.reserve(1).expect("memory");
    let (mut model, mut rng) = (BTreeSet::new(), Rng::new(3));
    for _ in 0..scaled(50_000) {
        let key = rng.below(500);
        match rng.below(8) {
            0..3 => {
                assert_eq!(handler.try_insert_with(&mut reservation, key), Ok(model.insert(key)));
                reservation.refill().expect("memory");
            }
            3 | 4 => assert_eq!(handler.try_remove(&key), Ok(model.remove(&key))),
            5 => assert_eq!(handler.try_contains(&key), Ok(model.contains(&key))),
            6 => {
                assert_eq!(handler.try_floor(&key), Ok(model.range(..=key).next_back().copied()));
                assert_eq!(handler.try_ceiling(&key), Ok(model.range(key..).next().copied()));
                assert_eq!(handler.try_first(), Ok(model.first().copied()));
                assert_eq!(handler.try_last(), Ok(model.last().copied()));
            }
            _ => {
                assert_eq!(handler.try_pop_first(), Ok(model.pop_first()));
                assert_eq!(handler.try_pop_last(), Ok(model.pop_last()));
            }
        }
    }
    drop(reservation);
    assert!(set.iter().eq(model));
}

/// Handlers leave empty leaves behind. A pop that has passed too many gives up, until a thread merges them.
#[test]
fn a_thread_merges_what_pops_have_emptied() {
    let map: BSkipMap<u64, u64> = (0..10_000).map(|key| (key, key)).collect();
    let handler = map.handler();
    let (mut next, mut helped) = (0, 0);
    while next < 10_000 {
        match handler.try_pop_first() {
            Ok(pair) => {
                assert_eq!(pair, Some((next, next)));
                next += 1;
            }
            Err(_) => {
                assert_eq!(map.first_key_value(), Some((next, next)));
                helped += 1;
                assert!(handler.try_first_key_value().is_ok(), "the leaves have merged");
            }
        }
    }
    assert_eq!(handler.try_pop_first(), Ok(None));
    assert!(helped > 0);
}
