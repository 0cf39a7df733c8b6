//! Computations on one key. A split in a computation takes the ways of an insertion, for which `map` has scenes.
//!
//! What one thread adds to a value another one takes away, so the value at the end tells whether a step was lost.

use super::map::{Duel, Map, remove, two_leaves};
use crate::{Compute, Operation};

/// Adds `more` to the value of 20, which is between 199 and 201.
fn add(map: &Map, more: i64) {
    let mut runs = 0;
    let computed = map.compute(20, |value| {
        runs += 1;
        Operation::<_, ()>::Insert(value.expect("20 never goes").wrapping_add_signed(more))
    });
    assert!(matches!(computed, Compute::Updated(199..=201)), "{computed:?}");
    assert_eq!(runs, 1, "the closure runs once");
}

/// Inserts 25 if it is not there, otherwise removes it.
fn toggle(map: &Map) {
    let computed =
        map.compute(
            25,
            |value| if value.is_some() { Operation::<_, ()>::Remove } else { Operation::Insert(250) },
        );
    assert!(matches!(computed, Compute::Inserted | Compute::Removed(250)), "{computed:?}");
}

/// Only one thread at a time can have made 201 of 200.
fn exchange_and_back(map: &Map) {
    match map.compare_exchange(&20, &200, 201) {
        Ok(old) => {
            assert_eq!(old, 200);
            assert_eq!(map.compare_exchange(&20, &201, 200), Ok(201));
        }
        Err(back) => assert_eq!(back, 201),
    }
}

#[test]
fn two_computations_on_one_key() {
    Duel {
        one: |map| add(map, 1),
        other: |map| add(map, -1),
        left: std::vec![10, 20, 30, 40],
        at_least: 16,
        ..two_leaves("two computations on one key")
    }
    .run();
    Duel {
        one: exchange_and_back,
        other: exchange_and_back,
        left: std::vec![10, 20, 30, 40],
        preemptions: 1,
        at_least: 2,
        ..two_leaves("two exchanges of one value")
    }
    .run();
}

#[test]
fn two_computations_on_an_absent_key() {
    Duel {
        one: toggle,
        other: toggle,
        left: std::vec![10, 20, 30, 40],
        preemptions: 1,
        at_least: 20,
        ..two_leaves("two computations on an absent key")
    }
    .run();
}

#[test]
fn get_and_a_computation() {
    Duel {
        one: |map| add(map, 1),
        other: |map| assert!(matches!(map.get(&20), Some(200 | 201))),
        ..two_leaves("get and a computation")
    }
    .run();
}

/// 20 leaves its leaf, which merges, while the closure of a computation on 30 sees its pair.
#[test]
fn a_computation_and_a_merge() {
    Duel {
        one: |map| {
            let computed =
                map.compute(30, |value| Operation::<_, ()>::Insert(value.map_or(1, |&value| value)));
            assert_eq!(computed, Compute::Updated(300));
        },
        other: |map| remove(map, 20),
        left: std::vec![10, 30, 40],
        preemptions: 1,
        at_least: 20,
        ..two_leaves("a computation and a merge")
    }
    .run();
}
