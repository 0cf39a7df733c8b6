//! The map of byte-string values does what `BTreeMap<Vec<u8>, Vec<u8>>` does.
//!
//! Every answer of a random sequence of operations equals that of a model. Values have lengths around which
//! something changes, and grow and shrink. After each test, the cells in use are those of the values.

use bskip_core::{BSkipBlobMap, Config, GlobalArena, Promotion};
use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use tests::blobs::{LENGTHS, value};
use tests::rng::Rng;

type Map = BSkipBlobMap<[u8]>;

fn key(rng: &mut Rng, keys: u64) -> Vec<u8> {
    let i = rng.below(keys);
    match i % 3 {
        0 => format!("user{i:09}").into_bytes(),
        1 => [vec![b'p'; 60], i.to_be_bytes().to_vec()].concat(),
        _ => i.to_le_bytes()[..(i % 9) as usize].to_vec(),
    }
}

/// Mostly short. The longest are rare.
fn some_value(rng: &mut Rng, key: &[u8]) -> Vec<u8> {
    let seed = rng.draw() as u8;
    let length = match rng.below(40) {
        0..20 => LENGTHS[rng.below(13) as usize],
        20..39 => LENGTHS[rng.below(LENGTHS.len() as u64 - 1) as usize],
        _ if rng.below(40) == 0 => 65536,
        _ => rng.below(5000) as usize,
    };
    value(key, seed, length)
}

fn owned((key, value): (&Vec<u8>, &Vec<u8>)) -> (Vec<u8>, Vec<u8>) {
    (key.clone(), value.clone())
}

fn check(map: &mut Map, model: &BTreeMap<Vec<u8>, Vec<u8>>) {
    // This also compares the cells in use with those of the values.
    assert_eq!(map.check_invariants().keys, model.len());
    let cells: usize =
        model.values().map(|value| if value.len() < 8 { 0 } else { value.len().div_ceil(2032) }).sum();
    assert_eq!(map.cells_usage().issued_blocks, cells);
}

fn answers(promotion: Promotion, seed: u64, keys: u64, steps: usize) {
    let config = Config::new().promotion(promotion).seed(seed);
    let mut map: Map = Map::with_config(GlobalArena::new(), config).expect("memory");
    let mut model: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    let mut rng = Rng::new(seed);
    let mut buffer = Vec::new();
    for step in 0..steps {
        let growing = (step / (steps / 6).max(1)).is_multiple_of(2);
        let key = key(&mut rng, keys);
        let value = some_value(&mut rng, &key);
        match rng.below(14) {
            0..=3 if growing => {
                assert_eq!(map.insert(&key, &value), model.insert(key, value).is_none());
            }
            0..=3 => assert_eq!(map.remove(&key), model.remove(&key).is_some()),
            4 => assert_eq!(map.replace(&key, &value), model.insert(key, value)),
            5 => {
                assert_eq!(map.insert_if_absent(&key, &value), !model.contains_key(&key));
                model.entry(key).or_insert(value);
            }
            6 => assert_eq!(map.take(&key), model.remove(&key)),
            7 => assert_eq!(map.get(&key), model.get(&key).cloned()),
            8 => {
                assert_eq!(map.get_with(&key, <[u8]>::to_vec), model.get(&key).cloned());
                assert_eq!(map.get_into(&key, &mut buffer), model.contains_key(&key));
                assert_eq!(buffer, model.get(&key).cloned().unwrap_or_default());
            }
            9 => {
                let change = |old: &mut Vec<u8>| {
                    if old.len() > 3000 {
                        old.truncate(10);
                    } else {
                        old.extend_from_slice(&value);
                    }
                    old.len()
                };
                assert_eq!(map.update(&key, change), model.get_mut(&key).map(change));
            }
            10 => {
                let other = self::key(&mut rng, keys);
                let range = if key < other { key..other } else { other..key };
                let mut expected: VecDeque<_> = model.range(range.clone()).map(owned).collect();
                let wanted = rng.below(100) as usize;
                let mut lent = Vec::new();
                let broke = map.try_for_each_in(range.clone(), |key, value| {
                    if lent.len() == wanted {
                        return ControlFlow::Break(());
                    }
                    lent.push((key.to_vec(), value.to_vec()));
                    ControlFlow::Continue(())
                });
                assert_eq!(broke.is_break(), expected.len() > wanted);
                assert!(lent.iter().eq(expected.iter().take(wanted)));
                let mut found = map.range(range);
                for _ in 0..wanted {
                    let lent = |(key, value): (&[u8], &[u8])| (key.to_vec(), value.to_vec());
                    match rng.below(4) {
                        0 => assert_eq!(found.next(), expected.pop_front()),
                        1 => assert_eq!(found.next_back(), expected.pop_back()),
                        2 => assert_eq!(found.lend_next().map(lent), expected.pop_front()),
                        _ => assert_eq!(found.lend_next_back().map(lent), expected.pop_back()),
                    }
                }
            }
            11 => {
                assert_eq!(map.first_key_value(), model.first_key_value().map(owned));
                assert_eq!(map.last_key_value(), model.last_key_value().map(owned));
            }
            12 => assert_eq!(map.contains_key(&key), model.contains_key(&key)),
            _ if growing => assert_eq!(map.is_empty(), model.is_empty()),
            _ if rng.below(2) == 0 => assert_eq!(map.pop_first(), model.pop_first()),
            _ => assert_eq!(map.pop_last(), model.pop_last()),
        }
        if step % 4096 == 0 {
            check(&mut map, &model);
        }
        if step == steps / 2 {
            map.shrink_to_fit();
            check(&mut map, &model);
        }
    }
    check(&mut map, &model);
    assert_eq!(map.len(), model.len());
    assert!(map.iter().eq(model.iter().map(owned)));
    assert!(map.iter().rev().eq(model.iter().rev().map(owned)));
    map.clear();
    check(&mut map, &BTreeMap::new());
    assert_eq!((map.first_key_value(), map.iter().next()), (None, None));
    model.clear();
    for _ in 0..500 {
        let key = key(&mut rng, keys);
        let value = some_value(&mut rng, &key);
        assert_eq!(map.replace(&key, &value), model.insert(key, value));
    }
    check(&mut map, &model);
}

