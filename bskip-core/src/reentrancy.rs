//! Remembers which locks this thread holds while it runs user code. If that code comes back to such a lock,
//! it panics; otherwise it would wait for itself for ever.
//!
//! This works only with `std`, which has thread-local memory. Model checkers run all their threads on one
//! thread of the system, and so may a runtime that waits in its own way (any `Platform` but the default one). In
//! these cases no thread looks up the locks.

#[cfg(all(feature = "std", not(any(loom, shuttle))))]
mod imp {
    use core::cell::Cell;
    use core::ptr;

    use crate::backoff::is_default;
    use crate::lock::VersionLock;
    use crate::platform::Platform;
    use crate::section::apart;

    /// A lock under which user code runs, on the stack of the thread that holds it.
    struct Frame {
        lock: *const VersionLock,
        /// The lock around it: user code may use another map.
        outer: *const Frame,
    }

    std::thread_local! {
        static INNERMOST: Cell<*const Frame> = const { Cell::new(ptr::null()) };
    }

    /// Runs user code under a lock that this thread holds.
    #[inline(always)]
    pub(crate) fn while_holding<R>(lock: &VersionLock, code: impl FnOnce() -> R) -> R {
        /// Takes the frame out of the list, also while a panic of `code` unwinds. If the frame is not the
        /// innermost one, closures of several fibers interleave on this thread. Then this empties the list,
        /// and locks of closures that still run are not detected any more.
        struct Leave<'f>(&'f Frame);
        impl Drop for Leave<'_> {
            #[inline(always)]
            fn drop(&mut self) {
                let is_innermost = ptr::eq(INNERMOST.get(), self.0);
                INNERMOST.set(if is_innermost { self.0.outer } else { ptr::null() });
            }
        }
        let frame = Frame { lock, outer: INNERMOST.get() };
        INNERMOST.set(&raw const frame);
        let _leave = Leave(&frame);
        apart(code)
    }

    /// Whether this thread runs user code under `lock`. Threads wait in the way of `R`.
    pub(crate) fn is_held<R: Platform>(lock: &VersionLock) -> bool {
        if !is_default::<R>() {
            return false;
        }
        let mut at = INNERMOST.get();
        while !at.is_null() {
            // SAFETY: a frame is in this thread's list only while the call of `while_holding` that it lies in
            // has not ended. When that call ends, either its frame is the innermost one, and leaves the list,
            // or the whole list is emptied. (A fiber that runs closures stays on its thread.)
            let frame = unsafe { &*at };
            if ptr::eq(frame.lock, lock) {
                return true;
            }
            at = frame.outer;
        }
        false
    }
}

#[cfg(not(all(feature = "std", not(any(loom, shuttle)))))]
mod imp {
    use crate::lock::VersionLock;
    use crate::platform::Platform;
    use crate::section::apart;

    #[inline(always)]
    pub(crate) fn while_holding<R>(_: &VersionLock, code: impl FnOnce() -> R) -> R {
        apart(code)
    }

    #[expect(clippy::extra_unused_type_parameters, reason = "the other `is_held` needs it")]
    pub(crate) fn is_held<R: Platform>(_: &VersionLock) -> bool {
        false
    }
}

pub(crate) use imp::{is_held, while_holding};
