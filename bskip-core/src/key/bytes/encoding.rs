//! The trait of keys that are byte strings, and what their encodings are written to and read from.

use alloc::collections::TryReserveError;
use alloc::vec::Vec;

use super::buffer::KeyBuffer;
use super::zero;

/// A key that a map holds as a byte string, in the order of the bytes.
///
/// A type of your own writes its fields, the last one with [`last`](KeyWriter::last):
///
/// ```
/// use bskip_core::{BytesKey, KeyBuffer, KeyReader, KeyWriter};
/// use core::cmp::Reverse;
///
/// /// Sorts by user key, the newest version first.
/// #[derive(PartialEq, Debug)]
/// struct Version { user_key: Vec<u8>, sequence: u64 }
///
/// impl BytesKey for Version {
///     type Form = <(Vec<u8>, Reverse<u64>) as BytesKey>::Form;
///     type Owned = Self;
///     fn encode(&self, out: &mut KeyWriter<'_>) {
///         out.field(&self.user_key);
///         out.last(&Reverse(self.sequence));
///     }
///     fn decode(input: &mut KeyReader<'_>) -> Option<Self> {
///         let user_key = input.field::<Vec<u8>>()?;
///         let Reverse(sequence) = input.last::<Reverse<u64>>()?;
///         Some(Self { user_key, sequence })
///     }
/// }
///
/// let version = Version { user_key: b"apple".to_vec(), sequence: 7 };
/// let (mut one, mut other) = (KeyBuffer::new(), KeyBuffer::new());
/// let encoded = version.encoded(&mut one)?;
/// // The same form: no `Version` is needed to look one up, and no `Vec`.
/// assert_eq!((b"apple".as_slice(), Reverse(7u64)).encoded(&mut other)?, encoded);
/// assert_eq!(Version::from_encoded(encoded), Some(version));
/// # Ok::<(), std::collections::TryReserveError>(())
/// ```
///
/// # Contract
/// For keys `a` and `b` of the type, `a < b` exactly if the encoding of `a` comes before that of `b`, and
/// decoding gives back what was encoded. This holds for a type whose order compares its fields in turn, if it
/// writes them with [`field`](KeyWriter::field), and the last one with [`last`](KeyWriter::last).
///
/// If a type breaks the contract, the map is a map of the bytes, in the order of the bytes. The map stays
/// intact, and every call ends.
///
/// # Panics
/// The conversions may panic and may use the map. They run while the map has nothing locked. If a type writes
/// bytes that another type of the same form cannot decode, then the calls that hand out this key panic. A popped
/// pair is gone then and its value is dropped, and an iterator goes on after the pair.
///
/// # Format
/// A map compares the bytes and never calls the keys' `Ord`. So no `Ord` is required: floats are keys too.
///
/// | type | bytes |
/// | --- | --- |
/// | `[u8]`, `str` and their owned forms | themselves if nothing follows; else escaped and terminated, see below |
/// | integers | big-endian, with the sign bit flipped; `usize` and `isize` as 64 bits |
/// | `NonZero…` | as the integer |
/// | `bool` | 0 or 1 |
/// | `char` | its number, 3 bytes, big-endian |
/// | `f32`, `f64` | big-endian bits; a negative number has all bits flipped, another one its sign bit. This is the order of `total_cmp` |
/// | `[u8; N]` | themselves |
/// | `Option<T>` | 0 for `None`; 1 and the value for `Some` |
/// | `Reverse<T>` | all bits of the value flipped. A string in it is terminated |
/// | tuples | the components one after the other |
/// | `Ipv4Addr`, `Ipv6Addr` | 4 or 16 bytes |
/// | `IpAddr` | 4 and 4 bytes, or 6 and 16 bytes |
/// | `Duration` | seconds as a `u64`, nanoseconds as a `u32` |
///
/// A string that another component follows is *escaped and terminated*: a byte 0 becomes `00 FF`, and `00 00`
/// ends the string. Encoding takes time in proportion to the bytes. A string of *n* bytes takes *n* + 2 bytes
/// and one more for each byte 0.
///
/// # Why the order holds
/// Call a string of bytes *below* another if it has the smaller byte at the first place where the two differ.
/// A proper prefix of a string is not below that string.
///
/// 1. *A component that another one follows.* For keys `a < b` of one type, the encoding of `a` is below that
///    of `b`, so it is no prefix of it. For fixed lengths this is plain. For terminated strings, look at the
///    first place where the strings themselves differ. If both have a byte there, the larger byte is encoded
///    as itself. The smaller one is encoded as itself or begins with `00`, so it is below. If `a` ends there,
///    its `00 00` meets a byte larger than 0, or the `00 FF` of a byte 0. So it is below, too.
/// 2. *What follows does not matter then.* So a tuple is ordered by its first component, and if these are
///    equal, by the rest.
/// 3. *`Reverse`.* If `a` is below `b`, then flipping all bits puts `b` below `a`. This fails for a string
///    that is a prefix of the other one. So a string within `Reverse` is always terminated.
/// 4. *The last component may be a plain string.* If all components before it are equal, the rest of both
///    keys is the string itself, and the map orders byte strings as `[u8]` does. `Option` is a tuple of a
///    byte and perhaps a value.
pub trait BytesKey {
    /// Types of the same form have the same encodings. So a map can be searched by any type that has the form
    /// of its keys: by `&str` for `String`, by `(&[u8], u64)` for `(Vec<u8>, u64)`. A type with an encoding
    /// of its own is its own form.
    type Form;
    /// What decoding gives: usually the type itself.
    type Owned;

