//! Which lines of a node of byte keys are prefetched.
//!
//! A search prefetches the header, the samples, the first line of fences, and `d` of the slots that most nodes
//! use. The lines of entries and payload follow as soon as the samples say which they are. The heap follows last,
//! because only the entry says where.

use super::super::payload::Payload;
use super::super::shape::Shape;
use super::shape::{ByteShape, Slotted};
use crate::simd::{self, LINE};

/// The most bytes of payload to prefetch for one line of keys.
const MOST_BESIDE: usize = 128;
/// The most bytes of a node that are prefetched.
const MOST: usize = 2048;

impl<P: Payload> Slotted<'_, P> {
    /// The number of slots that most nodes use.
    const USUAL: usize = (ByteShape::<P>::CAPACITY * 3 / 4).next_multiple_of(LINE);

    #[inline(always)]
    fn prefetch_lines(self, from: usize, to: usize, prefetch: impl Fn(*const u8)) {
        let mut offset = from;
        while offset < to {
            prefetch(self.base.as_ptr().wrapping_add(offset));
            offset += 64;
        }
    }

    /// Prefetches what a search reads first.
    #[inline(always)]
    pub(super) fn prefetch_search(self) {
        self.prefetch_lines(0, ByteShape::<P>::D + Self::USUAL * 8, simd::prefetch);
    }

    /// Prefetches entries and payload of a line that a search has found.
    #[inline(always)]
    pub(super) fn prefetch_found(self, line: usize) {
        let slot = line * LINE;
        simd::prefetch(self.entries_from(slot).cast());
        let from = self.payload_from(slot).cast::<u8>();
        let bytes = (LINE * ByteShape::<P>::PAYLOAD_BYTES).min(MOST_BESIDE);
        let mut offset = 0;
        while offset < bytes {
            simd::prefetch(from.wrapping_add(offset));
            offset += 64;
        }
    }

    /// Prefetches the whole node.
    #[inline(always)]
    pub(super) fn prefetch_all(self) {
        self.prefetch_lines(0, ByteShape::<P>::SIZE.min(MOST), simd::prefetch);
    }

    /// Prefetches what a reader of all pairs will read later.
    #[inline(always)]
    pub(super) fn prefetch_all_later(self) {
        self.prefetch_lines(0, ByteShape::<P>::SIZE.min(MOST), simd::prefetch_for_later);
    }
}
