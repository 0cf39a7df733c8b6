//! Keys that are strings of bytes themselves.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::encoding::{BytesKey, KeyReader, KeyWriter};

macro_rules! plain {
    ($($t:ty, form $form:ty, $as_bytes:ident, $from_vec:ident, $owned:ty;)*) => {$(
        impl BytesKey for $t {
            type Form = $form;
            type Owned = $owned;
            #[inline]
            fn encode(&self, out: &mut KeyWriter<'_>) {
                out.string(self.$as_bytes());
            }
            #[inline]
            fn decode(input: &mut KeyReader<'_>) -> Option<$owned> {
                $from_vec(input.string()?).map(<$owned>::from)
            }
            #[inline]
            fn as_encoded(&self) -> Option<&[u8]> {
                Some(self.$as_bytes())
            }
        }
    )*};
}

/// Checked, because other types may have the form of `str`.
fn text(bytes: Vec<u8>) -> Option<String> {
    String::from_utf8(bytes).ok()
}

plain! {
    [u8], form Vec<u8>, as_ref, Some, Vec<u8>;
    Vec<u8>, form Vec<u8>, as_slice, Some, Self;
    Box<[u8]>, form Vec<u8>, as_ref, Some, Self;
    str, form String, as_bytes, text, String;
    String, form String, as_bytes, text, Self;
    Box<str>, form String, as_bytes, text, Self;
}

/// `BytesMut` is made of this without a copy.
#[cfg(feature = "bytes")]
fn shared(bytes: Vec<u8>) -> Option<::bytes::Bytes> {
    Some(bytes.into())
}

#[cfg(feature = "bytes")]
plain! {
    ::bytes::Bytes, form Vec<u8>, as_ref, Some, Self;
    ::bytes::BytesMut, form Vec<u8>, as_ref, shared, Self;
}

impl<const N: usize> BytesKey for [u8; N] {
    type Form = Self;
    type Owned = Self;
    #[inline]
    fn encode(&self, out: &mut KeyWriter<'_>) {
        out.array(*self);
    }
    #[inline]
    fn decode(input: &mut KeyReader<'_>) -> Option<Self> {
        input.bytes()
    }
    #[inline]
    fn as_encoded(&self) -> Option<&[u8]> {
        Some(self)
    }
}
