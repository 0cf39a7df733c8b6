//! Operations that look at one place after another, while another thread makes a change between two looks.

use std::ops::ControlFlow;
use std::vec::Vec;

use super::map::{Duel, insert, remove, two_leaves};
use crate::config::Promotion;

/// An empty first leaf, and a leaf that starts at 25. The tall key 25 split the first leaf, which held
/// nothing behind it.
fn an_empty_leaf_first(name: &'static str) -> Duel {
    Duel {
        promotion: Promotion::Coin { one_in: 2 },
        keys: std::vec![25],
        removed: Vec::new(),
        built: |found| assert_eq!((found.keys, found.leaves, found.levels), (1, 2, 2)),
        ..two_leaves(name)
    }
}

/// An empty first leaf, and a leaf with 30 and 35. One thread inserts 10 and then 27, so the first pair is
/// that of 30 or of 10.
pub(super) fn keys_that_come_first(name: &'static str) -> Duel {
    Duel {
        keys: std::vec![25, 30, 35],
        removed: std::vec![25],
        built: |found| assert_eq!((found.keys, found.leaves, found.levels), (2, 2, 2)),
        one: |map| {
            insert(map, 10);
            insert(map, 27);
        },
        preemptions: 1,
        at_least: 20,
        ..an_empty_leaf_first(name)
    }
}

#[test]
fn pop_first_past_a_leaf_that_was_empty() {
    Duel {
        other: |map| {
            let popped = map.pop_first().expect("30 was there").0;
            assert!([10, 30].contains(&popped), "{popped} came after 10, which stayed");
        },
        ..keys_that_come_first("pop_first past a leaf that was empty")
    }
    .run();
}

#[test]
fn pop_first_if_past_a_leaf_that_was_empty() {
    Duel {
        other: |map| {
            let mut seen = Vec::new();
            let popped = map.pop_first_if(|&key, &value| {
                seen.push(key);
                value == 10 * key
            });
            assert_eq!(popped.map(|pair| pair.0).as_slice(), seen, "the closure ran once, on the key");
            assert!([10, 30].contains(&seen[0]), "{} came after 10, which stayed", seen[0]);
        },
        ..keys_that_come_first("pop_first_if past a leaf that was empty")
    }
    .run();
}

#[test]
fn a_map_that_is_never_empty() {
    Duel {
        one: |map| {
            insert(map, 10);
            remove(map, 25);
        },
        other: |map| assert!(!map.is_empty(), "25 or 10 was always there"),
        left: std::vec![10],
        at_least: 20,
        ..an_empty_leaf_first("is_empty of a map that is never empty")
    }
    .run();
}

#[test]
fn a_cursor_steps_up_past_the_end_of_a_leaf() {
    Duel {
        one: |map| {
            insert(map, 22);
            remove(map, 30);
        },
        other: |map| {
            let mut cursor = map.cursor();
            assert!(cursor.seek(&20) && cursor.next(), "40 stays");
            let next = cursor.key().expect("valid");
            assert!([22, 30].contains(&next), "{next} is not the next key: 22 or 30 was always there");
        },
        left: std::vec![10, 20, 22, 40],
        preemptions: 1,
        at_least: 20,
        ..two_leaves("a cursor's step up")
    }
    .run();
}

#[test]
fn a_cursor_steps_down_past_the_start_of_a_leaf() {
    Duel {
        one: |map| {
            insert(map, 27);
            remove(map, 20);
        },
        other: |map| {
            let mut cursor = map.cursor();
            assert!(cursor.seek_for_prev(&35) && cursor.prev(), "10 stays");
            let before = cursor.key().expect("valid");
            assert!([20, 27].contains(&before), "{before} is not the key before: 20 or 27 was always there");
        },
        left: std::vec![10, 27, 30, 40],
        preemptions: 1,
        at_least: 20,
        ..two_leaves("a cursor's step down")
    }
    .run();
}

#[test]
fn a_chunk_is_of_one_moment() {
    Duel {
        one: |map| {
            assert_eq!(map.insert(10, 101), Some(100));
            assert_eq!(map.insert(20, 201), Some(200));
        },
        other: |map| {
            let _ = map.try_for_each_chunk(..25, |_, values| {
                assert!([[100, 200], [101, 200], [101, 201]].contains(&[values[0], values[1]]), "{values:?}");
                ControlFlow::<()>::Continue(())
            });
        },
        preemptions: 1,
        at_least: 20,
        ..two_leaves("a chunk and two values that are overwritten")
    }
    .run();
}

#[test]
fn a_snapshot_is_of_one_moment() {
    Duel {
        one: |map| {
            assert_eq!(map.insert(10, 101), Some(100));
            assert_eq!(map.insert(40, 401), Some(400));
        },
        other: |map| {
            let pairs = map.range_snapshot(5..=40);
            let ends = (pairs[0].1, pairs[3].1);
            assert!([(100, 400), (101, 400), (101, 401)].contains(&ends), "{pairs:?}");
        },
        preemptions: 2,
        at_least: 20,
        ..two_leaves("a snapshot and values in two leaves that are overwritten")
    }
    .run();
}

#[test]
fn len_and_a_merge() {
    Duel {
        // The leaf is underfull then, and absorbs the next one.
        one: |map| remove(map, 20),
        other: |map| assert!([3, 4].contains(&map.len()), "{}: 20 goes, and no other", map.len()),
        left: std::vec![10, 30, 40],
        preemptions: 1,
        at_least: 20,
        ..two_leaves("len and a merge")
    }
    .run();
}

#[test]
fn a_redistribution_past_a_leaf_without_an_entry() {
    Duel {
        // Two full leaves. The first splits, and has room then. The second checks whether the leaf of the
        // entry before its own has room.
        keys: std::vec![10, 20, 30, 40, 25, 15, 35, 45],
        removed: Vec::new(),
        one: |map| insert(map, 22),
        other: |map| insert(map, 33),
        left: std::vec![10, 15, 20, 22, 25, 30, 33, 35, 40, 45],
        preemptions: 1,
        at_least: 20,
        ..two_leaves("a redistribution and a leaf without an entry between")
    }
    .run();
}
