//! The embedder's own way of waiting. In a process of its own: the function is for all maps.
//!
//! Properties:
//! - once set, all waiting goes through it, with the number of calls before it, from 0 on, for each wait anew;
//! - a thread that waits in it goes on when the lock is free.

use bskip_core::{BSkipMap, set_relax};
use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Calls by all threads.
static CALLS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// What this thread's calls were given.
    static GIVEN: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

fn relax(attempts: u32) {
    GIVEN.with_borrow_mut(|given| given.push(attempts));
    CALLS.fetch_add(1, Ordering::Relaxed);
    thread::yield_now();
}

#[test]
fn waiting_is_the_embedders() {
    set_relax(relax);
    let map = &BSkipMap::<u64, u64>::new();
    assert_eq!(map.insert(1, 0), None);
    assert_eq!(CALLS.load(Ordering::Relaxed), 0, "nobody had to wait");
    for use_map in [
        |map: &BSkipMap<u64, u64>| _ = map.get(&1),
        |map: &BSkipMap<u64, u64>| _ = map.insert(2, 2),
        |map: &BSkipMap<u64, u64>| assert!(map.update(&1, |value| *value += 1)),
        |map: &BSkipMap<u64, u64>| _ = map.iter().count(),
    ] {
        thread::scope(|scope| {
            let mut waiter = None;
            let waits = CALLS.load(Ordering::Relaxed) + 1000;
            assert!(map.update(&1, |_| {
                waiter = Some(scope.spawn(move || {
                    use_map(map);
                    GIVEN.take()
                }));
                // Were it to wait in another way, this would never end.
                while CALLS.load(Ordering::Relaxed) < waits {
                    thread::yield_now();
                }
            }));
            let given = waiter.expect("spawned").join().expect("it goes on");
            assert!(given.len() >= 1000);
            // One long wait; some more if it was overtaken afterwards, each from 0 on.
            assert!((0..).zip(&given[..1000]).all(|(number, given)| number == *given), "{:?}", &given[..9]);
        });
    }
    assert_eq!(map.get(&1), Some(1));
}
