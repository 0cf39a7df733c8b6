//! Operations on two sets of byte strings.

use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;
use core::ops::{BitAnd, BitOr, BitXor, Sub};

use super::BSkipBytesSet;
use crate::arena::{BlockArena, GlobalArena};
use crate::bytes_map::encoded::decoded;
use crate::key::{ByteKeys, BytesKey};
use crate::merge::{self, Merge, Wanted};
use crate::sets::merges;

merges! {
    /// # Two sets
    /// As for [`BSkipSet`](crate::BSkipSet#two-sets). Keys are compared by their encodings.
    impl<K: [BytesKey + ?Sized]> for BSkipBytesSet where [BytesKey<Owned: BytesKey<Form = K::Form>> + ?Sized];
    BytesMerged(ByteKeys) -> K::Owned = |key| decoded::<K>(&key)
}
