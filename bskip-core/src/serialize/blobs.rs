//! Maps whose values are byte strings.

use alloc::vec::Vec;
use core::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{MAP, serialize_map, stream_map};
use crate::arena::BlockArena;
use crate::blob_map::BSkipBlobMap;
use crate::bytes_map::BytesInsertErrorKind;
use crate::key::BytesKey;

/// As a map from keys to bytes, in the order of the keys. With the feature `serde`. This is no
/// snapshot.
impl<K: BytesKey<Owned: Serialize> + ?Sized, A: BlockArena> Serialize for BSkipBlobMap<K, A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_map(serializer, self.iter().map(|(key, value)| (key, Blob(value))))
    }
}

/// From a map from keys to bytes, or to sequences of bytes. With the feature `serde`. The pairs are inserted one after
/// the other. Without memory, or if a key is refused, this returns an error.
impl<'de, K, A> Deserialize<'de> for BSkipBlobMap<K, A>
where
    K: BytesKey<Owned: BytesKey<Form = K::Form> + Deserialize<'de>> + ?Sized,
    A: BlockArena + Default,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut map = Self::with_arena(A::default()).map_err(D::Error::custom)?;
        (&mut map).deserialize(deserializer)?;
        Ok(map)
    }
}

/// Adds the pairs to this map. With the feature `serde`. After an error, the pairs before it are in the map.
impl<'de, K, A> DeserializeSeed<'de> for &mut BSkipBlobMap<K, A>
where
    K: BytesKey<Owned: BytesKey<Form = K::Form> + Deserialize<'de>> + ?Sized,
    A: BlockArena,
{
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(Pairs(self))
    }
}

struct Pairs<'m, K: BytesKey + ?Sized, A: BlockArena>(&'m mut BSkipBlobMap<K, A>);

impl<'de, K, A> Visitor<'de> for Pairs<'_, K, A>
where
    K: BytesKey<Owned: BytesKey<Form = K::Form> + Deserialize<'de>> + ?Sized,
    A: BlockArena,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MAP)
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<(), M::Error> {
        stream_map(map, |pairs: &mut dyn Iterator<Item = (K::Owned, Blob)>| {
            for (key, value) in pairs {
                self.0.try_insert(&key, &value.0)?;
            }
            Ok::<_, BytesInsertErrorKind>(())
        })
    }
}

/// A value, as bytes.
struct Blob(Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(Bytes).map(Self)
    }
}

struct Bytes;

impl<'de> Visitor<'de> for Bytes {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(bytes)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<u8>, E> {
        Ok(text.as_bytes().to_vec())
    }

    /// As formats for people write bytes.
    fn visit_seq<S: SeqAccess<'de>>(self, mut bytes: S) -> Result<Vec<u8>, S::Error> {
        let mut read = Vec::new();
        while let Some(byte) = bytes.next_element()? {
            read.push(byte);
        }
        Ok(read)
    }
}
