//! The atomics of the free lists, which a model checker's can take the place of.
//!
//! Only `chain` uses them: what else is atomic here are counters. The shards are behind mutexes of std, which
//! stop the whole of a loom model, so `stripe` and what is above it is not for loom.

#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{AtomicU32, Ordering};

#[cfg(loom)]
pub(crate) use bskip_core::sync::{AtomicU32, Ordering};
