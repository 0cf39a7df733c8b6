//! A small number for every thread, so that threads spread over shards.

use core::sync::atomic::{AtomicUsize, Ordering};

/// The number of the calling thread: the first that asks has 0, the next 1, and so on.
#[inline]
pub(crate) fn number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        // Relaxed: the counter only has to give different numbers. No destructor, so that it answers until
        // the thread's very end.
        static NUMBER: usize = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    NUMBER.with(|number| *number)
}
