//! Iterators that take pairs out, and visits that remove some: each value comes out once or is dropped once.
//!
//! Properties, for values that count when they are made and dropped, every arena and promotion policy:
//! - `into_iter`, `into_keys`, `into_values` and `drain`, used up or dropped at any place, from both ends;
//! - a leaked `drain` leaves the pairs that it has not yielded, and the map can be used;
//! - `retain` and `extract_if` drop or yield each removed value once; a panic of the closure or of a drop changes no
//!   other pair, and unlocks the leaf.

use crate::kinds;
use bskip_core::{BSkipMap, Promotion};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tests::arena::{AnyArena, ArenaKind};
use tests::config::config;
use tests::counted::{Counted, Ledger};

const KEYS: u64 = 500;

type Map<'a> = BSkipMap<u64, Counted<'a>, AnyArena>;

/// A map of `KEYS` keys, each with its key as the value.
fn filled<'a>((arena, promotion): (ArenaKind, Promotion), ledger: &'a Ledger) -> Map<'a> {
    let map = BSkipMap::with_config(arena.make(), config(promotion, 4)).expect("memory for an empty map");
    (0..KEYS).for_each(|key| assert!(map.insert(key, ledger.value(key)).is_none()));
    map
}

#[test]
fn owned_iterators() {
    for kind in kinds() {
        for (front, back) in [(0, 0), (1, 0), (0, 1), (100, 63), (KEYS, 0), (0, KEYS), (250, 250)] {
            let ledger = Ledger::new(1 << 14);
            let mut pairs = filled(kind, &ledger).into_iter();
            for key in 0..front {
                let (found, value) = pairs.next().expect("more");
                assert_eq!((found, value.checked()), (key, key));
            }
            for key in (KEYS - back..KEYS).rev() {
                let (found, value) = pairs.next_back().expect("more");
                assert_eq!((found, value.checked()), (key, key));
            }
            assert_eq!(pairs.len() as u64, KEYS - front - back);
            ledger.expect_live((KEYS - front - back) as usize);
            if front + back == KEYS {
                assert!(pairs.next().is_none() && pairs.next_back().is_none() && pairs.next().is_none());
            }
            drop(pairs);
            ledger.expect_live(0);
            assert!(filled(kind, &ledger).into_keys().eq(0..KEYS));
            ledger.expect_live(0);
            assert!(filled(kind, &ledger).into_values().map(|value| value.checked()).eq(0..KEYS));
            ledger.expect_live(0);
        }
    }
}

#[test]
fn drains() {
    for kind in kinds() {
        let ledger = Ledger::new(1 << 15);
        let mut map = filled(kind, &ledger);
        assert_eq!(map.drain().nth(70).map(|pair| pair.1.checked()), Some(70));
        ledger.expect_live(0);
        assert_eq!((map.len(), map.check_invariants().keys), (0, 0));
        (0..KEYS).for_each(|key| assert!(map.insert(key, ledger.value(key)).is_none()));
        let mut drain = map.drain();
        assert_eq!(drain.next().map(|pair| pair.0), Some(0));
        assert_eq!(drain.next_back().map(|pair| pair.0), Some(KEYS - 1));
        std::mem::forget(drain);
        ledger.expect_live(KEYS as usize - 2);
        assert_eq!(map.check_invariants().keys as u64, KEYS - 2);
        assert!(map.keys().eq(1..KEYS - 1));
        drop(map);
        ledger.expect_live(0);
    }
}

#[test]
fn sweeps() {
    for kind in kinds() {
        let ledger = Ledger::new(1 << 16);
        let mut map = filled(kind, &ledger);
        let panics = |action: &dyn Fn(&Map<'_>)| {
            assert!(catch_unwind(AssertUnwindSafe(|| action(&map))).is_err(), "should have panicked");
        };
        panics(&|map| map.retain(|&key, _| key < 200 || panic!("asked to")));
        panics(&|map| drop(map.extract_if(300.., |_, _| panic!("asked to")).next()));
        panics(&|map| map.range_update(63.., |_, _| panic!("asked to")));
        panics(&|map| map.for_each_with(..=64, |&key, _| assert!(key < 64, "asked to")));
        ledger.expect_live(KEYS as usize);
        assert_eq!(map.check_invariants().keys as u64, KEYS);

        let taken: Vec<_> = map.extract_if(100..200, |key, _| key % 2 == 0).collect();
        assert!(
            taken
                .iter()
                .map(|(key, value)| (*key, value.checked()))
                .eq((100..200).step_by(2).map(|k| (k, k)))
        );
        ledger.expect_live(KEYS as usize);
        drop(taken);
        ledger.expect_live(KEYS as usize - 50);
        ledger.panic_in_drop(10);
        assert!(catch_unwind(AssertUnwindSafe(|| map.retain(|&key, _| key >= 100))).is_err());
        ledger.expect_live(KEYS as usize - 61);
        assert!(map.keys().eq((11..KEYS).filter(|key| !(100..200).contains(key) || key % 2 == 1)));
        assert_eq!(map.remove_range(400..450), 50);
        ledger.expect_live(KEYS as usize - 111);
        map.retain(|&key, value| {
            assert_eq!(value.checked(), key);
            key == 77
        });
        ledger.expect_live(1);
        assert_eq!(map.check_invariants().keys, 1);
    }
}
