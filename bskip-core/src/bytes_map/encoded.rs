//! Keys to their encodings and back.

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

/// The pair with its key decoded. The caller holds no lock.
#[inline(always)]
pub(super) fn pair<K: BytesKey + ?Sized, V>((bytes, value): (Owned, V)) -> (K::Owned, V) {
    let key = K::from_encoded(&bytes);
    (key.expect("`BytesKey::decode` reads what `encode` of a key of this form has written"), value)
}
