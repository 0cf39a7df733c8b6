//! Chunks and batches of maps of byte strings.
//!
//! Properties:
//! - the chunks of a range, forwards and backwards, are the model's pairs; none is empty; breaking off ends them;
//! - while threads write, chunks ascend, stay within their range, and miss nothing that stays; threads may scan
//!   parts of a map side by side;
//! - a batch answers as single calls do; a pair that is refused and those behind it stay as they were.

use bskip_core::{BSkipBytesMap, BytesInsertErrorKind, BytesInsertManyError, GlobalArena};
use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use tests::config::{CRUEL_PROMOTIONS, config, some_promotions};
use tests::counted::{Counted, Ledger};
use tests::rationed::{Rationed, Refuse};
use tests::rng::{Rng, mix};

type Map<V = u64, A = GlobalArena> = BSkipBytesMap<[u8], V, A>;
type Pairs = Vec<(Vec<u8>, u64)>;

fn key(i: u64) -> Vec<u8> {
    let r = mix(i);
    match r % 3 {
        0 => format!("user{r:019}").into_bytes(),
        1 => format!("https://www.{}.org/{r:x}", r % 50).into_bytes(),
        _ => r.to_be_bytes()[..1 + (r >> 20) as usize % 8].to_vec(),
    }
}

fn bounds(rng: &mut Rng) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
    let (mut a, mut b) = (key(rng.below(4000)), key(rng.below(4000)));
    if a > b {
        std::mem::swap(&mut a, &mut b);
    }
    let lower = if rng.below(3) == 0 { Bound::Unbounded } else { Bound::Included(a) };
    (lower, [Bound::Unbounded, Bound::Included(b.clone()), Bound::Excluded(b)][rng.below(3) as usize].clone())
}

/// The pairs of the chunks up to the `most`-th.
fn chunks(map: &Map, range: (Bound<Vec<u8>>, Bound<Vec<u8>>), backwards: bool, most: usize) -> (Pairs, bool) {
    let (mut pairs, mut chunks) = (Vec::new(), 0);
    let mut take = |mut chunk: bskip_core::BytesChunk<'_, u64>| {
        if chunks == most {
            return ControlFlow::Break(());
        }
        chunks += 1;
        let mut these = Vec::new();
        chunk.for_each(|key, value| these.push((key.to_vec(), value)));
        assert!(!chunk.is_empty() && chunk.len() == these.len());
        assert!(chunk.values().iter().eq(these.iter().map(|pair| &pair.1)));
        assert_eq!(chunk.pair(0), (&these[0].0[..], these[0].1));
        if backwards {
            these.reverse();
        }
        pairs.extend(these);
        ControlFlow::Continue(())
    };
    let broke = if backwards {
        map.try_for_each_chunk_rev(range, &mut take)
    } else {
        map.try_for_each_chunk(range, &mut take)
    };
    (pairs, broke.is_break())
}

#[test]
fn chunks_are_the_pairs_of_a_range() {
    for promotion in CRUEL_PROMOTIONS {
        let map = Map::with_config(GlobalArena::new(), config(promotion, 1)).expect("memory");
        let mut model = BTreeMap::new();
        for i in 0..3000 {
            assert_eq!(map.insert(&key(i), i), model.insert(key(i), i));
        }
        for i in (0..3000).filter(|i| !mix(i ^ 5).is_multiple_of(3)) {
            assert_eq!(map.remove(&key(i)), model.remove(&key(i)));
        }
        let mut rng = Rng::new(3);
        for _ in 0..200 {
            let range = bounds(&mut rng);
            let expected: Pairs =
                model.range(range.clone()).map(|(key, &value)| (key.clone(), value)).collect();
            let backwards: Pairs = expected.iter().rev().cloned().collect();
            assert_eq!(chunks(&map, range.clone(), false, usize::MAX), (expected.clone(), false));
            assert_eq!(chunks(&map, range.clone(), true, usize::MAX), (backwards.clone(), false));
            for most in 0..2 {
                let (some, broke) = chunks(&map, range.clone(), false, most);
                assert!(expected.starts_with(&some) && broke == (some.len() < expected.len()));
                let (some, broke) = chunks(&map, range.clone(), true, most);
                assert!(backwards.starts_with(&some) && broke == (some.len() < expected.len()));
            }
        }
        let (mut sum, mut rev) = (0, 0);
        map.for_each_chunk::<Vec<u8>>(.., |chunk| sum += chunk.values().iter().sum::<u64>());
        map.for_each_chunk_rev::<Vec<u8>>(.., |chunk| rev += chunk.values().iter().sum::<u64>());
        assert_eq!((sum, rev), (model.values().sum(), model.values().sum()));
    }
}

