//! If the caller's code panics, the map stays whole and usable, also for other threads.
//!
//! Properties, with a panic on the first, a middle and the last call, for every arena and promotion policy:
//! - in `Clone` (by `get_cloned`, `iter`, `first_key_value_cloned`, `get_or_insert_with` …): nothing changes,
//!   nothing leaks;
//! - in the closure of `get_with`, `update`, `get_or_insert_with`: likewise; what `update`'s closure had
//!   already written stays;
//! - in `Drop` of a value that the caller got back, or that `update` overwrites: likewise;
//! - in `Drop` during `clear` or the drop of the map: everything is dropped once, and the map stays usable
//!   (more in `drops`);
//! - after each: the invariants hold, and no lock is left held.

use crate::kinds;
use bskip_core::{BSkipMap, Promotion};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tests::arena::{AnyArena, ArenaKind};
use tests::config::config;
use tests::counted::{Counted, Ledger};

const KEYS: u64 = 500;

type Map<'a> = BSkipMap<u64, Counted<'a>, AnyArena>;

fn empty<V>((arena, promotion): (ArenaKind, Promotion)) -> BSkipMap<u64, V, AnyArena> {
    BSkipMap::with_config(arena.make(), config(promotion, 4)).expect("memory for an empty map")
}

/// Runs `action`, which must panic, or the drop of what it returns.
fn expect_panic<R>(action: impl FnOnce() -> R) {
    assert!(catch_unwind(AssertUnwindSafe(|| drop(action()))).is_err(), "should have panicked");
}

/// A map of `KEYS` keys, each with its key as the value.
fn filled(kind: (ArenaKind, Promotion), ledger: &Ledger) -> Map<'_> {
    let map = empty(kind);
    (0..KEYS).for_each(|key| assert!(map.insert(key, ledger.value(key)).is_none()));
    map
}

/// The map holds `keys` keys, one live value for each, and every one can be locked and changed.
fn expect_usable<'a>(map: &mut Map<'a>, ledger: &'a Ledger, keys: u64) {
    assert_eq!(map.check_invariants().keys as u64, keys);
    ledger.expect_live(keys as usize);
    let there: Vec<u64> = map.iter().cloned().map(|(key, value)| (key, value.checked()).0).collect();
    assert_eq!(there.len() as u64, keys);
    for key in there {
        let old = map.insert(key, ledger.value(key)).expect("there");
        assert_eq!(old.checked(), key);
        assert!(map.update(&key, |value| assert_eq!(value.checked(), key)).is_some());
    }
    assert!(map.insert(u64::MAX, ledger.value(0)).is_none());
    assert!(map.remove(&u64::MAX).is_some());
    ledger.expect_live(keys as usize);
}

