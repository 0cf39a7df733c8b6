//! A spin lock around plain data, for rare short sections. Without std there is no `Mutex`.

use core::cell::UnsafeCell;

use crate::backoff::Backoff;
use crate::platform::Platform;
use crate::section::Section;
use crate::sync::{AtomicU32, Ordering};

/// See the module.
#[derive(Debug)]
pub(crate) struct SpinLock<T> {
    locked: AtomicU32,
    data: UnsafeCell<T>,
}

// SAFETY: `with` gives one thread at a time access to the data.
unsafe impl<T: Send> Sync for SpinLock<T> {}

impl<T> SpinLock<T> {
    pub(crate) const fn new(data: T) -> Self {
        Self { locked: AtomicU32::new(0), data: UnsafeCell::new(data) }
    }

    /// The data, with exclusive access.
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }

    /// The data.
    pub(crate) fn into_inner(self) -> T {
        self.data.into_inner()
    }

    /// Runs `f` on the data, within a section of `R`. While another thread does so, waits in the way of `R`, outside
    /// of that section.
    pub(crate) fn with<R: Platform, U>(&self, f: impl FnOnce(&mut T) -> U) -> U {
        let mut f = Some(f);
        let mut backoff = Backoff::<R>::new();
        loop {
            let section = Section::<R>::enter();
            if let Some(result) = self.try_with(|data| f.take().expect("run once")(data)) {
                return result;
            }
            drop(section);
            backoff.wait();
        }
    }

    /// Runs `f` on the data, unless another thread is doing so. This is no section: it is for locks that no thread
    /// waits for.
    pub(crate) fn try_with<R>(&self, f: impl FnOnce(&mut T) -> R) -> Option<R> {
        struct Unlock<'a>(&'a AtomicU32);
        impl Drop for Unlock<'_> {
            fn drop(&mut self) {
                // Release pairs with the Acquire below.
                self.0.store(0, Ordering::Release);
            }
        }
        // Acquire pairs with the Release in `Unlock`.
        self.locked.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).ok()?;
        let _unlock = Unlock(&self.locked);
        // SAFETY: this thread holds the lock until `_unlock` drops.
        Some(f(unsafe { &mut *self.data.get() }))
    }
}
