//! Leaves are moved from node to node while they are split, evened out and merged: no pair comes or goes.

use std::boxed::Box;
use std::collections::BTreeMap;

use super::owned::{SPACE, own};
use super::{DEPTH, Map, SCHEDULES, Worker, draw, map, run};
use crate::sync::model;
use crate::{MigrateCursor, NodeId};

/// The first two are owners.
const THREADS: u64 = 3;

#[test]
fn owned_keys_in_leaves_that_move() {
    model("two threads on keys of their own, one that moves leaves", SCHEDULES, DEPTH, || {
        let map = map((0..SPACE).step_by(2));
        let mut workers: std::vec::Vec<Worker<BTreeMap<u64, u64>>> = (0..2)
            .map(|who| Box::new(move |map: &Map| own(map, who, THREADS, 8)) as Worker<BTreeMap<u64, u64>>)
            .collect();
        workers.push(Box::new(|map| {
            for _ in 0..2 {
                let mut cursor = MigrateCursor::new();
                let to = |_, NodeId(home)| (draw(4) > 0).then_some(NodeId(1 - home));
                while map.migrate(&mut cursor, 1 + draw(4) as usize, to) {
                    assert_eq!(map.get(&2), Some(20), "a key that stays");
                }
            }
            (0..SPACE).step_by(2).filter(|key| key % THREADS == 2).map(|key| (key, key * 10)).collect()
        }));
        let (expected, pairs) = run(map, workers);
        let expected: BTreeMap<u64, u64> = expected.into_iter().flatten().collect();
        assert!(pairs.into_iter().eq(expected), "the map is not what its owners left");
    });
}
