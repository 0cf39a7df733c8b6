//! Moving runs of words within and between nodes, while readers may be looking.
//!
//! Only a node's lock holder stores, so the loads need no order; the stores must be atomic, since readers
//! race with them, and Relaxed, since readers validate.

use crate::sync::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

/// An atomic that can be copied to another place.
pub(crate) trait MoveWord {
    fn copy_to(&self, to: &Self);
}

impl MoveWord for AtomicU64 {
    #[inline(always)]
    fn copy_to(&self, to: &Self) {
        to.store(self.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

impl MoveWord for AtomicU32 {
    #[inline(always)]
    fn copy_to(&self, to: &Self) {
        to.store(self.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

impl<T> MoveWord for AtomicPtr<T> {
    #[inline(always)]
    fn copy_to(&self, to: &Self) {
        to.store(self.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// Copies word `from` to word `to`.
///
/// # Safety
/// Both are valid; nobody else stores to `to` now.
#[inline(always)]
unsafe fn copy_one<W: MoveWord>(from: *const W, to: *const W) {
    // SAFETY: the caller's promise.
    let from = unsafe { &*from };
    // SAFETY: the caller's promise.
    let to = unsafe { &*to };
    from.copy_to(to);
}

/// Copies `n` words from `from` to `to`, the first one first: for other nodes, or to the left within one.
///
/// # Safety
/// Both runs are valid; nobody else stores to `to` now.
#[inline(always)]
pub(crate) unsafe fn copy<W: MoveWord>(from: *const W, to: *const W, n: usize) {
    for i in 0..n {
        // SAFETY: the caller's run has `n` words.
        let from = unsafe { from.add(i) };
        // SAFETY: the caller's run has `n` words.
        let to = unsafe { to.add(i) };
        // SAFETY: the caller's promise.
        unsafe { copy_one(from, to) };
    }
}

/// Copies `n` words from `from` to `to`, the last one first: to the right within a node.
///
/// # Safety
/// As for [`copy`].
#[inline(always)]
pub(crate) unsafe fn copy_backwards<W: MoveWord>(from: *const W, to: *const W, n: usize) {
    for i in (0..n).rev() {
        // SAFETY: the caller's run has `n` words.
        let from = unsafe { from.add(i) };
        // SAFETY: the caller's run has `n` words.
        let to = unsafe { to.add(i) };
        // SAFETY: the caller's promise.
        unsafe { copy_one(from, to) };
    }
}
