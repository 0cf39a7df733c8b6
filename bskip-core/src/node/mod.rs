//! A node: a block of memory seen as a header and sorted slots.
//!
//! This module knows slots. It knows neither what a level is for nor in which order nodes are locked.
//!
//! `header` has what nodes of every shape begin with. The traits `Shape`, `Reading`, `Changing`, `LeafSlots` and
//! `InnerSlots` say what the engine asks of a node besides that, and `kind` says which shapes belong to a kind
//! of keys. `words` has the nodes of keys of fixed width, `bytes` those of byte strings.
//!
//! Each word of a block is always accessed as an atomic of one size, so any thread may read it at any time. A
//! thread may use what it has read only if the version is still valid afterwards.

mod bytes;
mod changing;
mod empty;
mod guarded;
mod header;
mod inner;
mod kind;
mod leaf;
mod locked;
mod moves;
mod payload;
mod reading;
mod replica;
mod reshape;
mod room;
mod shape;
#[cfg(feature = "check")]
mod verify;
mod words;

pub(crate) use bytes::{Filled, PairImage};
pub(crate) use empty::{assert_fits, sentinel};
pub(crate) use guarded::Guarded;
pub(crate) use header::{LevelMark, Node, SENTINEL};
pub(crate) use kind::{
    GuardedLeaf, Inner, InnerShape, Leaf, LeafShape, LockedInner, LockedLeaf, NodeKeys, ShapeOf,
};
pub(crate) use leaf::LeafSlots;
pub(crate) use locked::Locked;
pub(crate) use reading::{Reading, Side};
pub(crate) use reshape::{Reshaped, Retired, Unreached, Witness};
pub(crate) use room::{Fill, Limit, Room, Share, Split};
pub(crate) use shape::{OwnedKey, Shape};
pub(crate) use words::{MAX_CAPACITY, PairBuffer, Slots};
