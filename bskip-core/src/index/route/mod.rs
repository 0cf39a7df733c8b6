//! What suggests where a search starts. It may be wrong: `search` verifies.

pub(in crate::index) mod leaf_table;
pub(in crate::index) mod node_table;