    /// Writes the encoding.
    fn encode(&self, out: &mut KeyWriter<'_>);

    /// Decodes what [`encode`](Self::encode) wrote. Returns `None` if the input is not such an encoding.
    fn decode(input: &mut KeyReader<'_>) -> Option<Self::Owned>;

    /// The whole encoding of a key that nothing follows, if the key has these bytes in memory. A look-up then
    /// copies nothing.
    #[inline]
    fn as_encoded(&self) -> Option<&[u8]> {
        None
    }

    /// The encoding of a key that nothing follows: the key's own bytes, or in `buffer`.
    ///
    /// # Errors
    /// [`TryReserveError`] if the encoding is longer than the buffer's own bytes, and there is no memory for it.
    #[inline]
    fn encoded<'a>(&'a self, buffer: &'a mut KeyBuffer) -> Result<&'a [u8], TryReserveError> {
        if let Some(bytes) = self.as_encoded() {
            return Ok(bytes);
        }
        buffer.clear();
        self.encode(&mut KeyWriter { buffer, mask: 0, is_last: true });
        buffer.finish()
    }

    /// The key of this encoding; `None` if it is of no key of the type.
    fn from_encoded(bytes: &[u8]) -> Option<Self::Owned> {
        let mut input = KeyReader { rest: bytes, mask: 0, is_last: true };
        Self::decode(&mut input).filter(|_| input.rest.is_empty())
    }
}

/// Stands before and behind what ends or replaces a byte 0 in a string that something follows.
const ZERO: u8 = 0x00;
/// Follows `ZERO` if the string has a byte 0 there.
const ESCAPED: u8 = 0xFF;
/// Follows `ZERO` if the string ends.
const END: u8 = 0x00;

/// What an encoding is written to.
#[derive(Debug)]
pub struct KeyWriter<'b> {
    buffer: &'b mut KeyBuffer,
    /// The bits to flip: all or none.
    mask: u8,
    /// Whether the key ends where this part of it ends.
    is_last: bool,
}

impl KeyWriter<'_> {
    /// Writes a field that another one follows.
    #[inline]
    pub fn field<T: BytesKey + ?Sized>(&mut self, value: &T) {
        value.encode(&mut KeyWriter { buffer: self.buffer, mask: self.mask, is_last: false });
    }

    /// Writes the last field.
    #[inline]
    pub fn last<T: BytesKey + ?Sized>(&mut self, value: &T) {
        value.encode(self);
    }

    /// Writes a value that sorts the other way round.
    #[inline]
    pub(super) fn reversed<T: BytesKey + ?Sized>(&mut self, value: &T) {
        value.encode(&mut KeyWriter { buffer: self.buffer, mask: !self.mask, is_last: false });
    }

    /// Writes bytes as they are. For values that all have the same number of bytes, or whose first bytes tell
    /// how many they have.
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.buffer.extend(bytes);
        if self.mask != 0 {
            self.buffer.flip_last(bytes.len());
        }
    }

    /// As [`bytes`](Self::bytes), for a length that the compiler knows.
    #[inline]
    pub(super) fn array<const N: usize>(&mut self, bytes: [u8; N]) {
        self.buffer.extend(&bytes.map(|byte| byte ^ self.mask));
    }

    /// Writes a string of any length.
    #[inline]
    pub fn string(&mut self, mut string: &[u8]) {
        if !self.is_last {
            while let Some(at) = zero::find(ZERO, string) {
                self.bytes(&string[..at]);
                self.array([ZERO, ESCAPED]);
                string = &string[at + 1..];
            }
            self.bytes(string);
            return self.array([ZERO, END]);
        }
        self.bytes(string);
    }
}

/// What an encoding is read from.
#[derive(Debug)]
pub struct KeyReader<'a> {
    rest: &'a [u8],
    mask: u8,
    is_last: bool,
}

impl KeyReader<'_> {
    /// Reads a field that another one follows.
    #[inline]
    pub fn field<T: BytesKey + ?Sized>(&mut self) -> Option<T::Owned> {
        self.with::<T>(self.mask, false)
    }

    /// Reads the last field.
    #[inline]
    pub fn last<T: BytesKey + ?Sized>(&mut self) -> Option<T::Owned> {
        T::decode(self)
    }

    /// Reads a value that sorts the other way round.
    #[inline]
    pub(super) fn reversed<T: BytesKey + ?Sized>(&mut self) -> Option<T::Owned> {
        self.with::<T>(!self.mask, false)
    }

    #[inline]
    fn with<T: BytesKey + ?Sized>(&mut self, mask: u8, is_last: bool) -> Option<T::Owned> {
        let mut input = KeyReader { rest: self.rest, mask, is_last };
        let value = T::decode(&mut input);
        self.rest = input.rest;
        value
    }

    /// Reads bytes that were written as they are.
    #[inline]
    pub fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (&bytes, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(bytes.map(|byte| byte ^ self.mask))
    }

    /// Reads a string.
    pub fn string(&mut self) -> Option<Vec<u8>> {
        let mut string = Vec::new();
        if self.is_last {
            self.copy(self.rest.len(), &mut string);
            return Some(string);
        }
        loop {
            let at = zero::find(ZERO ^ self.mask, self.rest)?;
            self.copy(at, &mut string);
            match self.bytes()? {
                [_, ESCAPED] => string.push(0),
                [_, END] => return Some(string),
                _ => return None,
            }
        }
    }

    /// Reads the next bytes, which are there, into `string`.
    fn copy(&mut self, length: usize, string: &mut Vec<u8>) {
        let (bytes, rest) = self.rest.split_at(length);
        self.rest = rest;
        if self.mask == 0 {
            string.extend_from_slice(bytes);
        } else {
            string.extend(bytes.iter().map(|byte| byte ^ self.mask));
        }
    }
}
