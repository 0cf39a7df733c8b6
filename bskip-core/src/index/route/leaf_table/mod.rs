//! The table that leads from a key straight to its leaf.

pub(in crate::index) mod buckets;
pub(in crate::index) mod fill;
#[cfg(all(test, loom))]
mod loom_tests;
pub(in crate::index) mod table;
