//! Maps and sets from parallel iterators: threads sort the pairs, then each builds, or inserts, parts of them.

use alloc::vec::Vec;

use rayon::iter::{FromParallelIterator, IntoParallelIterator, ParallelExtend, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use crate::arena::{AllocError, BlockArena, BlockPool};
use crate::bytes_map::encoded::{Owned, encoded_key};
use crate::bytes_map::{self, BSkipBytesMap, BytesInsertErrorKind};
use crate::bytes_set::BSkipBytesSet;
use crate::index::{Existing, Index, LoadError, Parts};
use crate::key::{ByteKeys, BytesKey, Key, KeyBuffer, KeyKind};
use crate::map::{self, BSkipMap, last_of_equal};
use crate::node::NodeKeys;
use crate::set::BSkipSet;

/// How many parts there are for each thread, so that a slow thread delays the others little.
const PARTS: usize = 4;

/// The pairs in order, in parts for several threads. Pairs with the same key are in one part, in the order in which
/// they came.
fn sorted_parts<K: NodeKeys, V: Send>(mut pairs: Vec<(K::Owned, V)>) -> Vec<Vec<(K::Owned, V)>> {
    pairs.par_sort_by(|a, b| K::borrow(&a.0).cmp(&K::borrow(&b.0)));
    let count = PARTS * rayon::current_num_threads();
    let all = pairs.len();
    let mut parts = Vec::with_capacity(count);
    for part in (1..count).rev() {
        // Of `all`, so that the parts are equal.
        let mut cut = (all / count * part + all % count * part / count).min(pairs.len());
        while cut > 0 && cut < pairs.len() && K::borrow(&pairs[cut - 1].0) == K::borrow(&pairs[cut].0) {
            cut -= 1;
        }
        parts.push(pairs.split_off(cut));
    }
    parts.push(pairs);
    parts
}

/// Whether two pairs have the same key.
fn same_key<K: NodeKeys, V>(a: &(K::Owned, V), b: &(K::Owned, V)) -> bool {
    K::borrow(&a.0) == K::borrow(&b.0)
}

/// Fills a new index.
fn load<K: NodeKeys, V: Send + Sync, P: BlockPool>(
    index: &mut Index<K, V, P>,
    pairs: Vec<(K::Owned, V)>,
) -> Result<(), AllocError> {
    let parts = Parts::new();
    let load = |part: Vec<_>| index.load_part(&parts, &mut last_of_equal(part, same_key::<K, V>));
    let loaded = sorted_parts::<K, V>(pairs).into_par_iter().try_for_each(load);
    loaded.and_then(|()| index.finish_load(parts)).map_err(|error| match error {
        LoadError::NoMemory(cause) => cause,
        LoadError::NotAscending { .. } => unreachable!("the pairs are sorted, and the parts do not overlap"),
    })
}

/// Inserts the pairs.
fn insert<K: NodeKeys, V: Send + Sync, P: BlockPool>(
    index: &Index<K, V, P>,
    pairs: Vec<(K::Owned, V)>,
) -> Result<(), AllocError> {
    sorted_parts::<K, V>(pairs).into_par_iter().try_for_each(|part| {
        last_of_equal(part, same_key::<K, V>).try_for_each(|(key, value)| {
            let inserted = index.insert(K::borrow(&key), value, Existing::Replace);
            inserted.map(drop).map_err(|(_, cause)| cause)
        })
    })
}

/// Sorts the pairs and builds the map from them, in parallel. With the feature `rayon`. If a key comes several times,
/// the last value stays.
///
/// # Panics
/// If there is no memory.
impl<K: Key, V: Send + Sync, A: BlockArena + Default> FromParallelIterator<(K, V)> for BSkipMap<K, V, A> {
    fn from_par_iter<I: IntoParallelIterator<Item = (K, V)>>(pairs: I) -> Self {
        let pairs = pairs.into_par_iter().map(|(key, value)| (key.to_words(), value)).collect();
        let mut map = Self::with_arena(A::default()).unwrap_or_else(|error| panic!("{error}"));
        load(map.index_mut(), pairs).unwrap_or_else(|cause| map::out_of_memory("try_insert", &cause));
        map
    }
}

/// Sorts the pairs and inserts them, in parallel. With the feature `rayon`. If a key comes several times, the last
/// value stays.
///
/// # Panics
/// If there is no memory. Some of the pairs are then in the map.
impl<K: Key, V: Send + Sync, A: BlockArena> ParallelExtend<(K, V)> for BSkipMap<K, V, A> {
    fn par_extend<I: IntoParallelIterator<Item = (K, V)>>(&mut self, pairs: I) {
        let pairs = pairs.into_par_iter().map(|(key, value)| (key.to_words(), value)).collect();
        insert(self.index(), pairs).unwrap_or_else(|cause| map::out_of_memory("try_insert", &cause));
    }
}

/// As a map is collected. With the feature `rayon`.
impl<K: Key, A: BlockArena + Default> FromParallelIterator<K> for BSkipSet<K, A> {
    fn from_par_iter<I: IntoParallelIterator<Item = K>>(keys: I) -> Self {
        keys.into_par_iter().map(|key| (key, ())).collect::<BSkipMap<K, (), A>>().into()
    }
}

/// As a map is extended. With the feature `rayon`.
impl<K: Key, A: BlockArena> ParallelExtend<K> for BSkipSet<K, A> {
    fn par_extend<I: IntoParallelIterator<Item = K>>(&mut self, keys: I) {
        self.as_map_mut().par_extend(keys.into_par_iter().map(|key| (key, ())));
    }
}

/// The pairs with their keys encoded, unless a map refuses one of the keys.
fn encode<Q: BytesKey, V: Send>(
    pairs: impl IntoParallelIterator<Item = (Q, V)>,
) -> Result<Vec<(Owned, V)>, BytesInsertErrorKind> {
    let encode = |(key, value)| {
        let key = encoded_key(&key, &mut KeyBuffer::new(), ByteKeys::own)?;
        Ok((key, value))
    };
    pairs.into_par_iter().map(encode).collect()
}

/// As a map of numbers is collected. With the feature `rayon`.
///
/// # Panics
/// If there is no memory, or if a key is refused, as [`insert`](BSkipBytesMap::insert) does.
impl<Q, K, V, A> FromParallelIterator<(Q, V)> for BSkipBytesMap<K, V, A>
where
    Q: BytesKey<Form = K::Form> + Send,
    K: BytesKey + ?Sized,
    V: Send + Sync,
    A: BlockArena + Default,
{
    fn from_par_iter<I: IntoParallelIterator<Item = (Q, V)>>(pairs: I) -> Self {
        let mut map = Self::with_arena(A::default()).unwrap_or_else(|error| panic!("{error}"));
        encode(pairs)
            .and_then(|pairs| load(map.index_mut(), pairs).map_err(BytesInsertErrorKind::Alloc))
            .unwrap_or_else(|cause| bytes_map::failed("try_insert", &cause));
        map
    }
}

/// As a map of numbers is extended. With the feature `rayon`.
///
/// # Panics
/// If there is no memory, or if a key is refused, as [`insert`](BSkipBytesMap::insert) does.
impl<Q, K, V, A> ParallelExtend<(Q, V)> for BSkipBytesMap<K, V, A>
where
    Q: BytesKey<Form = K::Form> + Send,
    K: BytesKey + ?Sized,
    V: Send + Sync,
    A: BlockArena,
{
    fn par_extend<I: IntoParallelIterator<Item = (Q, V)>>(&mut self, pairs: I) {
        encode(pairs)
            .and_then(|pairs| insert(self.index(), pairs).map_err(BytesInsertErrorKind::Alloc))
            .unwrap_or_else(|cause| bytes_map::failed("try_insert", &cause));
    }
}

/// As a map is collected. With the feature `rayon`.
impl<Q, K, A> FromParallelIterator<Q> for BSkipBytesSet<K, A>
where
    Q: BytesKey<Form = K::Form> + Send,
    K: BytesKey + ?Sized,
    A: BlockArena + Default,
{
    fn from_par_iter<I: IntoParallelIterator<Item = Q>>(keys: I) -> Self {
        keys.into_par_iter().map(|key| (key, ())).collect::<BSkipBytesMap<K, (), A>>().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_equal_and_hold_equal_keys_together() {
        let parts = sorted_parts::<u64, u64>((0..100_000).rev().map(|k| (k, k)).collect());
        let (least, most) = (parts.iter().map(Vec::len).min(), parts.iter().map(Vec::len).max());
        assert!(most <= least.map(|least| least + 1), "{least:?} to {most:?}");
        assert!(parts.iter().rev().flatten().map(|pair| pair.0).eq(0..100_000));
        let parts = sorted_parts::<u64, u64>((0..1000).map(|k| (k / 500, k)).collect());
        assert!(parts.iter().all(|part| part.is_empty() || part.len() % 500 == 0));
    }
}
