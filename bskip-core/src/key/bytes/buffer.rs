//! Memory for the encoding of one key: on the stack if the encoding is short.

use alloc::collections::TryReserveError;
use alloc::vec::Vec;
use core::fmt;

/// Bytes that need no allocation.
const INLINE: usize = 64;

/// Room for the encoding of a key. Up to 64 bytes are in the buffer itself, more are on the heap.
///
/// A buffer can be used for one key after another. It keeps its memory on the heap.
#[derive(Clone)]
pub struct KeyBuffer {
    inline: [u8; INLINE],
    /// Bytes in use, wherever they are.
    length: usize,
    /// All bytes, if they are more than `INLINE`, else none.
    heap: Vec<u8>,
    /// Why there was no memory for all bytes.
    failure: Option<TryReserveError>,
}

impl KeyBuffer {
    /// An empty buffer.
    #[inline]
    #[must_use]
    pub const fn new() -> Self {
        Self { inline: [0; INLINE], length: 0, heap: Vec::new(), failure: None }
    }

    /// The bytes.
    #[inline]
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        if self.length <= INLINE { &self.inline[..self.length] } else { &self.heap }
    }

    /// Removes all bytes.
    #[inline]
    pub(super) fn clear(&mut self) {
        self.length = 0;
        self.heap.clear();
        self.failure = None;
    }

    /// The bytes, or why some are missing.
    #[inline]
    pub(super) fn finish(&self) -> Result<&[u8], TryReserveError> {
        match &self.failure {
            None => Ok(self.as_slice()),
            Some(failure) => Err(failure.clone()),
        }
    }

    /// Adds bytes.
    #[inline]
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        match self.inline.get_mut(self.length..end) {
            Some(room) => {
                room.copy_from_slice(bytes);
                self.length = end;
            }
            None => self.extend_on_heap(bytes),
        }
    }

    /// Flips all bits of the last bytes.
    pub(super) fn flip_last(&mut self, count: usize) {
        let bytes = if self.length <= INLINE { &mut self.inline[..self.length] } else { &mut *self.heap };
        let start = bytes.len().saturating_sub(count);
        bytes[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }

    /// Adds bytes of which there are too many for the buffer itself.
    #[cold]
    fn extend_on_heap(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if self.failure.is_none() {
            self.failure = self.heap.try_reserve(end - self.heap.len()).err();
        }
        if self.failure.is_some() {
            return;
        }
        if self.length <= INLINE {
            self.heap.extend_from_slice(&self.inline[..self.length]);
        }
        self.heap.extend_from_slice(bytes);
        self.length = end;
    }
}

impl Default for KeyBuffer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for KeyBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(f)
    }
}
