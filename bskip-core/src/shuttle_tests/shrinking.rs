//! A map shrinks while other threads split, redistribute and merge its leaves. No pair appears or disappears.

use super::draw;
use super::owned::two_owners_beside;
use crate::ShrinkCursor;

#[test]
fn owned_keys_in_a_map_that_is_shrunk() {
    two_owners_beside("two threads on keys of their own, one that shrinks the map", |map| {
        map.shrink_to_fit();
        let mut cursor = ShrinkCursor::new();
        while map.shrink(&mut cursor, 1 + draw(4) as usize) {
            assert_eq!(map.get(&2), Some(20), "a key that stays");
        }
    });
}
