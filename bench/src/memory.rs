//! How much memory a cell needs ([`likely`], [`at_least`]), how much this process may have ([`Room`]), and whether the
//! system has killed a process for want of it ([`kills`]).

mod cgroup;
mod need;
mod room;

pub use cgroup::kills;
pub use need::{at_least, likely, operations};
pub use room::{Room, read};

use crate::protocol::CellSpec;

/// Refuses a cell that cannot fit into the memory that this process may have.
///
/// # Errors
/// What it needs, what there is, and what bounds it.
pub fn check(spec: &CellSpec) -> Result<(), String> {
    let (needed, room) = (at_least(spec), Room::of(&read));
    if needed <= room.bytes {
        return Ok(());
    }
    let CellSpec { keys, .. } = spec;
    let (ops, mib) = (operations(spec), |bytes: u64| bytes.div_ceil(1 << 20));
    Err(format!(
        "{keys} keys and {ops} operations need at least {} MiB of memory, and {} leaves {} MiB: use fewer",
        mib(needed),
        room.source,
        mib(room.bytes),
    ))
}

/// The text of a file, or none: how everything here looks at the system, so that a test can show it another one.
pub type Read<'a> = &'a dyn Fn(&str) -> Option<String>;
