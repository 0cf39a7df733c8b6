//! Threads that write the same keys: each pair that goes in comes out once, or stays.

use std::boxed::Box;
use std::vec::Vec;

use super::{DEPTH, Map, SCHEDULES, Worker, draw, map, run};
use crate::sync::model;
use crate::{Compute, Operation};

/// Values that went into the map and values that came out.
type Flow = (Vec<u64>, Vec<u64>);

/// What came out or is left must be exactly what went in, each once.
fn assert_conserved(before: Vec<u64>, flows: Vec<Flow>, pairs: &[(u64, u64)]) {
    let (mut all_in, mut all_out) = (before, Vec::new());
    for (came_in, came_out) in flows {
        all_in.extend(came_in);
        all_out.extend(came_out);
    }
    all_out.extend(pairs.iter().map(|pair| pair.1));
    all_in.sort_unstable();
    all_out.sort_unstable();
    assert_eq!(all_out, all_in, "a value was lost, or came twice");
}

/// Inserts and removes a few keys. All values are different.
fn contend(map: &Map, who: u64, operations: u64) -> Flow {
    let (mut came_in, mut came_out) = (Vec::new(), Vec::new());
    for round in 0..operations {
        let key = draw(12);
        if draw(2) == 0 {
            let value = 1000 * (who + 1) + round;
            came_in.push(value);
            came_out.extend(map.insert(key, value));
        } else {
            came_out.extend(map.remove(&key));
        }
    }
    (came_in, came_out)
}

#[test]
fn contended_keys() {
    model("three threads on the same dozen keys", SCHEDULES, DEPTH, || {
        let map = map(0..8);
        let workers = (0..3).map(|who| Box::new(move |map: &Map| contend(map, who, 8)) as Worker<Flow>);
        let (flows, pairs) = run(map, workers.collect());
        assert_conserved((0..8).map(|key| key * 10).collect(), flows, &pairs);
    });
}

/// As `contend`, by computations.
fn compute(map: &Map, who: u64, operations: u64) -> Flow {
    let (mut came_in, mut came_out) = (Vec::new(), Vec::new());
    for round in 0..operations {
        let (key, value) = (draw(12), 1000 * (who + 1) + round);
        match draw(4) {
            0 => match map.compute(key, |_| Operation::<_, ()>::Insert(value)) {
                Compute::Updated(old) => {
                    came_in.push(value);
                    came_out.push(old);
                }
                _ => came_in.push(value),
            },
            1 => match map.compute(key, |_| Operation::<_, ()>::Remove) {
                Compute::Removed(old) => came_out.push(old),
                gone => assert_eq!(gone, Compute::Absent),
            },
            2 => {
                let Some(seen) = map.get(&key) else { continue };
                match map.compare_exchange(&key, &seen, value) {
                    Ok(old) => {
                        assert_eq!(old, seen);
                        came_in.push(value);
                        came_out.push(old);
                    }
                    Err(back) => assert_eq!(back, value),
                }
            }
            _ => {
                let got = map.get_or_insert(key, value);
                came_in.extend((got == value).then_some(value));
            }
        }
    }
    (came_in, came_out)
}

#[test]
fn computed_keys() {
    model("three threads that compute on the same dozen keys", SCHEDULES, DEPTH, || {
        let map = map(0..8);
        let workers = (0..3).map(|who| Box::new(move |map: &Map| compute(map, who, 6)) as Worker<Flow>);
        let (flows, pairs) = run(map, workers.collect());
        assert_conserved((0..8).map(|key| key * 10).collect(), flows, &pairs);
    });
}

/// One thread removes ranges while the others insert and remove keys of their own.
#[test]
fn removed_ranges() {
    model("remove_range, insertions and removals", SCHEDULES, DEPTH, || {
        let map = map(0..24);
        let write = |map: &Map, who: u64| {
            (0..6)
                .map(|_| {
                    let key = 100 + 10 * draw(6) + who;
                    match map.insert(key, key) {
                        Some(_) => -isize::from(map.remove(&key).is_some()),
                        None => 1,
                    }
                })
                .sum::<isize>()
        };
        let remove = |map: &Map| {
            (0..3)
                .map(|_| {
                    let (a, b) = (draw(160), draw(160));
                    -(map.remove_range(a.min(b)..=a.max(b)) as isize)
                })
                .sum::<isize>()
        };
        let workers: [Worker<isize>; 3] =
            [Box::new(move |map| write(map, 0)), Box::new(move |map| write(map, 1)), Box::new(remove)];
        let (counts, pairs) = run(map, workers.into());
        assert_eq!(24 + counts.into_iter().sum::<isize>(), pairs.len() as isize);
    });
}

/// Pops from both ends while keys are inserted at both. The pops of one thread move outwards only past keys
/// that were inserted meanwhile.
#[test]
fn pops_and_insertions() {
    model("pop_first, pop_last and insertions", SCHEDULES, DEPTH, || {
        let map = map(10..22);
        let pop = |map: &Map, first: bool| {
            let popped: Vec<(u64, u64)> =
                (0..6).filter_map(|_| if first { map.pop_first() } else { map.pop_last() }).collect();
            // No key is inserted between 10 and 21, so each end pops these keys in order.
            let mut middle: Vec<u64> =
                popped.iter().map(|pair| pair.0).filter(|key| (10..22).contains(key)).collect();
            if !first {
                middle.reverse();
            }
            assert!(middle.is_sorted_by(|a, b| a < b), "out of order: {popped:?}");
            assert_eq!(popped.len(), 6, "a pop from a map that is never empty gave nothing");
            (Vec::new(), popped.into_iter().map(|pair| pair.1).collect())
        };
        let insert = |map: &Map| {
            let keys: Vec<u64> = (1..4).flat_map(|i| [10 - i, 21 + i]).collect();
            keys.iter().for_each(|&key| assert_eq!(map.insert(key, 1000 + key), None));
            (keys.into_iter().map(|key| 1000 + key).collect(), Vec::new())
        };
        let workers: [Worker<Flow>; 3] =
            [Box::new(insert), Box::new(move |map| pop(map, true)), Box::new(move |map| pop(map, false))];
        let (flows, pairs) = run(map, workers.into());
        assert_conserved((10..22).map(|key| key * 10).collect(), flows, &pairs);
    });
}

/// One thread makes the value for all that ask for it. They then increment it under the leaf's lock.
#[test]
fn made_once_and_counted() {
    model("get_or_insert_with and update", SCHEDULES, DEPTH, || {
        let map = map([10, 20, 30, 40]);
        let workers = (1..=3u64).map(|who| {
            Box::new(move |map: &Map| {
                let made = map.get_or_insert_with(25, || who << 32);
                assert!(map.update(&25, |value| *value += 1).is_some());
                // Another thread may have incremented the value before this thread got it.
                made >> 32
            }) as Worker<u64>
        });
        let (makers, pairs) = run(map, workers.collect());
        let value = pairs.iter().find(|pair| pair.0 == 25).expect("it was made").1;
        assert_eq!(value & 0xffff_ffff, 3, "an update was lost");
        assert!(makers.iter().all(|&maker| maker == value >> 32), "made by {makers:?}, of which one counts");
    });
}
