//! What nodes hold in place of keys: words, converted by this crate's own code.

use core::fmt;

/// A value that nodes can hold as a key: a number, an array, or a pair or triple of these.
///
/// Nodes hold keys as words of 64 bits. Each word is an atomic, because readers read keys while a writer
/// moves them. A search compares words with vector instructions.
///
/// A number is one word; a signed number has its sign bit flipped. A number of 128 bits is two words, the
/// upper half first. An array of bytes is big-endian words, the last one padded with zeros. A pair is the
/// words of its first part, then those of the second.
///
/// This crate implements the trait for every integer type, `bool`, `char`, arrays of bytes and of `u64`, and
/// for pairs and triples of these. Other crates cannot, because a map relies on two properties: `a < b`
/// exactly if the words of `a` come before the words of `b`, and no method panics. A type of your own becomes
/// a [`Key`](crate::Key) by saying which of these types it turns into.
pub trait KeyWords: Copy + Ord + fmt::Debug + Send + Sync + sealed::Sealed {
    /// The number of words of a key, at least 1.
    #[doc(hidden)]
    const WORDS: usize;

    /// The `i`-th word; word 0 is the most significant. `i` is less than `WORDS`.
    #[doc(hidden)]
    fn word(self, i: usize) -> u64;

    /// The key whose `i`-th word is `word(i)`. This must accept any words: while a writer moves keys, a
    /// reader may call it on a mix of words of several keys. The reader then drops the result.
    #[doc(hidden)]
    fn from_words(word: impl FnMut(usize) -> u64) -> Self;
}

mod sealed {
    /// Keeps other crates from implementing [`KeyWords`](super::KeyWords).
    pub trait Sealed {}
}

macro_rules! one_word_unsigned {
    ($($t:ty)*) => {$(
        impl sealed::Sealed for $t {}
        impl KeyWords for $t {
            const WORDS: usize = 1;
            #[inline(always)]
            fn word(self, _: usize) -> u64 {
                self as u64
            }
            #[inline(always)]
            fn from_words(mut word: impl FnMut(usize) -> u64) -> Self {
                word(0) as $t
            }
        }
    )*};
}
one_word_unsigned!(u8 u16 u32 u64 usize);

/// The sign bit. Flipping it turns the order of signed numbers into that of unsigned ones.
const SIGN: u64 = 1 << 63;

macro_rules! one_word_signed {
    ($($t:ty)*) => {$(
        impl sealed::Sealed for $t {}
        impl KeyWords for $t {
            const WORDS: usize = 1;
            #[inline(always)]
            fn word(self, _: usize) -> u64 {
                self as i64 as u64 ^ SIGN
            }
            #[inline(always)]
            fn from_words(mut word: impl FnMut(usize) -> u64) -> Self {
                (word(0) ^ SIGN) as $t
            }
        }
    )*};
}
one_word_signed!(i8 i16 i32 i64 isize);

impl sealed::Sealed for u128 {}
impl KeyWords for u128 {
    const WORDS: usize = 2;
    #[inline(always)]
    fn word(self, i: usize) -> u64 {
        if i == 0 { (self >> 64) as u64 } else { self as u64 }
    }
    #[inline(always)]
    fn from_words(mut word: impl FnMut(usize) -> u64) -> Self {
        let high = word(0);
        (u128::from(high) << 64) | u128::from(word(1))
    }
}

impl sealed::Sealed for i128 {}
impl KeyWords for i128 {
    const WORDS: usize = 2;
    #[inline(always)]
    fn word(self, i: usize) -> u64 {
        let word = (self as u128).word(i);
        if i == 0 { word ^ SIGN } else { word }
    }
    #[inline(always)]
    fn from_words(mut word: impl FnMut(usize) -> u64) -> Self {
        u128::from_words(|i| if i == 0 { word(0) ^ SIGN } else { word(i) }) as i128
    }
}

impl<const N: usize> sealed::Sealed for [u8; N] {}
/// Bytes in big-endian words, the last one padded with zeros.
impl<const N: usize> KeyWords for [u8; N] {
    const WORDS: usize = if N == 0 { 1 } else { N.div_ceil(8) };
    #[inline(always)]
    fn word(self, i: usize) -> u64 {
        let mut bytes = [0; 8];
        let from = i * 8;
        let n = N.saturating_sub(from).min(8);
        bytes[..n].copy_from_slice(&self[from..from + n]);
        u64::from_be_bytes(bytes)
    }
    #[inline(always)]
    fn from_words(mut word: impl FnMut(usize) -> u64) -> Self {
        let mut key = [0; N];
        for (i, chunk) in key.chunks_mut(8).enumerate() {
            chunk.copy_from_slice(&word(i).to_be_bytes()[..chunk.len()]);
        }
        key
    }
}

