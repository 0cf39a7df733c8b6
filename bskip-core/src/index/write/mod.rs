//! Operations that change the map.
//!
//! A change of a leaf's pairs locks the leaf. Every other change (of fences, links, levels and entries) goes
//! through `commit`.

pub(in crate::index) mod absorb;
pub(in crate::index) mod batch;
pub(in crate::index) mod boundary;
pub(in crate::index) mod commit;
pub(in crate::index) mod compute;
pub(in crate::index) mod existing;
pub(in crate::index) mod insert;
pub(in crate::index) mod pair;
pub(in crate::index) mod post;
pub(in crate::index) mod present;
pub(in crate::index) mod raise;
pub(in crate::index) mod range;
pub(in crate::index) mod remove;
pub(in crate::index) mod split;
pub(in crate::index) mod tall;
