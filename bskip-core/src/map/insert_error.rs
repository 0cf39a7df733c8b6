//! The error of an insertion for which there was no memory.

use core::fmt;

use crate::arena::AllocError;

/// There was no memory to insert a pair: the pair, given back. The map is unchanged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct InsertError<K, V> {
    /// The key.
    pub key: K,
    /// The value.
    pub value: V,
    /// Why there was no memory.
    pub cause: AllocError,
}

impl<K, V> fmt::Debug for InsertError<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InsertError").field("cause", &self.cause).finish_non_exhaustive()
    }
}

impl<K, V> fmt::Display for InsertError<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the pair was not inserted: {}", self.cause)
    }
}

impl<K, V> core::error::Error for InsertError<K, V> {}
