//! If a drop panics, every other value is still dropped, each once, and the caller sees one panic.
//!
//! Properties, with a panic in the first, a middle and the last drop, for every arena and promotion policy:
//! - `clear`, and the drop of a map: nothing leaks; after `clear` the map is empty, has one block, and can be
//!   used;
//! - `remove_range`: what has left the map is dropped, and what is left is later in the range or outside of it;
//! - a bulk load that fails, or is dropped unfinished: nothing leaks, the part's blocks are free again, other
//!   parts stay;
//! - `append`, `extend`, `collect`, `insert_many`, `remove_many`, `get_or_insert_with`: a value that neither
//!   the map nor the caller holds is dropped.
//!
//! And, in a child process: a second panic while `clear` or the drop of a map drops values ends the process.

use bskip_core::{BSkipMap, BulkLoad, GlobalArena, Promotion};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use tests::arena::{AnyArena, ArenaKind};
use tests::config::{CRUEL_PROMOTIONS, config, map_of};
use tests::counted::{Counted, Ledger};

const KEYS: u64 = if cfg!(small_nodes) { 150 } else { 1000 };

/// Which of `KEYS` drops panic: also those around the ends of leaves.
const PANICS: [usize; 7] = [0, 1, 40, 63, 64, 100, KEYS as usize - 1];

type Map<'a> = BSkipMap<u64, Counted<'a>, AnyArena>;

/// Runs `action`, which must panic, or the drop of what it returns.
fn expect_panic<R>(action: impl FnOnce() -> R) {
    assert!(catch_unwind(AssertUnwindSafe(|| drop(action()))).is_err(), "should have panicked");
}

/// Every arena with every promotion policy.
fn each_map(test: impl Fn(ArenaKind, Promotion)) {
    for &arena in ArenaKind::chosen() {
        CRUEL_PROMOTIONS.into_iter().for_each(|promotion| test(arena, promotion));
    }
}

fn empty<'a>(arena: ArenaKind, promotion: Promotion) -> Map<'a> {
    BSkipMap::with_config(arena.make(), config(promotion, 4)).expect("memory for an empty map")
}

fn pairs(ledger: &Ledger, keys: impl Iterator<Item = u64>) -> impl Iterator<Item = (u64, Counted<'_>)> {
    keys.map(|key| (key, ledger.value(key)))
}

fn filled(arena: ArenaKind, promotion: Promotion, ledger: &Ledger) -> Map<'_> {
    let map = empty(arena, promotion);
    pairs(ledger, 0..KEYS).for_each(|(key, value)| assert!(map.insert(key, value).is_none()));
    map
}

/// The map holds exactly these keys, no other value is alive, and the map can be used.
fn expect_holds<'a>(map: &mut Map<'a>, ledger: &'a Ledger, keys: impl Iterator<Item = u64> + Clone) {
    let count = keys.clone().count();
    assert_eq!(map.check_invariants().keys, count);
    ledger.expect_live(count);
    assert!(map.iter().cloned().map(|(key, value)| (key, value.checked()).0).eq(keys));
    assert!(map.insert(u64::MAX, ledger.value(1)).is_none());
    assert!(map.remove(&u64::MAX).is_some());
    ledger.expect_live(count);
}

#[test]
fn in_remove_range() {
    each_map(|arena, promotion| {
        let (start, end) = (KEYS / 10, KEYS - KEYS / 10);
        for after in PANICS.into_iter().filter(|&after| (after as u64) < end - start) {
            let ledger = Ledger::new(1 << 13);
            let mut map = filled(arena, promotion, &ledger);
            ledger.panic_in_drop(after);
            expect_panic(|| map.remove_range(start..end));
            // Those from `start` on went first.
            let next = map.range(start..).cloned().next().expect("the end of the map stays").0;
            assert!((start..=end).contains(&next));
            expect_holds(&mut map, &ledger, (0..start).chain(next..KEYS));
            assert_eq!(map.remove_range(..), (KEYS - next + start) as usize);
            ledger.expect_live(0);
        }
    });
}

#[test]
fn in_clear() {
    each_map(|arena, promotion| {
        for after in PANICS {
            let ledger = Ledger::new(1 << 13);
            let mut map = filled(arena, promotion, &ledger);
            ledger.panic_in_drop(after);
            expect_panic(|| map.clear());
            ledger.expect_live(0);
            assert!(map.is_empty() && map.iter().cloned().next().is_none());
            assert_eq!(map.usage().issued_blocks, 1, "{arena:?}, {promotion:?}");
            expect_holds(&mut map, &ledger, 0..0);
            pairs(&ledger, 0..KEYS).for_each(|(key, value)| drop(map.insert(key, value)));
            expect_holds(&mut map, &ledger, 0..KEYS);
        }
    });
}

