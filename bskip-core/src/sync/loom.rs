//! The engine for loom. One of loom's atomics stands behind each word that a model touches.
//!
//! All of loom's atomics must exist before the model's threads do. Otherwise the first thread to touch one
//! would seem to have synchronized with the others. But at that time it is unknown which words the threads
//! will touch. So [`watch`] makes spare atomics, all zero. The first access to a word takes one of them,
//! which from then on holds the difference to the word's value at that time.
//!
//! The words themselves always hold the latest value. So before [`watch`] and after [`unwatch`] they are
//! ordinary words, and setting up and checking a map costs the model nothing.
//!
//! All threads of a model run in turns on one thread of the system, so the registry is thread-local. Turns
//! end during an access of loom's, so the registry is never borrowed then.

use std::cell::RefCell;
use std::collections::HashMap;
use std::println;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;
use std::vec::Vec;

use loom::sync::atomic::AtomicU64;

use super::Ordering;
use super::cells::{Cell, Change};

/// The atomic behind a word.
struct Word {
    atomic: Rc<AtomicU64>,
    /// The word's value when the atomic was 0.
    base: u64,
    /// The word's value after the last access.
    latest: u64,
}

struct Registry {
    words: HashMap<usize, Word>,
    spares: Vec<Rc<AtomicU64>>,
}

std::thread_local! {
    static REGISTRY: RefCell<Option<Registry>> = const { RefCell::new(None) };
}

/// Makes accesses part of the model from here on. The model's first thread must call this before it spawns
/// others. `spares` must be at least the number of words that will be accessed, but not much more: a fence of
/// loom's visits all atomics.
///
/// # Panics
/// Outside of a model.
pub fn watch(spares: usize) {
    // A narrow word of 64 bits is two words here.
    let spares = if cfg!(bskip_narrow) { 2 * spares } else { spares };
    let spares = (0..spares).map(|_| Rc::new(AtomicU64::new(0))).collect();
    REGISTRY.set(Some(Registry { words: HashMap::new(), spares }));
}

/// Ends the model: later accesses do not belong to it. Call this after the other threads have been joined.
pub fn unwatch() {
    REGISTRY.set(None);
}

/// Runs `body` in every order that loom can think of, with at most `preemptions` if that is given. Prints how
/// many orders those were. Fewer than `at_least` is a failure: the model then does not do what it was written
/// for.
///
/// # Panics
/// If `body` panics in any order, or if there are too few orders.
pub fn model(
    name: &str,
    preemptions: Option<usize>,
    at_least: usize,
    body: impl Fn() + Send + Sync + 'static,
) {
    let mut builder = loom::model::Builder::new();
    builder.max_branches = 100_000;
    builder.preemption_bound = builder.preemption_bound.or(preemptions);
    let executions = Arc::new(AtomicUsize::new(0));
    let count = executions.clone();
    let start = Instant::now();
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        unwatch();
        body();
        unwatch();
    });
    let executions = executions.load(Ordering::Relaxed);
    println!("loom: {name}: {executions} executions in {:.1} s", start.elapsed().as_secs_f64());
    assert!(executions >= at_least, "{name}: {executions} executions, there were {at_least} once");
}

/// The atomic behind `cell`, and its base. `None` outside of a model, and while a thread unwinds, because
/// nothing can be learned then.
fn word(cell: &impl Cell) -> Option<(Rc<AtomicU64>, u64)> {
    if std::thread::panicking() {
        return None;
    }
    REGISTRY.with_borrow_mut(|registry| {
        let Registry { words, spares } = registry.as_mut()?;
        let latest = cell.get();
        let word = words.entry(cell.address()).or_insert_with(|| {
            let atomic = spares.pop().expect("more words are accessed than `watch` was told");
            Word { atomic, base: latest, latest }
        });
        assert_eq!(word.latest, latest, "a word was written behind the model's back, or its memory reused");
        Some((word.atomic.clone(), word.base))
    })
}

/// Writes down what a word holds now.
fn note(cell: &impl Cell, latest: u64) {
    cell.set(latest);
    REGISTRY.with_borrow_mut(|registry| {
        let word = registry.as_mut().and_then(|registry| registry.words.get_mut(&cell.address()));
        if let Some(word) = word {
            word.latest = latest;
        }
    });
}

pub(super) fn load(cell: &impl Cell, order: Ordering) -> u64 {
    match word(cell) {
        Some((atomic, base)) => base.wrapping_add(atomic.load(order)),
        None => cell.get(),
    }
}

pub(super) fn store(cell: &impl Cell, value: u64, order: Ordering) {
    match word(cell) {
        Some((atomic, base)) => {
            atomic.store(value.wrapping_sub(base), order);
            note(cell, value);
        }
        None => cell.set(value),
    }
}

pub(super) fn compare_exchange(
    cell: &impl Cell,
    [current, new]: [u64; 2],
    success: Ordering,
    failure: Ordering,
) -> Result<u64, u64> {
    let Some((atomic, base)) = word(cell) else { return cell.replace(current, new) };
    let (from, to) = (current.wrapping_sub(base), new.wrapping_sub(base));
    let result = atomic.compare_exchange(from, to, success, failure);
    if result.is_ok() {
        note(cell, new);
    }
    result.map(|old| base.wrapping_add(old)).map_err(|old| base.wrapping_add(old))
}

pub(super) fn change(cell: &impl Cell, change: Change, order: Ordering) -> u64 {
    let Some((atomic, base)) = word(cell) else { return change.apply(cell) };
    let old = match change {
        Change::Swap(value) => base.wrapping_add(atomic.swap(value.wrapping_sub(base), order)),
        Change::Add(value) => base.wrapping_add(atomic.fetch_add(value, order)),
        Change::Max(_) => {
            let mut old = load(cell, Ordering::Relaxed);
            while let Err(now) = compare_exchange(cell, [old, change.of(old)], order, Ordering::Relaxed) {
                old = now;
            }
            old
        }
    };
    note(cell, change.of(old));
    old
}

/// The word is about to be accessed plainly, with exclusive access.
pub(super) fn forget(cell: &impl Cell) {
    REGISTRY.with_borrow_mut(|registry| {
        registry.as_mut().and_then(|registry| registry.words.remove(&cell.address()));
    });
}

/// As `core`'s.
pub fn fence(order: Ordering) {
    if REGISTRY.with_borrow(Option::is_some) && !std::thread::panicking() {
        loom::sync::atomic::fence(order);
    } else {
        core::sync::atomic::fence(order);
    }
}

/// In a model, lets another thread go on and returns true. Outside of one, there is nothing to wait for.
pub fn give_way() -> bool {
    let in_model = REGISTRY.with_borrow(Option::is_some) && !std::thread::panicking();
    if in_model {
        loom::thread::yield_now();
    }
    in_model
}
