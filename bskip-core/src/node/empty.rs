//! The empty leaf that stands in for the first leaf of a map that has none yet.
//!
//! All such maps share one leaf, the *sentinel*. It states level 0, is empty, has no next leaf and never changes. So
//! searches end there as in the only leaf of an empty map. No thread locks it: operations that insert make the map's
//! first leaf before they search, and all others lock a leaf only to get at a pair.

use core::ptr::NonNull;

use super::header::{COUNT_BITS, LevelMark};
use super::shape::Shape;
use crate::sync::DataWord;

const BYTES: usize = 2048;
const WORD: usize = size_of::<DataWord>();
/// The word of count and level.
const META: usize = 1;

#[repr(C, align(64))]
struct Words([DataWord; BYTES / WORD]);

static EMPTY: Words = {
    let mut words = [const { DataWord::new(0) }; BYTES / WORD];
    words[META] = DataWord::new((LevelMark::of(0).0 as u64) << COUNT_BITS);
    Words(words)
};

/// The address of the sentinel. Only for reading.
#[inline(always)]
pub(crate) fn sentinel() -> NonNull<u8> {
    NonNull::from(&EMPTY).cast()
}

/// Fails to compile, as a constant, if a search may read beyond the sentinel when it takes it for a leaf of shape `S`.
pub(crate) const fn assert_fits<S: Shape>() {
    assert!(
        S::READ_OF_EMPTY <= BYTES,
        "keys or values of these types are too large for maps in statics: make the map with `with_arena`"
    );
}
