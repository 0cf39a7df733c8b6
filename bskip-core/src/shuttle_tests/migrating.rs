//! Leaves move from node to node while other threads split, redistribute and merge them. No pair appears or
//! disappears.

use super::draw;
use super::owned::two_owners_beside;
use crate::{MigrateCursor, NumaNodeId};

#[test]
fn owned_keys_in_leaves_that_move() {
    two_owners_beside("two threads on keys of their own, one that moves leaves", |map| {
        for _ in 0..2 {
            let mut cursor = MigrateCursor::new();
            let to = |_, NumaNodeId(home)| (draw(4) > 0).then_some(NumaNodeId(1 - home));
            while map.migrate(&mut cursor, 1 + draw(4) as usize, to) {
                assert_eq!(map.get(&2), Some(20), "a key that stays");
            }
        }
    });
}
