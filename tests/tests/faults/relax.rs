//! An arena's own way of waiting.
//!
//! Properties:
//! - every wait in the maps of an arena with a `Platform` calls it with the number of earlier calls of that
//!   wait, from 0 on;
//! - a thread that waits in it goes on when the lock is free;
//! - other maps of the process wait in their own way.

use bskip_core::{BSkipMap, BlockArena, BumpArena, GlobalArena, Platform};
use std::cell::RefCell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Calls by all threads.
static CALLS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// The arguments of this thread's calls.
    static GIVEN: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

struct Counted;

impl Platform for Counted {
    fn relax(attempts: u32) {
        GIVEN.with_borrow_mut(|given| given.push(attempts));
        CALLS.fetch_add(1, Ordering::Relaxed);
        thread::yield_now();
    }
}

/// All tests of this process count calls in one place, so they take turns.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn on_the_global_allocator() {
    waiting_is_the_embedders(GlobalArena::new().platform::<Counted>());
}

#[test]
fn on_a_bump_arena() {
    waiting_is_the_embedders(BumpArena::with_limit(1 << 20).platform::<Counted>());
}

fn waiting_is_the_embedders<A: BlockArena + Sync>(arena: A)
where
    A::Pool: Sync,
{
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let map = &BSkipMap::<u64, u64, A>::with_arena(arena).expect("memory");
    assert_eq!(map.insert(1, 0), None);
    for use_map in [
        |map: &BSkipMap<u64, u64, A>| _ = map.get(&1),
        |map: &BSkipMap<u64, u64, A>| _ = map.insert(2, 2),
        |map: &BSkipMap<u64, u64, A>| assert!(map.update(&1, |value| *value += 1).is_some()),
        |map: &BSkipMap<u64, u64, A>| _ = map.iter().count(),
    ] {
        thread::scope(|scope| {
            let mut waiter = None;
            let waits = CALLS.load(Ordering::Relaxed) + 1000;
            let held = map.update(&1, |_| {
                waiter = Some(scope.spawn(move || {
                    use_map(map);
                    GIVEN.take()
                }));
                // If the waiter waited in another way, this would never end.
                while CALLS.load(Ordering::Relaxed) < waits {
                    thread::yield_now();
                }
            });
            assert!(held.is_some());
            let given = waiter.expect("spawned").join().expect("it goes on");
            assert!(given.len() >= 1000);
            // There is one long wait. If other threads are faster afterwards, this thread waits again, and
            // each wait counts from 0.
            assert!((0..).zip(&given[..1000]).all(|(number, given)| number == *given), "{:?}", &given[..9]);
        });
    }
    assert_eq!(map.get(&1), Some(1));
}

#[test]
fn other_maps_wait_in_the_default_way() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let map = &BSkipMap::<u64, u64>::new();
    assert_eq!(map.insert(1, 0), None);
    let calls = CALLS.load(Ordering::Relaxed);
    thread::scope(|scope| {
        let mut waiter = None;
        assert!(map.update(&1, |_| waiter = Some(scope.spawn(|| map.get(&1)))).is_some());
        assert_eq!(waiter.expect("spawned").join().expect("it goes on"), Some(0));
    });
    assert_eq!(CALLS.load(Ordering::Relaxed), calls);
}
