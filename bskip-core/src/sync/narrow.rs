//! Words of 64 bits for targets whose atomics have 32 bits: two halves, each an atomic of its own.
//!
//! A thread that loads the halves may get one half of an old value and the other half of a new one: the value
//! is *torn*. So the types here serve only where that does no harm. See section 10 of `docs/PROTOCOL.md`.

use core::fmt;

use super::{AtomicU32, Ordering};

/// The two halves, where a number of 64 bits would have them in memory.
#[repr(C, align(8))]
pub(crate) struct Halves {
    #[cfg(target_endian = "big")]
    high: AtomicU32,
    low: AtomicU32,
    #[cfg(target_endian = "little")]
    high: AtomicU32,
}

impl Halves {
    #[inline(always)]
    pub(crate) const fn new(word: u64) -> Self {
        Self { low: AtomicU32::new(word as u32), high: AtomicU32::new((word >> 32) as u32) }
    }

    #[inline(always)]
    pub(crate) fn low(&self) -> &AtomicU32 {
        &self.low
    }

    #[inline(always)]
    pub(crate) fn high(&self) -> &AtomicU32 {
        &self.high
    }
}

/// A word of data that other words decide about, such as a node's version. Before they have said that the word
/// is valid, a torn value must do no harm.
///
/// The type has no read-modify-write operations, and all accesses are Relaxed, because an order for one half
/// says nothing about the other one.
pub(crate) struct DataWord(Halves);

impl DataWord {
    #[inline(always)]
    pub(crate) const fn new(word: u64) -> Self {
        Self(Halves::new(word))
    }

    #[inline(always)]
    pub(crate) fn load(&self, order: Ordering) -> u64 {
        debug_assert!(matches!(order, Ordering::Relaxed), "a data word orders nothing");
        let low = self.0.low.load(Ordering::Relaxed);
        u64::from(self.0.high.load(Ordering::Relaxed)) << 32 | u64::from(low)
    }

    #[inline(always)]
    pub(crate) fn store(&self, word: u64, order: Ordering) {
        debug_assert!(matches!(order, Ordering::Relaxed), "a data word orders nothing");
        self.0.low.store(word as u32, Ordering::Relaxed);
        self.0.high.store((word >> 32) as u32, Ordering::Relaxed);
    }

    #[cfg(test)]
    pub(crate) fn into_inner(self) -> u64 {
        u64::from(self.0.high.into_inner()) << 32 | u64::from(self.0.low.into_inner())
    }
}

impl Default for DataWord {
    fn default() -> Self {
        Self::new(0)
    }
}

impl fmt::Debug for DataWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.load(Ordering::Relaxed).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What code that compares words with bytes, and arenas that write a version as one number, depend on.
    #[test]
    fn halves_lie_as_in_a_number() {
        let word = 0x0123_4567_89ab_cdef;
        let data = DataWord::new(word);
        assert_eq!((size_of::<DataWord>(), align_of::<DataWord>()), (8, 8));
        // SAFETY: the atomics have the layout of `u32`, so these are eight initialised bytes, and no thread
        // changes them.
        assert_eq!(unsafe { (&raw const data).cast::<u64>().read() }, word);
        data.store(!word, Ordering::Relaxed);
        assert_eq!(data.load(Ordering::Relaxed), !word);
        assert_eq!(data.into_inner(), !word);
    }
}