#[test]
fn in_the_drop_of_a_map() {
    each_map(|arena, promotion| {
        for after in PANICS {
            let ledger = Ledger::new(1 << 11);
            let map = filled(arena, promotion, &ledger);
            ledger.panic_in_drop(after);
            expect_panic(|| drop(map));
            ledger.expect_live(0);
        }
    });
}

#[test]
fn in_a_part_that_fails() {
    each_map(|arena, promotion| {
        for after in PANICS {
            let ledger = Ledger::new(1 << 13);
            let load = BulkLoad::with_config(arena.make(), config(promotion, 4)).expect("memory");
            load.part(pairs(&ledger, 0..KEYS)).expect("ascending");
            // The first key again, at the end.
            ledger.panic_in_drop(after);
            expect_panic(|| load.part(pairs(&ledger, (KEYS..2 * KEYS).chain([KEYS]))));
            ledger.expect_live(KEYS as usize);
            assert!(load.part(pairs(&ledger, (KEYS..2 * KEYS).chain([KEYS]))).is_err());
            load.part(pairs(&ledger, 2 * KEYS..2 * KEYS + 9)).expect("ascending");
            let mut map = load.finish().expect("no overlap");
            // The walk finds every block that was issued.
            expect_holds(&mut map, &ledger, (0..KEYS).chain(2 * KEYS..2 * KEYS + 9));
            drop(map);
            ledger.expect_live(0);
        }
    });
}

#[test]
fn in_a_load_that_is_given_up() {
    each_map(|arena, promotion| {
        for (after, finish) in PANICS.into_iter().flat_map(|after| [(after, false), (after, true)]) {
            let ledger = Ledger::new(1 << 12);
            let load = BulkLoad::with_config(arena.make(), config(promotion, 4)).expect("memory");
            load.part(pairs(&ledger, 0..KEYS)).expect("ascending");
            load.part(pairs(&ledger, KEYS / 2..2 * KEYS)).expect("ascending");
            ledger.panic_in_drop(after);
            // The parts overlap, so `finish` drops them.
            expect_panic(|| if finish { drop(load.finish()) } else { drop(load) });
            ledger.expect_live(0);
        }
    });
}

/// Five values, of which the fourth panics, and a value that did not fit.
#[test]
fn in_small_loads() {
    for after in 0..6 {
        let ledger = Ledger::new(1 << 6);
        ledger.panic_in_drop(after);
        expect_panic(|| BSkipMap::from_sorted(pairs(&ledger, [1, 2, 3, 4, 5, 5].into_iter())));
        ledger.expect_live(0);
    }
    for after in 0..5 {
        let ledger = Ledger::new(1 << 6);
        let map = BSkipMap::from_sorted(pairs(&ledger, 0..5)).expect("ascending");
        ledger.panic_in_drop(after);
        expect_panic(|| drop(map));
        ledger.expect_live(0);
    }
}

#[test]
fn of_values_replaced_by_others() {
    each_map(|arena, promotion| {
        for after in PANICS {
            let ledger = Ledger::new(1 << 14);
            // `append`: every pair of `other` is in one of the two maps.
            let (mut map, mut other) = (filled(arena, promotion, &ledger), filled(arena, promotion, &ledger));
            ledger.panic_in_drop(after);
            expect_panic(|| map.append(&mut other));
            let left = other.check_invariants().keys;
            assert_eq!(left, KEYS as usize - after - 1);
            ledger.expect_live(KEYS as usize + left);
            map.append(&mut other);
            assert!(other.is_empty());
            expect_holds(&mut map, &ledger, 0..KEYS);
            // `extend`: its iterator drops the rest.
            ledger.panic_in_drop(after);
            expect_panic(|| map.extend(pairs(&ledger, 0..KEYS)));
            expect_holds(&mut map, &ledger, 0..KEYS);
            let list: Vec<_> = pairs(&ledger, 0..KEYS).collect();
            ledger.panic_in_drop(after);
            expect_panic(|| map.extend(list));
            expect_holds(&mut map, &ledger, 0..KEYS);
            // `get_or_insert_with`: the value that was made and not needed.
            ledger.panic_in_drop(0);
            expect_panic(|| {
                map.get_or_insert_with(KEYS, || {
                    assert!(map.insert(KEYS, ledger.value(KEYS)).is_none());
                    ledger.value(KEYS)
                })
            });
            expect_holds(&mut map, &ledger, 0..=KEYS);
            // If the key is present: what the closure owns.
            let owned = ledger.value(0);
            ledger.panic_in_drop(0);
            expect_panic(|| map.get_or_insert_with(KEYS, move || owned));
            expect_holds(&mut map, &ledger, 0..=KEYS);
        }
    });
}

