//! Far more threads than processors, on one map.
//!
//! Properties, with 64 and 1000 threads that start together, for every promotion policy:
//! - on one hot key, no increment is lost, whichever call makes it, and every thread finishes;
//! - on a few dozen keys, with inserts and removals, every value that went in came out or is there;
//! - the invariants hold. (`histories.rs` checks the histories of 64 threads.)

use std::sync::Barrier;
use std::thread;
use tests::config::{CRUEL_PROMOTIONS, map_of};
use tests::read::Read;
use tests::rng::Rng;
use tests::shared::{self, Sum, count_of};
use tests::tally::Tally;
use tests::values::NumberedValue;

/// Runs `work(t)` on this many threads with small stacks.
fn crowd<R: Send>(threads: usize, work: impl Fn(usize) -> R + Sync) -> Vec<R> {
    let start = Barrier::new(threads);
    thread::scope(|scope| {
        let spawn = |t| {
            let (start, work) = (&start, &work);
            let thread = thread::Builder::new().stack_size(128 << 10);
            let work = move || {
                start.wait();
                work(t)
            };
            thread.spawn_scoped(scope, work).expect("the system allows a thousand threads")
        };
        let handles: Vec<_> = (0..threads).map(spawn).collect();
        handles.into_iter().map(|handle| handle.join().expect("a thread of the crowd panicked")).collect()
    })
}

/// All threads increment one key.
fn one_key<V: NumberedValue>(threads: usize, steps: u64) {
    for promotion in CRUEL_PROMOTIONS {
        let mut map = map_of::<u64, V>(promotion);
        assert!(map.insert(5, V::of(0)).is_none());
        let seen = crowd(threads, |_| {
            let mut last = 0;
            for _ in 0..steps {
                assert!(map.update(&5, |value| *value = V::of(value.number() + 1)).is_some());
                let now = V::Reader::get(&map, &5).expect("never removed").number();
                assert!(now > last, "the count went back: {last}, then {now}");
                last = now;
            }
            last
        });
        let total = threads as u64 * steps;
        assert_eq!(map.get_with(&5, V::number), Some(total), "{promotion:?}");
        assert_eq!(seen.into_iter().max(), Some(total), "the last increment was seen by its thread");
        assert_eq!(map.check_invariants().keys, 1);
    }
}

/// All threads insert, increment and remove a few keys.
fn few_keys<V: NumberedValue>(threads: usize, steps: u64, keys: u64) {
    for promotion in CRUEL_PROMOTIONS {
        let mut map = map_of::<[u8; 64], V>(promotion);
        let sums = crowd(threads, |t| {
            let (mut rng, mut sum, mut tally) = (Rng::new(t as u64), Sum::default(), Tally::default());
            for _ in 0..steps {
                shared::step(&map, rng.below(keys), &mut rng, &mut sum, &mut tally);
            }
            sum
        });
        let added: u64 = sums.iter().map(|sum| sum.added).sum();
        let removed: u64 = sums.iter().map(|sum| sum.removed).sum();
        let left: u64 = V::Reader::iter(&map).map(|(_, value)| count_of(value.number())).sum();
        assert_eq!(added, removed + left, "{promotion:?}");
        map.check_invariants();
    }
}

#[test]
fn sixty_four_threads_on_one_key() {
    one_key::<u64>(64, 500);
    one_key::<String>(64, 100);
}

#[test]
fn a_thousand_threads_on_one_key() {
    one_key::<u64>(1000, 20);
}

#[test]
fn sixty_four_threads_on_few_keys() {
    few_keys::<u64>(64, 500, 40);
    few_keys::<String>(64, 200, 40);
}

#[test]
fn a_thousand_threads_on_few_keys() {
    few_keys::<u64>(1000, 20, 60);
}
