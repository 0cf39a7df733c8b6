//! Computations treat values as all other operations do.
//!
//! Properties, for values that count when they are made and dropped, every arena and promotion policy:
//! - a panic in the closure of `compute`, `compare_insert`, `remove_if` and so on, or in `PartialEq`, leaves the pair
//!   as it was, drops what the call was given, and unlocks the leaf;
//! - a closure that panics in `entry_or_insert_with` inserts nothing, and what it had changed of a value that was
//!   there stays;
//! - every value that leaves the map comes back once, every value that is refused too;
//! - a key that `compute` inserts into a full leaf, or that is tall, is found afterwards, and the structure is whole.

use crate::kinds;
use bskip_core::{BSkipMap, Compute, Operation, Promotion};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tests::arena::{AnyArena, ArenaKind};
use tests::config::config;
use tests::counted::{Counted, Ledger};

const KEYS: u64 = 500;

type Map<'a> = BSkipMap<u64, Counted<'a>, AnyArena>;

/// A map of the even keys, each with its key as the value, all inserted by `compute`.
fn filled<'a>((arena, promotion): (ArenaKind, Promotion), ledger: &'a Ledger) -> Map<'a> {
    let map = BSkipMap::with_config(arena.make(), config(promotion, 4)).expect("memory for an empty map");
    for i in 0..KEYS {
        // Not in order: leaves fill up in the middle and give pairs to their neighbours.
        let key = 2 * (i * 7 % KEYS);
        let computed = map.compute(key, |old| {
            assert!(old.is_none());
            Operation::<_, ()>::Insert(ledger.value(key))
        });
        assert!(matches!(computed, Compute::Inserted));
    }
    map
}

fn expect_panic<R>(action: impl FnOnce() -> R) {
    assert!(catch_unwind(AssertUnwindSafe(|| drop(action()))).is_err(), "should have panicked");
}

/// The map holds the even keys with their own values and nothing else, and every leaf can be locked.
fn expect_unchanged(map: &mut Map<'_>, ledger: &Ledger) {
    assert_eq!(map.check_invariants().keys as u64, KEYS);
    ledger.expect_live(KEYS as usize);
    for key in 0..2 * KEYS {
        let seen = map.compute(key, |value| Operation::Abort(value.map(Counted::checked)));
        match seen {
            Compute::Aborted(seen) => assert_eq!(seen, key.is_multiple_of(2).then_some(key)),
            _ => panic!("the closure asked for nothing"),
        }
    }
}

