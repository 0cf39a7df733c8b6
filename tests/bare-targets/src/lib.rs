//! Maps of every kind against `BTreeMap`, on one thread, with nothing but `core` and `alloc`.
#![no_std]

extern crate alloc;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::fmt::Debug;

use bskip_core::{BSkipBlobMap, BSkipBytesMap, BSkipMap, BSkipSet, Key};

const STEPS: u64 = 20_000;
/// How many keys there are.
const KEYS: u64 = 6000;

/// Does everything; panics if an answer is wrong.
pub fn exercise() {
    words(|i| i, |i| i);
    words(|i| u64::MAX - i, |i| i as u8);
    words(|i| i as u32, |i| (i as u8, u128::from(i)));
    words(|i| (i / 10, (i % 10) as u16), |i| [i as u16; 3]);
    words(|i| u128::from(i) << 90, |i| [i; 40]);
    words(|i| (i as i64).wrapping_mul(1 << 40), |_| ());
    set();
    strings(8);
    strings(300);
    blobs();
}

/// A number that looks random.
fn mix(i: u64) -> u64 {
    let i = i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let i = (i ^ i >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    i ^ i >> 27
}

fn words<K, V>(key: impl Fn(u64) -> K, value: impl Fn(u64) -> V)
where
    K: Key + Ord + Copy + Debug,
    V: Copy + PartialEq + Debug + Send + Sync,
{
    let (map, mut model) = (BSkipMap::<K, V>::new(), BTreeMap::new());
    for step in 0..STEPS {
        let key = key(mix(step) % KEYS);
        match mix(!step) % 8 {
            0..5 => assert_eq!(map.insert(key, value(step)), model.insert(key, value(step))),
            5..7 => assert_eq!(map.remove(&key), model.remove(&key)),
            _ => assert_eq!(map.get(&key), model.get(&key).copied()),
        }
    }
    assert_eq!(map.len(), model.len());
    assert!(map.iter().eq(model.iter().map(|(&key, &value)| (key, value))));
    assert!(map.iter().rev().eq(model.iter().rev().map(|(&key, &value)| (key, value))));
    let (low, high) = (key(KEYS / 4).min(key(KEYS / 2)), key(KEYS / 4).max(key(KEYS / 2)));
    assert!(map.range(low..high).eq(model.range(low..high).map(|(&key, &value)| (key, value))));
    let keys: Vec<K> = model.keys().copied().collect();
    let mut found = alloc::vec![None; keys.len()];
    map.get_many(&keys, &mut found);
    assert!(keys.iter().zip(&found).all(|(key, found)| found.as_ref() == model.get(key)));
    map.remove_range(low..high);
    model.retain(|&key, _| !(low..high).contains(&key));
    for _ in 0..100 {
        assert_eq!(map.pop_first(), model.pop_first());
        assert_eq!(map.pop_last(), model.pop_last());
    }
    map.shrink_to_fit();
    assert!(map.iter().eq(model));
}

fn set() {
    let (set, mut model) = (BSkipSet::new(), BTreeSet::new());
    for step in 0..STEPS {
        let key = mix(step) % KEYS;
        match mix(!step) % 3 {
            0 => assert_eq!(set.remove(&key), model.remove(&key)),
            _ => assert_eq!(set.insert(key), model.insert(key)),
        }
    }
    assert!(set.iter().eq(model));
}

/// A string of up to `most` bytes. Many strings begin alike.
fn string(i: u64, most: usize) -> Vec<u8> {
    let length = mix(i) as usize % most;
    let mut bytes: Vec<u8> = (0..length).map(|at| (at % 5) as u8).collect();
    bytes.extend_from_slice(&i.to_be_bytes());
    bytes
}

fn strings(most: usize) {
    let (map, mut model) = (BSkipBytesMap::<[u8], u64>::new(), BTreeMap::new());
    for step in 0..STEPS {
        let key = string(mix(step) % KEYS, most);
        match mix(!step) % 3 {
            0 => assert_eq!(map.remove(&key[..]), model.remove(&key)),
            _ => assert_eq!(map.insert(&key[..], step), model.insert(key, step)),
        }
    }
    assert!(map.iter().eq(model));
}

fn blobs() {
    let (map, mut model) = (BSkipBlobMap::<[u8]>::new(), BTreeMap::new());
    for step in 0..STEPS {
        let (key, value) = (string(mix(step) % KEYS, 8), string(step, 3000 >> (step % 12)));
        match mix(!step) % 3 {
            0 => assert_eq!(map.remove(&key[..]), model.remove(&key).is_some()),
            1 => assert_eq!(map.get(&key[..]).as_ref(), model.get(&key)),
            _ => assert_eq!(map.insert(&key[..], &value), model.insert(key, value).is_none()),
        }
    }
    assert!(map.iter().eq(model));
}
