//! The error of an insertion by a handler.

use core::fmt;

use crate::busy::TryInsertCause;

/// A [`Handler`](crate::Handler) has not inserted a pair: the pair, given back. The map is unchanged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TryInsertError<K, V> {
    /// The key.
    pub key: K,
    /// The value.
    pub value: V,
    /// Why it was not inserted.
    pub cause: TryInsertCause,
}

impl<K, V> fmt::Debug for TryInsertError<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryInsertError").field("cause", &self.cause).finish_non_exhaustive()
    }
}

impl<K, V> fmt::Display for TryInsertError<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the pair was not inserted: {}", self.cause)
    }
}

impl<K, V> core::error::Error for TryInsertError<K, V> {}
