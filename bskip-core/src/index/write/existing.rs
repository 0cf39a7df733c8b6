//! What can become of an insertion: the key is there already, the leaf has changed, there is no memory.

use crate::arena::AllocError;
use crate::node::{Guarded, LeafSlots};
use crate::platform::Platform;

/// What to do with a key that is there already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Store the new value, give the old one back.
    Replace,
    /// Leave the old value, give the new one back.
    Keep,
}

/// The value of a pair that was not inserted, and why.
pub(in crate::index) type Refused<V> = (V, AllocError);

/// What became of an insertion that is more than a change of one leaf.
///
/// This is not the `Result` that `insert` returns. If `insert` passed on another function's result as it is,
/// the compiler would build every result of `insert` in memory.
pub(in crate::index) enum Outcome<V> {
    /// It was done. The value is the one that did not stay.
    Done(Option<V>),
    /// The leaf has changed, and the map has not: here is the value again.
    Changed(V),
    /// A tall key is to be inserted as one of height 0: here is the value again. The map has not changed.
    Flat(V),
    /// There is no memory for a node.
    Refused(Refused<V>),
}

/// Deals with a key that is in `slot` already, and unlocks the leaf. Returns the value that does not stay.
#[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
pub(in crate::index) fn settle_existing<S: LeafSlots, R: Platform>(
    mut leaf: Guarded<'_, S, R>,
    slot: usize,
    value: S::Payload,
    existing: Existing,
) -> S::Payload {
    match existing {
        Existing::Replace => leaf.replace(slot, value),
        Existing::Keep => {
            leaf.unlock_unchanged();
            value
        }
    }
}
