//! A dropped map leaves nothing behind in the global allocator.
//!
//! Properties, counted by the allocator of this process (one test, so that nothing else allocates):
//! - after a map of any arena was filled, churned by threads and dropped, as many bytes are allocated as
//!   before, with plain and with owning values;
//! - the same when it is dropped half full, or after an iterator was.

use bskip_core::BSkipMap;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, Ordering};
use tests::arena::ArenaKind;
use tests::config::{PROMOTIONS, config};
use tests::rng::{Rng, mix};
use tests::threads;

/// The system's allocator, with a count of the bytes in use.
struct Counting;

static IN_USE: AtomicIsize = AtomicIsize::new(0);

// SAFETY: every call is the system's own, whose contract is the same; counting touches no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise, passed on.
        let block = unsafe { System.alloc(layout) };
        if !block.is_null() {
            IN_USE.fetch_add(layout.size() as isize, Ordering::Relaxed);
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Fills, churns and drops a map.
fn use_map<V: Clone + Send + Sync>(arena: ArenaKind, promotion: bskip_core::Promotion, value: fn(u64) -> V) {
    let map = BSkipMap::with_config(arena.make(), config(promotion, 6)).expect("an empty map");
    (0..20_000).for_each(|i| assert!(map.insert(mix(i), value(i)).is_none()));
    threads::run(4, |t| {
        let mut rng = Rng::new(t as u64);
        for _ in 0..10_000 {
            let key = mix(rng.below(30_000));
            match rng.below(4) {
                0 => drop(map.insert(key, value(key))),
                1 => drop(map.get_or_insert_with(key, || value(key))),
                2 => drop(map.remove(&key)),
                _ => drop(map.range(key..).cloned().nth(3)),
            }
        }
    });
    assert!(map.iter().cloned().nth(10).is_some() && map.len() > 1000);
}

#[test]
fn nothing_stays_allocated() {
    let cases = || {
        for &arena in ArenaKind::chosen() {
            for promotion in PROMOTIONS {
                use_map(arena, promotion, |i| i);
                use_map(arena, promotion, |i| i.to_string());
                use_map(arena, promotion, |i| vec![i; (i % 9) as usize]);
            }
        }
    };
    // The standard library allocates some memory once and keeps it.
    cases();
    let before = IN_USE.load(Ordering::Relaxed);
    cases();
    let after = IN_USE.load(Ordering::Relaxed);
    // A thread that has just ended may still hold its handle; a node would be far larger.
    assert!((after - before).abs() < 512, "{before} bytes before, {after} after");
}
