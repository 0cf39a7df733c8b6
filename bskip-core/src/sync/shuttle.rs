//! The engine for shuttle. Threads may switch before every access; apart from that, the atomics are plain.
//!
//! Shuttle tries only orders of whole accesses, all of them SeqCst. It is for longer runs; loom checks memory
//! orders. All threads of a model run on one thread of the system.

use std::cell::Cell as Flag;
use std::println;
use std::sync::Arc;
use std::time::Instant;

use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::sync::atomic::AtomicBool;
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

use super::Ordering;
use super::cells::{Cell, Change};

std::thread_local! {
    static WATCHED: Flag<bool> = const { Flag::new(false) };
}

/// Makes accesses part of the model from here on. Only loom's engine needs the number.
pub fn watch(_: usize) {
    WATCHED.set(true);
}

/// Ends the model: later accesses do not belong to it.
pub fn unwatch() {
    WATCHED.set(false);
}

/// Runs `body` on `schedules` random schedules, and on as many schedules of PCT with up to `depth` changes of
/// priority.
///
/// # Panics
/// If `body` panics on any schedule. The schedule is printed.
pub fn model(name: &str, schedules: usize, depth: usize, body: impl Fn() + Send + Sync + 'static) {
    let body = Arc::new(body);
    let config = || {
        let mut config = Config::new();
        config.max_steps = MaxSteps::FailAfter(1_000_000);
        config.failure_persistence = FailurePersistence::Print;
        config.silence_warnings = true;
        config
    };
    let run = |kind: &str, check: &dyn Fn(Box<dyn Fn() + Send + Sync>) -> usize| {
        let (body, start) = (body.clone(), Instant::now());
        let tried = check(Box::new(move || {
            unwatch();
            body();
            unwatch();
        }));
        println!("shuttle: {name}: {tried} {kind} schedules in {:.1} s", start.elapsed().as_secs_f64());
        assert_eq!(tried, schedules, "{name}: {kind} schedules");
    };
    run("random", &|body| Runner::new(RandomScheduler::new(schedules), config()).run(body));
    run("PCT", &|body| Runner::new(PctScheduler::new(depth, schedules), config()).run(body));
}

/// Whether accesses are part of a model. They are not while a thread unwinds, because nothing can be learned
/// then.
fn watched() -> bool {
    WATCHED.get() && !std::thread::panicking()
}

/// A point where the scheduler may switch. Unlike `yield_now`, it does not ask the scheduler to.
fn may_switch() {
    if watched() {
        // SeqCst pairs with nothing: it is the only order that shuttle knows.
        AtomicBool::new(false).load(Ordering::SeqCst);
    }
}

pub(super) fn load(cell: &impl Cell, _: Ordering) -> u64 {
    may_switch();
    cell.get()
}

pub(super) fn store(cell: &impl Cell, value: u64, _: Ordering) {
    may_switch();
    cell.set(value);
}

pub(super) fn compare_exchange(
    cell: &impl Cell,
    [current, new]: [u64; 2],
    _: Ordering,
    _: Ordering,
) -> Result<u64, u64> {
    may_switch();
    cell.replace(current, new)
}

pub(super) fn change(cell: &impl Cell, change: Change, _: Ordering) -> u64 {
    may_switch();
    change.apply(cell)
}

/// There is nothing but the word itself.
pub(super) fn forget(_: &impl Cell) {}

/// Every access is SeqCst.
pub fn fence(_: Ordering) {}

/// In a model, lets another thread go on and returns true. Outside of one, there is nothing to wait for.
pub fn give_way() -> bool {
    let in_model = watched();
    if in_model {
        shuttle::thread::yield_now();
    }
    in_model
}
