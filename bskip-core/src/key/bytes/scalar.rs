//! Keys of one value with a fixed number of bytes.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::num::NonZero;
use core::time::Duration;

use super::encoding::{BytesKey, KeyReader, KeyWriter};

/// Implements [`BytesKey`] by a function to bytes and one back.
macro_rules! fixed {
    ($($t:ty, $to:expr, $from:expr;)*) => {$(
        impl BytesKey for $t {
            type Form = Self;
            type Owned = Self;
            #[inline]
            fn encode(&self, out: &mut KeyWriter<'_>) {
                out.array($to(*self));
            }
            #[inline]
            fn decode(input: &mut KeyReader<'_>) -> Option<Self> {
                $from(input.bytes()?)
            }
        }
    )*};
}

/// `MIN` is the sign bit of a signed number, and 0 for others.
macro_rules! integers {
    ($($t:ident)*) => {$(
        fixed! {
            $t, |n: $t| (n ^ $t::MIN).to_be_bytes(), |bytes| Some($t::from_be_bytes(bytes) ^ $t::MIN);
        }
        non_zero!($t);
    )*};
}

macro_rules! non_zero {
    ($($t:ident)*) => {$(
        impl BytesKey for NonZero<$t> {
            type Form = Self;
            type Owned = Self;
            #[inline]
            fn encode(&self, out: &mut KeyWriter<'_>) {
                self.get().encode(out);
            }
            #[inline]
            fn decode(input: &mut KeyReader<'_>) -> Option<Self> {
                Self::new($t::decode(input)?)
            }
        }
    )*};
}

/// A positive number gets its sign bit set, a negative one has all bits flipped.
macro_rules! floats {
    ($($t:ident, $bits:ident;)*) => {$(
        fixed! {
            $t,
            |x: $t| {
                let bits = x.to_bits();
                let sign = 1 << ($bits::BITS - 1);
                (if bits & sign == 0 { bits | sign } else { !bits }).to_be_bytes()
            },
            |bytes| {
                let bits = $bits::from_be_bytes(bytes);
                let sign = 1 << ($bits::BITS - 1);
                Some($t::from_bits(if bits & sign == 0 { !bits } else { bits ^ sign }))
            };
        }
    )*};
}

integers!(u8 u16 u32 u64 u128 i8 i16 i32 i64 i128);
non_zero!(usize isize);
floats! { f32, u32; f64, u64; }

fixed! {
    // Keys have the same bytes on every machine.
    usize, |n| (n as u64).to_be_bytes(), |bytes| u64::from_be_bytes(bytes).try_into().ok();
    isize, |n| (n as i64 ^ i64::MIN).to_be_bytes(), |bytes| (i64::from_be_bytes(bytes) ^ i64::MIN).try_into().ok();
    bool, |is| [u8::from(is)], |[byte]: [u8; 1]| (byte <= 1).then_some(byte == 1);
    char,
        |c| { let [_, a, b, c] = u32::from(c).to_be_bytes(); [a, b, c] },
        |[a, b, c]: [u8; 3]| char::from_u32(u32::from_be_bytes([0, a, b, c]));
    Ipv4Addr, |address: Ipv4Addr| address.octets(), |octets: [u8; 4]| Some(octets.into());
    Ipv6Addr, |address: Ipv6Addr| address.octets(), |octets: [u8; 16]| Some(octets.into());
}

/// The family, then the address.
impl BytesKey for IpAddr {
    type Form = Self;
    type Owned = Self;
    #[inline]
    fn encode(&self, out: &mut KeyWriter<'_>) {
        match self {
            Self::V4(address) => {
                out.array([4]);
                out.last(address);
            }
            Self::V6(address) => {
                out.array([6]);
                out.last(address);
            }
        }
    }
    #[inline]
    fn decode(input: &mut KeyReader<'_>) -> Option<Self> {
        match input.bytes()? {
            [4] => input.last::<Ipv4Addr>().map(Self::V4),
            [6] => input.last::<Ipv6Addr>().map(Self::V6),
            _ => None,
        }
    }
}

/// Seconds, then nanoseconds.
impl BytesKey for Duration {
    type Form = Self;
    type Owned = Self;
    #[inline]
    fn encode(&self, out: &mut KeyWriter<'_>) {
        out.field(&self.as_secs());
        out.last(&self.subsec_nanos());
    }
    #[inline]
    fn decode(input: &mut KeyReader<'_>) -> Option<Self> {
        let seconds = input.field::<u64>()?;
        let nanos = input.last::<u32>()?;
        (nanos < 1_000_000_000).then(|| Self::new(seconds, nanos))
    }
}
