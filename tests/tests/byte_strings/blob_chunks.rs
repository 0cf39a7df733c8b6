//! Chunks of maps of byte-string values.
//!
//! Properties:
//! - the chunks of a range, forwards and backwards, are the model's pairs; none is empty; breaking off ends
//!   them;
//! - each chunk is of one moment, while threads overwrite values;
//! - if a leaf changes all the time, chunks of one pair come, and none is left out.

use bskip_core::{BSkipBlobMap, BlobChunk, GlobalArena};
use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use tests::blobs::{LENGTHS, check, value};
use tests::config::{CRUEL_PROMOTIONS, config, scaled, shared_steps};
use tests::rng::{Rng, mix};
use tests::threads::{self, Stop};

type Map = BSkipBlobMap<[u8]>;
type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// Some are in cells themselves.
fn key(i: u64) -> Vec<u8> {
    let r = mix(i);
    match i % 40 {
        0 => (0..150 + r % 90).map(|j| (mix(r ^ j) % 3) as u8).collect(),
        1..20 => format!("user{r:019}").into_bytes(),
        _ => r.to_be_bytes().to_vec(),
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

/// Calls `f` with each chunk.
fn scan(
    map: &Map,
    range: (Bound<Vec<u8>>, Bound<Vec<u8>>),
    backwards: bool,
    f: impl FnMut(BlobChunk<'_>) -> ControlFlow<()>,
) -> bool {
    let broke =
        if backwards { map.try_for_each_chunk_rev(range, f) } else { map.try_for_each_chunk(range, f) };
    broke.is_break()
}

/// The pairs of the first `most` chunks, and whether there are more.
fn chunks(map: &Map, range: (Bound<Vec<u8>>, Bound<Vec<u8>>), backwards: bool, most: usize) -> (Pairs, bool) {
    let (mut pairs, mut chunks) = (Vec::new(), 0);
    let broke = scan(map, range, backwards, |mut chunk| {
        if chunks == most {
            return ControlFlow::Break(());
        }
        chunks += 1;
        let mut these = Vec::new();
        chunk.for_each(|key, value| these.push((key.to_vec(), value.to_vec())));
        assert!(!chunk.is_empty() && chunk.len() == these.len());
        for (i, (key, value)) in these.iter().enumerate() {
            assert_eq!(chunk.value(i), value);
            assert_eq!(chunk.pair(i), (&key[..], &value[..]));
        }
        if backwards {
            these.reverse();
        }
        pairs.extend(these);
        ControlFlow::Continue(())
    });
    (pairs, broke)
}

#[test]
fn chunks_are_the_pairs_of_a_range() {
    for promotion in CRUEL_PROMOTIONS {
        let map = Map::with_config(GlobalArena::new(), config(promotion, 1)).expect("memory");
        let mut model = BTreeMap::new();
        for i in 0..scaled(3000) {
            let value = value(&key(i), 1, LENGTHS[mix(i) as usize % (LENGTHS.len() - 1)]);
            assert_eq!(map.insert(&key(i), &value), model.insert(key(i), value).is_none());
        }
        for i in (0..scaled(3000)).filter(|i| !mix(i ^ 5).is_multiple_of(3)) {
            assert_eq!(map.remove(&key(i)), model.remove(&key(i)).is_some());
        }
        let mut rng = Rng::new(3);
        for _ in 0..100 {
            let (range, backwards) = (bounds(&mut rng), rng.below(2) == 0);
            let mut expected: Pairs =
                model.range(range.clone()).map(|(key, value)| (key.clone(), value.clone())).collect();
            if backwards {
                expected.reverse();
            }
            assert_eq!(chunks(&map, range.clone(), backwards, usize::MAX), (expected.clone(), false));
            let (some, broke) = chunks(&map, range, backwards, 1);
            assert!(expected.starts_with(&some) && broke == (some.len() < expected.len()));
        }
        let mut all = Vec::new();
        map.for_each_chunk::<Vec<u8>>(.., |mut chunk| chunk.for_each(|key, _| all.push(key.to_vec())));
        map.for_each_chunk_rev::<Vec<u8>>(.., |chunk| assert!(!chunk.is_empty()));
        assert!(all.iter().eq(model.keys()));
    }
}

/// A writer gives the keys one seed after the other, in order. So in a chunk of one moment, no seed is larger
/// than the one before, and the first is at most one larger than the last.
#[test]
fn a_chunk_is_of_one_moment() {
    const KEYS: u8 = 30;
    let map = Map::new();
    let write = |seed: u64| {
        for i in 0..KEYS {
            let length = [30, 100, 9, 700, 5000][i as usize % 5] + seed as usize % 3 * 200;
            map.insert(&[i][..], &[&seed.to_le_bytes()[..], &value(&[i], seed as u8, length)].concat());
        }
    };
    write(0);
    let stop = Stop::default();
    std::thread::scope(|scope| {
        let _stop = stop.raise_on_drop();
        let (write, stop) = (&write, &stop);
        scope.spawn(move || (1..).take_while(|_| !stop.raised()).for_each(write));
        threads::run(2, |t| {
            let all = (Bound::Unbounded, Bound::Unbounded);
            let mut longest = 0;
            for _ in 0..shared_steps(2000) {
                let (mut keys, mut longest_here) = (Vec::new(), 0);
                scan(&map, all.clone(), t == 1, |mut chunk| {
                    let (mut seeds, mut chunk_keys) = (Vec::new(), Vec::new());
                    chunk.for_each(|key, value| {
                        let (seed, rest) = value.split_first_chunk().expect("eight bytes");
                        check(key, rest);
                        seeds.push(u64::from_le_bytes(*seed));
                        chunk_keys.push(key[0]);
                    });
                    assert!(seeds.is_sorted_by(|a, b| a >= b), "{seeds:?}");
                    assert!(seeds[0] - seeds[seeds.len() - 1] <= 1, "{seeds:?}");
                    if t == 1 {
                        chunk_keys.reverse();
                    }
                    keys.extend(chunk_keys);
                    longest_here = longest_here.max(seeds.len());
                    ControlFlow::Continue(())
                });
                if t == 1 {
                    keys.reverse();
                }
                assert!(keys.into_iter().eq(0..KEYS), "keys stay");
                longest = longest.max(longest_here);
            }
            println!("the longest chunk has {longest} pairs");
        });
    });
}

/// A value that takes long to copy is in a leaf that changes meanwhile. After some attempts, pairs come one by one.
#[test]
fn a_leaf_that_changes_all_the_time() {
    let map = Map::new();
    let short = |i: u8, step: u64| _ = map.insert(&[i][..], &value(&[i], step as u8, 30));
    [0, 2].into_iter().for_each(|i| short(i, 0));
    map.insert(&[1][..], &value(&[1], 7, 400_000));
    let stop = Stop::default();
    std::thread::scope(|scope| {
        let _stop = stop.raise_on_drop();
        for i in [0, 2] {
            let (short, stop) = (&short, &stop);
            scope.spawn(move || (0..).take_while(|_| !stop.raised()).for_each(|step| short(i, step)));
        }
        let mut alone = 0;
        for round in 0..2000 {
            let (backwards, mut keys) = (round % 2 == 1, Vec::new());
            scan(&map, (Bound::Unbounded, Bound::Unbounded), backwards, |mut chunk| {
                let before = keys.len();
                chunk.for_each(|key, value| {
                    check(key, value);
                    keys.insert(if backwards { keys.len() - before } else { keys.len() }, key[0]);
                });
                alone += usize::from(chunk.len() == 1);
                ControlFlow::Continue(())
            });
            assert_eq!(keys, [0, 1, 2], "backwards: {backwards}");
            // More rounds only if no leaf has changed often enough.
            if round >= 20 && alone > 10 {
                break;
            }
        }
        println!("{alone} chunks of one pair");
    });
}
