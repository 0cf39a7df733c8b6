//! Whole operations on a small map, two threads at a time. There are at most two preemptions (one for the
//! longest tests).
//!
//! Nodes have four slots, so a few keys are enough for a full leaf, a second level or a merge. Every map is
//! built before the model watches, and checked after it.

use std::sync::Arc;
use std::vec::Vec;

use loom::thread;

use crate::arena::paired::PairedArena;
use crate::config::{Config, Promotion, Refresh};
use crate::height::Heights;
use crate::sync::{self, model};
use crate::{BSkipMap, Structure};

pub(super) type Map = BSkipMap<u64, u64, PairedArena>;

/// Two operations on one map, and what must hold afterwards.
pub(super) struct Duel {
    pub(super) name: &'static str,
    pub(super) promotion: Promotion,
    /// Keys inserted beforehand, each with ten times itself as value. Then those of them that are removed
    /// again.
    pub(super) keys: Vec<u64>,
    pub(super) removed: Vec<u64>,
    /// What the map looks like then.
    pub(super) built: fn(Structure),
    pub(super) one: fn(&Map),
    pub(super) other: fn(&Map),
    /// Keys that must be in the map at the end. No others may be.
    pub(super) left: Vec<u64>,
    pub(super) preemptions: usize,
    /// When replicas of inner nodes are updated, if there are any.
    pub(super) replicas: Option<Refresh>,
    /// The least number of executions with `one` on the main thread. The comment of `loom_tests` says what
    /// loom makes of the other order.
    pub(super) at_least: usize,
}

/// With this seed and one in two, 25 and 50 have height 1. All other keys that these tests use have height 0.
fn seed() -> u64 {
    let height = |seed, key: u64| {
        let promotion = Promotion::Coin { one_in: 2 };
        Heights::new(&Config::new().promotion(promotion), seed).of::<u64>(key)
    };
    let fits = |seed| {
        [25, 50].iter().all(|&key| height(seed, key) == 1)
            && [5, 10, 15, 20, 27, 30, 35, 40].iter().all(|&key| height(seed, key) == 0)
    };
    (0..).find(|&seed| fits(seed)).expect("there is one")
}

impl Duel {
    /// Runs both orders: `one` here and `other` there, then the other way round.
    pub(super) fn run(self) {
        let Self { name, promotion, keys, removed, built, one, other, left, preemptions, replicas, at_least } =
            self;
        let seed = seed();
        for (order, here, there, at_least) in
            [("first here", one, other, at_least), ("second here", other, one, 1)]
        {
            let (keys, removed, left) = (keys.clone(), removed.clone(), left.clone());
            model(&std::format!("map: {name}, {order}"), Some(preemptions), at_least, move || {
                let config =
                    Config::new().promotion(promotion).refresh(replicas.unwrap_or_default()).seed(seed);
                let arena = PairedArena { replicated: replicas.is_some(), ..PairedArena::default() };
                let mut map = Map::with_config(arena, config).expect("memory");
                keys.iter().for_each(|&key| assert_eq!(map.insert(key, key * 10), None));
                removed.iter().for_each(|key| assert_eq!(map.remove(key), Some(key * 10)));
                built(map.check_invariants());
                let mut map = Arc::new(map);
                sync::watch(100);
                let thread = {
                    let map = map.clone();
                    thread::spawn(move || there(&map))
                };
                here(&map);
                thread.join().expect("no thread panics");
                sync::unwatch();
                let pairs: Vec<(u64, u64)> = map.iter().collect();
                let expected: Vec<(u64, u64)> = left.iter().map(|&key| (key, key * 10)).collect();
                if !left.is_empty() {
                    assert_eq!(pairs, expected);
                }
                let found = Arc::get_mut(&mut map).expect("the other thread has ended").check_invariants();
                assert!(replicas == Some(Refresh::Lazy) || found.stale_replicas == 0, "{found:?}");
            });
        }
    }
}

pub(super) fn must_find(map: &Map, key: u64) {
    assert_eq!(map.get(&key), Some(key * 10), "key {key}, which never went");
}