#[test]
fn panics_change_nothing() {
    for kind in kinds() {
        let ledger = Ledger::new(1 << 16);
        let mut map = filled(kind, &ledger);
        for key in [0, 128, 501, 2 * KEYS - 2, 2 * KEYS + 1] {
            let value = || ledger.value(7);
            expect_panic(|| map.compute(key, |_| -> Operation<Counted<'_>> { panic!("asked to") }));
            expect_panic(|| {
                map.compute(key, |_| -> Operation<_> {
                    let _made = value();
                    panic!("asked to")
                })
            });
            expect_panic(|| map.entry_or_insert_with(key, || panic!("asked to"), |_| panic!("asked to")));
            expect_panic(|| map.entry_or_insert_with(key, value, |_| panic!("asked to")));
            expect_panic(|| map.update_or_insert_with(key, |_| panic!("asked to"), || panic!("asked to")));
            expect_panic(|| map.compute_first(|_, _| -> Operation<Counted<'_>> { panic!("asked to") }));
            expect_panic(|| map.pop_last_if(|_, _| panic!("asked to")));
            if key.is_multiple_of(2) {
                expect_panic(|| map.compare_insert(key, value(), |_| panic!("asked to")));
                expect_panic(|| map.remove_if(&key, |_| panic!("asked to")));
                expect_panic(|| map.fetch_update(&key, |_| panic!("asked to")));
                ledger.panic_in_clone(0);
                expect_panic(|| map.get_or_insert(key, value()));
            }
            expect_unchanged(&mut map, &ledger);
        }
    }
}

#[test]
fn a_change_in_place_stays() {
    for kind in kinds() {
        let ledger = Ledger::new(1 << 16);
        let map = filled(kind, &ledger);
        expect_panic(|| {
            map.entry_or_insert_with(
                8,
                || unreachable!(),
                |value| {
                    *value = ledger.value(9);
                    panic!("asked to, after a change");
                },
            )
        });
        assert_eq!(map.get_with(&8, Counted::checked), Some(9));
        ledger.expect_live(KEYS as usize);
    }
}

#[test]
fn a_panicking_comparison_changes_nothing() {
    /// Equal to nothing, and says so with a panic.
    #[derive(Debug)]
    struct Never(#[expect(dead_code, reason = "owns memory")] Box<u64>);
    impl PartialEq for Never {
        fn eq(&self, _: &Self) -> bool {
            panic!("asked to")
        }
    }
    let mut map: BSkipMap<u64, Never> = BSkipMap::new();
    (0..KEYS).for_each(|key| assert!(map.insert(key, Never(Box::new(key))).is_none()));
    expect_panic(|| map.compare_exchange(&5, &Never(Box::new(5)), Never(Box::new(6))));
    assert_eq!(
        map.compare_exchange(&KEYS, &Never(Box::new(5)), Never(Box::new(6))).map_err(|_| ()).err(),
        Some(())
    );
    assert_eq!(map.check_invariants().keys as u64, KEYS);
    assert!(map.update(&5, |_| ()).is_some());
}

#[test]
fn each_value_comes_out_once() {
    for kind in kinds() {
        let ledger = Ledger::new(1 << 16);
        let mut map = filled(kind, &ledger);
        let all = KEYS as usize;
        ledger.expect_live(all);
        for key in (0..2 * KEYS).step_by(2) {
            match map.compute(key, |_| Operation::<_, ()>::Insert(ledger.value(key + 1))) {
                Compute::Updated(old) => assert_eq!(old.checked(), key),
                _ => panic!("{key} is there"),
            }
            assert_eq!(map.replace(&key, ledger.value(key + 2)).ok().map(|v| v.checked()), Some(key + 1));
            assert_eq!(map.replace(&(key + 1), ledger.value(3)).err().map(|v| v.checked()), Some(3));
            let refused = map.compare_insert(key, ledger.value(4), |old| old.checked() != key + 2);
            assert_eq!(refused.err().map(|v| v.checked()), Some(4));
            let old = map.fetch_update(&key, |_| Some(ledger.value(key)));
            assert_eq!(old.map(|v| v.checked()), Some(key + 2));
            assert_eq!(map.get_or_insert(key, ledger.value(5)).checked(), key);
        }
        expect_unchanged(&mut map, &ledger);
        let (first, last) = (0, 2 * KEYS - 2);
        match map.compute_first(|_, _| Operation::<_, ()>::Insert(ledger.value(first))) {
            Some((key, Compute::Updated(old))) => assert_eq!((key, old.checked()), (first, first)),
            _ => panic!("{first} is there"),
        }
        assert!(map.pop_last_if(|_, value| value.checked() != last).is_none());
        let popped = map.pop_last_if(|&key, value| key == last && value.checked() == last);
        assert_eq!(popped.map(|(key, value)| (key, value.checked())), Some((last, last)));
        assert!(map.insert(last, ledger.value(last)).is_none());
        expect_unchanged(&mut map, &ledger);
        for key in (0..2 * KEYS).step_by(2) {
            assert!(map.remove_if(&key, |value| value.checked() != key).is_none());
            let removed = match key % 3 {
                0 => map.remove_if(&key, |value| value.checked() == key),
                1 => map.remove_entry(&key).map(|pair| pair.1),
                _ => match map.compute(key, |_| Operation::<_, ()>::Remove) {
                    Compute::Removed(value) => Some(value),
                    _ => None,
                },
            };
            assert_eq!(removed.map(|value| value.checked()), Some(key));
        }
        ledger.expect_live(0);
        assert_eq!(map.check_invariants().keys, 0);
    }
}

/// Keys that `compute` inserts are promoted as those that `insert` inserts: the maps have the same levels.
#[test]
fn tall_keys_are_promoted() {
    for (arena, promotion) in kinds() {
        let make = || {
            BSkipMap::<u64, u64, AnyArena>::with_config(arena.make(), config(promotion, 4)).expect("memory")
        };
        let (mut computed, mut inserted) = (make(), make());
        let key_of = |i: u64| i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        for key in (0..20_000).map(key_of) {
            assert_eq!(computed.compute(key, |_| Operation::<_, ()>::Insert(!key)), Compute::Inserted);
            assert_eq!(inserted.insert(key, !key), None);
        }
        let (one, other) = (computed.check_invariants(), inserted.check_invariants());
        assert_eq!((one.keys, one.levels), (other.keys, other.levels), "{promotion:?}");
        assert!(one.leaves.abs_diff(other.leaves) * 10 < other.leaves, "{promotion:?}: {one:?}, {other:?}");
        assert!(computed.iter().eq(inserted.iter()));
    }
}
