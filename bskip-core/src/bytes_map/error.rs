//! The error of an insertion into a map of byte strings.

use core::fmt;

use crate::arena::AllocError;

/// A pair was not inserted: the value, given back. The key was borrowed. The map is unchanged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BytesInsertError<V> {
    /// The value.
    pub value: V,
    /// Why the pair was not inserted.
    pub kind: BytesInsertErrorKind,
}

/// Why a pair was not inserted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum BytesInsertErrorKind {
    /// There was no memory for a node, or for a long key.
    Alloc(AllocError),
    /// There was no memory to encode the key. The encoding has more than 64 bytes.
    NoMemoryForEncoding,
    /// The encoded key has this many bytes, and that is more than a map takes.
    KeyTooLong {
        /// The bytes of the encoded key.
        bytes: usize,
        /// The most bytes of a key.
        most: usize,
    },
}

impl fmt::Display for BytesInsertErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alloc(cause) => cause.fmt(f),
            Self::NoMemoryForEncoding => {
                f.write_str("there is no memory to encode the key; insert a shorter key")
            }
            Self::KeyTooLong { bytes, most } => {
                write!(f, "the key has {bytes} bytes, but a map takes at most {most}; insert a shorter key")
            }
        }
    }
}

impl core::error::Error for BytesInsertErrorKind {}

impl<V> fmt::Debug for BytesInsertError<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BytesInsertError").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl<V> fmt::Display for BytesInsertError<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the pair was not inserted: {}", self.kind)
    }
}

impl<V> core::error::Error for BytesInsertError<V> {}
