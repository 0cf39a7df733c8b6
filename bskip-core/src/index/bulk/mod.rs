//! Building a map from sorted pairs, and taking all pairs out: with the map to itself.

pub(in crate::index) mod attach;
pub(in crate::index) mod drain;
pub(in crate::index) mod run;
