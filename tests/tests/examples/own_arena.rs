//! The example `own_arena` of `bskip-core`.
//!
//! Properties:
//! - a full region refuses a pair and gives it back, everything else stays, and after removals there is room
//!   again;
//! - the pools count their blocks, and take no memory while they have free ones;
//! - among threads, no pair is lost, and the map stays intact.
//!
//! `builds::no_std` links the same file into a program without std.

#[path = "../../../bskip-core/examples/own_arena/region.rs"]
mod region;

use bskip_core::{AllocErrorKind, BSkipMap};
use region::Region;
use std::collections::BTreeMap;
use tests::config::shared_steps;
use tests::rng::{Rng, mix};
use tests::threads;

#[test]
fn a_full_region_refuses_and_recovers() {
    static REGION: Region<2048> = Region::new();
    let mut map = BSkipMap::with_arena(&REGION).expect("room for an empty map");
    let start = map.usage().issued_blocks;
    let full = |map: &BSkipMap<u64, u64, _>| {
        let refused = (0..100_000).find_map(|i| map.try_insert(mix(i), i).err()).expect("it is full");
        assert_eq!((refused.key, refused.cause.kind), (mix(refused.value), AllocErrorKind::OutOfMemory));
        assert!((0..refused.value).all(|i| map.get(&mix(i)) == Some(i)));
        assert_eq!((map.get(&refused.key), map.len() as u64), (None, refused.value));
        refused.value
    };
    let keys = full(&map);
    assert!(keys > 500, "{keys} keys in 128 KiB");
    let (blocks, taken) = (map.usage().issued_blocks, REGION.taken());
    assert!(blocks > start && taken <= 2048 * 64);

    (0..keys / 2).for_each(|i| assert_eq!(map.remove(&mix(i)), Some(i)));
    assert!(map.usage().issued_blocks < blocks, "no block came back");
    assert_eq!(map.try_insert(mix(keys), keys).expect("room again"), None);
    assert!((0..=keys).all(|i| map.get(&mix(i)) == (i >= keys / 2).then_some(i)));
    assert_eq!(map.check_invariants().keys as u64, keys - keys / 2 + 1);

    map.clear();
    assert_eq!(map.usage().issued_blocks, start);
    assert_eq!(full(&map), keys, "the region is as large as at first");
}

#[test]
fn threads_share_a_full_region() {
    static REGION: Region<1024> = Region::new();
    let mut map = BSkipMap::with_arena(&REGION).expect("room for an empty map");
    let steps = shared_steps(40_000);
    let logs = threads::run(3, |t| {
        let (mut rng, mut mine, mut refused) = (Rng::new(t as u64), BTreeMap::new(), 0);
        for step in 0..steps {
            let key = 3 * rng.below(2000) + t as u64;
            if rng.below(3) == 0 {
                assert_eq!(map.remove(&key), mine.remove(&key));
            } else {
                match map.try_insert(key, step) {
                    Ok(old) => assert_eq!(old, mine.insert(key, step)),
                    Err(error) => {
                        assert_eq!((error.key, error.value), (key, step));
                        assert_eq!(map.get(&key), mine.get(&key).copied());
                        refused += 1;
                    }
                }
            }
        }
        (mine, refused)
    });
    assert!(logs.iter().any(|(_, refused)| *refused > 0), "the region was never full");
    let all: BTreeMap<u64, u64> = logs.into_iter().flat_map(|(mine, _)| mine).collect();
    assert!(map.iter().eq(all));
    map.check_invariants();
}
