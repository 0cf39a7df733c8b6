//! Encodings against `Ord`: of all pairs of chosen and of random values, with and without something behind.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::{Ordering, Reverse};
use core::fmt::Debug;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::num::{NonZeroI64, NonZeroU8};
use core::time::Duration;

use super::{BytesKey, KeyBuffer, KeyReader, KeyWriter, zero};
use crate::mix::mix;

fn bytes<K: BytesKey + ?Sized>(key: &K) -> Vec<u8> {
    key.encoded(&mut KeyBuffer::new()).expect("memory").to_vec()
}

/// The encoding if something follows.
fn followed<K: BytesKey>(key: &K) -> Vec<u8> {
    bytes(&(key, ()))
}

/// All pairs of these keys are ordered as `order` says, wherever they stand, and every key comes back.
fn check_by<K, F>(keys: &[K], order: F)
where
    K: BytesKey<Owned = K> + Debug + Clone,
    F: Fn(&K, &K) -> Ordering,
{
    let same =
        |a: Option<K>, b: &K| assert!(a.as_ref().is_some_and(|a| order(a, b).is_eq()), "{a:?} of {b:?}");
    let all: Vec<_> = keys.iter().map(|key| (key, bytes(key), followed(key), bytes(&Reverse(key)))).collect();
    for (key, last, inner, reversed) in &all {
        same(K::from_encoded(last), key);
        same(<(K, ())>::from_encoded(inner).map(|(key, ())| key), key);
        same(Reverse::<K>::from_encoded(reversed).map(|key| key.0), key);
        let twice = bytes(&(Reverse(Reverse(*key)), 7u8));
        assert_eq!(twice, [inner.as_slice(), &[7]].concat());
        same(<(Reverse<Reverse<K>>, u8)>::from_encoded(&twice).map(|(key, _)| key.0.0), key);
        same(Option::<K>::from_encoded(&bytes(&Some(*key))).flatten(), key);
        let quadruple = bytes(&(1u8, *key, Reverse(*key), *key));
        let Some((1, a, Reverse(b), c)) = <(u8, K, Reverse<K>, K)>::from_encoded(&quadruple) else {
            panic!("{key:?} in a tuple");
        };
        [a, b, c].into_iter().for_each(|decoded| same(Some(decoded), key));
        // Nothing shorter or longer is a key.
        assert!(<(K, ())>::from_encoded(&[inner.as_slice(), &[0]].concat()).is_none());
        for end in (0..inner.len()).step_by(1 + inner.len() / 300) {
            assert!(<(K, ())>::from_encoded(&inner[..end]).is_none(), "{key:?} without its end");
        }
        if let Some(same) = key.as_encoded() {
            assert_eq!(same, bytes(&(*key,)), "the key's own bytes are not what it writes");
        }
    }
    for (a, a_last, a_inner, a_reversed) in &all {
        assert!(bytes(&None::<K>) < bytes(&Some(*a)));
        for (b, b_last, b_inner, b_reversed) in &all {
            let order = order(a, b);
            assert_eq!(a_last.cmp(b_last), order, "{a:?} {b:?}");
            assert_eq!(a_inner.cmp(b_inner), order, "{a:?} {b:?}, something behind");
            assert_eq!(b_reversed.cmp(a_reversed), order, "{a:?} {b:?}, reversed");
            assert_eq!(bytes(&Some(*a)).cmp(&bytes(&Some(*b))), order, "{a:?} {b:?}, some");
            if order.is_ne() {
                assert!(!a_inner.starts_with(b_inner), "{b:?} begins {a:?}");
                assert!(!a_reversed.starts_with(b_reversed), "{b:?} begins {a:?}, reversed");
                // What follows does not matter.
                let (a, b) = (followed(&(*a, u64::MAX)), followed(&(*b, 0u64)));
                assert_eq!(a.cmp(&b), order);
            }
        }
    }
}

fn check<K: BytesKey<Owned = K> + Debug + Clone + Ord>(keys: &[K]) {
    check_by(keys, Ord::cmp);
}

/// Random words.
fn words(seed: u64) -> impl Iterator<Item = u64> {
    (seed << 32..).map(mix)
}

/// Strings of few different bytes, so that many begin others, with zeros within and at the end.
fn strings() -> Vec<Vec<u8>> {
    let chosen: [&[u8]; 12] = [
        b"",
        b"\0",
        b"\0\0",
        b"\0\xFF",
        b"\0\xFF\0",
        b"\0\x01",
        b"\xFF",
        b"\xFF\xFF",
        b"a",
        b"a\0",
        b"a\0b",
        b"ab",
    ];
    let random = words(1).take(70).map(|word| {
        let length = [3, 9, 20][word as usize % 3];
        let letters = words(word >> 40).take((word >> 8) as usize % length);
        letters.map(|letter| [0, 0, 1, 0xFE, 0xFF, b'a'][letter as usize % 6]).collect()
    });
    chosen.into_iter().map(Vec::from).chain(random).collect()
}

