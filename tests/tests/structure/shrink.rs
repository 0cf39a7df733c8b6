//! A map that shrinks gives its nodes back, and a map that grows again uses them.
//!
//! Properties, for many keys and every promotion policy:
//! - a full map holds blocks in proportion to its keys, and the arena counts as many blocks as the structure
//!   has nodes;
//! - after all keys were removed (ascending, descending, in random order, by pops, or by 8 threads at once),
//!   a small constant number of blocks is issued, whatever the map once held;
//! - filling it again takes hardly any new memory; many cycles and a sliding window take hardly any either;
//! - a half emptied map has merged its leaves, so it has fewer than before;
//! - `clear` gives the blocks back too.

use bskip_core::{BSkipMap, Promotion};
use tests::config::{PROMOTIONS, map_of, scaled};
use tests::rng::{Rng, mix};
use tests::threads;

const KEYS: u64 = scaled(1_000_000);

/// Blocks that a map may keep when it is empty: the head of each level, and a few that merge late.
const FEW_BLOCKS: usize = 40;

type Map = BSkipMap<u64, u64>;

fn fill(map: &Map, keys: &[u64]) {
    keys.iter().for_each(|key| assert_eq!(map.insert(*key, !key), None));
}

/// Blocks issued are the nodes of the structure.
fn expect_accounted(map: &mut Map) {
    let structure = map.check_invariants();
    let usage = map.usage();
    assert_eq!(usage.issued_blocks, structure.leaves + structure.inners, "{structure:?}, {usage:?}");
}

fn scattered() -> Vec<u64> {
    (0..KEYS).map(mix).collect()
}

/// Fills, empties with `empty`, and fills again.
fn cycle(promotion: Promotion, keys: &[u64], empty: impl Fn(&Map)) {
    let mut map = map_of(promotion);
    fill(&map, keys);
    expect_accounted(&mut map);
    let full = map.usage();
    assert!(full.issued_blocks > keys.len() / 64, "{full:?}");
    assert!(full.issued_bytes >= keys.len() * 16 && full.reserved_bytes >= full.issued_bytes, "{full:?}");
    empty(&map);
    assert_eq!(map.len(), 0);
    expect_accounted(&mut map);
    assert!(map.usage().issued_blocks <= FEW_BLOCKS, "{promotion:?}: {:?} after {full:?}", map.usage());
    fill(&map, keys);
    let again = map.usage();
    assert!(again.reserved_bytes <= full.reserved_bytes / 20 * 21, "{promotion:?}: {again:?} after {full:?}");
    map.clear();
    assert!(map.usage().issued_blocks <= FEW_BLOCKS, "{promotion:?}: {:?} after clear", map.usage());
    expect_accounted(&mut map);
}

fn remove_all(map: &Map, keys: &[u64]) {
    keys.iter().for_each(|key| assert_eq!(map.remove(key), Some(!key)));
}

#[test]
fn removed_in_ascending_order() {
    let (keys, mut order) = (scattered(), scattered());
    order.sort_unstable();
    PROMOTIONS.into_iter().for_each(|promotion| cycle(promotion, &keys, |map| remove_all(map, &order)));
}

#[test]
fn removed_in_descending_order() {
    let (keys, mut order) = (scattered(), scattered());
    order.sort_unstable();
    order.reverse();
    PROMOTIONS.into_iter().for_each(|promotion| cycle(promotion, &keys, |map| remove_all(map, &order)));
}

#[test]
fn removed_in_random_order() {
    let (keys, mut order) = (scattered(), scattered());
    Rng::new(8).shuffle(&mut order);
    PROMOTIONS.into_iter().for_each(|promotion| cycle(promotion, &keys, |map| remove_all(map, &order)));
}

#[test]
fn popped() {
    let keys = scattered();
    for promotion in PROMOTIONS {
        cycle(promotion, &keys, |map| while map.pop_first().is_some() {});
        cycle(promotion, &keys, |map| while map.pop_last().is_some() {});
        cycle(promotion, &keys, |map| while map.pop_last().is_some() && map.pop_first().is_some() {});
    }
}

