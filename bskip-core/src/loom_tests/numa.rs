//! What NUMA adds to the protocol: replicas of inner nodes, and leaves that move to another block.

use super::map::{Duel, Map, insert, must_find, remove, two_leaves};
use crate::config::Refresh;
use crate::{MigrateCursor, NumaNodeId};

/// Moves every leaf that can move. Of two leaves, that is the second one.
fn move_all(map: &Map) {
    map.migrate(&mut MigrateCursor::new(), 4, |_, NumaNodeId(home)| Some(NumaNodeId(1 - home)));
}

/// [10, 15, 20, 25] and [30, 40, 45, 47]. 46 splits the second leaf, and the new entry goes to the replica.
fn about_to_post(name: &'static str, refresh: Refresh) -> Duel {
    Duel {
        keys: std::vec![10, 20, 30, 40, 25, 45, 47, 15],
        removed: std::vec::Vec::new(),
        built: |found| assert_eq!((found.leaves, found.levels), (2, 2)),
        one: |map| insert(map, 46),
        other: |map| must_find(map, 47),
        left: std::vec![10, 15, 20, 25, 30, 40, 45, 46, 47],
        preemptions: 1,
        replicas: Some(refresh),
        ..two_leaves(name)
    }
}

#[test]
fn a_search_by_replica_and_an_entry() {
    about_to_post("get by replica and an entry that is posted", Refresh::Synchronous).run();
    about_to_post("get by replica and an entry that is not copied", Refresh::Lazy).run();
}

#[test]
fn a_search_by_replica_and_a_merge() {
    for (name, refresh) in [
        ("get by replica and a merge", Refresh::Synchronous),
        ("get by replica and a merge that is not copied", Refresh::Lazy),
    ] {
        Duel {
            one: |map| remove(map, 10),
            other: |map| must_find(map, 40),
            left: std::vec![20, 30, 40],
            preemptions: 1,
            replicas: Some(refresh),
            ..two_leaves(name)
        }
        .run();
    }
}

/// One thread refreshes the replica. The replica leads the other thread astray, so that thread refreshes it
/// as well.
#[test]
fn two_refresh_a_replica() {
    // The last event before the test is that the second leaf gets its entry.
    Duel {
        removed: std::vec::Vec::new(),
        built: |found| assert_eq!((found.leaves, found.stale_replicas), (2, 1)),
        one: |map| assert!(map.refresh_replicas() <= 1),
        other: |map| must_find(map, 40),
        left: std::vec![10, 20, 25, 30, 40],
        replicas: Some(Refresh::Lazy),
        ..two_leaves("two refresh a replica")
    }
    .run();
}

#[test]
fn a_leaf_moves_and_a_search() {
    Duel {
        one: move_all,
        other: |map| must_find(map, 40),
        left: std::vec![10, 20, 30, 40],
        ..two_leaves("get and a leaf that moves")
    }
    .run();
}

#[test]
fn a_leaf_moves_and_an_insertion() {
    Duel {
        one: move_all,
        other: |map| insert(map, 35),
        left: std::vec![10, 20, 30, 35, 40],
        preemptions: 1,
        ..two_leaves("an insertion and a leaf that moves")
    }
    .run();
}

#[test]
fn a_leaf_moves_and_a_merge() {
    Duel {
        one: move_all,
        other: |map| remove(map, 10),
        left: std::vec![20, 30, 40],
        preemptions: 1,
        ..two_leaves("a merge and a leaf that moves")
    }
    .run();
}

#[test]
fn a_leaf_moves_and_a_range() {
    Duel {
        one: move_all,
        other: |map| {
            let keys: std::vec::Vec<u64> = map.range(15..).map(|(key, _)| key).collect();
            assert_eq!(keys, [20, 30, 40]);
        },
        left: std::vec![10, 20, 30, 40],
        preemptions: 1,
        ..two_leaves("a range and a leaf that moves")
    }
    .run();
}