#[test]
fn chunks_beside_writers() {
    const N: u64 = 4000;
    for promotion in some_promotions() {
        let mut map = Map::with_config(GlobalArena::new(), config(promotion, 1)).expect("memory");
        let mut staying = BTreeMap::new();
        for i in (0..N).step_by(4) {
            map.insert(&key(i), i);
            staying.insert(key(i), i);
        }
        // Other keys than those that stay, each of one writer.
        let own = |i: u64| [&key(i)[..], &i.to_be_bytes(), b"/own"].concat();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let readers: Vec<_> = (0..2)
                .map(|part| {
                    let (map, stop, staying) = (&map, &stop, &staying);
                    // Each reader scans its half.
                    let range = if part == 0 {
                        (Bound::Unbounded, Bound::Excluded(b"user5".to_vec()))
                    } else {
                        (Bound::Included(b"user5".to_vec()), Bound::Unbounded)
                    };
                    scope.spawn(move || {
                        let expected: Pairs =
                            staying.range(range.clone()).map(|(key, &value)| (key.clone(), value)).collect();
                        for round in 0.. {
                            let last = stop.load(Relaxed);
                            let (mut found, _) = chunks(map, range.clone(), round % 2 == 1, usize::MAX);
                            if round % 2 == 1 {
                                found.reverse();
                            }
                            assert!(found.windows(2).all(|two| two[0].0 < two[1].0), "ascending");
                            found.retain(|(key, _)| !key.ends_with(b"/own"));
                            assert_eq!(found, expected, "nothing that stays is missed");
                            if last {
                                return;
                            }
                        }
                    })
                })
                .collect();
            let writers: Vec<_> = (1..3)
                .map(|writer| {
                    let map = &map;
                    scope.spawn(move || {
                        let mine = || (0..N).filter(move |i| i % 4 == writer);
                        for _ in 0..4 {
                            let mut pairs: Vec<_> = mine().map(|i| (own(i), Some(i))).collect();
                            map.insert_many(&mut pairs);
                            let keys: Vec<_> = pairs.into_iter().map(|pair| pair.0).collect();
                            let mut values = vec![None; keys.len()];
                            map.get_many(&keys, &mut values);
                            assert!(values.iter().copied().eq(mine().map(Some)));
                            map.remove_many(&keys, &mut values);
                            assert!(values.iter().copied().eq(mine().map(Some)));
                        }
                    })
                })
                .collect();
            let written: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
            stop.store(true, Relaxed);
            written.into_iter().for_each(|writer| writer.expect("writers find what is theirs"));
            readers.into_iter().for_each(|reader| reader.join().expect("readers miss nothing"));
        });
        assert_eq!(map.check_invariants().keys, staying.len());
    }
}

#[test]
fn batches_do_as_single_calls() {
    for promotion in CRUEL_PROMOTIONS {
        let mut map = Map::with_config(GlobalArena::new(), config(promotion, 1)).expect("memory");
        let mut model: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
        let mut rng = Rng::new(9);
        for round in 0..120 {
            let keys: Vec<_> = (0..rng.below(100)).map(|_| key(rng.below(2000))).collect();
            match rng.below(4) {
                0 | 1 => {
                    let value = |rng: &mut Rng| (rng.below(8) > 0).then(|| rng.draw());
                    let mut pairs: Vec<_> = keys.into_iter().map(|key| (key, value(&mut rng))).collect();
                    let expected: Vec<_> = pairs
                        .iter()
                        .map(|(key, value)| {
                            (key.clone(), value.and_then(|value| model.insert(key.clone(), value)))
                        })
                        .collect();
                    map.insert_many(&mut pairs);
                    assert_eq!(pairs, expected);
                }
                2 => {
                    let mut values = vec![Some(round); keys.len()];
                    map.remove_many(&keys, &mut values);
                    assert!(values.into_iter().eq(keys.iter().map(|key| model.remove(key))));
                }
                _ => {
                    let (mut values, mut found) = (vec![Some(round); keys.len()], vec![true; keys.len()]);
                    map.get_many(&keys, &mut values);
                    map.contains_many(&keys, &mut found);
                    assert!(values.into_iter().eq(keys.iter().map(|key| model.get(key).copied())));
                    assert!(found.into_iter().eq(keys.iter().map(|key| model.contains_key(key))));
                }
            }
        }
        assert_eq!(map.check_invariants().keys, model.len());
        assert!(map.iter().eq(model));
    }
}

#[test]
#[should_panic(expected = "BSkipBytesMap::get_many: 1 keys, but room for 0 values")]
fn slices_of_different_lengths() {
    Map::<u64>::new().get_many(&[b"a".as_slice()], &mut []);
}

/// Memory fails, or a key is too long: the pairs before are done, the others stay as they were.
#[test]
fn a_batch_ends_at_a_pair_that_is_refused() {
    const MOST: usize = Map::<u64>::MAX_KEY_BYTES;
    let ledger = Ledger::new(1_000_000);
    let mut failures = 0;
    for n in 0..20 {
        let arena = Rationed::all_nodes();
        let mut map: Map<Counted<'_>, _> = Map::with_arena(arena.clone()).expect("memory");
        let mut pairs: Vec<_> =
            (0..1000).map(|i| ([&key(i)[..], &i.to_be_bytes()].concat(), Some(ledger.value(i)))).collect();
        arena.ration.set(Refuse::Once(n));
        let Err(BytesInsertManyError { done, kind }) = map.try_insert_many(&mut pairs) else {
            // Only an entry of the index is missing.
            assert_eq!(map.check_invariants().keys, 1000);
            continue;
        };
        failures += 1;
        assert!(matches!(kind, BytesInsertErrorKind::Alloc(_)), "{kind}");
        assert!(pairs[..done].iter().all(|pair| pair.1.is_none()));
        assert!(pairs[done..].iter().all(|pair| pair.1.is_some()));
        assert_eq!(map.check_invariants().keys, done);
        map.try_insert_many(&mut pairs[done..]).expect("there is memory again");
        assert_eq!(map.check_invariants().keys, 1000);
        ledger.expect_live(1000);
    }
    assert!(failures > 5);
    let map = Map::<u64>::new();
    let mut pairs = [(vec![1], Some(1)), (vec![0; MOST + 1], Some(2)), (vec![3], Some(3))];
    let error = map.try_insert_many(&mut pairs).expect_err("too long");
    assert_eq!((error.done, map.len()), (1, 1));
    assert!(error.to_string().starts_with("the pairs from number 1 on were not inserted: the key has"));
    assert_eq!(pairs.map(|pair| pair.1), [None, Some(2), Some(3)]);
}
