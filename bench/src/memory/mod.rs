//! How much memory a cell needs ([`likely`], [`at_least`]), how much this process may have ([`Room`]),
//! whether the one fits into the other ([`check`]), and whether the system has killed a process because
//! memory ran out ([`kills`]).

mod cgroup;
mod need;
mod room;

pub use cgroup::{Read, kills};
pub use need::{at_least, check, likely, operations};
pub use room::{Room, read};
