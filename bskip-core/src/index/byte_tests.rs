//! The engine over byte strings, short ones and ones that are too long for nodes, against an ordered map.

extern crate std;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Bound;
use std::sync::Barrier;
use std::{format, thread};

use crate::arena::{GlobalArena, GlobalPool};
use crate::config::{Config, Promotion};
use crate::index::End;
use crate::index::engine::Index;
use crate::index::read::cursor::{Copied, Next};
use crate::index::search::probe::At;
use crate::index::write::existing::Existing;
use crate::key::ByteKeys;
use crate::mix::mix;

type ByteIndex = Index<ByteKeys, u64, GlobalPool>;

fn index(promotion: Promotion) -> ByteIndex {
    Index::new(&GlobalArena::new(), &Config::new().promotion(promotion).seed(1)).expect("memory")
}

/// Different strings of many kinds.
fn string(i: u64) -> Vec<u8> {
    let r = mix(i);
    match r % 5 {
        0 => format!("user{r:019}").into_bytes(),
        1 => format!("https://example.org/{}/{:x}", r % 40, r >> 20).into_bytes(),
        2 => r.to_be_bytes()[..(r >> 60) as usize % 9].to_vec(),
        3 => [&[0; 30][..(r >> 40) as usize % 30], &r.to_le_bytes()[..2]].concat(),
        _ => alloc::vec![b'a'; (r >> 30) as usize % 60],
    }
}

/// A search starts at the leaf if the words behind what all keys begin with are spread evenly, at level 1 if they
/// differ, and at the root if they are the same. It finds its key from everywhere.
#[test]
#[cfg(not(any(miri, small_nodes)))]
fn searches_start_as_near_as_the_words_behind_the_stem_lead() {
    type Make = fn(u64) -> Vec<u8>;
    let shapes: [(Make, bool, bool); 6] = [
        (|r| [r.to_be_bytes(), mix(r).to_be_bytes()].concat(), true, true),
        (|r| format!("user{r:020}").into_bytes(), false, true),
        (|r| format!("https://example.org/{r:020}").into_bytes(), false, true),
        (|r| format!("https://{}.example.org/{r:020}", r % 2).into_bytes(), false, false),
        (|r| [&[b'p'; 1000][..], &r.to_be_bytes()].concat(), true, true),
        // Half of the keys have a stem, and the others come when the map is large.
        (|r| [[&b"first"[..], b"second"][r as usize % 2], &r.to_be_bytes()].concat(), false, true),
    ];
    for (string, has_leaves, has_nodes) in shapes {
        let index = index(Promotion::default());
        let mut keys: Vec<Vec<u8>> = (0..80_000).map(|i| string(mix(i))).collect();
        keys.sort_by_key(|key| key.starts_with(b"second"));
        for (key, i) in keys.iter().zip(0..) {
            assert!(matches!(index.insert(key, i, Existing::Replace), Ok(None)));
        }
        assert_eq!(index.router.leaf_table().lines() > 0, has_leaves);
        let count = |found: &dyn Fn(&[u8]) -> bool| keys.iter().filter(|key| found(key)).count();
        let (leaves, nodes) = (
            count(&|key| index.hinted_leaf(At::<ByteKeys>(key)).is_some()),
            count(&|key| index.hinted(At::<ByteKeys>(key)).is_some()),
        );
        let most = keys.len() * 9 / 10;
        assert_eq!((leaves > most, nodes > most), (has_leaves, has_nodes), "{leaves}, {nodes}");
        assert!(keys.iter().zip(0..).all(|(key, i)| index.get(key) == Some(i)));
    }
}

/// Some hundred keys at both ends have another stem, or none. The others keep their hints.
#[test]
#[cfg(not(any(miri, small_nodes)))]
fn a_few_keys_without_the_stem_take_no_hints_away() {
    let index = index(Promotion::default());
    let stray = |i: u64| match i % 4 {
        0 => [&b"a"[..], &mix(i).to_be_bytes()].concat(),
        1 => [&b"stem"[..i as usize / 4 % 4], &[0; 3][..i as usize % 3]].concat(),
        2 => [&b"stem"[..], &[0xff; 8], &i.to_be_bytes()].concat(),
        _ => [&b"z"[..], &mix(i).to_le_bytes()].concat(),
    };
    let key = |i: u64| [&b"stem"[..], &(mix(i) >> 1).to_be_bytes()].concat();
    let mut model = BTreeMap::new();
    for i in 0..100_000 {
        let key = if i % 200 == 0 { stray(i / 200) } else { key(i) };
        assert!(index.insert(&key, i, Existing::Replace).is_ok());
        model.insert(key, i);
    }
    let keys: Vec<_> = model.keys().filter(|key| key.starts_with(b"stem")).collect();
    let hinted = keys.iter().filter(|key| index.hinted_leaf(At::<ByteKeys>(key)).is_some()).count();
    assert!(hinted * 10 > keys.len() * 9, "{hinted} of {}", keys.len());
    assert!(model.iter().all(|(key, i)| index.get(key) == Some(*i)));
    assert_eq!(all(&index), model.clone().into_iter().collect::<Vec<_>>());
    let mut left = model.len();
    while let Some((last, i)) = model.pop_last() {
        left -= 1;
        assert_eq!(index.pop(End::Last).map(|(key, i)| (key.to_vec(), i)), Some((last, i)), "{left}");
    }
}

