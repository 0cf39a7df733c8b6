//! Systems without perf events, or without bindings to them.

use super::Counters;

/// Counts nothing.
pub(crate) struct Counting;

impl Counting {
    pub(crate) const fn begin() -> Self {
        Self
    }

    /// Says so.
    pub(crate) fn end(self, _ops: u64) -> Counters {
        let why = "perf events are counted on Linux on x86-64 and 64-bit ARM alone".to_owned();
        Counters { unavailable: Some(why), ..Counters::default() }
    }
}
