//! If memory runs out, the operation returns an error and the map stays usable.
//!
//! Properties, with arenas of a small byte limit, every promotion policy, values with and without a drop:
//! - `try_insert`, `try_insert_if_absent`, `try_compute` and what is made of it fail in the end, give back the key and the value, and name the
//!   limit as the cause;
//! - the failure does not change the map: keys, values, structure and blocks are as before, and the
//!   invariants hold;
//! - what needs no memory still works: replacing, updating, reading, removing;
//! - removing makes room again: the refused key can be inserted, and an emptied map takes as much as before;
//! - the arena stays within its limit, also under 8 threads, which lose nothing that was accepted;
//! - a limit too small for an empty map is an error of the constructor or of the first insert.

use bskip_core::{AllocErrorKind, BSkipMap, BumpArena, Compute, Config, Operation, Promotion};
use tests::config::{CRUEL_PROMOTIONS, config};
use tests::counted::Ledger;
use tests::rng::mix;
use tests::threads;

const LIMITS: [usize; 3] = [64 << 10, 200_000, 1 << 20];

type Map<V> = BSkipMap<u64, V, BumpArena>;

fn limited<V: Send + Sync>(promotion: Promotion, limit: usize) -> Map<V> {
    BSkipMap::with_config(BumpArena::with_limit(limit), config(promotion, 4)).expect("room for an empty map")
}

/// Inserts until refused. Returns the keys that were inserted.
fn fill_up(map: &mut Map<u64>, key_of: impl Fn(u64) -> u64) -> Vec<u64> {
    let mut keys = Vec::new();
    for i in 0.. {
        let (key, before) = (key_of(i), map.usage());
        match map.try_insert(key, !key) {
            Ok(old) => {
                assert_eq!(old, None);
                keys.push(key);
            }
            Err(refused) => {
                assert_eq!((refused.key, refused.value), (key, !key));
                assert_eq!(refused.cause.kind, AllocErrorKind::LimitReached);
                assert!(refused.cause.layout.size() > 0);
                assert_eq!(map.usage().issued_blocks, before.issued_blocks);
                assert_eq!((map.get(&key), map.len()), (None, keys.len()));
                let refused = map.try_insert_if_absent(key, !key).expect_err("no memory for that either");
                assert_eq!((refused.key, refused.value), (key, !key));
                if let Some(&there) = keys.first() {
                    assert_eq!(map.try_insert_if_absent(there, 7).expect("needs no memory"), Some(7));
                }
                return keys;
            }
        }
    }
    unreachable!("the arena has a limit")
}

fn expect_holds(map: &mut Map<u64>, keys: &[u64]) {
    assert_eq!(map.check_invariants().keys, keys.len());
    let mut sorted = keys.to_vec();
    sorted.sort_unstable();
    assert!(map.iter().eq(sorted.iter().map(|key| (*key, !key))));
    assert!(keys.iter().all(|key| map.get(key) == Some(!key)));
}

#[test]
fn refused_and_unchanged() {
    for (promotion, limit) in CRUEL_PROMOTIONS.into_iter().flat_map(|p| LIMITS.map(|limit| (p, limit))) {
        let mut map = limited(promotion, limit);
        let keys = fill_up(&mut map, mix);
        assert!(keys.len() > limit / 1000, "{promotion:?}: only {} keys in {limit} bytes", keys.len());
        assert!(map.usage().reserved_bytes <= limit, "{:?} of {limit}", map.usage());
        expect_holds(&mut map, &keys);
        let structure = map.check_invariants();
        // Every further attempt is refused too, wherever the key would go.
        let refused =
            (0..1000).map(|i| mix(1 << 40 | i)).filter(|key| map.try_insert(*key, 0).is_err()).count();
        assert!(refused > 0);
        for key in (0..1000).map(|i| mix(1 << 40 | i)) {
            assert_ne!(map.remove(&key), Some(!key));
        }
        expect_holds(&mut map, &keys);
        assert!(map.check_invariants().leaves <= structure.leaves);
    }
}

/// Without tall keys, a computation needs memory where an insertion does. (It inserts a tall key without promoting it
/// if there is no memory for that.)
#[test]
fn computations_are_refused_too() {
    for key_of in [mix, |i| i, |i| u64::MAX - i] {
        let mut map = limited(Promotion::Overflow, LIMITS[0]);
        let keys = fill_up(&mut map, key_of);
        let (key, before) = (key_of(keys.len() as u64), map.usage());
        for refused in [
            map.try_compute(key, |_| Operation::<_, ()>::Insert(!key)).map(|_| ()),
            map.try_get_or_insert(key, !key).map(|_| ()),
            map.try_get_or_insert_with(key, || !key).map(|_| ()),
            map.try_entry_or_insert_with(key, || 0, |value| *value = !key),
            map.try_update_or_insert_with(key, |_| (), || !key).map(|_| ()),
            map.try_compare_insert(key, !key, |_| true).map(|_| ()),
        ] {
            let refused = refused.expect_err("there is no memory");
            assert_eq!((refused.key, refused.value), (key, !key));
            assert_eq!(refused.cause.kind, AllocErrorKind::LimitReached);
        }
        // The closure may ask for nothing.
        assert_eq!(map.compute(key, |_| Operation::Abort(3)), Compute::Aborted(3));
        assert_eq!(map.compute(key, |_| Operation::<_, ()>::Remove), Compute::Absent);
        assert_eq!(map.usage().issued_blocks, before.issued_blocks);
        expect_holds(&mut map, &keys);
    }
}

