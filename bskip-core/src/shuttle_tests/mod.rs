//! Whole operations of two and three threads on small maps under shuttle. Shuttle runs random schedules, and
//! PCT's, which are good at bugs that need few switches at the right places.
//!
//! If threads own their keys, every answer is known. If they share them, whatever goes in must come out.

mod batches;
mod migrating;
mod owned;
mod shared;
mod shrinking;
mod strings;

use std::boxed::Box;
use std::sync::Arc;
use std::vec::Vec;

use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

use crate::BSkipMap;
use crate::arena::paired::PairedArena;
use crate::config::{Config, Promotion, Refresh};
use crate::sync;

type Map = BSkipMap<u64, u64, PairedArena>;

/// Schedules of each kind.
const SCHEDULES: usize = 3000;
/// Changes of priority in PCT's schedules.
const DEPTH: usize = 3;

const PROMOTIONS: [Promotion; 3] =
    [Promotion::Overflow, Promotion::Coin { one_in: 2 }, Promotion::CoinAndOverflow { one_in: 3 }];

/// A map with these keys, each with ten times itself as value. The schedule draws the policy, the seed, and
/// whether there are replicas.
fn map(keys: impl IntoIterator<Item = u64>) -> Map {
    let (policy, seed) = (draw(PROMOTIONS.len() as u64), draw(1 << 20));
    let refresh = if draw(2) == 0 { Refresh::Synchronous } else { Refresh::Lazy };
    let config = Config::new().promotion(PROMOTIONS[policy as usize]).refresh(refresh).seed(seed);
    let map = Map::with_config(PairedArena { replicated: draw(2) == 0, ..PairedArena::default() }, config)
        .expect("memory");
    keys.into_iter().for_each(|key| assert_eq!(map.insert(key, key * 10), None));
    map
}

/// A number below `bound`. The schedule chooses it, so it is the same when the schedule is repeated.
fn draw(bound: u64) -> u64 {
    thread_rng().gen_range(0..bound)
}

/// What one thread does.
type Worker<T> = Box<dyn FnOnce(&Map) -> T + Send>;

/// Runs the threads on the map, while the model watches. Returns what the threads returned, and the map.
fn together<M: Send + Sync + 'static, T: 'static>(
    map: M,
    threads: Vec<Box<dyn FnOnce(&M) -> T + Send>>,
) -> (Vec<T>, M) {
    let map = Arc::new(map);
    sync::watch(0);
    let running: Vec<_> = threads
        .into_iter()
        .map(|run| {
            let map = map.clone();
            thread::spawn(move || Returned(run(&map)))
        })
        .collect();
    let results = running.into_iter().map(|thread| thread.join().expect("no thread panics").0).collect();
    sync::unwatch();
    (results, Arc::into_inner(map).expect("the threads have ended"))
}

/// Runs the threads on the map and checks it. Returns what the threads returned, and the pairs that are left.
fn run<T: 'static>(map: Map, threads: Vec<Worker<T>>) -> (Vec<T>, Vec<(u64, u64)>) {
    let (results, mut map) = together(map, threads);
    let refresh = map.refresh();
    let found = map.check_invariants();
    assert!(refresh == Refresh::Lazy || found.stale_replicas == 0, "{found:?}");
    assert!(found.unlisted == 0 || !map.posts(), "{found:?}");
    map.refresh_replicas();
    let found = map.check_invariants();
    assert_eq!(found.stale_replicas, 0, "no thread is in the way of refreshing");
    let pairs: Vec<(u64, u64)> = map.iter().collect();
    assert_eq!(map.len(), pairs.len());
    (results, pairs)
}

/// What a thread returns.
struct Returned<T>(T);

// SAFETY: shuttle's threads all run on one thread of the system.
unsafe impl<T> Send for Returned<T> {}
