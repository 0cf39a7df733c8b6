//! Maps of byte strings under many threads.

use bskip_core::{BSkipBytesMap, Config, GlobalArena, Promotion};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use tests::rng::{Rng, mix};

type Map = BSkipBytesMap<[u8], u64>;

fn map(promotion: Promotion) -> Map {
    Map::with_config(GlobalArena::new(), Config::new().promotion(promotion).seed(3)).expect("memory")
}

/// A key of the thread that owns the numbers with this remainder. Every other one is too long for a node.
fn key(i: u64) -> Vec<u8> {
    match i % 6 {
        0 => format!("/srv/project/{:06}/{i}", mix(i) % 1_000_000).into_bytes(),
        1 => i.to_be_bytes().iter().map(|byte| byte & 0x83).chain([0; 2]).chain(i.to_be_bytes()).collect(),
        2 => [&b"x\0"[..], i.to_string().as_bytes()].concat(),
        3 => [&[b'q'; 1000][..], i.to_string().as_bytes()].concat(),
        4 => [&i.to_string().into_bytes()[..], &[0; 400][..mix(i) as usize % 400]].concat(),
        // A chain of cells.
        _ => [&[b'r'; 2100][..], i.to_string().as_bytes(), &[b'r'; 2100]].concat(),
    }
}

/// Each thread has keys of its own between those of the others, and a model for them.
#[test]
fn owners_find_what_they_left() {
    const THREADS: u64 = 4;
    for promotion in [Promotion::default(), Promotion::Coin { one_in: 8 }] {
        let mut map = map(promotion);
        let models: Vec<BTreeMap<Vec<u8>, u64>> = thread::scope(|scope| {
            let owners: Vec<_> = (0..THREADS)
                .map(|owner| {
                    let map = &map;
                    scope.spawn(move || {
                        let mut model = BTreeMap::new();
                        let mut rng = Rng::new(owner);
                        for step in 0..20_000u64 {
                            let mut key = key(rng.below(3000));
                            key.push(owner as u8);
                            let value = rng.draw();
                            let shrinking = step / 5000 % 2 == 1;
                            match rng.below(8) {
                                0..=3 if !shrinking => {
                                    assert_eq!(map.insert(&key, value), model.insert(key, value));
                                }
                                0..=3 => assert_eq!(map.remove(&key), model.remove(&key)),
                                4 => assert_eq!(map.remove(&key), model.remove(&key)),
                                _ => assert_eq!(map.get(&key), model.get(&key).copied()),
                            }
                        }
                        model
                    })
                })
                .collect();
            owners.into_iter().map(|owner| owner.join().expect("no panic")).collect()
        });
        let all: BTreeMap<_, _> = models.into_iter().flatten().collect();
        assert!(map.iter().eq(all.iter().map(|(key, &value)| (key.clone(), value))));
        assert_eq!(map.check_invariants().keys, all.len());
    }
}

/// Readers see ascending keys within bounds, values that belong to them, and every key that stays.
#[test]
fn scans_miss_nothing_that_stays() {
    let mut map = map(Promotion::default());
    // Multiples of 4 stay.
    let staying: BTreeMap<Vec<u8>, u64> = (0..4000).step_by(4).map(|i| (key(i), hash(&key(i)))).collect();
    staying.iter().for_each(|(key, &value)| assert_eq!(map.insert(&key[..], value), None));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writers: Vec<_> = (0..2u64)
            .map(|writer| {
                let map = &map;
                scope.spawn(move || {
                    let mut rng = Rng::new(writer);
                    for _ in 0..60_000 {
                        let i = rng.below(1000) * 4 + 1 + rng.below(3);
                        let key = key(i);
                        if rng.below(2) == 0 {
                            map.insert(&key, hash(&key))
                        } else {
                            map.remove(&key)
                        };
                    }
                })
            })
            .collect();
        for backwards in [false, true] {
            let (map, staying, done) = (&map, &staying, &done);
            scope.spawn(move || {
                let mut rng = Rng::new(9);
                let mut last_round = false;
                while !last_round {
                    last_round = done.load(Ordering::Relaxed);
                    let (a, b) = (key(rng.below(4000)), key(rng.below(4000)));
                    let range = if a < b { a..b } else { b..a };
                    let mut found: Vec<(Vec<u8>, u64)> = if backwards {
                        map.range(range.clone()).rev().collect()
                    } else if rng.below(2) == 0 {
                        map.range(range.clone()).collect()
                    } else {
                        let mut lent = Vec::new();
                        let _ = map.try_for_each_in(range.clone(), |key, value| {
                            lent.push((key.to_vec(), value));
                            std::ops::ControlFlow::<()>::Continue(())
                        });
                        lent
                    };
                    if backwards {
                        found.reverse();
                    }
                    assert!(found.windows(2).all(|two| two[0].0 < two[1].0), "ascending");
                    assert!(found.iter().all(|(key, value)| range.contains(key) && *value == hash(key)));
                    let mut rest = found.iter();
                    for (key, _) in staying.range(range) {
                        assert!(rest.any(|(found, _)| found == key), "a key that stays was missed");
                    }
                    let some = key(rng.below(1000) * 4);
                    assert_eq!(map.get(&some), Some(hash(&some)));
                }
            });
        }
        writers.into_iter().for_each(|writer| writer.join().expect("no panic"));
        done.store(true, Ordering::Relaxed);
    });
    map.check_invariants();
}

/// A value that only one key has.
fn hash(key: &[u8]) -> u64 {
    key.iter().fold(7, |hash, &byte| mix(hash ^ u64::from(byte)))
}

/// Threads that pop from both ends take each pair once.
#[test]
fn every_pair_is_popped_once() {
    let map = map(Promotion::default());
    let all: BTreeMap<Vec<u8>, u64> = (0..20_000).map(|i| (key(i), i)).collect();
    all.iter().for_each(|(key, &value)| assert_eq!(map.insert(&key[..], value), None));
    let popped: Vec<(Vec<u8>, u64)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|i| {
                let map = &map;
                scope.spawn(move || {
                    let pop = || if i % 2 == 0 { map.pop_first() } else { map.pop_last() };
                    std::iter::from_fn(pop).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(popped.len(), all.len());
    assert_eq!(popped.into_iter().collect::<BTreeMap<_, _>>(), all);
    assert!(map.is_empty());
}
