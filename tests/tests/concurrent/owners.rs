//! Every thread knows what its own keys must hold, whatever other threads do to the keys beside them.
//!
//! Properties, with 8 threads. Their keys are interleaved, so that all threads share all leaves. The tests
//! cover small and large key spaces, every promotion policy, key and value types that are read without locks
//! in one or several words, and values that own memory:
//! - every answer to an operation on one of its own keys equals that of the thread's `BTreeMap`;
//! - ranges in both directions are strictly ordered, in bounds, and hold exactly the thread's own keys;
//! - at the end the map is the union of the models, and the invariants hold.

use bskip_core::{BSkipMap, BlockArena, Promotion};
use std::collections::BTreeMap;
use tests::arena::ArenaKind;
use tests::config::{CRUEL_PROMOTIONS, config, map_of, shared_steps};
use tests::keys::NumberedKey;
use tests::owner::{Owner, Space};
use tests::read::Read;
use tests::threads;
use tests::values::NumberedValue;

const THREADS: usize = 8;

/// Runs the owners and compares the contents at the end.
fn run<K: NumberedKey, V: NumberedValue, A: BlockArena>(
    map: &mut BSkipMap<K, V, A>,
    per_class: u64,
    steps: u64,
) where
    BSkipMap<K, V, A>: Sync,
{
    let space = Space { classes: THREADS as u64, per_class };
    let shared = &*map;
    let models = threads::run(THREADS, |t| {
        let mut owner = Owner::new(t as u64, space, per_class);
        (0..shared_steps(steps)).for_each(|_| owner.step(shared));
        owner.model().clone()
    });
    let union: BTreeMap<u64, u64> = models.into_iter().flatten().collect();
    assert_eq!(map.len(), union.len());
    assert!(
        V::Reader::iter(map).map(|(k, v)| (k.number(), v.number())).eq(union.iter().map(|(k, v)| (*k, *v)))
    );
    assert_eq!(map.check_invariants().keys, union.len());
}

/// Small spaces, where leaves are split and merged, and a large one.
fn sizes<K: NumberedKey, V: NumberedValue>(promotion: Promotion) {
    for (per_class, steps) in [(2, 5_000), (40, 15_000), (400, 20_000), (50_000, 60_000)] {
        run(&mut map_of::<K, V>(promotion), per_class, steps);
    }
}

#[test]
fn words() {
    CRUEL_PROMOTIONS.into_iter().for_each(sizes::<u64, u64>);
}

#[cfg(thorough)]
#[test]
fn wide_values() {
    CRUEL_PROMOTIONS.into_iter().for_each(sizes::<u64, [u64; 5]>);
}

#[test]
fn owning_values() {
    CRUEL_PROMOTIONS.into_iter().for_each(sizes::<u64, Box<[u64; 3]>>);
}

#[test]
fn wide_keys() {
    sizes::<[u8; 20], [u8; 19]>(CRUEL_PROMOTIONS[2]);
}

#[cfg(thorough)]
#[test]
fn other_wide_keys() {
    sizes::<i128, u64>(CRUEL_PROMOTIONS[0]);
    sizes::<(u32, u64), Box<[u64; 3]>>(CRUEL_PROMOTIONS[3]);
    sizes::<[u8; 20], u64>(CRUEL_PROMOTIONS[4]);
}

#[test]
fn every_arena() {
    for &arena in ArenaKind::chosen() {
        let map = BSkipMap::<u64, u64, _>::with_config(arena.make(), config(CRUEL_PROMOTIONS[2], 9));
        let mut map = map.expect("an empty map");
        run(&mut map, 300, 20_000);
        map.clear();
        run(&mut map, 20_000, 20_000);
    }
}
