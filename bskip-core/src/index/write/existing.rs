//! What to do if an inserted key is there already, or if there is no memory for it.

use crate::arena::AllocError;
use crate::node::{LeafSlots, Locked};

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

/// Deals with a key that is in `slot` already, and unlocks the leaf. Returns the value that does not stay.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(in crate::index) fn settle_existing<S: LeafSlots>(
    mut leaf: Locked<'_, S>,
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
