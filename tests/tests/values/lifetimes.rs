//! Every value is dropped exactly once, and none is leaked.
//!
//! Properties, for values that own memory and borrow from the test (no `'static`), every arena and promotion
//! policy:
//! - the map holds one value a key: after replacing, removing, popping, updating, failed
//!   `get_or_insert_with`, `clear`, and dropping the map;
//! - what the map gives out is a clone of its own, or the value itself, never both;
//! - the same with 8 threads that read, write and remove at once;
//! - operations that do not clone need no `Clone` of the values;
//! - a map full of `()` or of zero-sized values with a drop counts them too.

use crate::kinds;
use bskip_core::{BSkipMap, Promotion};
use std::sync::atomic::{AtomicIsize, Ordering};
use tests::arena::{AnyArena, ArenaKind};
use tests::config::{CRUEL_PROMOTIONS, config, map_of};
use tests::counted::{Counted, Ledger};
use tests::rng::Rng;
use tests::threads;

const KEYS: u64 = 3_000;

type Map<'a> = BSkipMap<u64, Counted<'a>, AnyArena>;

fn empty<'a>((arena, promotion): (ArenaKind, Promotion)) -> Map<'a> {
    BSkipMap::with_config(arena.make(), config(promotion, 4)).expect("memory for an empty map")
}

#[test]
fn single_operations() {
    for kind in kinds() {
        let ledger = Ledger::new(1 << 17);
        let mut map = empty(kind);
        let keys: Vec<u64> = (0..KEYS).map(|i| i.reverse_bits()).collect();
        let all = KEYS as usize;

        keys.iter().for_each(|key| assert!(map.insert(*key, ledger.value(1)).is_none()));
        ledger.expect_live(all);
        // The old value comes back, once.
        keys.iter()
            .for_each(|key| assert_eq!(map.insert(*key, ledger.value(2)).map(|v| v.checked()), Some(1)));
        ledger.expect_live(all);
        keys.iter().for_each(|key| assert!(map.try_insert(*key, ledger.value(3)).expect("memory").is_some()));
        ledger.expect_live(all);
        // A clone for each `get`, none for `get_with` and `contains_key`.
        let clones: Vec<_> = keys.iter().map(|key| map.get_cloned(key).expect("there")).collect();
        assert!(clones.iter().all(|value| value.checked() == 3));
        ledger.expect_live(2 * all);
        drop(clones);
        let births = ledger.births();
        assert!(
            keys.iter().all(|key| map.get_with(key, Counted::checked) == Some(3) && map.contains_key(key))
        );
        assert_eq!(ledger.births(), births);
        // The value comes back if the key is there.
        keys.iter().for_each(|key| {
            assert_eq!(map.insert_if_absent(*key, ledger.value(9)).map(|v| v.checked()), Some(9));
        });
        ledger.expect_live(all);
        // Changed in place, and replaced in place.
        keys.iter().for_each(|key| {
            assert!(map.update(key, |value| *value = ledger.value(value.checked() + 1)).is_some())
        });
        ledger.expect_live(all);
        // The closure does not run if the key is there.
        keys.iter().for_each(|key| assert_eq!(map.get_or_insert_with(*key, || unreachable!()).checked(), 4));
        ledger.expect_live(all);
        // Iterators, finished or not, hold clones only.
        assert_eq!(map.iter().cloned().filter(|(_, value)| value.checked() == 4).count(), all);
        ledger.expect_live(all);
        {
            let mut range = map.range(10..).cloned();
            assert!(range.next().is_some() && range.next_back().is_some() && range.next().is_some());
        }
        ledger.expect_live(all);
        let kept: Vec<_> = map.iter().cloned().rev().take(100).collect();
        ledger.expect_live(all + 100);
        drop(kept);
        drop((map.first_key_value_cloned(), map.last_key_value_cloned()));
        ledger.expect_live(all);

        for key in &keys[..100] {
            assert_eq!(map.remove(key).map(|value| value.checked()), Some(4));
            assert!(map.remove(key).is_none());
        }
        ledger.expect_live(all - 100);
        for _ in 0..50 {
            assert!(map.pop_first().is_some() && map.pop_last().is_some());
        }
        ledger.expect_live(all - 200);
        map.check_invariants();
        map.clear();
        ledger.expect_live(0);
        assert!(map.insert_if_absent(1, ledger.value(0)).is_none());
        assert_eq!(map.get_or_insert_with(2, || ledger.value(9)).checked(), 9);
        ledger.expect_live(2);
        keys.iter().for_each(|key| drop(map.insert(*key, ledger.value(5))));
        drop(map);
        ledger.expect_live(0);
    }
}