impl sealed::Sealed for bool {}
impl KeyWords for bool {
    const WORDS: usize = 1;
    #[inline(always)]
    fn word(self, _: usize) -> u64 {
        u64::from(self)
    }
    #[inline(always)]
    fn from_words(mut word: impl FnMut(usize) -> u64) -> Self {
        word(0) != 0
    }
}

impl sealed::Sealed for char {}
impl KeyWords for char {
    const WORDS: usize = 1;
    #[inline(always)]
    fn word(self, _: usize) -> u64 {
        u64::from(self)
    }
    #[inline(always)]
    fn from_words(mut word: impl FnMut(usize) -> u64) -> Self {
        // A single word is never a mix, but a slot that is not in use holds any word.
        char::from_u32(word(0) as u32).unwrap_or_default()
    }
}

impl<const N: usize> sealed::Sealed for [u64; N] {}
impl<const N: usize> KeyWords for [u64; N] {
    const WORDS: usize = if N == 0 { 1 } else { N };
    #[inline(always)]
    fn word(self, i: usize) -> u64 {
        self.get(i).copied().unwrap_or(0)
    }
    #[inline(always)]
    fn from_words(word: impl FnMut(usize) -> u64) -> Self {
        core::array::from_fn(word)
    }
}

impl<A: KeyWords, B: KeyWords> sealed::Sealed for (A, B) {}
impl<A: KeyWords, B: KeyWords> KeyWords for (A, B) {
    const WORDS: usize = A::WORDS + B::WORDS;
    #[inline(always)]
    fn word(self, i: usize) -> u64 {
        if i < A::WORDS { self.0.word(i) } else { self.1.word(i - A::WORDS) }
    }
    #[inline(always)]
    fn from_words(mut word: impl FnMut(usize) -> u64) -> Self {
        let a = A::from_words(&mut word);
        (a, B::from_words(|i| word(A::WORDS + i)))
    }
}

impl<A: KeyWords, B: KeyWords, C: KeyWords> sealed::Sealed for (A, B, C) {}
impl<A: KeyWords, B: KeyWords, C: KeyWords> KeyWords for (A, B, C) {
    const WORDS: usize = A::WORDS + B::WORDS + C::WORDS;
    #[inline(always)]
    fn word(self, i: usize) -> u64 {
        if i < A::WORDS { self.0.word(i) } else { (self.1, self.2).word(i - A::WORDS) }
    }
    #[inline(always)]
    fn from_words(mut word: impl FnMut(usize) -> u64) -> Self {
        let a = A::from_words(&mut word);
        let (b, c) = <(B, C)>::from_words(|i| word(A::WORDS + i));
        (a, b, c)
    }
}

#[cfg(test)]
mod tests {
    use super::KeyWords;
    use core::fmt::Debug;

    fn words<K: KeyWords>(key: K) -> alloc::vec::Vec<u64> {
        (0..K::WORDS).map(|i| key.word(i)).collect()
    }

    /// Any two keys are ordered as their words are, and every key comes back from its words.
    fn check<K: KeyWords + Debug>(keys: &[K]) {
        for &a in keys {
            assert_eq!(K::from_words(|i| a.word(i)), a);
            for &b in keys {
                assert_eq!(a.cmp(&b), words(a).cmp(&words(b)), "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn words_keep_order() {
        check(&[0u8, 1, 127, 128, 255]);
        check(&[i8::MIN, -1, 0, 1, i8::MAX]);
        check(&[i16::MIN, -300, 0, i16::MAX]);
        check(&[0u64, 1, 1 << 63, u64::MAX]);
        check(&[i64::MIN, -1, 0, 1, i64::MAX]);
        check(&[isize::MIN, -1, 0, isize::MAX]);
        check(&[0u128, 1, u128::from(u64::MAX), 1 << 64, u128::MAX]);
        check(&[i128::MIN, -1 << 64, -1, 0, 1, 1 << 64, i128::MAX]);
        check(&[false, true]);
        check(&['\0', 'a', 'ä', '\u{D7FF}', '\u{E000}', char::MAX]);
        check(&[[0u8; 0]; 1]);
        check(&[[0u64; 0]; 1]);
        check(&[[0, 1], [0, u64::MAX], [1, 0], [u64::MAX, 0u64]]);
        check(&[[0u8], [1], [255]]);
        check(&[*b"abc", *b"abd", *b"b\0\0", [0; 3], [255; 3]]);
        check(&[*b"abcdefgh", *b"abcdefgi", [0; 8], [255; 8]]);
        check(&[*b"abcdefghi", *b"abcdefghj", [0; 9], [255; 9]]);
        check(&[(1u8, -1i64), (1, 0), (0, i64::MAX), (2, i64::MIN)]);
        check(&[
            (1u128, *b"abcdefghi", -1i8),
            (1, *b"abcdefghi", 1),
            (1, *b"abcdefghh", 2),
            (0, [255; 9], 0),
        ]);
    }
}
