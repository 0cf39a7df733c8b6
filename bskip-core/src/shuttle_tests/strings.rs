//! Maps of byte strings: the strings share their starts, continue one another and end with zeros. Nodes have
//! four slots, and a heap for few of the longer strings. So most insertions split a node, or write its heap
//! again.

use std::boxed::Box;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::vec::Vec;

use super::{DEPTH, PROMOTIONS, draw, together};
use crate::BSkipBytesMap;
use crate::arena::paired::PairedArena;
use crate::config::Config;
use crate::sync::model;

type Map = BSkipBytesMap<[u8], u64, PairedArena>;
type Pairs = BTreeMap<Vec<u8>, u64>;
type Worker<T> = Box<dyn FnOnce(&Map) -> T + Send>;

/// Schedules of each kind. A node of byte strings has many words, so a schedule takes long.
const SCHEDULES: usize = 600;
/// Keys of all threads.
const SPACE: u64 = 36;

/// The string of a number. Strings have the order of their numbers.
fn string(i: u64) -> Vec<u8> {
    let mut string = b"shared/".to_vec();
    string.push(i as u8 / 4);
    match i % 4 {
        0 => {}
        1 => string.push(0),
        2 => string.extend([0; 9]),
        _ => string.extend([&[0; 9][..], &[1; 80]].concat()),
    }
    string
}

/// A map of every other string, with ten times its number as value. The schedule draws the policy, the seed, and
/// whether there are replicas.
fn map() -> Map {
    let (policy, seed) = (draw(PROMOTIONS.len() as u64), draw(1 << 20));
    let config = Config::new().promotion(PROMOTIONS[policy as usize]).seed(seed);
    let arena = PairedArena { replicated: draw(2) == 0, ..PairedArena::default() };
    let map = Map::with_config(arena, config).expect("memory");
    (0..SPACE).step_by(2).for_each(|i| assert_eq!(map.insert(&string(i), i * 10), None));
    map
}

/// Runs the threads on the map and checks it. Returns what the threads returned, and the pairs that are left.
fn run<T: 'static>(map: Map, threads: Vec<Worker<T>>) -> (Vec<T>, Pairs) {
    let (results, mut map) = together(map, threads);
    let found = map.check_invariants();
    assert_eq!(found.stale_replicas, 0, "{found:?}");
    let pairs: Vec<(Vec<u8>, u64)> = map.iter().collect();
    assert!(pairs.is_sorted_by(|a, b| a.0 < b.0), "{pairs:?}");
    assert_eq!(map.len(), pairs.len());
    (results, pairs.into_iter().collect())
}

/// `operations` operations of thread `who` of `threads` on its own keys. Checks all answers. Returns those of its
/// keys that are there at the end.
fn own(map: &Map, who: u64, threads: u64, operations: u64) -> Pairs {
    let strings: Vec<Vec<u8>> = (who..SPACE).step_by(threads as usize).map(string).collect();
    let is_mine = |key: &[u8]| strings.iter().any(|own| own == key);
    let there = (0..SPACE).step_by(2).filter(|i| i % threads == who);
    let mut expected: Pairs = there.map(|i| (string(i), i * 10)).collect();
    for round in 0..operations {
        let key = strings[draw(strings.len() as u64) as usize].clone();
        let value = (round + 1) * 1000 + who;
        match draw(6) {
            0 | 1 => assert_eq!(map.insert(&key, value), expected.insert(key, value), "insert"),
            2 | 3 => assert_eq!(map.remove(&key), expected.remove(&key), "remove {key:?}"),
            4 => {
                assert_eq!(map.get(&key), expected.get(&key).copied(), "get {key:?}");
                let updated = map.update(&key, |old| *old = value).is_some();
                assert_eq!(updated, expected.contains_key(&key), "update {key:?}");
                if updated {
                    expected.insert(key, value);
                }
            }
            _ => {
                let mut seen = Vec::new();
                if draw(2) == 0 {
                    let _ = map.try_for_each_in(key.clone().., |key, value| {
                        seen.push((key.to_vec(), value));
                        ControlFlow::<()>::Continue(())
                    });
                } else {
                    seen.extend(map.range(key.clone()..).rev());
                    seen.reverse();
                }
                assert!(seen.is_sorted_by(|a, b| a.0 < b.0), "a range out of order: {seen:?}");
                seen.retain(|pair| is_mine(&pair.0));
                let own: Vec<_> = expected.range(key..).map(|(key, &value)| (key.clone(), value)).collect();
                assert_eq!(seen, own, "a range, of the keys that no other thread changes");
            }
        }
    }
    expected
}

fn owners(threads: u64, operations: u64, beside: Option<fn(&Map)>) {
    let owners = (0..threads).map(|who| {
        Box::new(move |map: &Map| match beside {
            Some(work) if who == threads - 1 => {
                work(map);
                own(map, who, threads, 0)
            }
            _ => own(map, who, threads, operations),
        }) as Worker<Pairs>
    });
    let (owned, pairs) = run(map(), owners.collect());
    assert_eq!(pairs, owned.into_iter().flatten().collect(), "what is left");
}

#[test]
fn two_owners() {
    model("strings: two owners, ten operations each", SCHEDULES, DEPTH, || owners(2, 10, None));
}

#[test]
fn three_owners() {
    model("strings: three owners, six operations each", SCHEDULES, DEPTH, || owners(3, 6, None));
}

#[test]
fn owners_in_a_map_that_is_shrunk() {
    model("strings: two owners, and one that shrinks the map", SCHEDULES, DEPTH, || {
        owners(3, 6, Some(|map| (0..2).for_each(|_| _ = map.shrink_to_fit())));
    });
}

/// Threads that write the same keys. A value that goes in comes out once, or stays.
#[test]
fn contended_keys() {
    model("strings: three threads on the same dozen keys", SCHEDULES, DEPTH, || {
        let contend = |map: &Map, who: u64| {
            let (mut came_in, mut came_out) = (Vec::new(), Vec::new());
            for round in 0..6 {
                let key = string(draw(12));
                match draw(5) {
                    0 | 1 => {
                        let value = 1000 * (who + 1) + round;
                        came_in.push(value);
                        came_out.extend(map.insert(&key, value));
                    }
                    2 | 3 => came_out.extend(map.remove(&key)),
                    _ if draw(2) == 0 => came_out.extend(map.pop_first().map(|pair| pair.1)),
                    _ => came_out.extend(map.pop_last().map(|pair| pair.1)),
                }
            }
            (came_in, came_out)
        };
        let workers =
            (0..3).map(|who| Box::new(move |map: &Map| contend(map, who)) as Worker<(Vec<u64>, Vec<u64>)>);
        let (flows, pairs) = run(map(), workers.collect());
        let (mut all_in, mut all_out): (Vec<u64>, Vec<u64>) =
            ((0..SPACE).step_by(2).map(|i| i * 10).collect(), pairs.into_values().collect());
        for (came_in, came_out) in flows {
            all_in.extend(came_in);
            all_out.extend(came_out);
        }
        all_in.sort_unstable();
        all_out.sort_unstable();
        assert_eq!(all_out, all_in, "a value was lost, or came twice");
    });
}
