//! What threads share: the atomics of the free lists, mutexes, and a number for each thread.
//!
//! Under a model checker its atomics replace `core`'s. Only `chain` uses them: the other atomics of this
//! crate are counters. Loom cannot see the mutexes of std, so it models `chain` and nothing above it.

use core::sync::atomic::AtomicUsize;
use core::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{AtomicU32, Ordering};

#[cfg(loom)]
pub(crate) use bskip_core::sync::{AtomicU32, Ordering};

/// Locks a mutex. Poison means nothing here: no code that can panic runs under a lock of this crate.
#[cfg(not(tsan))]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The same for ThreadSanitizer, which sees only code that is inlined into this crate. Taking a free lock is
/// inlined; waiting for a lock is not. If this waited inside std, ThreadSanitizer would report races that the
/// lock prevents. So it never does.
#[cfg(tsan)]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    use std::sync::TryLockError;
    loop {
        match mutex.try_lock() {
            Ok(guard) => return guard,
            Err(TryLockError::Poisoned(guard)) => return guard.into_inner(),
            Err(TryLockError::WouldBlock) => std::thread::yield_now(),
        }
    }
}

/// The number of the calling thread: 0 for the first thread that calls this, then 1, and so on. Spreads
/// threads over free lists.
#[inline]
pub(crate) fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        // Relaxed: the counter only has to give different numbers. The variable has no destructor, so it
        // works until the thread ends.
        static NUMBER: usize = NEXT.fetch_add(1, Relaxed);
    }
    NUMBER.with(|number| *number)
}
