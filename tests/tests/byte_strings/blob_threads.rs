//! Maps of byte-string values under many threads.
//!
//! A value names its seed and length, and belongs to its key. So a reader notices bytes of two values, of another
//! key's value, and a wrong length.

use bskip_core::{BSkipBlobMap, Config, GlobalArena, Promotion};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::thread;
use tests::blobs::{LENGTHS, check, value};
use tests::rng::Rng;
use tests::threads::{self, Stop};

type Map = BSkipBlobMap<[u8]>;

const STEPS: u64 = if cfg!(debug_assertions) { 20_000 } else { 60_000 };

fn map(promotion: Promotion) -> Map {
    Map::with_config(GlobalArena::new(), Config::new().promotion(promotion).seed(3)).expect("memory")
}

fn key(i: u64) -> Vec<u8> {
    format!("/srv/project/{i:06}").into_bytes()
}

/// Up to 4065 bytes.
fn random(rng: &mut Rng, key: &[u8]) -> Vec<u8> {
    value(key, rng.draw() as u8, LENGTHS[rng.below(LENGTHS.len() as u64 - 1) as usize])
}

/// Removes all, and checks that no cell is left.
fn finish(mut map: Map) {
    map.check_invariants();
    map.clear();
    assert_eq!(map.cells_usage().issued_blocks, 0);
    map.check_invariants();
}

/// Runs `read` again and again while `write` runs on two threads.
fn while_written(write: impl Fn(u64) + Sync, read: &[&(dyn Fn(&mut Rng) + Sync)]) {
    let stop = Stop::default();
    thread::scope(|scope| {
        for (i, read) in read.iter().enumerate() {
            let stop = &stop;
            scope.spawn(move || {
                let mut rng = Rng::new(77 + i as u64);
                while !stop.raised() {
                    read(&mut rng);
                }
            });
        }
        // If a writer panics, the readers end, too.
        let _raise = stop.raise_on_drop();
        threads::run(2, |writer| write(writer as u64));
    });
}

/// Keys stay, and values are overwritten by longer and shorter ones.
#[test]
fn no_value_is_torn() {
    const KEYS: u64 = 60;
    for promotion in [Promotion::default(), Promotion::Coin { one_in: 8 }] {
        let map = map(promotion);
        (0..KEYS).for_each(|i| assert!(map.insert(&key(i), &value(&key(i), 0, 20))));
        let some = |rng: &mut Rng| key(rng.below(KEYS));
        while_written(
            |writer| {
                let mut rng = Rng::new(writer);
                for _ in 0..STEPS {
                    let key = some(&mut rng);
                    let value = random(&mut rng, &key);
                    match rng.below(3) {
                        0 => assert!(!map.insert(&key, &value)),
                        1 => check(&key, &map.replace(&key, &value).expect("it stays")),
                        _ => {
                            let change = |old: &mut Vec<u8>| {
                                check(&key, old);
                                old.clone_from(&value);
                            };
                            assert_eq!(map.update(&key, change), Some(()));
                        }
                    }
                }
            },
            &[
                &|rng| {
                    let mut buffer = Vec::new();
                    for _ in 0..100 {
                        let key = some(rng);
                        check(&key, &map.get(&key).expect("it stays"));
                        assert!(map.get_into(&key, &mut buffer));
                        check(&key, &buffer);
                        assert_eq!(map.get_with(&key, |value| check(&key, value)), Some(()));
                    }
                },
                &|rng| {
                    let from = rng.below(KEYS);
                    let mut expected = from..KEYS;
                    let _ = map.try_for_each_in(key(from).., |found, value| {
                        assert_eq!(found, key(expected.next().expect("no more keys")));
                        check(found, value);
                        ControlFlow::<()>::Continue(())
                    });
                    assert_eq!(expected.next(), None);
                },
                &|rng| {
                    let from = rng.below(KEYS);
                    let mut expected = from..KEYS;
                    let mut pairs = map.range(key(from)..);
                    loop {
                        let (pair, expected) = if rng.below(2) == 0 {
                            (pairs.lend_next(), expected.next())
                        } else {
                            (pairs.lend_next_back(), expected.next_back())
                        };
                        assert_eq!(pair.map(|(found, _)| found.to_vec()), expected.map(key));
                        let Some((found, value)) = pair else { break };
                        check(found, value);
                    }
                    for (pair, i) in [(map.first_key_value(), 0), (map.last_key_value(), KEYS - 1)] {
                        let (found, value) = pair.expect("keys stay");
                        assert_eq!(found, key(i));
                        check(&found, &value);
                    }
                },
            ],
        );
        finish(map);
    }
}

