//! Only one thread writes each key, so every answer that it gets is known. The threads' keys are interleaved,
//! so they share every node.

use std::boxed::Box;
use std::collections::BTreeMap;
use std::vec::Vec;

use super::{DEPTH, Map, SCHEDULES, Worker, draw, map, run};
use crate::sync::model;

/// A dozen keys for each of three threads.
const SPACE: u64 = 36;

/// `operations` operations of thread `who` of `threads`. Checks all answers. Returns those of its keys that
/// are there at the end.
fn own(map: &Map, who: u64, threads: u64, operations: usize) -> BTreeMap<u64, u64> {
    let mine = |key: &u64| key % threads == who;
    let mut expected: BTreeMap<u64, u64> =
        (0..SPACE).step_by(2).filter(mine).map(|key| (key, key * 10)).collect();
    for round in 0..operations as u64 {
        let key = who + threads * draw(SPACE / threads);
        let value = (round + 1) * 1000 + key;
        match draw(6) {
            0 | 1 => assert_eq!(map.insert(key, value), expected.insert(key, value), "insert {key}"),
            2 | 3 => assert_eq!(map.remove(&key), expected.remove(&key), "remove {key}"),
            4 => {
                assert_eq!(map.get(&key), expected.get(&key).copied(), "get {key}");
                let updated = map.update(&key, |old| *old = value).is_some();
                assert_eq!(updated, expected.contains_key(&key), "update {key}");
                if updated {
                    expected.insert(key, value);
                }
            }
            _ => {
                let to = key + 4 * threads;
                let seen: Vec<(u64, u64)> = if draw(2) == 0 {
                    map.range(key..to).collect()
                } else {
                    let mut seen: Vec<_> = map.range(key..to).rev().collect();
                    seen.reverse();
                    seen
                };
                assert!(seen.windows(2).all(|pair| pair[0].0 < pair[1].0), "a range out of order: {seen:?}");
                assert!(seen.iter().all(|pair| (key..to).contains(&pair.0)), "out of bounds: {seen:?}");
                let seen: Vec<_> = seen.into_iter().filter(|pair| mine(&pair.0)).collect();
                let own: Vec<_> = expected.range(key..to).map(|(&key, &value)| (key, value)).collect();
                assert_eq!(seen, own, "a range, of the keys that no other thread changes");
            }
        }
    }
    expected
}

/// Two owners of a third of the keys each, and a thread that does `work` meanwhile. `work` must not add or
/// remove a pair.
pub(super) fn two_owners_beside(what: &str, work: fn(&Map)) {
    const THREADS: u64 = 3;
    model(what, SCHEDULES, DEPTH, move || {
        let map = map((0..SPACE).step_by(2));
        let mut workers: Vec<Worker<BTreeMap<u64, u64>>> = (0..2)
            .map(|who| Box::new(move |map: &Map| own(map, who, THREADS, 8)) as Worker<BTreeMap<u64, u64>>)
            .collect();
        workers.push(Box::new(move |map| {
            work(map);
            (0..SPACE).step_by(2).filter(|key| key % THREADS == 2).map(|key| (key, key * 10)).collect()
        }));
        let (expected, pairs) = run(map, workers);
        let expected: BTreeMap<u64, u64> = expected.into_iter().flatten().collect();
        assert!(pairs.into_iter().eq(expected), "the map is not what its owners left");
    });
}

fn owners(threads: u64, operations: usize) {
    type Owner = Worker<BTreeMap<u64, u64>>;
    let map = map((0..SPACE).step_by(2));
    let owners =
        (0..threads).map(|who| Box::new(move |map: &Map| own(map, who, threads, operations)) as Owner);
    let (owned, pairs) = run(map, owners.collect());
    let expected: BTreeMap<u64, u64> = owned.into_iter().flatten().collect();
    assert_eq!(pairs, expected.into_iter().collect::<Vec<_>>(), "what is left");
}

#[test]
fn two_owners() {
    model("two owners, ten operations each", SCHEDULES, DEPTH, || owners(2, 10));
}

#[test]
fn three_owners() {
    model("three owners, eight operations each", SCHEDULES, DEPTH, || owners(3, 8));
}
