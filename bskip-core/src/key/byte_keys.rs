//! Keys that are byte strings of any length.

use super::big_endian::{WORD, word_at};
use super::byte_string::{ByteString, INLINE};
use super::kind::KeyKind;
use crate::mix::mix;

/// The kind of keys that are byte strings. They are ordered byte by byte, a string before its continuations.
#[derive(Clone, Copy)]
pub(crate) enum ByteKeys {}

impl ByteKeys {
    /// The most bytes of a key. So every key, and every fence, has room in a node.
    pub(crate) const MAX_BYTES: usize = INLINE;
}

impl KeyKind for ByteKeys {
    type Ref<'k> = &'k [u8];
    type Owned = ByteString;
    const ONE_WORD: bool = false;
    const HAS_TABLES: bool = false;

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
    fn first_word(key: &[u8]) -> u64 {
        word_at(key, 0)
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
}