fn may_find(map: &Map, key: u64) {
    assert!(map.get(&key).is_none_or(|value| value == key * 10), "key {key} with another's value");
}

pub(super) fn insert(map: &Map, key: u64) {
    assert_eq!(map.insert(key, key * 10), None, "key {key} was not there");
}

pub(super) fn remove(map: &Map, key: u64) {
    assert_eq!(map.remove(&key), Some(key * 10), "key {key} was there");
}

/// Four keys in one full leaf.
pub(super) fn full_leaf(name: &'static str) -> Duel {
    Duel {
        name,
        promotion: Promotion::Overflow,
        keys: std::vec![10, 20, 30, 40],
        removed: Vec::new(),
        built: |found| assert_eq!((found.leaves, found.levels), (1, 1)),
        one: |_| {},
        other: |_| {},
        left: Vec::new(),
        preemptions: 2,
        replicas: None,
        at_least: 100,
    }
}

/// Two leaves below one inner node: [10, 20] and [30, 40].
pub(super) fn two_leaves(name: &'static str) -> Duel {
    Duel {
        name,
        keys: std::vec![10, 20, 30, 40, 25],
        removed: std::vec![25],
        built: |found| assert_eq!((found.leaves, found.levels), (2, 2)),
        ..full_leaf(name)
    }
}

#[test]
fn get_and_a_split() {
    Duel {
        one: |map| insert(map, 25),
        other: |map| must_find(map, 40),
        left: std::vec![10, 20, 25, 30, 40],
        preemptions: 1,
        ..full_leaf("get and a split")
    }
    .run();
    Duel {
        one: |map| insert(map, 25),
        other: |map| may_find(map, 25),
        left: std::vec![10, 20, 25, 30, 40],
        preemptions: 1,
        ..full_leaf("get of the new key and a split")
    }
    .run();
}

#[test]
fn two_insertions_into_a_full_leaf() {
    Duel {
        one: |map| insert(map, 25),
        other: |map| insert(map, 35),
        left: std::vec![10, 20, 25, 30, 35, 40],
        preemptions: 1,
        ..full_leaf("two insertions into a full leaf")
    }
    .run();
}

#[test]
fn an_insertion_and_a_merge() {
    Duel {
        // Leaves are at most a quarter full, so the leaf looks for its neighbour.
        one: |map| remove(map, 10),
        other: |map| insert(map, 35),
        left: std::vec![20, 30, 35, 40],
        ..two_leaves("an insertion and a merge")
    }
    .run();
}

/// Two leaves, of which the first is full and the second has room: [10, 12, 15, 20] and [30, 40].
fn a_full_leaf_and_room(name: &'static str) -> Duel {
    Duel {
        keys: std::vec![10, 20, 30, 40, 25, 12, 15],
        // 20 moves, unless the other thread prevents it.
        one: |map| insert(map, 13),
        preemptions: 1,
        ..two_leaves(name)
    }
}

/// Once a new key is seen it stays.
fn find_again(map: &Map, key: u64) {
    let found = map.get(&key);
    assert!(found.is_none_or(|value| value == key * 10), "key {key} with another's value");
    if found.is_some() {
        must_find(map, key);
    }
}

/// A redistribution brings the new pair in, on the left of the boundary and on its right.
#[test]
fn a_pair_that_comes_in_with_a_redistribution() {
    Duel {
        other: |map| find_again(map, 13),
        left: std::vec![10, 12, 13, 15, 20, 30, 40],
        ..a_full_leaf_and_room("get of the new key and a redistribution to the right")
    }
    .run();
    // [10, 20] and [30, 35, 40, 45]: 30 goes to the left.
    Duel {
        keys: std::vec![10, 20, 30, 40, 25, 35, 45],
        one: |map| insert(map, 42),
        other: |map| find_again(map, 42),
        left: std::vec![10, 20, 30, 35, 40, 42, 45],
        ..a_full_leaf_and_room("get of the new key and a redistribution to the left")
    }
    .run();
}

