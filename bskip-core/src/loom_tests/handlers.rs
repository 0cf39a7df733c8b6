//! Calls of handlers beside other threads. A call may be busy. If it answers, the answer is right.

use std::vec::Vec;

use super::across::keys_that_come_first;
use super::map::{Duel, Map, full_leaf, insert, must_find, two_leaves};

/// Inserts by a handler and a reserved block. If the leaf is busy, a thread inserts.
fn try_insert(map: &Map, key: u64) {
    let mut reservation = map.reserve(1).expect("memory");
    match map.handler().try_insert_with(&mut reservation, key, key * 10) {
        Ok(old) => assert_eq!(old, None, "key {key} was not there"),
        Err(_) => insert(map, key),
    }
}

/// A handler does not miss a key that never went.
fn try_find(map: &Map, key: u64) {
    if let Ok(found) = map.handler().try_get(&key) {
        assert_eq!(found, Some(key * 10), "key {key}, which never went");
    }
}

#[test]
fn a_leaf_that_a_handler_splits() {
    Duel {
        one: |map| try_insert(map, 25),
        other: |map| must_find(map, 40),
        left: std::vec![10, 20, 25, 30, 40],
        preemptions: 1,
        ..full_leaf("get and a split by a handler")
    }
    .run();
    Duel {
        one: |map| try_insert(map, 25),
        other: |map| assert_eq!(map.insert(40, 400), Some(400)),
        left: std::vec![10, 20, 25, 30, 40],
        preemptions: 1,
        ..full_leaf("a new value and a split by a handler")
    }
    .run();
}

#[test]
fn a_handler_that_reads_while_a_thread_writes() {
    Duel {
        one: |map| insert(map, 25),
        other: |map| try_find(map, 40),
        left: std::vec![10, 20, 25, 30, 40],
        preemptions: 1,
        at_least: 20,
        ..full_leaf("a handler's get and a split")
    }
    .run();
    // Pairs move within the leaf.
    Duel {
        one: |map| insert(map, 5),
        other: |map| try_find(map, 20),
        left: std::vec![5, 10, 20, 30, 40],
        at_least: 20,
        ..two_leaves("a handler's get and an insertion")
    }
    .run();
}

#[test]
fn a_handler_that_removes_while_a_thread_inserts() {
    Duel {
        one: |map| insert(map, 5),
        other: |map| {
            let removed = map.handler().try_remove(&20);
            assert!(removed.is_err() || removed == Ok(Some(200)), "{removed:?}");
        },
        left: Vec::new(),
        at_least: 20,
        ..two_leaves("a handler's removal and an insertion")
    }
    .run();
}

#[test]
fn a_handler_that_pops_past_a_leaf_that_was_empty() {
    Duel {
        other: |map| {
            if let Ok(popped) = map.handler().try_pop_first() {
                let (popped, _) = popped.expect("30 was there");
                assert!([10, 30].contains(&popped), "{popped} came after 10, which stayed");
            }
        },
        at_least: 10,
        ..keys_that_come_first("a handler's pop_first past a leaf that was empty")
    }
    .run();
}
