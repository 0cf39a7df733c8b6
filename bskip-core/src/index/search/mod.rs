//! Finding and locking the node that is authoritative for a place among the keys.
//!
//! A search starts where `route` suggests, verifies each node by the rule of authority (`settle`), and
//! descends from the root if the suggestion leads nowhere.

pub(in crate::index) mod descend;
pub(in crate::index) mod hinted;
pub(in crate::index) mod lock;
pub(in crate::index) mod near;
pub(in crate::index) mod probe;
pub(in crate::index) mod settle;
pub(in crate::index) mod side_by_side;
