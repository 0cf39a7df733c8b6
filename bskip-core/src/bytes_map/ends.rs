//! The first and the last pair, decided by a closure.

use super::BSkipBytesMap;
use super::encoded::decoded;
use crate::arena::BlockArena;
use crate::compute::{Compute, Operation};
use crate::ends::computed_end;
use crate::index::End;
use crate::key::BytesKey;

/// # The first and the last pair, decided by a closure
///
/// As for [`BSkipMap`](crate::BSkipMap#the-first-and-the-last-pair-decided-by-a-closure). A closure gets a
/// copy of the key.
impl<K: BytesKey + ?Sized, V, A: BlockArena> BSkipBytesMap<K, V, A> {
    computed_end! {
        K::Owned = |key| decoded::<K>(key), First, "least",
        "let map: bskip_core::BSkipBytesMap<str, u64> = [(\"a\", 2), (\"b\", 2)].into_iter().collect();":
        compute_first pop_first_if
    }

    computed_end! {
        K::Owned = |key| decoded::<K>(key), Last, "greatest",
        "let map: bskip_core::BSkipBytesMap<str, u64> = [(\"a\", 2), (\"b\", 2)].into_iter().collect();":
        compute_last pop_last_if
    }
}
