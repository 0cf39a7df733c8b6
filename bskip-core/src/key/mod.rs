//! What can be a key: values that turn into words in the same order.

pub(crate) mod big_endian;
mod byte_keys;
pub(crate) mod byte_string;
mod bytes;
mod kind;
mod same;
mod words;

pub(crate) use byte_keys::{ByteKeys, KeptBytes};
pub use bytes::{BytesKey, KeyBuffer, KeyReader, KeyWriter};
pub(crate) use kind::KeyKind;
use same::Same;
pub use words::KeyWords;

/// A key of a [`BSkipMap`](crate::BSkipMap): a small `Copy` type that turns into [words](KeyWords) and back.
///
/// Every integer type, `bool`, `char`, arrays of bytes and of `u64` are keys, and so are pairs and triples of
/// keys. A type of your own names the one of these types that it turns into:
///
/// ```
/// use bskip_core::{BSkipMap, Key};
///
/// /// Sorts by price, then by time of arrival.
/// #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
/// struct Order { price: i64, arrival: u64 }
///
/// impl Key for Order {
///     type Words = (i64, u64);
///     fn to_words(self) -> (i64, u64) {
///         (self.price, self.arrival)
///     }
///     fn from_words((price, arrival): (i64, u64)) -> Self {
///         Order { price, arrival }
///     }
/// }
///
/// let book = BSkipMap::new();
/// book.insert(Order { price: -5, arrival: 1 }, "b");
/// book.insert(Order { price: -7, arrival: 2 }, "a");
/// assert_eq!(book.first_key_value().unwrap().1, "a");
/// ```
///
/// # Contract
/// For keys `a` and `b` of the type, `a < b` exactly if `a.to_words() < b.to_words()`. And
/// [`from_words`](Key::from_words) returns the key that the words came from.
///
/// A map knows keys only by their words and never calls their `Ord`. So if a type breaks the contract, the
/// map is a map of the words, in the order of the words. It finds a key by its words. Scans, first, last and
/// the bounds of ranges go by words. It hands out what `from_words` makes of them. Nothing worse happens:
/// every call ends, and the map stays intact, even if the conversions return another result each time.
///
/// # Panics
/// The conversions may panic and may use the map. They run before an operation has locked or changed
/// anything, or after it has unlocked everything. If `from_words` panics, what the operation has done stays
/// done: a popped pair is gone and its value is dropped, and an iterator goes on after the pair. If
/// `to_words` panics for one of many keys at a time, the groups of keys before it are done.
pub trait Key: Copy + Ord + Send + Sync {
    /// The words, which nodes hold in place of the key.
    type Words: KeyWords;

    /// The key's words. They are ordered as the keys are.
    fn to_words(self) -> Self::Words;

    /// The key of these words, which [`to_words`](Key::to_words) gave for a key of the same map.
    fn from_words(words: Self::Words) -> Self;

    /// A proof that keys are their own words, if they are. Slices of such keys need no conversion.
    #[doc(hidden)]
    const SAME: Same<Self, Self::Words> = Same::no();
}

macro_rules! words_themselves {
    ($([$($n:tt)*] $t:ty),*) => {$(
        impl $($n)* Key for $t {
            type Words = Self;
            #[inline(always)]
            fn to_words(self) -> Self {
                self
            }
            #[inline(always)]
            fn from_words(words: Self) -> Self {
                words
            }
            const SAME: Same<Self, Self> = Same::yes();
        }
    )*};
}
words_themselves!([] u8, [] u16, [] u32, [] u64, [] u128, [] usize);
words_themselves!([] i8, [] i16, [] i32, [] i64, [] i128, [] isize);
words_themselves!([] bool, [] char, [<const N: usize>] [u8; N], [<const N: usize>] [u64; N]);

impl<A: Key, B: Key> Key for (A, B) {
    type Words = (A::Words, B::Words);
    #[inline(always)]
    fn to_words(self) -> Self::Words {
        (self.0.to_words(), self.1.to_words())
    }
    #[inline(always)]
    fn from_words((a, b): Self::Words) -> Self {
        (A::from_words(a), B::from_words(b))
    }
    const SAME: Same<Self, Self::Words> = A::SAME.and(B::SAME);
}

impl<A: Key, B: Key, C: Key> Key for (A, B, C) {
    type Words = (A::Words, B::Words, C::Words);
    #[inline(always)]
    fn to_words(self) -> Self::Words {
        (self.0.to_words(), self.1.to_words(), self.2.to_words())
    }
    #[inline(always)]
    fn from_words((a, b, c): Self::Words) -> Self {
        (A::from_words(a), B::from_words(b), C::from_words(c))
    }
    const SAME: Same<Self, Self::Words> = A::SAME.and_two(B::SAME, C::SAME);
}
