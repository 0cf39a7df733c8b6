//! Operations that change the map.

pub(in crate::index) mod absorb;
pub(in crate::index) mod batch;
pub(in crate::index) mod boundary;
pub(in crate::index) mod insert;
pub(in crate::index) mod post;
