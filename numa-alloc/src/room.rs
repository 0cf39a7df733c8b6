//! How many addresses a new pool may take, so that all pools of the process together leave most addresses
//! free.

use core::sync::atomic::AtomicUsize;
use core::sync::atomic::Ordering::Relaxed;

/// All units that 32 bits can number: 256 GiB, or less if addresses have 32 bits.
pub(crate) const WHOLE: usize = if usize::BITS >= 64 { (1u64 << 38) as usize } else { 1 << 29 };

/// How many ranges may have the whole length.
const WHOLE_RANGES: usize = 32;

/// The number of ranges that are alive in the process: one for the blocks of each pool and one for each
/// replica. This is a plain counter that guards no other memory, so it is Relaxed throughout.
static RANGES: AtomicUsize = AtomicUsize::new(0);

/// Counts the ranges of a pool while it lives.
#[derive(Debug)]
pub(crate) struct Room {
    ranges: usize,
    /// The most bytes that each range of the pool may have, a power of two.
    pub(crate) bytes: usize,
}

impl Room {
    /// Adds this many ranges.
    pub(crate) fn take(ranges: usize) -> Self {
        Self { ranges, bytes: share(RANGES.fetch_add(ranges, Relaxed) + ranges) }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        RANGES.fetch_sub(self.ranges, Relaxed);
    }
}

/// The bytes of a new range when there are `ranges` of them. Each time that their number doubles, a new range
/// is half as large. The *n*th oldest range was made when at least `n - 1` others were alive. So all ranges
/// together have at most 8 TiB, and 4 TiB more for each doubling: 36 TiB for 4,096 ranges. A process has 128
/// TiB of addresses on x86-64.
fn share(ranges: usize) -> usize {
    WHOLE / ranges.div_ceil(WHOLE_RANGES).next_power_of_two()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ranges_together_leave_most_addresses_free() {
        assert_eq!([1, 32, 33, 64, 65, 4096].map(|n| WHOLE / share(n)), [1, 1, 2, 2, 4, 128]);
        for (ranges, most) in [(32, 32), (4096, 36 * 4), (1 << 19, 64 * 4)] {
            let sum: u128 = (1..=ranges).map(|n| share(n) as u128).sum();
            assert!(sum <= most * WHOLE as u128, "{ranges} ranges have {sum} bytes");
        }
    }
}
