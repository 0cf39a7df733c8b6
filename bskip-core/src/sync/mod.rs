//! The only place that names atomic types, so that a model checker's can take their place.
//!
//! | build | atomics | what waiting does |
//! | --- | --- | --- |
//! | as usual | `core`'s | see `backoff` |
//! | with the feature `stats` | `counted`: `core`'s, which count writes | as usual |
//! | `--cfg loom` | `cells`, every access tried in every order that the memory model allows | hands over |
//! | `--cfg shuttle` | `cells`, every access a place where the scheduler may switch | hands over |

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

#[cfg(any(loom, shuttle))]
pub use self::{
    cells::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize},
    engine::{fence, give_way, model, unwatch, watch},
};
#[cfg(any(loom, shuttle))]
pub use core::sync::atomic::Ordering;

#[cfg(all(feature = "stats", not(any(loom, shuttle))))]
#[allow(dead_code, reason = "methods that one type needs and another does not")]
mod counted;
#[cfg(all(feature = "stats", not(any(loom, shuttle))))]
pub(crate) use self::counted::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize};
#[cfg(not(any(feature = "stats", loom, shuttle)))]
pub(crate) use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize};
#[cfg(not(any(loom, shuttle)))]
pub(crate) use core::sync::atomic::{Ordering, fence};

// The model tests walk the map in the end.
#[cfg(all(test, any(loom, shuttle), not(feature = "check")))]
compile_error!("model tests need the feature `check`");
