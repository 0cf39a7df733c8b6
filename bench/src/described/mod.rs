//! `bench topology`: a machine that is not here, described in hwloc's synthetic notation or as XML, and what the
//! plans of a sweep would be on it.
//!
//! `report` is what comes out, and `cargo xtask bench-numa --topology` reads it. `placed` says which nodes a
//! placement uses. `command` asks hwloc and puts everything together.

#[cfg(feature = "cell")]
mod command;
#[cfg(feature = "cell")]
mod placed;
mod report;

#[cfg(feature = "cell")]
pub use command::TopologyCommand;
pub use report::{Described, PlannedPins, PlannedPlacement, Worker};
