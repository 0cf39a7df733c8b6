//! Histories of concurrent calls on a map. The checker decides whether the map's documentation allows them.
//!
//! Threads record every call with the ticks of one common clock before and after it ([`play`]). After the
//! threads have ended, the history is checked:
//! - [`register`]: the calls on each key can be put into an order that respects the ticks, in which every
//!   answer is that of a plain `Option`. A map whose keys are independent is linearizable exactly if each key
//!   is; what a pop or a range says about a key it returns counts as a call on that key;
//! - [`lives`]: from that follows when a key was surely in the map, and when it can have been;
//! - [`whole`]: this checks what `first`, `pop_first`, `is_empty`, `len` and ranges say about the keys that
//!   they do *not* return.
//!
//! Every value that is written must be new, so that an answer names the write from which it comes. The
//! checker has no window of operations: a call that was preempted may overlap with any number of others.

#[cfg(test)]
mod brute;
pub mod case;
mod check;
pub mod lives;
pub mod play;
mod record;
pub mod register;
#[cfg(test)]
mod tests;
pub mod whole;

pub use check::{Checked, History};
pub use record::{Act, Call, Edge, Event, Item, Log, Said, Scan, Span, Violation};