/// A reader of a long value ends, although its leaf changes all the time: it keeps the value for a moment.
#[test]
fn long_values_are_read_from_a_busy_leaf() {
    let map = map(Promotion::default());
    let long = |rng: &mut Rng| value(&key(1), rng.draw() as u8, 400_000 + rng.below(9) as usize * 999);
    map.insert(&key(1), &long(&mut Rng::new(1)));
    while_written(
        |writer| {
            let mut rng = Rng::new(writer);
            for step in 0..STEPS {
                if step % 512 == 0 {
                    map.insert(&key(1), &long(&mut rng));
                }
                map.insert(&key(2 * writer), &value(&key(2 * writer), step as u8, 30));
            }
        },
        &[&|_| check(&key(1), &map.get(&key(1)).expect("it stays")), &|rng| {
            let mut seen = 0;
            if rng.below(2) == 0 {
                let _ = map.try_for_each_in(key(0).., |key, value| {
                    seen += usize::from(*key == self::key(1));
                    check(key, value);
                    ControlFlow::<()>::Continue(())
                });
            } else {
                map.iter().rev().for_each(|(key, value)| {
                    seen += usize::from(key == self::key(1));
                    check(&key, &value);
                });
            }
            assert_eq!(seen, 1);
        }],
    );
    finish(map);
}

/// Each thread has keys of its own between those of the others, and a model for them.
#[test]
fn owners_find_what_they_left() {
    const THREADS: u64 = 4;
    for promotion in [Promotion::default(), Promotion::Overflow, Promotion::Coin { one_in: 8 }] {
        let mut map = map(promotion);
        let models = threads::run(THREADS as usize, |owner| {
            let mut model: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
            let mut rng = Rng::new(owner as u64);
            for step in 0..STEPS / 3 {
                let key = key(rng.below(300) * THREADS + owner as u64);
                let value = random(&mut rng, &key);
                let shrinking = step / 1500 % 2 == 1;
                match rng.below(8) {
                    0 | 1 if !shrinking => assert_eq!(map.replace(&key, &value), model.insert(key, value)),
                    2 if !shrinking => {
                        assert_eq!(map.insert(&key, &value), model.insert(key, value).is_none());
                    }
                    0..=2 => assert_eq!(map.remove(&key), model.remove(&key).is_some()),
                    3 => assert_eq!(map.take(&key), model.remove(&key)),
                    4 => {
                        assert_eq!(map.insert_if_absent(&key, &value), !model.contains_key(&key));
                        model.entry(key).or_insert(value);
                    }
                    5 => {
                        let change = |old: &mut Vec<u8>| old.extend_from_slice(&value[value.len() / 2..]);
                        let longest = model.get(&key).is_some_and(|value| value.len() > 10_000);
                        if !longest {
                            assert_eq!(map.update(&key, change), model.get_mut(&key).map(change));
                        }
                    }
                    _ => assert_eq!(map.get(&key), model.get(&key).cloned()),
                }
            }
            model
        });
        let all: BTreeMap<_, _> = models.into_iter().flatten().collect();
        assert!(map.iter().eq(all.iter().map(|(key, value)| (key.clone(), value.clone()))));
        assert_eq!(map.check_invariants().keys, all.len());
        finish(map);
    }
}

/// Threads that pop from both ends, and threads that take, get each pair once.
#[test]
fn every_pair_is_taken_once() {
    let map = map(Promotion::default());
    let mut rng = Rng::new(4);
    let all: BTreeMap<_, _> = (0..4000).map(key).map(|key| (key.clone(), random(&mut rng, &key))).collect();
    all.iter().for_each(|(key, value)| assert!(map.insert(key, value)));
    let taken = threads::run(4, |t| {
        let mut rng = Rng::new(t as u64);
        let mut taken = Vec::new();
        while !map.is_empty() {
            let key = key(rng.below(4000));
            taken.extend(match t {
                0 => map.pop_first(),
                1 => map.pop_last(),
                _ => map.take(&key).map(|value| (key, value)),
            });
        }
        taken
    });
    assert_eq!(taken.iter().map(Vec::len).sum::<usize>(), all.len());
    assert_eq!(taken.into_iter().flatten().collect::<BTreeMap<_, _>>(), all);
    assert_eq!(map.cells_usage().issued_blocks, 0);
    finish(map);
}

/// A counter in a value of changing length loses no increment.
#[test]
fn updates_are_one_step() {
    const THREADS: u64 = 4;
    let map = map(Promotion::default());
    (0..3).for_each(|i| assert!(map.insert(&key(i), &[0; 8])));
    threads::run(THREADS as usize, |t| {
        let mut rng = Rng::new(t as u64);
        for step in 0..STEPS / 10 {
            let length = 8 + rng.below(100) as usize;
            map.update(&key(step % 3), |value| {
                let (count, padding) = value.split_first_chunk().expect("a counter");
                assert!(padding.iter().all(|&byte| byte == padding.len() as u8));
                let count = u64::from_le_bytes(*count) + 1;
                value.clear();
                value.extend_from_slice(&count.to_le_bytes());
                value.resize(length, (length - 8) as u8);
            })
            .expect("it stays");
        }
    });
    let counts =
        (0..3).map(|i| map.get_with(&key(i), |value| u64::from_le_bytes(*value.first_chunk().expect("8"))));
    assert_eq!(counts.map(|count| count.expect("it stays")).sum::<u64>(), THREADS * (STEPS / 10));
    finish(map);
}
