//! Keys that are byte strings of any length.

use alloc::vec::Vec;

use super::big_endian::{WORD, word_at};
use super::byte_string::{ByteString, INLINE};
use super::kind::KeyKind;
use crate::mix::mix;

/// The kind of keys that are byte strings. They are ordered byte by byte, a string before its continuations.
#[derive(Clone, Copy)]
pub(crate) enum ByteKeys {}

impl ByteKeys {
    /// The most bytes of a key. A reader may meet any length in a node that changes, so a limit bounds what it
    /// reads before it validates the node.
    pub(crate) const MAX_BYTES: usize = 1 << 20;
}

/// A key for a node to take in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeptBytes<'k> {
    pub(crate) bytes: &'k [u8],
    /// The number of the cell that holds the key too. A key or fence needs it if it has no room in the node.
    pub(crate) number: Option<u32>,
}

impl KeyKind for ByteKeys {
    type Ref<'k> = &'k [u8];
    type Owned = ByteString;
    type Number = Option<u32>;
    type Kept<'k> = KeptBytes<'k>;
    const ONE_WORD: bool = false;
    type More<T: Copy> = Vec<T>;
    const HAS_LONG: bool = true;
    const HAS_STEM: bool = true;

    #[inline(always)]
    fn borrow(key: &ByteString) -> &[u8] {
        key
    }

    #[inline(always)]
    fn own(key: &[u8]) -> ByteString {
        ByteString::of(key)
    }

    #[inline(always)]
    fn shorten<'short, 'long: 'short>(key: &'long [u8]) -> &'short [u8] {
        key
    }

    #[inline(always)]
    fn word_behind(key: &[u8], stem: usize) -> u64 {
        word_at(key, stem)
    }

    #[inline]
    fn hash(key: &[u8], seed: u64) -> u64 {
        // The words do not tell strings apart that differ in zeros at the end.
        let seed = mix(seed ^ key.len() as u64);
        (0..key.len()).step_by(WORD).fold(seed, |hash, from| mix(hash ^ word_at(key, from)))
    }

    #[inline(always)]
    fn is_least(key: &[u8]) -> bool {
        key.is_empty()
    }

    #[inline(always)]
    fn is_long(key: &[u8]) -> bool {
        key.len() > INLINE
    }

    #[inline(always)]
    fn kept<'k: 'k>(bytes: &'k [u8], number: Option<u32>) -> KeptBytes<'k> {
        KeptBytes { bytes, number }
    }

    #[inline(always)]
    fn key_of<'k: 'k>(kept: KeptBytes<'k>) -> &'k [u8] {
        kept.bytes
    }
}
