//! Calls that do not wait, do not call a pool and do not allocate, for interrupt handlers and the like. If one of
//! them would have to wait, it answers [`Busy`](crate::busy::Busy) and has done nothing.
//!
//! The code that such a call has interrupted may hold any lock of the map, and goes on only when the call has
//! returned. So each search and each operation has a bound, and a locked node ends the search.

mod beside;
mod insert;
mod pair;
mod reserve;
mod search;

pub(crate) use reserve::Reserve;

/// How often an operation tries. Another CPU that changes a leaf may be in the way once, hardly so often. If the
/// interrupted code holds the lock, all tries are in vain.
pub(crate) const TRIES: usize = if cfg!(any(loom, shuttle)) { 2 } else { 8 };

/// How many nodes of one level a search steps right. A node without an entry in the level above takes one step.
pub(crate) const STEPS: usize = 64;
