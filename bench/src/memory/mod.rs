//! Memory of a cell and of this process. [`likely`] and [`at_least`] say how much a cell needs, and [`Room`]
//! says how much this process may have. [`check`] says whether the cell fits, and [`kills`] whether the
//! system has killed a process because memory ran out.

mod cgroup;
mod need;
mod room;

pub use cgroup::{Read, kills};
pub use need::{at_least, check, likely, operations};
pub use room::{Room, read};
