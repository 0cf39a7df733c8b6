//! Maps and sets of keys of fixed width.

use core::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{MAP, SEQUENCE, serialize_map, serialize_seq, stream_map, stream_seq};
use crate::arena::BlockArena;
use crate::key::Key;
use crate::map::BSkipMap;
use crate::set::BSkipSet;

/// As a map, in the order of the keys. With the feature `serde`.
///
/// The pairs are read as [`iter`](BSkipMap::iter) reads them, so this is [no snapshot](BSkipMap#consistency). A binary
/// format gets their exact number first; for that, all pairs are cloned into a list.
impl<K: Key + Serialize, V: Clone + Serialize, A: BlockArena> Serialize for BSkipMap<K, V, A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_map(serializer, self.iter().cloned())
    }
}

/// From a map, one pair after the other. With the feature `serde`. If a key comes several times, the last value stays.
/// As long as keys ascend, they are appended without a search. Without memory for a node, this returns an error.
impl<'de, K, V, A> Deserialize<'de> for BSkipMap<K, V, A>
where
    K: Key + Deserialize<'de>,
    V: Deserialize<'de>,
    A: BlockArena + Default,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut map = Self::with_arena(A::default()).map_err(D::Error::custom)?;
        (&mut map).deserialize(deserializer)?;
        Ok(map)
    }
}

/// Adds the pairs to this map, as `Deserialize` makes a map of them. With the feature `serde`: for a map in an arena, or
/// with a [`Config`](crate::Config), of your own. After an error, the pairs before it are in the map.
impl<'de, K, V, A> DeserializeSeed<'de> for &mut BSkipMap<K, V, A>
where
    K: Key + Deserialize<'de>,
    V: Deserialize<'de>,
    A: BlockArena,
{
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(Pairs(self))
    }
}

struct Pairs<'m, K: Key, V, A: BlockArena>(&'m mut BSkipMap<K, V, A>);

impl<'de, K, V, A> Visitor<'de> for Pairs<'_, K, V, A>
where
    K: Key + Deserialize<'de>,
    V: Deserialize<'de>,
    A: BlockArena,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MAP)
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<(), M::Error> {
        stream_map(map, |pairs| {
            let mut pairs = pairs.map(|(key, value): (K, V)| (key.to_words(), value));
            self.0.index_mut().take_all(&mut pairs).map_err(|untaken| untaken.cause)
        })
    }
}

/// As a sequence, in the order of the keys. With the feature `serde`: see the map.
impl<K: Key + Serialize, A: BlockArena> Serialize for BSkipSet<K, A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_seq(serializer, self.iter())
    }
}

/// From a sequence, one key after the other. With the feature `serde`: see the map.
impl<'de, K: Key + Deserialize<'de>, A: BlockArena + Default> Deserialize<'de> for BSkipSet<K, A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut set = Self::with_arena(A::default()).map_err(D::Error::custom)?;
        (&mut set).deserialize(deserializer)?;
        Ok(set)
    }
}

/// Adds the keys to this set. With the feature `serde`: see the map.
impl<'de, K: Key + Deserialize<'de>, A: BlockArena> DeserializeSeed<'de> for &mut BSkipSet<K, A> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(Keys(self))
    }
}

struct Keys<'m, K: Key, A: BlockArena>(&'m mut BSkipSet<K, A>);

impl<'de, K: Key + Deserialize<'de>, A: BlockArena> Visitor<'de> for Keys<'_, K, A> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SEQUENCE)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, keys: S) -> Result<(), S::Error> {
        stream_seq(keys, |keys| {
            let mut pairs = keys.map(|key: K| (key.to_words(), ()));
            self.0.as_map_mut().index_mut().take_all(&mut pairs).map_err(|untaken| untaken.cause)
        })
    }
}
