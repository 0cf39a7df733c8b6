//! Keys to their encodings and back.

use core::ops::{Bound, RangeBounds};

use super::error::BytesInsertErrorKind;
use crate::iter::check_bounds;
use crate::key::{ByteKeys, BytesKey, KeyBuffer, KeyKind};

/// An encoded key that was copied out of a node.
pub(crate) type Owned = <ByteKeys as KeyKind>::Owned;

/// Runs `f` on the encoding of `key`.
#[inline(always)]
pub(crate) fn encoded<Q: BytesKey + ?Sized, R>(key: &Q, f: impl FnOnce(&[u8]) -> R) -> R {
    match key.as_encoded() {
        Some(bytes) => f(bytes),
        None => {
            let mut buffer = KeyBuffer::new();
            match key.encoded(&mut buffer) {
                Ok(bytes) => f(bytes),
                Err(error) => panic!("no memory for an encoded key: {error}"),
            }
        }
    }
}

/// Runs `f` on the encoding of `key`, if a map takes such a key.
#[inline(always)]
pub(crate) fn encoded_key<Q: BytesKey + ?Sized, R>(
    key: &Q,
    buffer: &mut KeyBuffer,
    f: impl FnOnce(&[u8]) -> R,
) -> Result<R, BytesInsertErrorKind> {
    match key.encoded(buffer) {
        Ok(key) if key.len() <= ByteKeys::MAX_BYTES => Ok(f(key)),
        Ok(key) => Err(BytesInsertErrorKind::KeyTooLong { bytes: key.len(), most: ByteKeys::MAX_BYTES }),
        Err(_) => Err(BytesInsertErrorKind::NoMemoryForEncoding),
    }
}

/// The key of this encoding. The caller holds no lock.
#[inline(always)]
pub(crate) fn decoded<K: BytesKey + ?Sized>(bytes: &[u8]) -> K::Owned {
    K::from_encoded(bytes).expect("`BytesKey::decode` reads what `encode` of a key of this form has written")
}

/// The pair with its key decoded. The caller holds no lock.
#[inline(always)]
pub(crate) fn pair<K: BytesKey + ?Sized, V>((bytes, value): (Owned, V)) -> (K::Owned, V) {
    (decoded::<K>(&bytes), value)
}

/// The bounds of a range of a map of type `map`, encoded and checked.
pub(crate) fn bounds<Q: BytesKey>(range: &impl RangeBounds<Q>, map: &str) -> (Bound<Owned>, Bound<Owned>) {
    let own = |bound: Bound<&Q>| bound.map(|key| encoded(key, ByteKeys::own));
    let (lower, upper) = (own(range.start_bound()), own(range.end_bound()));
    check_bounds(&lower, &upper, map);
    (lower, upper)
}