#[test]
fn removed_by_eight_threads() {
    let (keys, mut order) = (scattered(), scattered());
    Rng::new(8).shuffle(&mut order);
    for promotion in PROMOTIONS {
        cycle(promotion, &keys, |map| {
            threads::run(8, |t| {
                remove_all(map, &order.iter().copied().skip(t).step_by(8).collect::<Vec<_>>())
            });
        });
        // In neighbouring stretches, ascending, so that the threads meet only at their borders.
        let mut sorted = order.clone();
        sorted.sort_unstable();
        let stretch = sorted.len() / 8;
        cycle(promotion, &keys, |map| {
            threads::run(8, |t| remove_all(map, &sorted[t * stretch..(t + 1) * stretch]));
        });
        // One key in eight each, so that they work on the same leaf.
        cycle(promotion, &keys, |map| {
            threads::run(8, |t| {
                remove_all(map, &sorted.iter().copied().skip(t).step_by(8).collect::<Vec<_>>())
            });
        });
    }
}

#[test]
fn half_empty() {
    let keys = scattered();
    for promotion in PROMOTIONS {
        let mut map = map_of(promotion);
        fill(&map, &keys);
        let full = map.check_invariants();
        // 15 of 16 keys are removed, everywhere alike: all leaves are underfull, and none is empty.
        keys.iter()
            .filter(|key| !mix(!**key).is_multiple_of(16))
            .for_each(|key| assert_eq!(map.remove(key), Some(!key)));
        expect_accounted(&mut map);
        let rest = map.check_invariants();
        assert!(
            rest.keys < full.keys / 15 && rest.leaves < full.leaves / 3,
            "{promotion:?}: {rest:?} of {full:?}"
        );
    }
}

#[test]
fn sliding_window() {
    const WINDOW: u64 = 20_000;
    for promotion in PROMOTIONS {
        let mut map: Map = map_of(promotion);
        let mut after_first = 0;
        for key in 0..WINDOW * 20 {
            assert_eq!(map.insert(key, !key), None);
            if key >= WINDOW {
                assert_eq!(map.remove(&(key - WINDOW)), Some(!(key - WINDOW)));
            }
            if key == WINDOW * 2 {
                after_first = map.usage().issued_blocks;
            }
        }
        assert_eq!(map.len() as u64, WINDOW);
        expect_accounted(&mut map);
        let usage = map.usage();
        assert!(
            usage.issued_blocks <= after_first * 5 / 4 + FEW_BLOCKS,
            "{promotion:?}: {usage:?}, {after_first}"
        );
    }
}

#[test]
fn cycles_of_eight_threads() {
    const SHARE: u64 = 5_000;
    for promotion in PROMOTIONS {
        // The threads may use as much memory as all keys need at once, and no more. Slabs double, hence the
        // factor of two.
        let full: Map = map_of(promotion);
        let mut all: Vec<u64> = (0..SHARE * 8).collect();
        Rng::new(1).shuffle(&mut all);
        fill(&full, &all);
        let mut map: Map = map_of(promotion);
        for cycle in 0..20 {
            threads::run(8, |t| {
                let mut keys: Vec<u64> = (0..SHARE).map(|i| i * 8 + t as u64).collect();
                Rng::new(cycle * 8 + t as u64).shuffle(&mut keys);
                fill(&map, &keys);
                Rng::new(cycle).shuffle(&mut keys);
                remove_all(&map, &keys);
            });
            expect_accounted(&mut map);
            let usage = map.usage();
            assert!(usage.issued_blocks <= FEW_BLOCKS, "{promotion:?}, cycle {cycle}: {usage:?}");
            let bound = full.usage().reserved_bytes * 2;
            assert!(usage.reserved_bytes <= bound, "{promotion:?}, cycle {cycle}: {usage:?}, {bound}");
        }
    }
}