#[test]
fn of_results_of_batches() {
    each_map(|arena, promotion| {
        for after in PANICS {
            let ledger = Ledger::new(1 << 14);
            let mut map = filled(arena, promotion, &ledger);
            let mut batch: Vec<_> = pairs(&ledger, 0..KEYS).map(|(key, value)| (key, Some(value))).collect();
            map.insert_many(&mut batch);
            ledger.panic_in_drop(after);
            expect_panic(|| drop(batch));
            expect_holds(&mut map, &ledger, 0..KEYS);
            // The call replaces each given value by the one that it removes. When a given value's drop
            // panics, the pairs behind it are still in the map.
            let keys: Vec<u64> = (0..KEYS).collect();
            let mut values: Vec<_> = pairs(&ledger, 0..KEYS).map(|(_, value)| Some(value)).collect();
            ledger.panic_in_drop(after);
            expect_panic(|| map.remove_many(&keys, &mut values));
            ledger.expect_live(2 * KEYS as usize - after - 1);
            drop(values);
            expect_holds(&mut map, &ledger, after as u64 + 1..KEYS);
            // If a key is absent, the call drops the value in its place.
            map.clear();
            let mut values: Vec<_> = pairs(&ledger, 0..KEYS).map(|(_, value)| Some(value)).collect();
            ledger.panic_in_drop(after);
            expect_panic(|| map.remove_many(&keys, &mut values));
            drop(values);
            ledger.expect_live(0);
        }
    });
}

/// If a key comes twice, its last value stays. The others are dropped while the map is built.
#[test]
fn in_collect() {
    for after in PANICS {
        let ledger = Ledger::new(1 << 12);
        ledger.panic_in_drop(after);
        expect_panic(|| pairs(&ledger, (0..KEYS).chain(0..KEYS)).collect::<BSkipMap<u64, _, GlobalArena>>());
        ledger.expect_live(0);
    }
}

#[test]
fn of_what_comes_back() {
    for promotion in CRUEL_PROMOTIONS {
        let ledger = Ledger::new(1 << 12);
        let map: BSkipMap<u64, Counted<'_>> = map_of(promotion);
        pairs(&ledger, 0..KEYS).for_each(|(key, value)| assert!(map.insert(key, value).is_none()));
        for key in [0, 100] {
            ledger.panic_in_drop(0);
            expect_panic(|| map.insert(key, ledger.value(key)));
            ledger.panic_in_drop(0);
            expect_panic(|| map.try_insert(key, ledger.value(key)));
            ledger.expect_live(KEYS as usize);
        }
        ledger.panic_in_drop(0);
        expect_panic(|| map.pop_first());
        ledger.panic_in_drop(0);
        expect_panic(|| map.pop_last());
        ledger.expect_live(KEYS as usize - 2);
    }
}

/// Panics whenever it is dropped.
struct Grenade;

impl Drop for Grenade {
    fn drop(&mut self) {
        panic!("asked to panic in every drop");
    }
}

/// Set in the child, to the way in which it drops its values.
const CHILD: &str = "BSKIP_TEST_SECOND_PANIC";

#[test]
fn a_second_panic_ends_the_process() {
    const THIS: &str = "drops::a_second_panic_ends_the_process";
    let two = || {
        let map = BSkipMap::new();
        (0..2u64).for_each(|key| assert!(map.insert(key, Grenade).is_none()));
        map
    };
    if let Ok(way) = std::env::var(CHILD) {
        let result = catch_unwind(|| match &*way {
            "clear" => two().clear(),
            _ => drop(two()),
        });
        println!("survived: {}", result.is_err());
        return;
    }
    for way in ["clear", "drop"] {
        let program = std::env::current_exe().expect("this program's path");
        let child = Command::new(program).args(["--exact", THIS, "--nocapture"]).env(CHILD, way).output();
        let child = child.expect("a child");
        let (out, err) = (String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
        assert!(err.contains("asked to panic in every drop"), "{way}: {out}\n{err}");
        assert!(!child.status.success() && !out.contains("survived"), "{way}: {out}\n{err}");
        #[cfg(unix)]
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&child.status),
            Some(libc::SIGABRT),
            "{way}"
        );
    }
}
