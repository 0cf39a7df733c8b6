//! The maps that can be measured: their [names], the trait that each of them has, and its implementations.

pub mod names;
pub use names::{BuildError, Lack, MapSpec, NAMES, is_ours, is_placed, package};

#[cfg(feature = "peers")]
pub(crate) mod arena;
#[cfg(feature = "cell")]
mod baseline;
#[cfg(feature = "cell")]
pub mod ordered_map;
#[cfg(feature = "cell")]
pub mod ours;
// To compile the peers takes longer than the rest. `tests/maps.rs` and `tests/strings.rs` test them, so
// the unit tests do without.
#[cfg(all(feature = "peers", not(test)))]
pub(crate) mod peers;
#[cfg(feature = "cell")]
pub use ordered_map::{Footprint, OrderedMap, Share};