fn texts() -> Vec<String> {
    let letters = ["", "\0", "\u{1}", "a", "ä", "\u{7FF}", "\u{FFFD}", "\u{10FFFF}"];
    let random = words(2).take(50).map(|word| {
        words(word >> 40).take(word as usize % 12).map(|letter| letters[letter as usize % 8]).collect()
    });
    letters.into_iter().map(String::from).chain(random).collect()
}

#[test]
fn strings_keep_their_order() {
    check(&strings());
    check(&strings().into_iter().map(Vec::into_boxed_slice).collect::<Vec<Box<[u8]>>>());
    check(&texts());
    check(&texts().into_iter().map(String::into_boxed_str).collect::<Vec<Box<str>>>());
    check(&strings().into_iter().filter_map(|s| <[u8; 3]>::try_from(s).ok()).collect::<Vec<_>>());
    check(&[[0u8; 0]; 1]);
    check(&[*b"\0\0", *b"\0\xFF", *b"\xFF\0", *b"ab"]);
    check(&[()]);
}

#[test]
fn long_strings_come_back() {
    for length in [60, 61, 62, 63, 64, 65, 66, 127, 128, 129, 1000, 65536] {
        let ones: Vec<u8> = words(3).take(length).map(|word| word as u8 | 1).collect();
        let mut one_zero = ones.clone();
        one_zero[length / 2] = 0;
        for string in [ones, one_zero, alloc::vec![0; length]] {
            check(core::slice::from_ref(&string));
            let zeros = string.iter().filter(|&&byte| byte == 0).count();
            assert_eq!(followed(&string).len(), length + zeros + 2);
        }
    }
}

macro_rules! check_integers {
    ($($t:ident)*) => {$(
        let ends = [$t::MIN, $t::MIN + 1, $t::MAX / 2, $t::MAX / 2 + 1, $t::MAX - 1, $t::MAX, 0, 1, 100];
        let around = ends.into_iter().flat_map(|n| [n.wrapping_sub(1), n, n.wrapping_add(1)]);
        let random = words(4).zip(words(5)).take(50);
        let random = random.map(|(a, b)| (u128::from(a) << 64 | u128::from(b)) as $t);
        check(&around.chain(random).collect::<Vec<_>>());
        assert_eq!(bytes(&$t::MAX).len(), size_of::<$t>());
    )*};
}

#[test]
fn numbers_keep_their_order() {
    check_integers!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);
    check(&[1, 2, 127, 128, 255].map(|n| NonZeroU8::new(n).unwrap()));
    check(&[i64::MIN, -1, 1, i64::MAX].map(|n| NonZeroI64::new(n).unwrap()));
    assert_eq!(NonZeroU8::from_encoded(&[0]), None);
    check(&[false, true]);
    assert_eq!(bool::from_encoded(&[2]), None);
    check(&['\0', 'a', 'ä', '\u{D7FF}', '\u{E000}', '\u{FFFF}', '\u{10000}', char::MAX]);
    assert_eq!(char::from_encoded(&[0, 0xD8, 0]), None);
    // Only the type's own width.
    assert_eq!(u64::from_encoded(&[0; 7]), None);
    assert_eq!(u64::from_encoded(&[0; 9]), None);
}

#[test]
fn floats_are_ordered_by_total_cmp() {
    let chosen = [0.0, 1.0, 1.5, f64::MIN_POSITIVE, 5e-324, f64::MAX, f64::INFINITY, f64::NAN];
    let random = words(6).take(60).map(f64::from_bits);
    let all: Vec<f64> = chosen.into_iter().chain(random).flat_map(|x| [x, -x]).collect();
    check_by(&all, f64::total_cmp);
    let chosen = [0.0, 1.0, 1.5, f32::MIN_POSITIVE, 1e-45, f32::MAX, f32::INFINITY, f32::NAN];
    let random = words(7).take(60).map(|bits| f32::from_bits(bits as u32));
    let all: Vec<f32> = chosen.into_iter().chain(random).flat_map(|x| [x, -x]).collect();
    check_by(&all, f32::total_cmp);
}

#[test]
fn addresses_and_durations_keep_their_order() {
    let v4: Vec<_> = words(8).take(20).map(|bits| Ipv4Addr::from_bits(bits as u32)).collect();
    let v6: Vec<_> =
        words(9).take(20).map(|bits| Ipv6Addr::from_bits(u128::from(bits) << (bits % 64))).collect();
    check(&v4);
    check(&v6);
    let both: Vec<IpAddr> = v4.into_iter().map(IpAddr::V4).chain(v6.into_iter().map(IpAddr::V6)).collect();
    check(&both);
    let nanos = [0, 1, 999_999_999, 1_000_000_000, 1_000_000_001, u64::MAX];
    check(&nanos.map(Duration::from_nanos));
    check(&[Duration::MAX, Duration::from_secs(u64::MAX), Duration::ZERO]);
    assert_eq!(Duration::from_encoded(&bytes(&(u64::MAX, 1_000_000_000u32))), None);
}

