//! The engine over byte strings that are short enough for nodes, against an ordered map.

extern crate std;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Bound;
use std::sync::Barrier;
use std::{format, thread};

use crate::arena::{GlobalArena, GlobalPool};
use crate::config::{Config, Promotion};
use crate::index::engine::Index;
use crate::index::read::cursor::{Copied, Next};
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
    let promotions =
        [Promotion::Overflow, Promotion::Coin { one_in: 16 }, Promotion::CoinAndOverflow { one_in: 64 }];
    for promotion in promotions {
        let mut index = index(promotion);
        let mut model = BTreeMap::new();
        for step in 0..120_000u64 {
            let key = string(mix(step) % 9000);
            let grows = mix(step ^ 77) % 8 < if (step / 20_000).is_multiple_of(2) { 6 } else { 1 };
            if grows {
                let old = index.insert(&key, step, Existing::Replace).expect("memory");
                assert_eq!(old, model.insert(key, step));
            } else {
                assert_eq!(index.get(&key), model.get(&key).copied());
                assert_eq!(index.remove(&key), model.remove(&key));
            }
            if step % 20_000 == 19_999 {
                let structure = index.walk();
                assert_eq!(structure.keys, model.len());
                assert_eq!(all(&index), model.clone().into_iter().collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn byte_strings_by_two_threads() {
    let mut index = index(Promotion::Overflow);
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        for thread in 0..2u64 {
            let (index, barrier) = (&index, &barrier);
            scope.spawn(move || {
                barrier.wait();
                let mut model = BTreeMap::new();
                for step in 0..100_000u64 {
                    // Each thread has keys of its own, in the same leaves.
                    let mut key = string(mix(step ^ thread << 40) % 4000);
                    key.push(thread as u8);
                    if mix(step ^ 99) % 8 < if (step / 25_000).is_multiple_of(2) { 5 } else { 1 } {
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
