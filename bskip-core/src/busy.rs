//! What a call answers that would have to wait.

use core::fmt;

/// A call of a [`Handler`](crate::Handler) would have to wait for another thread, so it ended. It has done nothing.
///
/// The answer says nothing about the key. Try again later: after the interrupted code has gone on, or from a thread,
/// by a call that waits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Busy;

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the map is busy at this key: another thread, or the interrupted code, is changing it")
    }
}

impl core::error::Error for Busy {}

/// Why a [`Handler`](crate::Handler) has not inserted a pair.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TryInsertCause {
    /// See [`Busy`].
    Busy,
    /// The key's leaf is full, and there was no [`Reservation`](crate::Reservation) with a block to split it. Or the
    /// map is in a static and has no leaf yet. A thread must insert the pair.
    Full,
}

impl fmt::Display for TryInsertCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => Busy.fmt(f),
            Self::Full => f.write_str("the key's leaf is full, and no block is reserved to split it"),
        }
    }
}

impl From<Busy> for TryInsertCause {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}
