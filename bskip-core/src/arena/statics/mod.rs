//! Block memory from regions that the program owns for ever: statics, or what firmware reports.
//!
//! All notes of the arena and its pools are in the regions themselves, in lines beside the blocks. So nothing here
//! asks the global allocator.

mod arena;
mod extents;
mod line;
mod memory;
mod notes;
mod pool;
mod region;
#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;

pub use arena::StaticArena;
pub use memory::StaticMemory;
pub use pool::StaticPool;
pub use region::{RegionError, RegionUsage};
