//! Histories of concurrent calls on a map. The checker decides whether the map's documentation allows them.
//!
//! Threads record every call with the ticks of one common clock before and after it ([`play`]). After the
//! threads have ended, the history is checked:
//! - [`register`] checks the calls on each key. Some order of them must respect the ticks, and every answer
//!   in that order must be that of a plain `Option`. A map whose keys are independent is linearizable exactly
//!   if each key is. If a pop or a range returns a key, that answer counts as a call on that key;
//! - [`lives`] concludes when a key was surely in the map, and when it can have been;
//! - [`whole`] checks what `first`, `pop_first`, `is_empty`, `len` and ranges say about the keys that they do
//!   *not* return.
//!
//! Every written value must be new, so that an answer names the write that it comes from. The checker needs
//! no window of operations: a call that was preempted may overlap with any number of others.

#[cfg(test)]
mod brute;
pub mod case;
mod check;
mod handled;
pub mod lives;
pub mod play;
mod record;
pub mod register;
#[cfg(test)]
mod tests;
pub mod whole;

pub use check::{Checked, History};
pub use record::{Act, Call, Edge, Event, Item, Log, Said, Scan, Snapshot, Span, Violation};
