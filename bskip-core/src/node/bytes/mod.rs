//! Nodes whose keys are byte strings.
//!
//! ```text
//! line 0      │version│count, level│next│lengths of fences│prefix, heap│low, first word│high, first word│base│
//! line 1      │samples: d 0, 8, 16, …                                                                 │
//! lines 2, 3  │low, four words│high, four words│                                     the rest of fences
//! then        │d: 64 bits a slot│payload of every slot│entries: 32 bits a slot│heap: words of 64 bits   │
//! ```
//! * *prefix*: the bytes that both fences begin with, and so all keys between them. The node keeps them only
//!   in its low fence. If a fence changes, the prefix may change, and the node is written again. The first
//!   and the last node of a level are open at one end, so their prefix is empty.
//! * *d*: the eight bytes behind the prefix, as a number. Slots are in the order of their keys, and several
//!   may have the same `d`.
//! * *entry*: the length of the key, and the place of its other bytes in the heap.
//! * *payload*: the values of a leaf, or the 32-bit children of an inner node.
//!
//! Bytes become words with the first byte as the most significant, and zeros behind the last. So words
//! compare as the bytes do, and if all words are equal, the lengths decide.
//!
//! A removal leaves garbage in the heap. An insertion that has room only without the garbage writes the node
//! again. A key with more than `LIMIT` bytes behind prefix and `d` is in a cell outside of the node, and the heap
//! has its number. So no slot takes more than a part of a node, and after a split each key has room in its half. A
//! fence of more than `FENCE_LIMIT` bytes is in a cell, too (`long`). What such fences begin with is the *base*, in
//! a cell that neighbours share (`base`).
//!
//! A node has one reference to a cell for each slot and each fence there, and one for its base. Functions that store a key or a fence
//! take a reference, functions that drop one give it up, and functions that move slots to another node pass it
//! on. A node that states no level has no references.

mod base;
mod cells;
mod entry;
mod fences;
mod filling;
mod image;
mod kind;
mod long;
mod prefetch;
mod replica;
mod room;
mod scan;
mod search;
mod shape;
mod sharing;
mod slots;
mod split;
#[cfg(all(test, feature = "check"))]
mod tests;
#[cfg(feature = "check")]
mod verify;

pub(crate) use scan::{Filled, PairImage};
