//! Maps and sets in serde's data model (feature): maps as maps, sets as sequences.
//!
//! Nothing is a snapshot: pairs are read as an iterator reads them. A format for people gets them one by one. A binary
//! format may need their number first, and that is known only once they are read; it gets them from a list.

mod blobs;
mod bytes;
mod numbers;

use alloc::vec::Vec;
use core::fmt;

use serde::de::{Error, MapAccess, SeqAccess};
use serde::{Deserialize, Serialize, Serializer};

/// What formats say that they expected.
const MAP: &str = "a map";
const SEQUENCE: &str = "a sequence of keys";

fn serialize_map<S: Serializer, K: Serialize, V: Serialize>(
    serializer: S,
    pairs: impl Iterator<Item = (K, V)>,
) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        serializer.collect_map(pairs)
    } else {
        serializer.collect_map(pairs.collect::<Vec<_>>())
    }
}

fn serialize_seq<S: Serializer, K: Serialize>(
    serializer: S,
    keys: impl Iterator<Item = K>,
) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        serializer.collect_seq(keys)
    } else {
        serializer.collect_seq(keys.collect::<Vec<_>>())
    }
}

/// Gives the items that `next` reads to `take`, one by one, up to the first error of either.
fn stream<T, E: Error, F: fmt::Display>(
    mut next: impl FnMut() -> Result<Option<T>, E>,
    take: impl FnOnce(&mut dyn Iterator<Item = T>) -> Result<(), F>,
) -> Result<(), E> {
    let mut read = Ok(());
    let mut items = core::iter::from_fn(|| {
        next().unwrap_or_else(|error| {
            read = Err(error);
            None
        })
    });
    let taken = take(&mut items);
    read.and(taken.map_err(E::custom))
}

/// As [`stream`], for the pairs of a map.
fn stream_map<'de, K: Deserialize<'de>, V: Deserialize<'de>, M: MapAccess<'de>, F: fmt::Display>(
    mut map: M,
    take: impl FnOnce(&mut dyn Iterator<Item = (K, V)>) -> Result<(), F>,
) -> Result<(), M::Error> {
    stream(|| map.next_entry(), take)
}

/// As [`stream`], for the keys of a set.
fn stream_seq<'de, K: Deserialize<'de>, M: SeqAccess<'de>, F: fmt::Display>(
    mut keys: M,
    take: impl FnOnce(&mut dyn Iterator<Item = K>) -> Result<(), F>,
) -> Result<(), M::Error> {
    stream(|| keys.next_element(), take)
}
