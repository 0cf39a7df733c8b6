//! Upkeep on demand: shrinking, moving leaves, refreshing replicas.

pub(in crate::index) mod migrate;
pub(in crate::index) mod shrink;