#[test]
fn what_needs_no_memory_works() {
    for promotion in CRUEL_PROMOTIONS {
        let mut map = limited(promotion, LIMITS[1]);
        let keys = fill_up(&mut map, mix);
        for key in &keys {
            assert_eq!(map.try_insert(*key, 1).expect("replacing needs no memory"), Some(!key));
            assert_eq!(map.insert(*key, 2), Some(1));
            assert!(map.update(key, |value| *value = !key).is_some());
            assert_eq!(map.compute(*key, |_| Operation::<_, ()>::Insert(3)), Compute::Updated(!key));
            assert_eq!(map.replace(key, 4), Ok(3));
            assert_eq!(map.compare_exchange(key, &4, 5), Ok(4));
            assert_eq!(map.compare_insert(*key, !key, |_| true), Ok(Some(5)));
            assert_eq!(map.get_or_insert(*key, 6), !key);
            assert_eq!(map.get_or_insert_with(*key, || unreachable!()), !key);
        }
        expect_holds(&mut map, &keys);
    }
}

#[test]
fn removing_makes_room() {
    for (promotion, limit) in CRUEL_PROMOTIONS.into_iter().flat_map(|p| LIMITS.map(|limit| (p, limit))) {
        for key_of in [mix, |i| i, |i| u64::MAX - i] {
            let mut map = limited(promotion, limit);
            let keys = fill_up(&mut map, key_of);
            // Most keys are removed and the rest is merged, so there must be blocks for any key.
            let (gone, kept): (Vec<_>, Vec<_>) = keys.iter().partition(|key| !mix(!**key).is_multiple_of(16));
            gone.iter().for_each(|key| assert_eq!(map.remove(key), Some(!key)));
            let refused = key_of(keys.len() as u64);
            assert_eq!(map.try_insert(refused, !refused).expect("there is room"), None);
            assert_eq!(map.remove(&refused), Some(!refused));
            expect_holds(&mut map, &kept);
            // An emptied map takes the same keys again.
            kept.iter().for_each(|key| assert_eq!(map.remove(key), Some(!key)));
            for key in &keys[..keys.len() * 9 / 10] {
                assert_eq!(map.try_insert(*key, !key).expect("it went in before"), None);
            }
            expect_holds(&mut map, &keys[..keys.len() * 9 / 10]);
            map.clear();
            let again = fill_up(&mut map, key_of);
            assert!(again.len() >= keys.len() * 9 / 10, "{promotion:?}: {} then {}", keys.len(), again.len());
            expect_holds(&mut map, &again);
        }
    }
}

#[test]
fn refused_values_are_not_dropped() {
    for promotion in CRUEL_PROMOTIONS {
        let ledger = Ledger::new(1 << 15);
        let mut map = limited(promotion, LIMITS[0]);
        let mut accepted = 0;
        let refused = loop {
            match map.try_insert(mix(accepted), ledger.value(accepted)) {
                Ok(old) => assert!(old.is_none()),
                Err(refused) => break refused,
            }
            accepted += 1;
        };
        assert_eq!((refused.key, refused.value.checked()), (mix(accepted), accepted));
        ledger.expect_live(accepted as usize + 1);
        drop(refused);
        ledger.expect_live(map.check_invariants().keys);
        map.clear();
        ledger.expect_live(0);
    }
}

#[test]
fn eight_threads_against_the_limit() {
    for promotion in CRUEL_PROMOTIONS {
        let mut map = limited(promotion, LIMITS[2]);
        for round in 0..3 {
            let accepted = threads::run(8, |t| {
                let mut mine = Vec::new();
                for i in 0..20_000u64 {
                    let key = mix(i * 8 + t as u64 + (round << 50));
                    match map.try_insert(key, !key) {
                        Ok(old) => {
                            assert_eq!(old, None);
                            mine.push(key);
                        }
                        Err(refused) => {
                            assert_eq!((refused.key, refused.value), (key, !key));
                            // Makes room by removing its own keys.
                            for gone in mine.drain(mine.len() / 2..) {
                                assert_eq!(map.remove(&gone), Some(!gone));
                            }
                        }
                    }
                }
                mine
            });
            let accepted = accepted.concat();
            expect_holds(&mut map, &accepted);
            assert!(map.usage().reserved_bytes <= LIMITS[2], "{:?}", map.usage());
            threads::run(8, |t| {
                accepted.iter().skip(t).step_by(8).for_each(|key| assert_eq!(map.remove(key), Some(!key)));
            });
            expect_holds(&mut map, &[]);
        }
    }
}

#[test]
fn hopeless_limits() {
    for limit in [0, 1, 63, 64, 1000, 4096, 8192, 16384] {
        match BSkipMap::<u64, u64, _>::with_config(BumpArena::with_limit(limit), Config::new()) {
            Err(cause) => assert_eq!(cause.kind, AllocErrorKind::LimitReached),
            Ok(mut map) => {
                let keys = fill_up(&mut map, mix);
                expect_holds(&mut map, &keys);
                assert!(map.usage().reserved_bytes <= limit);
            }
        }
    }
}
