//! A section around locks: what the platform does before this thread locks, and after it has unlocked.
//!
//! The engine takes no lock that another thread may wait for outside of a section. It leaves the section before it
//! waits for another thread, unless it holds a lock. Builds with assertions check both, if they have thread-local
//! memory.

use core::marker::PhantomData;

use crate::platform::Platform;

/// A section of the platform `R`. It ends when this drops, so this must outlive what was locked in it.
#[must_use]
pub(crate) struct Section<R: Platform> {
    token: usize,
    /// It ends on the thread where it began.
    _platform: PhantomData<*const R>,
}

impl<R: Platform> Section<R> {
    #[inline(always)]
    pub(crate) fn enter() -> Self {
        let token = R::enter();
        depth::entered();
        Self { token, _platform: PhantomData }
    }
}

impl<R: Platform> Drop for Section<R> {
    #[inline(always)]
    fn drop(&mut self) {
        depth::left();
        R::leave(self.token);
    }
}

/// How deep this thread is in sections. Model checkers run all their threads on one thread of the system, so it is
/// not known there.
#[cfg(all(feature = "std", any(test, feature = "check"), debug_assertions, not(any(loom, shuttle))))]
mod depth {
    use core::cell::Cell;

    std::thread_local! {
        static DEPTH: Cell<usize> = const { Cell::new(0) };
    }

    pub(super) fn entered() {
        DEPTH.set(DEPTH.get() + 1);
    }

    pub(super) fn left() {
        DEPTH.set(DEPTH.get() - 1);
    }

    #[track_caller]
    pub(crate) fn expect_inside() {
        assert!(DEPTH.get() > 0, "a lock is taken outside of a section");
    }

    #[track_caller]
    pub(crate) fn expect_outside() {
        assert!(DEPTH.get() == 0, "a thread waits for a holder within a section");
    }

    /// Runs user code. It may use another map, which then knows nothing of the sections around the code.
    pub(crate) fn apart<R>(code: impl FnOnce() -> R) -> R {
        struct Restore(usize);
        impl Drop for Restore {
            fn drop(&mut self) {
                DEPTH.set(self.0);
            }
        }
        let _restore = Restore(DEPTH.replace(0));
        code()
    }
}

#[cfg(not(all(feature = "std", any(test, feature = "check"), debug_assertions, not(any(loom, shuttle)))))]
mod depth {
    #[inline(always)]
    pub(super) fn entered() {}
    #[inline(always)]
    pub(super) fn left() {}
    #[inline(always)]
    pub(crate) fn expect_inside() {}
    #[inline(always)]
    pub(crate) fn expect_outside() {}
    #[inline(always)]
    pub(crate) fn apart<R>(code: impl FnOnce() -> R) -> R {
        code()
    }
}

pub(crate) use depth::{apart, expect_inside, expect_outside};
