//! Memory for a program without a system: a static array.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicUsize, Ordering};

/// A static array that is handed out from front to back. Freed memory is not reused.
pub struct StaticMemory<const SIZE: usize> {
    bytes: UnsafeCell<[u8; SIZE]>,
    used: AtomicUsize,
}

// SAFETY: `used` gives every byte to one caller only.
unsafe impl<const SIZE: usize> Sync for StaticMemory<SIZE> {}

impl<const SIZE: usize> StaticMemory<SIZE> {
    /// Zeros, which take no room in the program's file.
    pub const fn new() -> Self {
        Self { bytes: UnsafeCell::new([0; SIZE]), used: AtomicUsize::new(0) }
    }
}

// SAFETY: `used` only grows, so blocks do not overlap. They are aligned and within `bytes`.
unsafe impl<const SIZE: usize> GlobalAlloc for StaticMemory<SIZE> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let base = self.bytes.get().addr();
        let start = |used: usize| (base + used).next_multiple_of(layout.align()) - base;
        let end = |used: usize| start(used).checked_add(layout.size()).filter(|end| *end <= SIZE);
        match self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, end) {
            Ok(used) => self.bytes.get().cast::<u8>().wrapping_add(start(used)),
            Err(_) => null_mut(),
        }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}
