//! A map is made compact on demand while other threads use it.
//!
//! Properties, for every promotion policy (`fullness` has how compact it is then):
//! - shrinking little by little has the same result as at once. A cursor ends. A cursor of another map, or of
//!   a map that was emptied, does no harm;
//! - no pair appears or disappears, for any types, and owned values are neither lost nor doubled;
//! - the same while threads change their own keys, read, and scan, each knowing what it must see.

use bskip_core::{BSkipMap, Promotion, ShrinkCursor};
use std::collections::BTreeMap;
use tests::config::{CRUEL_PROMOTIONS, map_of, shared_steps};
use tests::counted::{Counted, Ledger};
use tests::keys::NumberedKey;
use tests::owner::{COUNT_BITS, Owner, Space, token};
use tests::read::Read;
use tests::rng::{Rng, mix};
use tests::threads::{self, Stop};
use tests::values::NumberedValue;

/// Random keys, some of which were removed.
fn loose<K: NumberedKey, V: NumberedValue>(
    promotion: Promotion,
    keys: u64,
) -> (BSkipMap<K, V>, BTreeMap<u64, u64>) {
    let map = map_of(promotion);
    let mut model: BTreeMap<u64, u64> = (0..keys).map(|i| (mix(i) >> 30, i)).collect();
    for i in 0..keys {
        map.insert(K::of(mix(i) >> 30), V::of(i));
    }
    for number in (0..keys).map(|i| mix(i) >> 30).filter(|number| mix(!number).is_multiple_of(3)) {
        assert_eq!(map.remove(&K::of(number)).map(|v| v.number()), model.remove(&number));
    }
    (map, model)
}

fn expect_equal<K: NumberedKey, V: NumberedValue>(map: &mut BSkipMap<K, V>, model: &BTreeMap<u64, u64>) {
    let pairs = || model.iter().map(|(k, v)| (*k, *v));
    assert!(V::Reader::iter(map).map(|(k, v)| (k.number(), v.number())).eq(pairs()));
    assert!(V::Reader::iter(map).rev().map(|(k, v)| (k.number(), v.number())).eq(pairs().rev()));
    assert!(pairs().all(|(k, v)| V::Reader::get(map, &K::of(k)).map(|v| v.number()) == Some(v)));
    assert_eq!(map.check_invariants().keys, model.len());
}

fn little_by_little<K: NumberedKey, V: NumberedValue>() {
    for promotion in CRUEL_PROMOTIONS {
        let many = if cfg!(small_nodes) { 2_000 } else { 20_000 };
        for keys in [0, 1, 2, 30, 500, many] {
            let (mut map, mut model) = loose::<K, V>(promotion, keys);
            let before = map.check_invariants();
            let mut cursor = ShrinkCursor::new();
            assert!(map.shrink(&mut cursor, 0) && !cursor.is_done());
            let mut calls = 1;
            while map.shrink(&mut cursor, 3) {
                calls += 1;
                if calls % 64 == 0 {
                    assert_eq!(map.check_invariants().keys, model.len());
                }
            }
            // A step frees a block, or is the last one in its node.
            assert!(calls <= (before.leaves + before.inners).div_ceil(3), "{calls} calls, {before:?}");
            let after = map.check_invariants();
            assert_eq!(before.leaves + before.inners - after.leaves - after.inners, cursor.freed_blocks());
            expect_equal(&mut map, &model);
            // A cursor that has ended stays at its end.
            let freed = cursor.freed_blocks();
            assert!(cursor.is_done() && !map.shrink(&mut cursor, 1000) && cursor.freed_blocks() == freed);
            // Another map, shrunk at once, gets the same structure, which cannot get more compact.
            let (mut other, _) = loose::<K, V>(promotion, keys);
            assert_eq!(other.shrink_to_fit(), freed);
            assert_eq!(other.check_invariants(), after);
            // The map works as any other.
            for i in 0..keys {
                let number = mix(i) >> 30;
                assert_eq!(map.insert(K::of(number), V::of(i)).map(|v| v.number()), model.insert(number, i));
            }
            expect_equal(&mut map, &model);
            model.keys().for_each(|&number| assert!(map.remove(&K::of(number)).is_some()));
            map.shrink_to_fit();
            let empty = map.check_invariants();
            assert_eq!((empty.keys, empty.leaves, empty.inners), (0, 1, empty.levels - 1));
        }
    }
}

#[test]
fn pairs_stay() {
    little_by_little::<u64, u64>();
    little_by_little::<[u8; 20], [u8; 19]>();
}

#[cfg(thorough)]
#[test]
fn pairs_of_other_types_stay() {
    little_by_little::<i128, [u64; 5]>();
    little_by_little::<[u8; 64], [u8; 19]>();
    little_by_little::<(u32, u64), String>();
    little_by_little::<u128, Box<[u64; 3]>>();
}

#[test]
fn values_are_dropped_once() {
    for promotion in CRUEL_PROMOTIONS {
        let ledger = Ledger::new(1 << 16);
        let mut map: BSkipMap<u64, Counted<'_>> = map_of(promotion);
        (0..20_000).for_each(|i| drop(map.insert(mix(i), ledger.value(i))));
        (0..20_000).filter(|i| i % 3 > 0).for_each(|i| drop(map.remove(&mix(i))));
        let births = ledger.births();
        assert!(map.shrink_to_fit() > 0);
        // No value was cloned, and none was dropped.
        assert_eq!(ledger.births(), births);
        ledger.expect_live(map.len());
        assert!((0..20_000).step_by(3).all(|i| map.get_with(&mix(i), Counted::checked) == Some(i)));
        map.check_invariants();
        drop(map);
        ledger.expect_live(0);
    }
}

