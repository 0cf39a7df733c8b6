//! A node: a block of memory seen as a header and sorted slots.
//!
//! This module knows slots. It knows neither what a level is for nor in which order nodes are locked.
//!
//! ```text
//! byte 0        64         128 (if capacity > 0)
//! | header     | samples  | keys: word 0 of every key, word 1 of every key … | payload of every slot |
//! ```
//! *header*: version, count and level, next, low fence, high fence. *samples*: word 0 of every eighth key,
//! padded with the greatest word, so that one vector compare finds the line of keys to search. *payload*: the
//! values of a leaf, or the 32-bit children of an inner node.
//!
//! Each word of a block is always accessed as an atomic of one size, so any thread may read it at any time. A
//! thread may use what it has read only if the version is still valid afterwards.

mod boundary;
mod layout;
mod lines;
mod locked;
mod moves;
mod pair_buffer;
mod pairs;
mod prefetch;
mod replica;
mod reshape;
mod shape;
mod slots;
#[cfg(feature = "check")]
mod verify;
mod view;

pub(crate) use layout::{Inner, Leaf, LevelMark, MAX_CAPACITY, Node};
pub(crate) use lines::Slots;
pub(crate) use locked::{Locked, LockedInner, LockedLeaf, Shape};
pub(crate) use pair_buffer::PairBuffer;
pub(crate) use reshape::{Reshaped, Retired, Unreached, Witness};
pub(crate) use shape::{InnerShape, LeafShape, SlotShape};
