//! Nodes whose keys are words of a fixed number.
//!
//! ```text
//! byte 0        64         128 (if capacity > 0)
//! | header     | samples  | keys: word 0 of every key, word 1 of every key … | payload of every slot |
//! ```
//! *header*: version, count and level, next, low fence, high fence. *samples*: word 0 of every eighth key,
//! padded with the greatest word, so that one vector compare finds the line of keys to search. *payload*: the
//! values of a leaf, or the 32-bit children of an inner node.

mod boundary;
mod change;
pub(super) mod kind;
mod layout;
mod lines;
mod pair_buffer;
mod prefetch;
mod replica;
mod room;
mod shape;
mod slots;
#[cfg(feature = "check")]
mod verify;
mod view;

pub(crate) use layout::MAX_CAPACITY;
pub(crate) use lines::Slots;
pub(crate) use pair_buffer::PairBuffer;
