//! Nodes whose keys are byte strings.
//!
//! ```text
//! line 0      │version│count, level│next│lengths of fences│prefix, heap│low, first word│high, first word│
//! line 1      │samples: d 0, 8, 16, …                                                                 │
//! lines 2, 3  │low, four words│high, four words│                                     the rest of fences
//! then        │d: 64 bits a slot│payload of every slot│entries: 32 bits a slot│heap: words of 64 bits   │
//! ```
//! *prefix*: all keys between the fences begin with the same bytes, and the node keeps these only in its low
//! fence. Insertions and removals do not change it. It changes only with a fence, and then the node is written
//! again. The first and the last node of a level have none. *d*: the eight bytes behind the prefix, as a number;
//! slots are in the order of their keys, and several may have the same `d`. *entry*: the length of the key, and
//! where in the heap the rest of it is. *payload*: the values of a leaf, or the 32-bit children of an inner node.
//!
//! Bytes become words with the first byte as the most significant, and zeros behind the last. So words compare
//! as the bytes do, and if all words are equal, the lengths decide.
//!
//! A removal leaves garbage in the heap. An insertion that has room only without the garbage writes the node
//! again. A string of many bytes is outside of the node (`long`), so no slot takes more than a part of a node,
//! and after a split each key has room in its half.

mod cells;
mod entry;
mod fences;
mod image;
mod kind;
mod long;
mod prefetch;
mod replica;
mod room;
mod scan;
mod search;
mod shape;
mod slots;
mod split;
#[cfg(all(test, feature = "check"))]
mod tests;
#[cfg(feature = "check")]
mod verify;

pub(crate) use scan::{Filled, PairImage};
