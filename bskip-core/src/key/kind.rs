//! Kinds of keys: what the engine must know of a key, wherever the key lies.

use core::fmt;

use crate::few::More;
use crate::key::words::KeyWords;
use crate::mix::mix;

/// A kind of keys. The engine works on keys of any kind.
///
/// An operation has a key as a [`Ref`](Self::Ref). A key that was copied out of a node is an
/// [`Owned`](Self::Owned), so it outlives the node's state. Keys of fixed width are both at once.
pub(crate) trait KeyKind: Sized {
    /// A key as an operation has it.
    type Ref<'k>: Copy + Ord + fmt::Debug;
    /// A key copied out of a node.
    type Owned: Clone + fmt::Debug + Send + Sync;

    /// Where a key is that is too long for a node. Nothing if no key is.
    type Number: Copy + Default + fmt::Debug;
    /// A key as a node takes it in: with its number, if it has one.
    type Kept<'k>: Copy + fmt::Debug;

    /// Whether a key has one word: then [`first_word`](Self::first_word) tells any two keys apart.
    const ONE_WORD: bool;

    /// Where a search remembers empty leaves if there are many that cannot merge.
    type More<T: Copy>: More<T>;

    /// Whether a key may be too long for a node.
    const HAS_LONG: bool;

    /// A reference to the key.
    fn borrow(key: &Self::Owned) -> Self::Ref<'_>;

    /// A copy of the key.
    fn own(key: Self::Ref<'_>) -> Self::Owned;

    /// The same reference, for a shorter time. The compiler cannot tell that it may do this by itself.
    fn shorten<'short, 'long: 'short>(key: Self::Ref<'long>) -> Self::Ref<'short>;

    /// Whether many keys may begin with the same bytes: a *stem*.
    const HAS_STEM: bool;

    /// The 64 bits of the key behind the first `stem` bytes: if both begin with the same stem and `a <= b`, then
    /// `word_behind(a, stem) <= word_behind(b, stem)`. Keys of a kind without stems have the stem 0.
    fn word_behind(key: Self::Ref<'_>, stem: usize) -> u64;

    /// The most significant 64 bits of the key: if `a <= b`, then `first_word(a) <= first_word(b)`.
    #[inline(always)]
    fn first_word(key: Self::Ref<'_>) -> u64 {
        Self::word_behind(key, 0)
    }

    /// A hash of the key.
    fn hash(key: Self::Ref<'_>, seed: u64) -> u64;

    /// Whether no key is below this one.
    fn is_least(key: Self::Ref<'_>) -> bool;

    /// Whether some node cannot hold the key without a number.
    fn is_long(key: Self::Ref<'_>) -> bool;

    /// The key for a node to take in. A key that [is long](Self::is_long) needs its number.
    fn kept<'k: 'k>(key: Self::Ref<'k>, number: Self::Number) -> Self::Kept<'k>;

    /// The key that a node takes in.
    fn key_of<'k: 'k>(kept: Self::Kept<'k>) -> Self::Ref<'k>;
}

/// Keys of a fixed number of words.
impl<K: KeyWords> KeyKind for K {
    type Ref<'k> = K;
    type Owned = K;
    type Number = ();
    type Kept<'k> = K;
    const ONE_WORD: bool = K::WORDS == 1;
    type More<T: Copy> = ();
    const HAS_LONG: bool = false;
    const HAS_STEM: bool = false;

    #[inline(always)]
    fn borrow(key: &K) -> K {
        *key
    }

    #[inline(always)]
    fn own(key: K) -> K {
        key
    }

    #[inline(always)]
    fn shorten<'short, 'long: 'short>(key: K) -> K {
        key
    }

    #[inline(always)]
    fn word_behind(key: K, _: usize) -> u64 {
        key.word(0)
    }

    #[inline(always)]
    fn hash(key: K, seed: u64) -> u64 {
        (0..K::WORDS).fold(seed, |hash, i| mix(hash ^ key.word(i)))
    }

    #[inline(always)]
    fn is_least(key: K) -> bool {
        (0..K::WORDS).all(|i| key.word(i) == 0)
    }

    #[inline(always)]
    fn is_long(_: K) -> bool {
        false
    }

    #[inline(always)]
    fn kept<'k: 'k>(key: K, (): ()) -> K {
        key
    }

    #[inline(always)]
    fn key_of<'k: 'k>(kept: K) -> K {
        kept
    }
}
