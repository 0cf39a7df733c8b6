//! Which lines of a node are prefetched.
//!
//! To prefetch every line costs more than it gives: a core can wait for only a few lines at a time, and the
//! last slots of most nodes are empty. So a search prefetches the header, the samples and the first three
//! quarters of the slots at once. Other lines follow when they turn out to be needed. The line of payload
//! follows as soon as the samples say which it is, before the keys have arrived (`Node::rank_of_word`).

use super::super::header::Node;
use super::super::shape::Shape;
use super::shape::WordShape;
use crate::simd::{self, LINE};

/// The most bytes of a node that a search prefetches. Without this bound, a lookup among values of 4 KiB
/// takes nine times as long.
const MOST: usize = 2048;
/// The most bytes of payload to prefetch for one line of keys.
const MOST_BESIDE: usize = 256;
/// The most bytes of payload to prefetch for all pairs from a line on.
const MOST_BEHIND: usize = 1024;

impl<S: WordShape> Node<'_, S> {
    /// The number of slots that most nodes use.
    const USUAL: usize = (S::CAPACITY * 3 / 4).next_multiple_of(LINE);
    /// The bytes of one word of every key.
    const PLANE: usize = S::CAPACITY * 8;
    /// Whether the node is small enough to prefetch its payload with the keys.
    const WITH_PAYLOAD: bool = Self::SIZE <= MOST;

    /// Whether the line at `offset` belongs to slots that most nodes use.
    const fn is_usual(offset: usize) -> bool {
        if offset < Self::PAYLOAD {
            offset >= Self::KEYS && (offset - Self::KEYS) % Self::PLANE < Self::USUAL * 8
        } else {
            Self::WITH_PAYLOAD && offset - Self::PAYLOAD < Self::USUAL * Self::PAYLOAD_BYTES
        }
    }

    /// Prefetches what a search reads: header, samples, and the slots that most nodes use.
    #[inline(always)]
    pub(super) fn prefetch_usual(self) {
        self.prefetch_lines(|offset| offset < Self::KEYS || Self::is_usual(offset), simd::prefetch);
    }

    /// Prefetches the whole node.
    #[inline(always)]
    pub(super) fn prefetch_all(self) {
        self.prefetch_lines(|offset| offset < Self::PAYLOAD || Self::WITH_PAYLOAD, simd::prefetch);
    }

    /// Prefetches what a reader of all pairs will read later. That does not include the samples.
    #[inline(always)]
    pub(super) fn prefetch_for_later(self) {
        self.prefetch_lines(
            |offset| offset < Self::SAMPLES || Self::is_usual(offset),
            simd::prefetch_for_later,
        );
    }

    #[inline(always)]
    fn prefetch_lines(self, wanted: impl Fn(usize) -> bool, prefetch: impl Fn(*const u8)) {
        let end = Self::SIZE.min(MOST);
        let mut offset = 0;
        while offset < end {
            if wanted(offset) {
                prefetch(self.base.as_ptr().wrapping_add(offset));
            }
            offset += 64;
        }
    }

    /// Prefetches header and samples.
    #[inline(always)]
    pub(super) fn prefetch_header(self) {
        prefetch_bytes(self.base.as_ptr(), Self::KEYS);
    }

    /// Prefetches the keys of a line.
    #[inline(always)]
    pub(super) fn prefetch_keys(self, line: usize) {
        simd::prefetch(self.key_words(0, Self::first_slot(line)).cast());
    }

    /// Prefetches the payload of a line that a search has found, unless `prefetch` has loaded it already.
    #[inline(always)]
    pub(super) fn prefetch_found(self, line: usize) {
        if Self::BY_LINES && Self::USUAL < S::CAPACITY {
            self.prefetch_payload(line);
        }
    }

    /// Prefetches the payload of a line.
    #[inline(always)]
    pub(super) fn prefetch_payload(self, line: usize) {
        let bytes = LINE * Self::PAYLOAD_BYTES;
        prefetch_bytes(self.payload(Self::first_slot(line)).cast(), bytes.min(MOST_BESIDE));
    }

    /// Prefetches all pairs from a line on, and the slot after the last pair.
    #[inline(always)]
    pub(super) fn prefetch_from(self, line: usize) {
        let slot = Self::first_slot(line);
        let n = (self.count() + 1).min(S::CAPACITY).saturating_sub(slot).max(LINE);
        prefetch_bytes(self.key_words(0, slot).cast(), n * 8);
        prefetch_bytes(self.payload(slot).cast(), (n * Self::PAYLOAD_BYTES).min(MOST_BEHIND));
    }
}

/// Prefetches this many bytes.
#[inline(always)]
fn prefetch_bytes(from: *const u8, bytes: usize) {
    let mut offset = 0;
    while offset < bytes {
        simd::prefetch(from.wrapping_add(offset));
        offset += 64;
    }
}
