//! No choice or order of keys makes the structure degenerate. The tests compare structures and measure no
//! time.
//!
//! Properties, for many keys of every shape of [`Shape`] and every promotion policy:
//! - at most one level more than with random keys;
//! - at most 2.2 times the leaves, and the inner nodes that go with them, of random keys;
//! - the levels of random keys are logarithmic;
//! - the same seed and keys give the same structure.

use bskip_core::{Promotion, Structure};
use tests::config::{PROMOTIONS, map_of, scaled};
use tests::shapes::Shape;

const KEYS: u64 = scaled(1_000_000);

/// The structure after inserting the keys of `shape` in their order.
fn build(shape: Shape, promotion: Promotion) -> Structure {
    let mut map = map_of::<u64, u64>(promotion);
    for key in shape.keys(KEYS) {
        assert_eq!(map.insert(key, !key), None, "{shape:?} repeats a key");
    }
    let structure = map.check_invariants();
    assert_eq!(structure.keys as u64, KEYS);
    structure
}

/// Compares every shape with random keys under one policy.
fn compare(promotion: Promotion) {
    let random = build(Shape::Random, promotion);
    // A node holds at most 64 entries, and on average at least about a quarter of that.
    assert!((4..=7).contains(&random.levels), "random keys, {promotion:?}: {random:?}");
    assert!(random.leaves >= KEYS as usize / 64 && random.leaves <= KEYS as usize / 16, "{random:?}");
    for shape in Shape::SPECIAL {
        let special = build(shape, promotion);
        println!("{promotion:?} {shape:?}: {special:?}");
        assert!(
            special.levels <= random.levels + 1,
            "{shape:?}, {promotion:?}: {special:?}, random {random:?}"
        );
        assert!(
            special.leaves * 10 <= random.leaves * 22,
            "{shape:?}, {promotion:?}: {special:?}, {random:?}"
        );
        assert!(
            special.inners * 10 <= random.inners * 25 + 100,
            "{shape:?}, {promotion:?}: {special:?}, {random:?}"
        );
    }
}

#[test]
fn paper_coin() {
    compare(PROMOTIONS[0]);
}

#[test]
fn coin_and_overflow() {
    compare(PROMOTIONS[1]);
}

#[test]
fn overflow() {
    compare(PROMOTIONS[2]);
}

#[test]
fn same_seed_same_structure() {
    for promotion in PROMOTIONS {
        let build = |keys: Vec<u64>| {
            let mut map = map_of::<u64, u64>(promotion);
            keys.into_iter().for_each(|key| assert_eq!(map.insert(key, 0), None));
            map.check_invariants()
        };
        let keys = Shape::Random.keys(50_000);
        assert_eq!(build(keys.clone()), build(keys));
    }
}