#[test]
fn keys_of_keys_keep_their_order() {
    let pick = |word: u64| strings()[word as usize % 20].clone();
    let random = || words(10).take(60).zip(words(11));
    check(&random().map(|(a, b)| (pick(a), Reverse(b % 3))).collect::<Vec<_>>());
    check(&random().map(|(a, b)| (pick(a), pick(b))).collect::<Vec<_>>());
    check(&random().map(|(a, b)| (Reverse(pick(a)), pick(b))).collect::<Vec<_>>());
    check(&random().map(|(a, b)| (pick(a), b as i8, a % 2 == 0, Reverse(pick(b)))).collect::<Vec<_>>());
    check(&random().map(|(a, b)| ((pick(a), pick(b)), (a as u8 % 2, pick(a ^ b)), b)).collect::<Vec<_>>());
    check(
        &random()
            .map(|(a, b)| ((a % 4 > 0).then(|| pick(a)), (b % 4 > 0).then_some(b % 5)))
            .collect::<Vec<_>>(),
    );
    check(&random().map(|(a, b)| ((a % 4 > 0).then(|| (b % 2 > 0).then(|| pick(b))),)).collect::<Vec<_>>());
    check(&random().map(|(a, b)| Reverse((pick(a), Some(Reverse(pick(b)))))).collect::<Vec<_>>());
}

#[test]
fn borrowed_keys_have_the_same_bytes() {
    fn same<A: BytesKey + ?Sized, B: BytesKey<Form = A::Form> + ?Sized>(a: &A, b: &B) {
        assert_eq!(bytes(a), bytes(b));
    }
    for string in strings() {
        let slice = string.as_slice();
        same(&string, slice);
        same(&string, &slice);
        same(&string, &Box::<[u8]>::from(slice));
        same(&(string.clone(), Reverse(7u64)), &(slice, Reverse(7u64)));
        same(&(1u8, Some(string.clone())), &(1u8, Some(slice)));
        same(&Reverse((string.clone(), string.clone())), &Reverse((slice, &string)));
    }
    for text in texts() {
        same(&text, text.as_str());
        same(&text, &Box::<str>::from(text.as_str()));
        same(&(text.clone(), 1u16, text.clone()), &(&*text, 1u16, &text));
    }
}

#[test]
fn plain_strings_are_not_copied() {
    let mut buffer = KeyBuffer::new();
    let text = String::from("a plain string");
    assert_eq!(text.encoded(&mut buffer).unwrap().as_ptr(), text.as_ptr());
    assert_eq!(text.as_str().encoded(&mut buffer).unwrap().as_ptr(), text.as_ptr());
    assert!(buffer.as_slice().is_empty());
}

#[test]
fn a_buffer_is_used_again() {
    let mut buffer = KeyBuffer::new();
    for length in [10, 100, 50, 64, 65, 300, 0] {
        let key = (alloc::vec![b'x'; length], 5u8);
        let encoded = key.encoded(&mut buffer).unwrap().to_vec();
        assert_eq!(encoded, [alloc::vec![b'x'; length].as_slice(), &[0, 0, 5]].concat());
        assert_eq!(buffer.clone().as_slice(), encoded);
    }
}

#[test]
fn text_is_checked() {
    assert_eq!(str::from_encoded(b"\xFF"), None);
    assert_eq!(<(String, u8)>::from_encoded(b"\xFF\0\0\x01"), None);
    assert_eq!(<(String, u8)>::from_encoded(b"a\0\x01\x01"), None, "no escape");
}

#[test]
fn bytes_are_found() {
    for length in 0..40 {
        for byte in [0, 1, 0x7F, 0x80, 0xFF] {
            for other in [0, 1, 2, 0x7F, 0x80, 0x81, 0xFE, 0xFF] {
                if other == byte {
                    continue;
                }
                assert_eq!(zero::find(byte, &alloc::vec![other; length]), None);
                for at in 0..length {
                    let mut bytes = alloc::vec![other; length];
                    bytes[at..].iter_mut().step_by(3).for_each(|place| *place = byte);
                    assert_eq!(zero::find(byte, &bytes), Some(at), "{byte} in {bytes:?}");
                }
            }
        }
    }
}

/// A key of fields, as a user writes it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Versioned {
    tenant: u16,
    path: String,
    version: Reverse<u64>,
    note: String,
}

impl BytesKey for Versioned {
    type Form = Self;
    type Owned = Self;
    fn encode(&self, out: &mut KeyWriter<'_>) {
        out.field(&self.tenant);
        out.field(&self.path);
        out.field(&self.version);
        out.last(&self.note);
    }
    fn decode(input: &mut KeyReader<'_>) -> Option<Self> {
        let (tenant, path) = (input.field::<u16>()?, input.field::<String>()?);
        let version = input.field::<Reverse<u64>>()?;
        Some(Self { tenant, path, version, note: input.last::<String>()? })
    }
}

#[test]
fn structs_keep_their_order() {
    let texts = texts();
    let pick = |word: u64| texts[word as usize % texts.len()].clone();
    let keys = words(12).zip(words(13)).take(70).map(|(a, b)| Versioned {
        tenant: (a % 2) as u16,
        path: pick(a >> 8),
        version: Reverse(b % 2),
        note: pick(b >> 8),
    });
    check(&keys.collect::<Vec<_>>());
}
