//! A concurrent B-skiplist. STUB of the public surface, replaced by the engine before anything ships.
#![cfg_attr(not(feature = "std"), no_std)]
#![allow(missing_docs, clippy::missing_errors_doc)]
extern crate alloc;
pub mod arena;
pub use arena::{AllocError, AllocErrorKind, BlockId, NodeArena, NodeId, NodeKind, NodePool, Placement, PoolUsage};
mod stub;
pub use stub::*;