#[test]
fn a_cursor_of_a_map_that_is_no_more() {
    for promotion in CRUEL_PROMOTIONS {
        let (mut map, _) = loose::<u64, u64>(promotion, 50_000);
        let nodes = map.check_invariants().leaves + map.check_invariants().inners;
        // Checked at every stage, also while the upper levels shrink.
        let mut cursor = ShrinkCursor::new();
        let mut cursors = vec![cursor.clone()];
        while map.shrink(&mut cursor, nodes / 50 + 1) {
            cursors.push(cursor.clone());
        }
        let (mut other, model) = loose::<u64, u64>(promotion, 300);
        map.clear();
        for mut cursor in cursors {
            assert!(!map.shrink(&mut cursor.clone(), usize::MAX));
            assert!(!other.shrink(&mut cursor, usize::MAX));
        }
        assert_eq!(map.check_invariants().leaves, 1);
        expect_equal(&mut other, &model);
    }
}

/// Threads that change keys of their own, and check every answer.
const OWNERS: usize = 4;

/// Numbers that are all there throughout.
fn is_always(number: u64) -> bool {
    number % (OWNERS as u64 + 1) == OWNERS as u64
}

/// Scans that must see each key that stays, in order.
fn scan<K: NumberedKey, V: NumberedValue>(map: &BSkipMap<K, V>, end: u64, rng: &mut Rng) {
    let start = rng.below(end);
    let stop = end.min(start + 1 + rng.below(500));
    let range = K::of(start)..K::of(stop);
    let mut items: Vec<(K, V)> = Vec::new();
    match rng.below(4) {
        0 => items.extend(V::Reader::range(map, range)),
        1 => {
            items.extend(V::Reader::range(map, range).rev());
            items.reverse();
        }
        turn => {
            let mut chunks = Vec::new();
            V::Reader::chunks(map, range, turn == 2, |chunk| {
                chunks.push(chunk);
                true
            });
            if turn == 2 {
                chunks.reverse();
            }
            items.extend(chunks.into_iter().flatten());
        }
    }
    let items: Vec<(u64, u64)> = items.into_iter().map(|(k, v)| (k.number(), v.number())).collect();
    assert!(items.is_sorted_by(|a, b| a.0 < b.0), "{start}..{stop} out of order: {items:?}");
    assert!(items.iter().all(|(k, v)| (start..stop).contains(k) && v >> COUNT_BITS == *k), "{items:?}");
    let always = items.into_iter().map(|(k, _)| k).filter(|&k| is_always(k));
    assert!(always.eq((start..stop).filter(|&k| is_always(k))), "{start}..{stop} misses a key");
}

/// Owners and a scanner at work on a map that two threads shrink, at once and by small steps.
fn together<K: NumberedKey, V: NumberedValue>()
where
    BSkipMap<K, V>: Sync,
{
    for promotion in CRUEL_PROMOTIONS {
        for (per_class, steps) in [(8, 4_000), (200, 12_000), (4_000, 20_000)] {
            let space = Space { classes: OWNERS as u64 + 1, per_class };
            let mut map = map_of::<K, V>(promotion);
            let always: BTreeMap<u64, u64> =
                (0..space.end()).filter(|&k| is_always(k)).map(|k| (k, token(k, 0))).collect();
            always.iter().for_each(|(&k, &v)| assert!(map.insert(K::of(k), V::of(v)).is_none()));
            let stop = Stop::default();
            let at_work = std::sync::atomic::AtomicUsize::new(OWNERS);
            let results = threads::run(OWNERS + 3, |t| {
                let mut rng = Rng::new(t as u64);
                if t < OWNERS {
                    let raise = stop.raise_on_drop();
                    let mut owner = Owner::new(t as u64, space, per_class);
                    (0..shared_steps(steps)).for_each(|_| owner.step(&map));
                    // Until the last one has finished.
                    if at_work.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) > 1 {
                        core::mem::forget(raise);
                    }
                    return (owner.model().clone(), 0, 0);
                }
                let (mut rounds, mut freed) = (0u64, 0);
                while !stop.raised() || rounds == 0 {
                    match t - OWNERS {
                        0 => freed += map.shrink_to_fit(),
                        1 => {
                            let mut cursor = ShrinkCursor::new();
                            while map.shrink(&mut cursor, 1 + rng.below(5) as usize) && !stop.raised() {
                                std::thread::yield_now();
                            }
                            freed += cursor.freed_blocks();
                        }
                        _ => scan(&map, space.end(), &mut rng),
                    }
                    rounds += 1;
                }
                (BTreeMap::new(), rounds, freed)
            });
            assert!(results[OWNERS..].iter().all(|&(_, rounds, _)| rounds > 0));
            // There is something to shrink, and the map shrinks it.
            let freed: usize = results.iter().map(|&(_, _, freed)| freed).sum();
            assert!(per_class < 4_000 || freed > 0, "{promotion:?}, {per_class}: {freed} blocks");
            let mut model: BTreeMap<u64, u64> = results.into_iter().flat_map(|(model, ..)| model).collect();
            model.extend(always);
            expect_equal(&mut map, &model);
        }
    }
}

#[test]
fn among_writers_and_scanners() {
    together::<u64, u64>();
}

#[cfg(thorough)]
#[test]
fn among_writers_and_scanners_of_wide_keys() {
    together::<[u8; 64], [u64; 5]>();
}

#[test]
fn among_writers_and_scanners_of_owned_values() {
    together::<u64, Box<[u64; 3]>>();
}
