//! Upkeep on demand: shrinking, moving leaves to other NUMA nodes, refreshing replicas.

pub(in crate::index) mod migrate;
pub(in crate::index) mod refresh;
pub(in crate::index) mod shrink;
