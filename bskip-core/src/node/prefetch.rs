//! What of a node is loaded ahead.
//!
//! Loading every line of a node costs more than it gives: a core can wait for only so many lines at a time, and the
//! last slots of most nodes are empty. So a search loads header, samples and the first three quarters of the slots at
//! once. The rest is loaded when it turns out to be needed: the line of payload as soon as the samples say which, before
//! the keys are there (`Node::rank_of_word`).

use super::{Node, Shape};
use crate::simd::{self, LINE};

/// Bytes of a node that a search loads ahead, at most. Without the bound, a lookup among values of 4 KiB takes
/// nine times as long.
const MOST: usize = 2048;
/// Bytes of payload that are worth loading ahead, at most: beside one line of keys, and beside all behind it.
const MOST_BESIDE: usize = 256;
const MOST_BEHIND: usize = 1024;

impl<S: Shape> Node<'_, S> {
    /// Slots that most nodes have in use.
    const USUAL: usize = (Self::CAPACITY * 3 / 4).next_multiple_of(LINE);
    /// Bytes of one word of every key.
    const PLANE: usize = Self::CAPACITY * 8;
    /// Whether the node is small enough for its payload to be loaded with the keys.
    const WITH_PAYLOAD: bool = Self::SIZE <= MOST;

    /// Whether the line at `offset` belongs to slots that are usually in use.
    const fn is_usual(offset: usize) -> bool {
        if offset < Self::PAYLOAD {
            offset >= Self::KEYS && (offset - Self::KEYS) % Self::PLANE < Self::USUAL * 8
        } else {
            Self::WITH_PAYLOAD && offset - Self::PAYLOAD < Self::USUAL * Self::PAYLOAD_BYTES
        }
    }

    /// Starts to load what a search reads: header, samples, and the slots that are usually in use.
    #[inline(always)]
    pub(crate) fn prefetch(self) {
        self.prefetch_lines(|offset| offset < Self::KEYS || Self::is_usual(offset), simd::prefetch);
    }

    /// Starts to load all of it.
    #[inline(always)]
    pub(crate) fn prefetch_whole(self) {
        self.prefetch_lines(|offset| offset < Self::PAYLOAD || Self::WITH_PAYLOAD, simd::prefetch);
    }

    /// Starts to load what a reader of all pairs, who is not there yet, will read: no samples.
    #[inline(always)]
    pub(crate) fn prefetch_pairs(self) {
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

    /// Starts to load header and samples.
    #[inline(always)]
    pub(super) fn prefetch_header(self) {
        prefetch_bytes(self.base.as_ptr(), Self::KEYS);
    }

    /// Starts to load the keys of a line.
    #[inline(always)]
    pub(super) fn prefetch_keys(self, line: usize) {
        simd::prefetch(self.key_words(0, Self::first_slot(line)).cast());
    }

    /// Starts to load the payload beside a line of keys that a search has found, if that is not loaded with the node in any
    /// case.
    #[inline(always)]
    pub(super) fn prefetch_found(self, line: usize) {
        if Self::BY_LINES && Self::USUAL < Self::CAPACITY {
            self.prefetch_payload(line);
        }
    }

    /// Starts to load the payload beside a line of keys.
    #[inline(always)]
    pub(super) fn prefetch_payload(self, line: usize) {
        let bytes = LINE * Self::PAYLOAD_BYTES;
        prefetch_bytes(self.payload(Self::first_slot(line)).cast(), bytes.min(MOST_BESIDE));
    }

    /// Starts to load all pairs from a line on, and the slot behind the last one.
    #[inline(always)]
    pub(super) fn prefetch_from(self, line: usize) {
        let slot = Self::first_slot(line);
        let n = (self.count() + 1).min(Self::CAPACITY).saturating_sub(slot).max(LINE);
        prefetch_bytes(self.key_words(0, slot).cast(), n * 8);
        prefetch_bytes(self.payload(slot).cast(), (n * Self::PAYLOAD_BYTES).min(MOST_BEHIND));
    }
}

/// Starts to load so many bytes.
#[inline(always)]
fn prefetch_bytes(from: *const u8, bytes: usize) {
    let mut offset = 0;
    while offset < bytes {
        simd::prefetch(from.wrapping_add(offset));
        offset += 64;
    }
}
