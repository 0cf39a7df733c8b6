//! The first and the last pair, decided by a closure.

use super::BSkipMap;
use crate::arena::BlockArena;
use crate::compute::{Compute, Operation};
use crate::ends::computed_end;
use crate::index::End;
use crate::key::Key;

/// # The first and the last pair, decided by a closure
///
/// For queues: take the first job if it is due, take a part of the best offer.
impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    computed_end! {
        K = |&words| K::from_words(words), First, "least",
        "let map: bskip_core::BSkipMap<u64, u64> = [(10, 2), (20, 2)].into_iter().collect();":
        compute_first pop_first_if
    }

    computed_end! {
        K = |&words| K::from_words(words), Last, "greatest",
        "let map: bskip_core::BSkipMap<u64, u64> = [(10, 2), (20, 2)].into_iter().collect();":
        compute_last pop_last_if
    }
}
