//! Keys that all threads increment and remove at once. No count may be lost or seen twice.

use crate::numbered::NumberedMap;
use crate::owner::{COUNT_BITS, token};
use crate::rng::Rng;
use crate::tally::{Kind, Tally};
use crate::values::NumberedValue;

/// The count in a token.
#[must_use]
pub fn count_of(token: u64) -> u64 {
    token & ((1 << COUNT_BITS) - 1)
}

/// What one thread added to the shared keys, and what it removed with them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    /// Increments.
    pub added: u64,
    /// Counts of the values that this thread removed.
    pub removed: u64,
}

/// One random operation on the shared key `number`.
///
/// # Panics
/// If the map returns the value of another key.
pub fn step<M: NumberedMap>(map: &M, number: u64, rng: &mut Rng, sum: &mut Sum, tally: &mut Tally) {
    match rng.below(10) {
        0..6 => {
            tally.count(Kind::SharedUpsert);
            while map.update(number, |value| *value = M::Value::of(value.number() + 1)).is_none() {
                if let Some(there) = map.offer(number, token(number, 0)) {
                    assert_eq!(there >> COUNT_BITS, number, "a value of another key");
                }
            }
            sum.added += 1;
        }
        6..8 => {
            tally.count(Kind::SharedRemove);
            if let Some(value) = map.remove(number) {
                assert_eq!(value.number() >> COUNT_BITS, number, "a value of another key");
                sum.removed += count_of(value.number());
            }
        }
        _ => {
            tally.count(Kind::SharedGet);
            if let Some(value) = map.get(number) {
                assert_eq!(value.number() >> COUNT_BITS, number, "a value of another key");
            }
        }
    }
}
