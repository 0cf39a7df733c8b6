//! What suggests where a search starts: the tables of leaves and of nodes, and the replica near a thread.
//!
//! All of it may be wrong, so `search` verifies it. Filling a table needs only the tree.

pub(in crate::index) mod leaf_table;
pub(in crate::index) mod node_table;
mod room;
pub(in crate::index) mod router;
pub(in crate::index) mod stem;
