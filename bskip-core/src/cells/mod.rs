//! Cells: immutable byte strings of any length, which nodes refer to by a number of 32 bits.
//!
//! The keys and fences that are too long for a node are here, and the values of a `BSkipBlobMap` that are too long
//! for a leaf's word. One string may be a key, two fences and several entries at the same time, and a reader may
//! keep a value from being freed. So each string has a count of references.
//!
//! ```text
//! block   8 KiB of a pool, divided into cells of one size class
//! cell    next, 32 bits │ count, 32 bits │ length, 64 bits │ bytes, in words
//! ```
//!
//! A string longer than the largest class is a chain of cells. `next` is the number of the next cell of the
//! chain, or of the free list. All words of a block are 64-bit atomics.
//!
//! # Reading
//! A reader takes a version of a node, reads a number out of the node, reads the cell of that number, and
//! validates the version. The cell may have been recycled before the reader looks at it. What the reader then
//! reads is garbage, and the validation fails. Until it validates, a reader may follow any 32 bits:
//! * A [`Directory`] leads from numbers to addresses. A number that it does not know leads to no cell.
//! * Blocks stay mapped until the map drops, so every address stays good. Blocks keep their class.
//! * A length may be garbage. No read goes beyond the cell, and every read ends when the caller's slice ends.
//!
//! # Recycling
//! A writer unlinks a number under the lock of the node that holds it, and releases the number. The thread
//! that releases the last reference frees the cells. Another writer may take them at once. Both begin with a
//! Release fence, so a reader that sees one of their stores also sees that the node was locked, and fails its
//! validation. A writer that releases a number must therefore end its lock as a change
//! (`VersionLock::unlock`), not as `unlock_unchanged`.

mod cell;
mod class;
mod directory;
mod read;
mod store;

pub(crate) use directory::{CellId, Directory};
pub(crate) use store::Cells;

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;
