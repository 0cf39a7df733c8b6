//! The error of appending a map for which there was no memory.

use core::fmt;

use crate::arena::AllocError;

/// There was no memory to append all pairs of a map. Those before `pair` are in the map, and those behind it are where
/// they were.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AppendError<K, V> {
    /// The pair for which there was no memory, if it had been taken out already.
    pub pair: Option<(K, V)>,
    /// Why there was no memory.
    pub cause: AllocError,
}

impl<K, V> fmt::Debug for AppendError<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppendError").field("cause", &self.cause).finish_non_exhaustive()
    }
}

impl<K, V> fmt::Display for AppendError<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not all pairs were appended: {}", self.cause)
    }
}

impl<K, V> core::error::Error for AppendError<K, V> {}