#[test]
fn in_clone() {
    for kind in kinds() {
        let ledger = Ledger::new(1 << 17);
        let mut map = filled(kind, &ledger);
        let single: [&dyn Fn(&Map<'_>); 6] = [
            &|map| drop(map.get_cloned(&0)),
            &|map| drop(map.get_cloned(&(KEYS / 2))),
            &|map| drop(map.first_key_value_cloned()),
            &|map| drop(map.last_key_value_cloned()),
            &|map| drop(map.get_or_insert_with(7, || unreachable!())),
            &|map| drop(map.range(70..).cloned().next_back()),
        ];
        for action in single {
            ledger.panic_in_clone(0);
            expect_panic(|| action(&map));
            assert!(!ledger.is_armed());
            expect_usable(&mut map, &ledger, KEYS);
        }
        for after in [0, 1, 63, 64, 250, KEYS as usize - 1] {
            ledger.panic_in_clone(after);
            expect_panic(|| map.iter().cloned().for_each(drop));
            expect_usable(&mut map, &ledger, KEYS);
            ledger.panic_in_clone(after);
            expect_panic(|| map.iter().cloned().rev().for_each(drop));
            expect_usable(&mut map, &ledger, KEYS);
        }
    }
}

#[test]
fn in_clone_of_a_fresh_value() {
    // `get_or_insert_with` clones the value that it returns. That clone may panic before or after the value
    // went in.
    for kind in kinds() {
        let ledger = Ledger::new(1 << 16);
        let mut map = filled(kind, &ledger);
        ledger.panic_in_clone(0);
        expect_panic(|| map.get_or_insert_with(KEYS, || ledger.value(KEYS)));
        let keys = map.len() as u64;
        assert!((KEYS..=KEYS + 1).contains(&keys));
        expect_usable(&mut map, &ledger, keys);
    }
}

#[test]
fn in_closures() {
    for kind in kinds() {
        let ledger = Ledger::new(1 << 16);
        let mut map = filled(kind, &ledger);
        for key in [0, 63, 64, 300, KEYS - 1] {
            expect_panic(|| map.get_with(&key, |_| panic!("asked to panic in get_with")));
            expect_usable(&mut map, &ledger, KEYS);
            expect_panic(|| map.update(&key, |_| panic!("asked to panic in update")));
            expect_usable(&mut map, &ledger, KEYS);
            expect_panic(|| {
                map.update(&key, |value| {
                    *value = ledger.value(key + 1000);
                    panic!("asked to panic in update, after a change");
                })
            });
            assert_eq!(map.insert(key, ledger.value(key)).map(|value| value.checked()), Some(key + 1000));
            expect_usable(&mut map, &ledger, KEYS);
            expect_panic(|| {
                map.get_or_insert_with(KEYS + key, || panic!("asked to panic in get_or_insert_with"))
            });
            assert!(!map.contains_key(&(KEYS + key)));
            expect_usable(&mut map, &ledger, KEYS);
        }
    }
}

#[test]
fn in_closures_of_plain_values() {
    // Values without a drop take another path. What the closure wrote before it panicked is in the map.
    for kind in kinds() {
        let mut map = empty::<[u64; 3]>(kind);
        (0..KEYS).for_each(|key| assert_eq!(map.insert(key, [key; 3]), None));
        for key in [0, 64, KEYS - 1] {
            expect_panic(|| map.get_with(&key, |_| panic!("asked to panic in get_with")));
            expect_panic(|| map.get_or_insert_with(KEYS, || panic!("asked to panic in get_or_insert_with")));
            expect_panic(|| {
                map.update(&key, |value| {
                    value[1] = 1 << 40;
                    panic!("asked to panic in update, after a change");
                })
            });
            assert_eq!(map.get(&key), Some([key, 1 << 40, key]));
            assert_eq!(map.insert(key, [key; 3]), Some([key, 1 << 40, key]));
            assert_eq!(map.check_invariants().keys as u64, KEYS);
        }
    }
}

#[test]
fn in_drop_of_one_value() {
    for kind in kinds() {
        let ledger = Ledger::new(1 << 16);
        let mut map = filled(kind, &ledger);
        for key in [0, 100, 250] {
            ledger.panic_in_drop(0);
            expect_panic(|| map.update(&key, |value| *value = ledger.value(key)));
            // The assignment is completed before the unwinding goes on.
            expect_usable(&mut map, &ledger, KEYS);
            ledger.panic_in_drop(0);
            expect_panic(|| map.insert(key, ledger.value(key)));
            expect_usable(&mut map, &ledger, KEYS);
            ledger.panic_in_drop(0);
            expect_panic(|| map.remove(&key));
            ledger.expect_live(KEYS as usize - 1);
            assert!(map.insert(key, ledger.value(key)).is_none());
            expect_usable(&mut map, &ledger, KEYS);
            ledger.panic_in_drop(0);
            expect_panic(|| map.get_cloned(&key));
            expect_usable(&mut map, &ledger, KEYS);
        }
    }
}

#[test]
fn in_drop_during_clear() {
    for kind in kinds() {
        for after in [0, 1, 64, 250, KEYS as usize - 1] {
            let ledger = Ledger::new(1 << 16);
            let mut map = filled(kind, &ledger);
            ledger.panic_in_drop(after);
            expect_panic(|| map.clear());
            ledger.expect_live(0);
            assert!(map.is_empty());
            (0..KEYS).for_each(|key| assert!(map.insert(key, ledger.value(key)).is_none()));
            assert_eq!(map.check_invariants().keys as u64, KEYS);
            drop(map);
            ledger.expect_live(0);
        }
    }
}

#[test]
fn in_drop_during_the_drop_of_the_map() {
    for kind in kinds() {
        for after in [0, 64, KEYS as usize - 1] {
            let ledger = Ledger::new(1 << 16);
            let map = filled(kind, &ledger);
            ledger.panic_in_drop(after);
            expect_panic(|| drop(map));
            ledger.expect_live(0);
        }
    }
}

#[test]
fn others_go_on() {
    // Some threads panic in closures while others work. No thread is left waiting, and nothing is lost.
    for kind in kinds() {
        let ledger = Ledger::new(1 << 18);
        let mut map = filled(kind, &ledger);
        tests::threads::run(4, |t| {
            for round in 0..300 {
                let key = (round * 7 + t as u64) % KEYS;
                if t == 0 {
                    expect_panic(|| map.update(&key, |_| panic!("asked to panic in update")));
                } else {
                    assert!(map.update(&key, |value| *value = ledger.value(value.checked())).is_some());
                    assert_eq!(map.get_cloned(&key).expect("there").checked(), key);
                }
            }
        });
        expect_usable(&mut map, &ledger, KEYS);
    }
}
