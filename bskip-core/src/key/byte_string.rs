//! A byte string that owns its bytes: without an allocation if it is short.

use alloc::boxed::Box;
use alloc::collections::TryReserveError;
use alloc::vec::Vec;
use core::cmp;
use core::fmt;
use core::ops::Deref;

/// The most bytes that a string holds without an allocation, and the most of a fence that is in its node.
/// Under a lock, only strings of at most this length are copied, except by a split of an inner node.
pub(crate) const INLINE: usize = 104;

/// A byte string that owns its bytes. Most keys and fences fit without an allocation.
#[derive(Clone)]
pub(crate) struct ByteString(Room);

#[derive(Clone)]
enum Room {
    Inline { len: u8, bytes: [u8; INLINE] },
    Boxed(Box<[u8]>),
}

impl ByteString {
    /// The empty string.
    #[inline]
    pub(crate) const fn new() -> Self {
        Self(Room::Inline { len: 0, bytes: [0; INLINE] })
    }

    /// A copy of these bytes.
    #[inline]
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self::filled(bytes.len(), |room| room.copy_from_slice(bytes))
    }

    /// A string of `len` bytes that `fill` writes. They are zeros before.
    #[inline]
    pub(crate) fn filled(len: usize, fill: impl FnOnce(&mut [u8])) -> Self {
        if len <= INLINE {
            let mut bytes = [0; INLINE];
            fill(&mut bytes[..len]);
            return Self(Room::Inline { len: len as u8, bytes });
        }
        let mut bytes = alloc::vec![0; len];
        fill(&mut bytes);
        Self(Room::Boxed(bytes.into_boxed_slice()))
    }

    /// As [`filled`](Self::filled), but gives an error if there is no memory.
    #[inline]
    pub(crate) fn try_filled(len: usize, fill: impl FnOnce(&mut [u8])) -> Result<Self, TryReserveError> {
        if len <= INLINE {
            return Ok(Self::filled(len, fill));
        }
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(len)?;
        bytes.resize(len, 0);
        fill(&mut bytes);
        Ok(Self(Room::Boxed(bytes.into_boxed_slice())))
    }
}

impl Deref for ByteString {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.0 {
            Room::Inline { len, bytes } => &bytes[..usize::from(*len)],
            Room::Boxed(bytes) => bytes,
        }
    }
}

impl fmt::Debug for ByteString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.escape_ascii())
    }
}

impl PartialEq for ByteString {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for ByteString {}

impl PartialOrd for ByteString {
    fn partial_cmp(&self, other: &Self) -> Option<cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ByteString {
    fn cmp(&self, other: &Self) -> cmp::Ordering {
        (**self).cmp(&**other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_every_length_come_back() {
        for len in 0..3 * INLINE {
            let bytes: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let buffer = ByteString::of(&bytes);
            assert_eq!(*buffer, *bytes);
            let filled = ByteString::try_filled(len, |room| room.copy_from_slice(&bytes));
            assert_eq!(filled.expect("memory"), buffer);
            assert_eq!(*buffer, *bytes);
        }
        assert!(ByteString::new().is_empty());
        assert!(ByteString::of(b"a") < ByteString::of(b"a\0"));
    }
}
