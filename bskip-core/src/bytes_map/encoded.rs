//! Keys to their encodings and back.

use super::error::BytesInsertErrorKind;
use crate::key::{ByteKeys, BytesKey, KeyBuffer, KeyKind};

/// An encoded key that was copied out of a node.
pub(super) type Owned = <ByteKeys as KeyKind>::Owned;

/// Runs `f` on the encoding of `key`.
#[inline(always)]
pub(super) fn encoded<Q: BytesKey + ?Sized, R>(key: &Q, f: impl FnOnce(&[u8]) -> R) -> R {
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
pub(super) fn encoded_key<Q: BytesKey + ?Sized, R>(
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
pub(super) fn decoded<K: BytesKey + ?Sized>(bytes: &[u8]) -> K::Owned {
    K::from_encoded(bytes).expect("`BytesKey::decode` reads what `encode` of a key of this form has written")
}

/// The pair with its key decoded. The caller holds no lock.
#[inline(always)]
pub(super) fn pair<K: BytesKey + ?Sized, V>((bytes, value): (Owned, V)) -> (K::Owned, V) {
    (decoded::<K>(&bytes), value)
}
