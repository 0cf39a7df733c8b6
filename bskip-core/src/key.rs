//! What can be a key: values that turn into words whose order is theirs.

/// A key of a [`BSkipMap`](crate::BSkipMap): a small `Copy` type that has an order-preserving encoding in
/// 64-bit words.
///
/// Nodes hold keys as words, because a reader looks at them while a writer may be moving them: each word
/// is then an atomic, and a search compares words with vector instructions. Implemented for every integer
/// type, for byte arrays, and for pairs and triples of keys.
///
/// # Contract
/// For keys `a` and `b` of the type, `a < b` exactly if the words of `a` come before the words of `b` in
/// lexicographic order, and [`from_words`](Key::from_words) gives back the key whose words it reads. An
/// implementation that breaks this gets unspecified answers, never undefined behaviour.
///
/// ```
/// use bskip_core::{BSkipMap, Key};
///
/// /// Sorts by price, then by time of arrival.
/// #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
/// struct Order { price: i64, arrival: u64 }
///
/// impl Key for Order {
///     const WORDS: usize = 2;
///     fn word(self, i: usize) -> u64 {
///         if i == 0 { self.price.word(0) } else { self.arrival }
///     }
///     fn from_words(mut word: impl FnMut(usize) -> u64) -> Self {
///         Order { price: i64::from_words(|_| word(0)), arrival: word(1) }
///     }
/// }
///
/// let book = BSkipMap::new();
/// book.insert(Order { price: -5, arrival: 1 }, "b");
/// book.insert(Order { price: -7, arrival: 2 }, "a");
/// assert_eq!(book.first().unwrap().1, "a");
/// ```
pub trait Key: Copy + Ord + Send + Sync {
    /// Words that a key takes: at least 1.
    const WORDS: usize;

    /// The `i`-th word, the most significant first, `i < WORDS`.
    fn word(self, i: usize) -> u64;

    /// The key whose `i`-th word is `word(i)`. Must accept any words without panicking: it may be called
    /// on words of several keys mixed by a writer in progress, whose result is then thrown away.
    fn from_words(word: impl FnMut(usize) -> u64) -> Self;
}

macro_rules! one_word_unsigned {
    ($($t:ty)*) => {$(
        impl Key for $t {
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

/// Flips the sign bit: two's complement order becomes unsigned order.
const SIGN: u64 = 1 << 63;

macro_rules! one_word_signed {
    ($($t:ty)*) => {$(
        impl Key for $t {
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

impl Key for u128 {
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

impl Key for i128 {
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

/// Bytes in big-endian words, the last filled up with zeros.
impl<const N: usize> Key for [u8; N] {
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

impl<A: Key, B: Key> Key for (A, B) {
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

impl<A: Key, B: Key, C: Key> Key for (A, B, C) {
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
    use super::Key;
    use core::fmt::Debug;

    fn words<K: Key>(key: K) -> alloc::vec::Vec<u64> {
        (0..K::WORDS).map(|i| key.word(i)).collect()
    }

    /// Every pair is ordered as its words are, and every key comes back from its words.
    fn check<K: Key + Debug>(keys: &[K]) {
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
        check(&[[]; 1]);
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
