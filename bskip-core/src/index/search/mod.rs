//! Finding the node that is authoritative for a place among the keys.

pub(in crate::index) mod descend;
pub(in crate::index) mod near;
pub(in crate::index) mod side_by_side;
