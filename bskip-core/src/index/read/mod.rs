//! Operations that change nothing.

pub(in crate::index) mod along;
pub(in crate::index) mod batch;
pub(in crate::index) mod chunks;
pub(in crate::index) mod cursor;
pub(in crate::index) mod estimate;
pub(in crate::index) mod follow;
pub(in crate::index) mod get;
pub(in crate::index) mod len;
pub(in crate::index) mod lend;
#[cfg(feature = "rayon")]
pub(in crate::index) mod middle;
pub(in crate::index) mod path;
pub(in crate::index) mod readahead;
pub(in crate::index) mod sample;
pub(in crate::index) mod snapshot;
pub(in crate::index) mod usage;
