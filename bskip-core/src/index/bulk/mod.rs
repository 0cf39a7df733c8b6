//! Building a map from sorted pairs, and taking all pairs out: with exclusive access to the map.

pub(in crate::index) mod attach;
pub(in crate::index) mod clear;
pub(in crate::index) mod drain;
pub(in crate::index) mod load;
pub(in crate::index) mod run;
pub(in crate::index) mod take;
