//! Estimates, and keys that chance chooses.

use super::BSkipBlobMap;
use crate::arena::BlockArena;
use crate::bytes_map::estimate::estimates;
use crate::key::BytesKey;

/// # Estimates
///
/// These are those of [`BSkipMap`](crate::BSkipMap#estimates), with the same complexity. The nodes of byte strings
/// differ more in how full they are if keys differ in length, so the errors are then larger.
impl<K: BytesKey + ?Sized, A: BlockArena> BSkipBlobMap<K, A> {
    estimates!(BSkipBlobMap, "BSkipBlobMap<str>", "b\"value\"");
}
