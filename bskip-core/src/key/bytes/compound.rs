//! Keys that are made of other keys.

use core::cmp::Reverse;

use super::encoding::{BytesKey, KeyReader, KeyWriter};

impl<T: BytesKey + ?Sized> BytesKey for &T {
    type Form = T::Form;
    type Owned = T::Owned;
    #[inline]
    fn encode(&self, out: &mut KeyWriter<'_>) {
        T::encode(self, out);
    }
    #[inline]
    fn decode(input: &mut KeyReader<'_>) -> Option<T::Owned> {
        T::decode(input)
    }
    #[inline]
    fn as_encoded(&self) -> Option<&[u8]> {
        T::as_encoded(self)
    }
}

/// `None` comes first, as in std.
impl<T: BytesKey> BytesKey for Option<T> {
    type Form = Option<T::Form>;
    type Owned = Option<T::Owned>;
    #[inline]
    fn encode(&self, out: &mut KeyWriter<'_>) {
        out.array([u8::from(self.is_some())]);
        if let Some(value) = self {
            out.last(value);
        }
    }
    #[inline]
    fn decode(input: &mut KeyReader<'_>) -> Option<Self::Owned> {
        match input.bytes()? {
            [0] => Some(None),
            [1] => input.last::<T>().map(Some),
            _ => None,
        }
    }
}

impl<T: BytesKey> BytesKey for Reverse<T> {
    type Form = Reverse<T::Form>;
    type Owned = Reverse<T::Owned>;
    #[inline]
    fn encode(&self, out: &mut KeyWriter<'_>) {
        out.reversed(&self.0);
    }
    #[inline]
    fn decode(input: &mut KeyReader<'_>) -> Option<Self::Owned> {
        input.reversed::<T>().map(Reverse)
    }
}

macro_rules! tuples {
    ($(($($t:ident $index:tt,)* -> $last:ident $last_index:tt))*) => {$(
        impl<$($t: BytesKey,)* $last: BytesKey> BytesKey for ($($t,)* $last,) {
            type Form = ($($t::Form,)* $last::Form,);
            type Owned = ($($t::Owned,)* $last::Owned,);
            #[inline]
            fn encode(&self, out: &mut KeyWriter<'_>) {
                $(out.field(&self.$index);)*
                out.last(&self.$last_index);
            }
            #[inline]
            fn decode(input: &mut KeyReader<'_>) -> Option<Self::Owned> {
                Some(($(input.field::<$t>()?,)* input.last::<$last>()?,))
            }
        }
    )*};
}
tuples! {
    (-> A 0)
    (A 0, -> B 1)
    (A 0, B 1, -> C 2)
    (A 0, B 1, C 2, -> D 3)
}

impl BytesKey for () {
    type Form = Self;
    type Owned = Self;
    fn encode(&self, _: &mut KeyWriter<'_>) {}
    fn decode(_: &mut KeyReader<'_>) -> Option<Self> {
        Some(())
    }
}
