//! The table that leads from a key to its node of level 1.

pub(in crate::index) mod fill;
mod nodes;
pub(in crate::index) mod plan;
pub(in crate::index) mod table;
