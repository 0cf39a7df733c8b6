//! How full leaves are: before a full leaf splits, it moves pairs to a neighbour that has room.
//!
//! Properties, with the default policy and with posting alone:
//! - keys take at most 24 bytes each, in any order of insertion. Ascending keys, whose leaves never split in
//!   half, take as few as without redistribution;
//! - no pair is lost on the way.
//!
//! `shrink_to_fit`, for every policy: a map takes few bytes a key afterwards if its keys are random,
//! descending or clustered, or if it has lost half or most of them. With a policy that posts an entry for
//! each overflow split, it takes nearly as few as a map built from sorted pairs. A second call gains little.
//! The blocks that the map gives back are free in the pools. `shrink_to_fit` takes no memory from the system,
//! and returns none before the map drops.

use bskip_core::{BSkipMap, Promotion};
use tests::config::map_of;
use tests::rng::mix;
use tests::shapes::Shape;

type Map = BSkipMap<u64, u64>;

/// Enough keys that the levels above weigh as much as in a large map.
const KEYS: u64 = if cfg!(thorough) { 400_000 } else { 150_000 };

const POSTING: [Promotion; 2] = [Promotion::CoinAndOverflow { one_in: 4096 }, Promotion::Overflow];

/// Tenths of a byte that a key takes in a map filled with `keys`. The map must have all of them.
fn tenths_of_a_byte(promotion: Promotion, keys: &[u64]) -> usize {
    let mut map: BSkipMap<u64, u64> = map_of(promotion);
    keys.iter().for_each(|&key| assert_eq!(map.insert(key, !key), None));
    let structure = map.check_invariants();
    assert_eq!(structure.keys, keys.len());
    keys.iter().for_each(|key| assert_eq!(map.get(key), Some(!key)));
    let (leaf, inner) = BSkipMap::<u64, u64>::NODE_BYTES;
    let bytes = structure.leaves * leaf + structure.inners * inner;
    assert_eq!(map.usage().issued_bytes, bytes);
    bytes * 10 / keys.len()
}

#[test]
#[cfg_attr(small_nodes, ignore = "about leaves of 64 slots")]
fn bytes_a_key() {
    for promotion in POSTING {
        for (shape, most) in [
            (Shape::Random, 240),
            (Shape::Ascending, 185),
            (Shape::Descending, 240),
            (Shape::Streams, 240),
            (Shape::BitReversed, 240),
            (Shape::Clustered, 240),
        ] {
            let tenths = tenths_of_a_byte(promotion, &shape.keys(KEYS));
            assert!(tenths <= most, "{promotion:?}, {shape:?}: {tenths} tenths of a byte, not {most}");
        }
    }
}

/// The map's blocks, all of which its structure must use, and the tenths of a byte that a key takes.
fn blocks_and_tenths(map: &mut Map) -> (usize, usize) {
    let structure = map.check_invariants();
    let (leaf, inner) = Map::NODE_BYTES;
    let bytes = structure.leaves * leaf + structure.inners * inner;
    assert_eq!(map.usage().issued_bytes, bytes);
    (structure.leaves + structure.inners, bytes * 10 / structure.keys)
}

#[test]
#[cfg_attr(small_nodes, ignore = "about leaves of 64 slots")]
fn bytes_a_key_after_shrinking() {
    // The most that a key may take afterwards, in tenths of a byte. In full leaves alone a key takes 18
    // bytes.
    let policies = [
        (Promotion::Overflow, 190),
        (Promotion::default(), 195),
        (Promotion::CoinAndOverflow { one_in: 256 }, 205),
        (Promotion::Coin { one_in: 64 }, 260),
    ];
    // The shape; one key in this many stays; the least that a key takes before, in tenths of a byte.
    let maps = [
        (Shape::Random, 1, 225),
        (Shape::Random, 2, 420),
        (Shape::Random, 16, 420),
        (Shape::Descending, 1, 205),
        (Shape::Clustered, 1, 200),
        (Shape::Ascending, 2, 360),
    ];
    for (promotion, most) in policies {
        for (shape, one_in, least) in maps {
            let mut map: Map = map_of(promotion);
            let (keep, remove): (Vec<u64>, Vec<u64>) =
                shape.keys(KEYS).into_iter().partition(|&key| mix(!key).is_multiple_of(one_in));
            keep.iter().chain(&remove).for_each(|&key| assert_eq!(map.insert(key, !key), None));
            remove.iter().for_each(|key| assert_eq!(map.remove(key), Some(!key)));
            let (blocks, before) = blocks_and_tenths(&mut map);
            let reserved = map.usage().reserved_bytes;
            let freed = map.shrink_to_fit();
            let (left, after) = blocks_and_tenths(&mut map);
            let what = format!("{promotion:?}, {shape:?}, one in {one_in}: {before} to {after} tenths");
            println!("{what}");
            assert!(before >= least && after <= most && after < before, "{what}");
            assert_eq!((blocks - left, map.usage().reserved_bytes), (freed, reserved), "{what}");
            assert!(keep.iter().all(|key| map.get(key) == Some(!key)), "{what}");
            assert!(remove.iter().all(|key| !map.contains_key(key)), "{what}");
            assert!(map.shrink_to_fit() * 50 < left, "{what}: once was not enough");
        }
    }
}