/// Keys leave at one end and come at the other, so the stem changes again and again.
#[test]
#[cfg(not(any(miri, small_nodes)))]
fn a_window_that_moves_changes_its_stem_and_keeps_its_hints() {
    const WINDOW: u64 = 60_000;
    const START: u64 = 970_000;
    let index = index(Promotion::default());
    let key = |i: u64| format!("log/{i:08}").into_bytes();
    for i in START..START + 3 * WINDOW {
        assert!(matches!(index.insert(&key(i), i, Existing::Replace), Ok(None)));
        if let Some(old) = i.checked_sub(WINDOW).filter(|&old| old >= START) {
            assert_eq!(index.remove(&key(old)), Some(old));
        }
        if i % (WINDOW / 2) == 0 && i >= START + WINDOW {
            let keys: Vec<_> = (i - WINDOW + 1..=i).map(key).collect();
            let hinted = keys.iter().filter(|key| index.hinted(At::<ByteKeys>(key)).is_some()).count();
            assert!(hinted * 4 > keys.len() * 3, "{i}: {hinted} of {}", keys.len());
            assert!(keys.iter().all(|key| index.get(key).is_some()), "{i}");
        }
    }
}

/// Different strings, most of them too long for a node, around every length that is special.
fn long_string(i: u64) -> Vec<u8> {
    let r = mix(i);
    let part = (r >> 20) as usize;
    match r % 8 {
        // They share a thousand bytes.
        0 | 1 => [&[b'p'; 1000][..], format!("{:x}", r >> 50).as_bytes()].concat(),
        // Around the most that a fence and a slot take, and around the sizes of cells.
        2 => alloc::vec![b'a'; [100, 103, 104, 105, 106, 135, 136, 137, 138, 145][part % 10]],
        3 => {
            let size = [16, 64, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 4096][part % 12];
            [&[b'b'; 4090][..size - 16 + part / 16 % 3], &[b'c', (part / 64 % 5) as u8]].concat()
        }
        // Prefixes of one another, and zeros at the end.
        4 => alloc::vec![0; part % 700],
        5 => [&[b'd'; 150][..], &[0; 500][..part % 300]].concat(),
        6 if part.is_multiple_of(16) => {
            [&alloc::vec![b'e'; 65_500 + part % 90][..], &r.to_le_bytes()[..3]].concat()
        }
        _ => string(i),
    }
}

fn all(index: &ByteIndex) -> Vec<(Vec<u8>, u64)> {
    let mut pairs = Vec::new();
    let mut lower = alloc::vec![];
    let mut cursor = index.cursor_after(Bound::Included(&[][..]), None);
    while let Some(mut here) = cursor {
        loop {
            match here.next::<Copied>() {
                Next::Pair(key, value) => {
                    lower = key.to_vec();
                    pairs.push((key.to_vec(), value));
                }
                Next::End => break,
                Next::Changed => panic!("no other thread"),
            }
        }
        cursor = index.cursor_after(Bound::Excluded(&lower), Some(here));
    }
    pairs
}

#[test]
fn byte_strings_against_an_ordered_map() {
    against_an_ordered_map(string, 120_000);
}

#[test]
fn long_byte_strings_against_an_ordered_map() {
    against_an_ordered_map(long_string, 60_000);
}

fn against_an_ordered_map(string: fn(u64) -> Vec<u8>, steps: u64) {
    let promotions =
        [Promotion::Overflow, Promotion::Coin { one_in: 16 }, Promotion::CoinAndOverflow { one_in: 64 }];
    for promotion in promotions {
        let mut index = index(promotion);
        let mut model = BTreeMap::new();
        for step in 0..steps {
            let key = string(mix(step) % 9000);
            let grows = mix(step ^ 77) % 8 < if (step / (steps / 6)).is_multiple_of(2) { 6 } else { 1 };
            if grows {
                let old = index.insert(&key, step, Existing::Replace).expect("memory");
                assert_eq!(old, model.insert(key, step));
            } else {
                assert_eq!(index.get(&key), model.get(&key).copied());
                assert_eq!(index.remove(&key), model.remove(&key));
            }
            if step % (steps / 6) == steps / 6 - 1 {
                let structure = index.walk();
                assert_eq!(structure.keys, model.len());
                assert_eq!(all(&index), model.clone().into_iter().collect::<Vec<_>>());
            }
        }
        for key in model.keys() {
            assert!(index.remove(key).is_some());
        }
        let structure = index.walk();
        assert_eq!(structure.keys, 0);
        index.clear();
        assert_eq!(index.walk().leaves, 1);
        assert_eq!(index.cells().issued_blocks, 0, "the string of no key is left");
    }
}

#[test]
fn byte_strings_by_two_threads() {
    by_two_threads(string, 100_000);
}

#[test]
fn long_byte_strings_by_two_threads() {
    by_two_threads(long_string, 50_000);
}

fn by_two_threads(string: fn(u64) -> Vec<u8>, steps: u64) {
    let mut index = index(Promotion::Overflow);
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        for thread in 0..2u64 {
            let (index, barrier) = (&index, &barrier);
            scope.spawn(move || {
                barrier.wait();
                let mut model = BTreeMap::new();
                for step in 0..steps {
                    // Each thread has keys of its own, in the same leaves.
                    let mut key = string(mix(step ^ thread << 40) % 4000);
                    key.push(thread as u8);
                    if mix(step ^ 99) % 8 < if (step / (steps / 4)).is_multiple_of(2) { 5 } else { 1 } {
                        let old = index.insert(&key, step, Existing::Replace).expect("memory");
                        assert_eq!(old, model.insert(key, step));
                    } else {
                        assert_eq!(index.get(&key), model.get(&key).copied());
                        assert_eq!(index.remove(&key), model.remove(&key));
                    }
                }
            });
        }
    });
    index.walk();
}
