//! Memory in a static, for an arena.

use core::cell::UnsafeCell;
use core::fmt;
use core::slice;

use crate::sync::{AtomicU32, Ordering};

/// `N` bytes of zeros in a static, which can be taken once. They take no room in the program's file.
///
/// ```
/// use bskip_core::StaticMemory;
///
/// static MEMORY: StaticMemory<4096> = StaticMemory::new();
///
/// let memory = MEMORY.take().expect("not taken yet");
/// assert_eq!((memory.len(), memory.as_ptr().addr() % 64), (4096, 0));
/// assert!(MEMORY.take().is_none());
/// ```
#[repr(C, align(64))]
pub struct StaticMemory<const N: usize> {
    bytes: UnsafeCell<[u8; N]>,
    taken: AtomicU32,
}

// SAFETY: `take` gives the bytes to one caller only.
unsafe impl<const N: usize> Sync for StaticMemory<N> {}

impl<const N: usize> StaticMemory<N> {
    /// `N` bytes of zeros, aligned to 64.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: UnsafeCell::new([0; N]), taken: AtomicU32::new(0) }
    }

    /// The bytes; `None` if they were taken before. Wait-free.
    #[expect(clippy::mut_from_ref, reason = "one caller gets the bytes")]
    pub fn take(&'static self) -> Option<&'static mut [u8]> {
        // Relaxed: the bytes were there before the program ran.
        self.taken.compare_exchange(0, 1, Ordering::Relaxed, Ordering::Relaxed).ok()?;
        // SAFETY: the bytes live as long as the program. Only one call comes here, so this is the only reference.
        Some(unsafe { slice::from_raw_parts_mut(self.bytes.get().cast(), N) })
    }
}

impl<const N: usize> Default for StaticMemory<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> fmt::Debug for StaticMemory<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StaticMemory<{N}>")
    }
}
