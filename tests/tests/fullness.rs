//! How full leaves are: a full one gives to a neighbour that has room before it splits.
//!
//! Properties, with the default policy and with posting alone:
//! - keys take at most 24 bytes each, whatever the order of insertion; ascending ones, whose leaves never split in
//!   half, as few as before there were spills;
//! - no pair is lost on the way.

use bskip_core::{BSkipMap, Promotion};
use tests::config::map_of;
use tests::shapes::Shape;

/// Keys, enough that the levels above count as they do in a large map.
const KEYS: u64 = 400_000;

const POSTING: [Promotion; 2] = [Promotion::CoinAndOverflow { one_in: 4096 }, Promotion::Overflow];

/// Tenths of a byte that a key takes in a map filled with `keys`, all of which it must have.
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
