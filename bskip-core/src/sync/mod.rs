//! The only place that names atomic types, so that a model checker's can take their place.
//!
//! | build | atomics | what waiting does |
//! | --- | --- | --- |
//! | as usual | `core`'s | see `backoff` |
//! | with the feature `stats` | `counted`: `core`'s, which count writes | as usual |
//! | `--cfg loom` | `cells`, every access tried in every order that the memory model allows | hands over |
//! | `--cfg shuttle` | `cells`, every access a place where the scheduler may switch | hands over |
//!
//! Words of 64 bits have two types. A [`DataWord`] may be torn: a thread may load one half of an old value and
//! the other half of a new one. An `AtomicU64` is never torn. Targets without 64-bit atomics, and builds with
//! `--cfg bskip_narrow`, have no `AtomicU64`, and a `DataWord` of two halves (`narrow`). In all other builds
//! the two types are the same.

#[cfg(all(loom, shuttle))]
compile_error!("one model checker at a time");

// What one engine needs and the other does not.
#[cfg_attr(shuttle, allow(dead_code))]
#[cfg(any(loom, shuttle))]
mod cells;
#[cfg(loom)]
#[path = "loom.rs"]
mod engine;
#[cfg(all(shuttle, not(loom)))]
#[path = "shuttle.rs"]
mod engine;

#[cfg(all(any(loom, shuttle), not(bskip_narrow)))]
pub use self::{cells::AtomicU64, cells::AtomicU64 as DataWord};
#[cfg(any(loom, shuttle))]
pub use self::{
    cells::{AtomicPtr, AtomicU32, AtomicUsize},
    engine::{fence, give_way, model, unwatch, watch},
};
#[cfg(any(loom, shuttle))]
pub use core::sync::atomic::Ordering;

#[cfg(all(feature = "stats", not(any(loom, shuttle))))]
#[allow(dead_code, reason = "methods that one type needs and another does not")]
mod counted;
#[cfg(all(feature = "stats", not(any(loom, shuttle))))]
pub(crate) use self::counted::{AtomicPtr, AtomicU32, AtomicUsize};
#[cfg(all(
    feature = "stats",
    not(any(loom, shuttle)),
    not(any(bskip_narrow, not(target_has_atomic = "64")))
))]
pub(crate) use self::counted::{AtomicU64, AtomicU64 as DataWord};
#[cfg(not(any(feature = "stats", loom, shuttle)))]
pub(crate) use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize};
#[cfg(not(any(feature = "stats", loom, shuttle, bskip_narrow, not(target_has_atomic = "64"))))]
pub(crate) use core::sync::atomic::{AtomicU64, AtomicU64 as DataWord};
#[cfg(not(any(loom, shuttle)))]
pub(crate) use core::sync::atomic::{Ordering, fence};

#[cfg(any(bskip_narrow, not(target_has_atomic = "64")))]
mod narrow;
#[cfg(any(bskip_narrow, not(target_has_atomic = "64")))]
pub(crate) use self::narrow::{DataWord, Halves};

// The model tests walk the map in the end.
#[cfg(all(test, any(loom, shuttle), not(feature = "check")))]
compile_error!("model tests need the feature `check`");
