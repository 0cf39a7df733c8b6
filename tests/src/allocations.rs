//! An allocator that counts what each thread asks of it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static REQUESTS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator. It counts the calling thread's requests. A test program makes it its
/// `#[global_allocator]`.
#[derive(Debug)]
pub struct Counting;

fn count() {
    REQUESTS.set(REQUESTS.get() + 1);
}

// SAFETY: every call is the system's own, whose contract is the same. Counting neither allocates nor unwinds,
// because the counter is a constant that needs no drop.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise, passed on.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

/// How many requests this thread makes in `f`, and the result of `f`.
pub fn counted<R>(f: impl FnOnce() -> R) -> (u64, R) {
    let before = REQUESTS.get();
    let result = f();
    (REQUESTS.get() - before, result)
}