#[test]
fn concurrent_operations() {
    const STEPS: u64 = 4_000;
    for kind in kinds() {
        for keys in [4, 200, 5_000] {
            // A range clones ten values at most, and one step in ten is a range.
            let ledger = Ledger::new(8 * STEPS as usize * 4);
            let mut map = empty(kind);
            threads::run(8, |t| {
                let mut rng = Rng::new(t as u64);
                for _ in 0..STEPS {
                    let key = rng.below(keys);
                    let check = |value: Counted<'_>| assert_eq!(value.checked(), key);
                    match rng.below(20) {
                        0..3 => drop(map.insert(key, ledger.value(key)).map(check)),
                        3..5 => drop(map.insert_if_absent(key, ledger.value(key)).map(check)),
                        5..9 => drop(map.remove(&key).map(check)),
                        9..12 => drop(map.get_cloned(&key).map(check)),
                        12 => check(map.get_or_insert_with(key, || ledger.value(key))),
                        13..15 => drop(map.update(&key, |value| *value = ledger.value(value.checked()))),
                        15 => drop(map.get_with(&key, |value| assert_eq!(value.checked(), key))),
                        16 => map
                            .range(key..)
                            .cloned()
                            .take(10)
                            .for_each(|(k, value)| assert_eq!(value.checked(), k)),
                        17 => map
                            .range(..key)
                            .cloned()
                            .rev()
                            .take(10)
                            .for_each(|(k, value)| assert_eq!(value.checked(), k)),
                        18 => drop(map.pop_first().map(|(k, value)| assert_eq!(value.checked(), k))),
                        _ => drop(map.pop_last().map(|(k, value)| assert_eq!(value.checked(), k))),
                    }
                }
            });
            ledger.expect_live(map.check_invariants().keys);
            drop(map);
            ledger.expect_live(0);
        }
    }
}

/// Not `Clone`.
#[derive(Debug, PartialEq)]
struct Unique(Box<u32>);

#[test]
fn values_without_clone() {
    let map: BSkipMap<u32, Unique> = map_of(CRUEL_PROMOTIONS[3]);
    for i in 0..1000 {
        assert_eq!(map.insert(i, Unique(Box::new(i))), None);
    }
    assert_eq!(map.insert_if_absent(7, Unique(Box::new(700))), Some(Unique(Box::new(700))));
    assert_eq!(map.insert(7, Unique(Box::new(70))), Some(Unique(Box::new(7))));
    assert!(map.update(&8, |value| *value.0 += 100).is_some());
    assert_eq!(map.get_with(&8, |value| *value.0), Some(108));
    assert_eq!(map.remove(&7), Some(Unique(Box::new(70))));
    assert_eq!(map.pop_first(), Some((0, Unique(Box::new(0)))));
    assert_eq!(map.pop_last(), Some((999, Unique(Box::new(999)))));
    assert_eq!(map.len(), 997);
}

static TOKENS: AtomicIsize = AtomicIsize::new(0);

/// Takes no space, but each one has to be dropped.
struct Token;

impl Token {
    fn new() -> Self {
        TOKENS.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        TOKENS.fetch_sub(1, Ordering::Relaxed);
    }
}

#[test]
fn zero_sized_values() {
    let map: BSkipMap<u64, Token> = map_of(CRUEL_PROMOTIONS[4]);
    (0..1000).for_each(|key| assert!(map.insert(key, Token::new()).is_none()));
    (0..1000).for_each(|key| assert!(map.insert(key, Token::new()).is_some()));
    assert_eq!(TOKENS.load(Ordering::Relaxed), 1000);
    (0..500).for_each(|key| assert!(map.remove(&key).is_some()));
    assert_eq!(TOKENS.load(Ordering::Relaxed), 500);
    drop(map);
    assert_eq!(TOKENS.load(Ordering::Relaxed), 0);
}

#[test]
fn borrowed_values_and_mutable_borrows() {
    let mut cells = vec![0u32; 500];
    {
        let map: BSkipMap<usize, &mut u32> = map_of(CRUEL_PROMOTIONS[1]);
        cells.iter_mut().enumerate().for_each(|(i, cell)| assert!(map.insert(i, cell).is_none()));
        threads::run(4, |_| (0..500).for_each(|i| assert!(map.update(&i, |cell| **cell += 1).is_some())));
        *map.remove(&3).expect("there") += 10;
    }
    assert!(cells.iter().enumerate().all(|(i, cell)| *cell == if i == 3 { 14 } else { 4 }));
}