#[test]
fn a_redistribution_and_others() {
    Duel {
        other: |map| must_find(map, 20),
        left: std::vec![10, 12, 13, 15, 20, 30, 40],
        ..a_full_leaf_and_room("get of a pair that moves and a redistribution")
    }
    .run();
    Duel {
        other: |map| insert(map, 25),
        left: std::vec![10, 12, 13, 15, 20, 25, 30, 40],
        ..a_full_leaf_and_room("an insertion at the boundary and a redistribution")
    }
    .run();
    Duel {
        other: |map| {
            let keys: Vec<u64> = map.range(14..35).map(|(key, _)| key).collect();
            assert_eq!(keys, [15, 20, 30]);
        },
        left: std::vec![10, 12, 13, 15, 20, 30, 40],
        ..a_full_leaf_and_room("a range and a redistribution")
    }
    .run();
    // The second thread finds that the boundary is gone, or another one: an empty leaf fits into a full one.
    Duel {
        removed: std::vec![25, 40],
        other: |map| remove(map, 30),
        left: std::vec![10, 12, 13, 15, 20],
        ..a_full_leaf_and_room("a merge and a redistribution")
    }
    .run();
}

#[test]
fn get_and_a_block_used_again() {
    // Leaves [10] and [25]. Once the first is empty, it absorbs the second. A tall insert splits it at 50,
    // into the block where 25 was.
    Duel {
        promotion: Promotion::Coin { one_in: 2 },
        keys: std::vec![10, 25],
        removed: Vec::new(),
        one: |map| {
            remove(map, 10);
            insert(map, 50);
        },
        other: |map| must_find(map, 25),
        left: std::vec![25, 50],
        preemptions: 1,
        ..two_leaves("get and a block used again")
    }
    .run();
}

#[test]
fn a_range_and_a_merge() {
    Duel {
        one: |map| remove(map, 20),
        other: |map| {
            let keys: Vec<u64> = map.range(15..).map(|(key, _)| key).collect();
            assert!(keys == [20, 30, 40] || keys == [30, 40], "{keys:?}");
        },
        left: std::vec![10, 30, 40],
        preemptions: 1,
        ..two_leaves("a range and a merge")
    }
    .run();
    Duel {
        one: |map| remove(map, 20),
        other: |map| {
            let keys: Vec<u64> = map.range(..35).rev().map(|(key, _)| key).collect();
            assert!(keys == [30, 20, 10] || keys == [30, 10], "{keys:?}");
        },
        left: std::vec![10, 30, 40],
        preemptions: 1,
        ..two_leaves("a range from the back and a merge")
    }
    .run();
}

#[test]
fn pop_first_and_an_insertion() {
    Duel {
        one: |map| {
            let popped = map.pop_first();
            assert!(popped == Some((5, 50)) || popped == Some((10, 100)), "{popped:?}");
        },
        other: |map| insert(map, 5),
        preemptions: 1,
        ..two_leaves("pop_first and an insertion")
    }
    .run();
}

#[test]
fn get_and_a_tall_insertion() {
    let tall = |name| Duel { promotion: Promotion::Coin { one_in: 2 }, ..full_leaf(name) };
    Duel {
        one: |map| insert(map, 25),
        other: |map| must_find(map, 30),
        left: std::vec![10, 20, 25, 30, 40],
        ..tall("get and a tall insertion")
    }
    .run();
    Duel {
        one: |map| insert(map, 25),
        other: |map| insert(map, 35),
        left: std::vec![10, 20, 25, 30, 35, 40],
        ..tall("an insertion and a tall one")
    }
    .run();
}

/// Level 2 has had its second entry since key 17, so every further entry rebuilds the table.
#[test]
fn get_and_a_rebuilt_hint_table() {
    let keys: Vec<u64> = (1..=32).collect();
    Duel {
        keys: keys.clone(),
        built: |found| assert_eq!((found.leaves, found.levels), (8, 3)),
        one: |map| insert(map, 33),
        other: |map| must_find(map, 20),
        left: keys.iter().copied().chain([33]).collect(),
        ..full_leaf("get and a rebuilt hint table")
    }
    .run();
}