#[test]
fn answers_are_those_of_a_btreemap() {
    answers(Promotion::default(), 1, 300, 20_000);
    answers(Promotion::default(), 2, 3000, 20_000);
    answers(Promotion::Overflow, 3, 300, 10_000);
    answers(Promotion::Coin { one_in: 8 }, 4, 1000, 10_000);
}

/// Every length after every other one: the old cells go, whether the new value is longer or shorter.
#[test]
fn overwriting_frees_the_old_cells() {
    let mut map = Map::new();
    let lengths: Vec<usize> = LENGTHS.into_iter().chain([1 << 20]).collect();
    let values: Vec<Vec<u8>> =
        lengths.iter().enumerate().map(|(i, &length)| value(b"k", i as u8, length)).collect();
    let mut last = None;
    for old in &values {
        for new in &values {
            for value in [old, new] {
                assert_eq!(map.replace(&b"k"[..], value), last.replace(value.clone()));
                let cells = if value.len() < 8 { 0 } else { value.len().div_ceil(2032) };
                assert_eq!(map.cells_usage().issued_blocks, cells);
            }
        }
    }
    let reserved = map.cells_usage().reserved_bytes;
    // The longest value twice, and one block or so of each size.
    assert!(reserved < 5 << 20, "{reserved} bytes for values of at most 1 MiB");
    for value in &values {
        map.insert(&b"k"[..], value);
        assert_eq!(map.get(&b"k"[..]).as_ref(), Some(value));
        assert_eq!(map.get_with(&b"k"[..], |found| found == value), Some(true));
        assert!(map.take(&b"k"[..]).as_ref() == Some(value));
        assert_eq!(map.cells_usage().issued_blocks, 0);
    }
    assert_eq!(map.check_invariants().keys, 0);
}

/// The bytes of memory that values take beyond their own.
#[test]
fn cells_are_not_much_larger_than_values() {
    for (length, most) in [(8, 32), (16, 24), (48, 24), (100, 36), (1000, 32), (2000, 56), (65536, 1200)] {
        let map = Map::new();
        let n = 2_000_000 / (length + 100);
        (0..n).for_each(|i| {
            map.insert(&(i as u64).to_be_bytes()[..], &value(b"k", 1, length));
        });
        let usage = map.cells_usage();
        let beyond = |bytes: usize| bytes as f64 / n as f64 - length as f64;
        println!(
            "{length} bytes: {:.1} more in cells in use, {:.1} with free cells, {:.1} with nodes (and keys)",
            beyond(usage.issued_bytes),
            beyond(usage.reserved_bytes),
            beyond(map.usage().issued_bytes)
        );
        assert!(usage.issued_bytes <= n * (length + most), "{length}: {usage:?}");
        let all = map.usage();
        assert!(all.issued_bytes > usage.issued_bytes && all.issued_blocks > usage.issued_blocks);
    }
}

/// Keys and values of other types.
#[test]
fn keys_and_values_of_other_types() {
    let mut map: BSkipBlobMap<(String, u32)> = BSkipBlobMap::default();
    map.extend([(("a", 2u32), "two".to_owned()), (("a", 1), "the first one".to_owned())]);
    assert_eq!(format!("{map:?}"), format!("{:?}", (&map).into_iter().collect::<BTreeMap<_, _>>()));
    assert_eq!(map.get(&("a", 1u32)), Some(b"the first one".to_vec()));
    assert_eq!(map.pop_first(), Some((("a".to_owned(), 1), b"the first one".to_vec())));
    assert_eq!(map.first_key_value(), Some((("a".to_owned(), 2), b"two".to_vec())));
    let map: BSkipBlobMap<str> = [("x", [1; 9]), ("y", [2; 9])].into_iter().collect();
    assert_eq!(map.range("y"..).next(), Some(("y".to_owned(), vec![2; 9])));
}
