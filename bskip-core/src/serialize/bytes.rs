//! Maps and sets of byte strings.

use core::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{MAP, SEQUENCE, serialize_map, serialize_seq, stream_map, stream_seq};
use crate::arena::BlockArena;
use crate::bytes_map::BSkipBytesMap;
use crate::bytes_set::BSkipBytesSet;
use crate::key::BytesKey;

/// As a map, in the order of the keys. With the feature `serde`.
///
/// The pairs are read as [`iter`](BSkipBytesMap::iter) reads them, so this is
/// [no snapshot](crate::BSkipMap#consistency). A binary format gets their exact number first; for that, all
/// pairs are cloned into a list.
impl<K: BytesKey<Owned: Serialize> + ?Sized, V: Clone + Serialize, A: BlockArena> Serialize
    for BSkipBytesMap<K, V, A>
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_map(serializer, self.iter().cloned())
    }
}

/// From a map, one pair after the other. With the feature `serde`. If a key comes several times, the last
/// value stays. As long as keys ascend, they are appended without a search. Without memory, or if a key is
/// refused, this returns an error.
impl<'de, K, V, A> Deserialize<'de> for BSkipBytesMap<K, V, A>
where
    K: BytesKey<Owned: BytesKey<Form = K::Form> + Deserialize<'de>> + ?Sized,
    V: Deserialize<'de>,
    A: BlockArena + Default,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut map = Self::with_arena(A::default()).map_err(D::Error::custom)?;
        (&mut map).deserialize(deserializer)?;
        Ok(map)
    }
}

/// Adds the pairs to this map, as `Deserialize` makes a map of them. With the feature `serde`: for a map in
/// an arena, or with a [`Config`](crate::Config), of your own. After an error, the pairs before it are in the
/// map.
impl<'de, K, V, A> DeserializeSeed<'de> for &mut BSkipBytesMap<K, V, A>
where
    K: BytesKey<Owned: BytesKey<Form = K::Form> + Deserialize<'de>> + ?Sized,
    V: Deserialize<'de>,
    A: BlockArena,
{
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(Pairs(self))
    }
}

struct Pairs<'m, K: BytesKey + ?Sized, V, A: BlockArena>(&'m mut BSkipBytesMap<K, V, A>);

impl<'de, K, V, A> Visitor<'de> for Pairs<'_, K, V, A>
where
    K: BytesKey<Owned: BytesKey<Form = K::Form> + Deserialize<'de>> + ?Sized,
    V: Deserialize<'de>,
    A: BlockArena,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MAP)
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<(), M::Error> {
        stream_map(map, |pairs| self.0.try_extend(pairs.map(|(key, value): (K::Owned, V)| (key, value))))
    }
}

/// As a sequence, in the order of the keys. With the feature `serde`: see the map.
impl<K: BytesKey<Owned: Serialize> + ?Sized, A: BlockArena> Serialize for BSkipBytesSet<K, A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_seq(serializer, self.iter())
    }
}

/// From a sequence, one key after the other. With the feature `serde`: see the map.
impl<'de, K, A> Deserialize<'de> for BSkipBytesSet<K, A>
where
    K: BytesKey<Owned: BytesKey<Form = K::Form> + Deserialize<'de>> + ?Sized,
    A: BlockArena + Default,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut set = Self::with_arena(A::default()).map_err(D::Error::custom)?;
        (&mut set).deserialize(deserializer)?;
        Ok(set)
    }
}

/// Adds the keys to this set. With the feature `serde`: see the map.
impl<'de, K, A> DeserializeSeed<'de> for &mut BSkipBytesSet<K, A>
where
    K: BytesKey<Owned: BytesKey<Form = K::Form> + Deserialize<'de>> + ?Sized,
    A: BlockArena,
{
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(Keys(self))
    }
}

struct Keys<'m, K: BytesKey + ?Sized, A: BlockArena>(&'m mut BSkipBytesSet<K, A>);

impl<'de, K, A> Visitor<'de> for Keys<'_, K, A>
where
    K: BytesKey<Owned: BytesKey<Form = K::Form> + Deserialize<'de>> + ?Sized,
    A: BlockArena,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SEQUENCE)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, keys: S) -> Result<(), S::Error> {
        stream_seq(keys, |keys| self.0.as_map_mut().try_extend(keys.map(|key: K::Owned| (key, ()))))
    }
}
