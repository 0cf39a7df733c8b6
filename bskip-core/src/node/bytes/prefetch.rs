//! Which lines of a node of byte keys are prefetched.
//!
//! A search prefetches all that it may read, as far as most nodes use it: header, samples, fences, `d`, entries,
//! the start of the heap, and payload of at most a word a slot. If it waited for the entry to learn which line of the
//! heap it needs, it would wait once more. An insertion writes half of the payload. If that came late, the stores
//! would wait, and with them the next search that reads what they wrote. Larger payload is more than a search
//! should load: its lines follow as soon as the samples say which they are.

use super::super::payload::Payload;
use super::super::shape::Shape;
use super::shape::{ByteShape, Slotted};
use crate::key::big_endian::WORD;
use crate::simd::{self, LINE};

/// The most bytes of payload to prefetch for one line of keys.
const MOST_BESIDE: usize = 128;
/// The bytes of the heap that a search prefetches.
const HEAP_START: usize = 320;
/// The most bytes of a node that are prefetched.
const MOST: usize = 2048;

impl<P: Payload> Slotted<'_, P> {
    /// Whether a search prefetches the payload with the rest.
    const LOADS_PAYLOAD: bool = ByteShape::<P>::PAYLOAD_BYTES <= WORD;

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
        let (entries, heap) = (ByteShape::<P>::ENTRIES, ByteShape::<P>::HEAP);
        self.prefetch_lines(entries, entries + Self::USUAL * 4, simd::prefetch);
        self.prefetch_lines(heap, heap + HEAP_START, simd::prefetch);
        if Self::LOADS_PAYLOAD {
            let payload = ByteShape::<P>::PAYLOAD;
            let bytes = Self::USUAL * ByteShape::<P>::PAYLOAD_BYTES;
            self.prefetch_lines(payload, payload + bytes, simd::prefetch);
        }
    }

    /// Prefetches the payload of a line that a search has found.
    #[inline(always)]
    pub(super) fn prefetch_found(self, line: usize) {
        let slot = line * LINE;
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
