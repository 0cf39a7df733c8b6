//! A map as the suites with numbered keys see it: a map of keys of fixed width, or one of byte strings.

use crate::arena::{AnyArena, ArenaKind, beside};
use crate::keys::NumberedKey;
use crate::read::Read;
use crate::spelled::Spelling;
use crate::values::NumberedValue;
use bskip_core::{
    BSkipBytesMap, BSkipMap, BlockArena, BytesMigrateCursor, Compute, Config, MigrateCursor, Operation,
    PoolUsage, Structure,
};
use core::marker::PhantomData;
use core::ops::Bound;

/// A map in which a number stands for each key. Keys have the same order as their numbers.
pub trait NumberedMap {
    /// The map's values.
    type Value: NumberedValue;
    /// Where the moving of leaves stopped.
    type Cursor: Default + Send;
    /// Whether `insert` and `remove` tell no old value, so that methods of other names do. Then `update` works on
    /// a copy of the value.
    const TERSE: bool = false;

    /// `insert`, or what tells the old value.
    fn insert(&self, key: u64, value: Self::Value) -> Option<Self::Value>;
    /// `try_insert`, which must find memory.
    fn try_insert(&self, key: u64, value: Self::Value) -> Option<Self::Value>;
    /// `get`, in the way that suits the values.
    fn get(&self, key: u64) -> Option<Self::Value>;
    /// `get_cloned`.
    fn get_cloned(&self, key: u64) -> Option<Self::Value>;
    /// `get_with`.
    fn get_with<R>(&self, key: u64, f: impl FnOnce(&Self::Value) -> R) -> Option<R>;
    /// `contains_key`.
    fn contains_key(&self, key: u64) -> bool;
    /// `remove`, or what tells the old value.
    fn remove(&self, key: u64) -> Option<Self::Value>;
    /// Stores the value. Tells whether there was another.
    fn put(&self, key: u64, value: Self::Value) -> bool {
        self.insert(key, value).is_some()
    }
    /// Removes the key. Tells whether it was there.
    fn discard(&self, key: u64) -> bool {
        self.remove(key).is_some()
    }
    /// `update`. If the map is [`TERSE`](Self::TERSE), `f` may run several times.
    fn update<R>(&self, key: u64, f: impl FnMut(&mut Self::Value) -> R) -> Option<R>;
    /// Inserts the value of number `new` if the key is not there. Returns the number of the value that is there
    /// now. `None` is another value, if the map does not tell which.
    fn offer(&self, key: u64, new: u64) -> Option<u64>;
    /// `range_snapshot`, if the map and its values have that.
    fn snapshot(&self, _: Bound<u64>, _: Bound<u64>) -> Option<Vec<(u64, Self::Value)>> {
        None
    }
    /// `compute`. A [`TERSE`](Self::TERSE) map has neither this nor the next three.
    fn compute<R>(
        &self,
        _: u64,
        _: impl FnOnce(Option<&Self::Value>) -> Operation<Self::Value, R>,
    ) -> Compute<Self::Value, R> {
        unimplemented!("this map has no `compute`")
    }
    /// `compare_exchange`.
    fn compare_exchange(&self, _: u64, _: &Self::Value, _: Self::Value) -> Result<Self::Value, Self::Value> {
        unimplemented!("this map has no `compare_exchange`")
    }
    /// `fetch_update`, which always stores the value.
    fn fetch_update(&self, _: u64, _: Self::Value) -> Option<Self::Value> {
        unimplemented!("this map has no `fetch_update`")
    }
    /// `remove_if`.
    fn remove_if(&self, _: u64, _: impl FnOnce(&Self::Value) -> bool) -> Option<Self::Value> {
        unimplemented!("this map has no `remove_if`")
    }
    /// `pop_first`, or with `last` `pop_last`.
    fn pop(&self, last: bool) -> Option<(u64, Self::Value)>;
    /// The first pair, or with `last` the last one, in the way that suits the values.
    fn end(&self, last: bool) -> Option<(u64, Self::Value)>;
    /// `is_empty`.
    fn is_empty(&self) -> bool;
    /// `len`.
    fn len(&self) -> usize;
    /// The pairs of a range, in the way that suits the values.
    fn range(
        &self,
        lower: Bound<u64>,
        upper: Bound<u64>,
    ) -> impl DoubleEndedIterator<Item = (u64, Self::Value)>;
    /// As [`Read::chunks`].
    fn chunks(
        &self,
        lower: Bound<u64>,
        upper: Bound<u64>,
        back: bool,
        go_on: impl FnMut(Vec<(u64, Self::Value)>) -> bool,
    );
    /// Moves two leaves to another NUMA node, if the arena has several. After the last leaf it begins again.
    fn move_leaves(&self, cursor: &mut Self::Cursor);
    /// `usage`.
    fn usage(&self) -> PoolUsage;
    /// `check_invariants`.
    fn check_invariants(&mut self) -> Structure;

    /// All pairs, by their numbers.
    fn numbers(&self) -> impl DoubleEndedIterator<Item = (u64, u64)> {
        self.range(Bound::Unbounded, Bound::Unbounded).map(|(key, value)| (key, value.number()))
    }
}

/// Such a map in any arena.
pub trait InAnyArena: NumberedMap {
    /// An empty map.
    ///
    /// # Panics
    /// If there is no memory for it.
    fn made(arena: ArenaKind, config: Config) -> Self;
}

fn numbered<K: NumberedKey, V>((key, value): (K, V)) -> (u64, V) {
    (key.number(), value)
}

impl<K: NumberedKey, V: NumberedValue, A: BlockArena> NumberedMap for BSkipMap<K, V, A> {
    type Value = V;
    type Cursor = Place<K>;

    fn insert(&self, key: u64, value: V) -> Option<V> {
        self.insert(K::of(key), value)
    }
    fn try_insert(&self, key: u64, value: V) -> Option<V> {
        self.try_insert(K::of(key), value).expect("memory")
    }
    fn get(&self, key: u64) -> Option<V> {
        V::Reader::get(self, &K::of(key))
    }
    fn get_cloned(&self, key: u64) -> Option<V> {
        self.get_cloned(&K::of(key))
    }
    fn get_with<R>(&self, key: u64, f: impl FnOnce(&V) -> R) -> Option<R> {
        self.get_with(&K::of(key), f)
    }
    fn contains_key(&self, key: u64) -> bool {
        self.contains_key(&K::of(key))
    }
    fn remove(&self, key: u64) -> Option<V> {
        self.remove(&K::of(key))
    }
    fn update<R>(&self, key: u64, f: impl FnMut(&mut V) -> R) -> Option<R> {
        self.update(&K::of(key), f)
    }
    fn offer(&self, key: u64, new: u64) -> Option<u64> {
        Some(self.get_or_insert_with(K::of(key), || V::of(new)).number())
    }
    fn compute<R>(&self, key: u64, f: impl FnOnce(Option<&V>) -> Operation<V, R>) -> Compute<V, R> {
        self.compute(K::of(key), f)
    }
    fn compare_exchange(&self, key: u64, current: &V, new: V) -> Result<V, V> {
        self.compare_exchange(&K::of(key), current, new)
    }
    fn fetch_update(&self, key: u64, value: V) -> Option<V> {
        self.fetch_update(&K::of(key), |_| Some(value))
    }
    fn snapshot(&self, lower: Bound<u64>, upper: Bound<u64>) -> Option<Vec<(u64, V)>> {
        let pairs = V::Reader::snapshot(self, (lower.map(K::of), upper.map(K::of)))?;
        Some(pairs.into_iter().map(numbered).collect())
    }
    fn remove_if(&self, key: u64, f: impl FnOnce(&V) -> bool) -> Option<V> {
        self.remove_if(&K::of(key), f)
    }
    fn pop(&self, last: bool) -> Option<(u64, V)> {
        if last { self.pop_last() } else { self.pop_first() }.map(numbered)
    }
    fn end(&self, last: bool) -> Option<(u64, V)> {
        if last { V::Reader::last(self) } else { V::Reader::first(self) }.map(numbered)
    }
    fn is_empty(&self) -> bool {
        self.is_empty()
    }
    fn len(&self) -> usize {
        self.len()
    }
    fn range(&self, lower: Bound<u64>, upper: Bound<u64>) -> impl DoubleEndedIterator<Item = (u64, V)> {
        V::Reader::range(self, (lower.map(K::of), upper.map(K::of))).map(numbered)
    }
    fn chunks(
        &self,
        lower: Bound<u64>,
        upper: Bound<u64>,
        back: bool,
        mut go_on: impl FnMut(Vec<(u64, V)>) -> bool,
    ) {
        V::Reader::chunks(self, (lower.map(K::of), upper.map(K::of)), back, |chunk| {
            go_on(chunk.into_iter().map(numbered).collect())
        });
    }
    fn move_leaves(&self, cursor: &mut Place<K>) {
        if !self.migrate(&mut cursor.0, 2, |_, home| Some(beside(home))) {
            *cursor = Place::default();
        }
    }
    fn usage(&self) -> PoolUsage {
        self.usage()
    }
    fn check_invariants(&mut self) -> Structure {
        self.check_invariants()
    }
}

/// Where the moving of leaves stopped.
#[derive(Debug)]
pub struct Place<K: NumberedKey>(MigrateCursor<K>);

impl<K: NumberedKey> Default for Place<K> {
    fn default() -> Self {
        Self(MigrateCursor::new())
    }
}

impl<K: NumberedKey, V: NumberedValue> InAnyArena for BSkipMap<K, V, AnyArena> {
    fn made(arena: ArenaKind, config: Config) -> Self {
        Self::with_config(arena.make(), config).expect("an empty map")
    }
}

/// A map of byte strings, with a spelling of numbers.
#[derive(Debug)]
pub struct SpelledMap<S, V: NumberedValue, A: BlockArena = AnyArena>(
    pub BSkipBytesMap<[u8], V, A>,
    PhantomData<fn() -> S>,
);

impl<S, V: NumberedValue, A: BlockArena> From<BSkipBytesMap<[u8], V, A>> for SpelledMap<S, V, A> {
    fn from(map: BSkipBytesMap<[u8], V, A>) -> Self {
        Self(map, PhantomData)
    }
}

impl<S: Spelling, V: NumberedValue> InAnyArena for SpelledMap<S, V, AnyArena> {
    fn made(arena: ArenaKind, config: Config) -> Self {
        BSkipBytesMap::with_config(arena.make(), config).expect("an empty map").into()
    }
}

fn read<S: Spelling, V>((key, value): (Vec<u8>, V)) -> (u64, V) {
    (S::number(&key), value)
}

impl<S: Spelling, V: NumberedValue, A: BlockArena> NumberedMap for SpelledMap<S, V, A> {
    type Value = V;
    type Cursor = BytesMigrateCursor;

    fn insert(&self, key: u64, value: V) -> Option<V> {
        self.0.insert(&S::of(key), value)
    }
    fn try_insert(&self, key: u64, value: V) -> Option<V> {
        self.0.try_insert(&S::of(key), value).expect("memory")
    }
    fn get(&self, key: u64) -> Option<V> {
        V::Reader::get_bytes(&self.0, &S::of(key))
    }
    fn get_cloned(&self, key: u64) -> Option<V> {
        self.0.get_cloned(&S::of(key))
    }
    fn get_with<R>(&self, key: u64, f: impl FnOnce(&V) -> R) -> Option<R> {
        self.0.get_with(&S::of(key), f)
    }
    fn contains_key(&self, key: u64) -> bool {
        self.0.contains_key(&S::of(key))
    }
    fn remove(&self, key: u64) -> Option<V> {
        self.0.remove(&S::of(key))
    }
    fn update<R>(&self, key: u64, f: impl FnMut(&mut V) -> R) -> Option<R> {
        self.0.update(&S::of(key), f)
    }
    fn offer(&self, key: u64, new: u64) -> Option<u64> {
        let back = self.0.insert_if_absent(&S::of(key), V::of(new));
        assert!(back.as_ref().is_none_or(|value| value.number() == new), "another value came back");
        back.is_none().then_some(new)
    }
    fn compute<R>(&self, key: u64, f: impl FnOnce(Option<&V>) -> Operation<V, R>) -> Compute<V, R> {
        self.0.compute(&S::of(key), f)
    }
    fn compare_exchange(&self, key: u64, current: &V, new: V) -> Result<V, V> {
        self.0.compare_exchange(&S::of(key), current, new)
    }
    fn fetch_update(&self, key: u64, value: V) -> Option<V> {
        self.0.fetch_update(&S::of(key), |_| Some(value))
    }
    fn snapshot(&self, lower: Bound<u64>, upper: Bound<u64>) -> Option<Vec<(u64, V)>> {
        let pairs = V::Reader::snapshot_bytes(&self.0, (lower.map(S::of), upper.map(S::of)))?;
        Some(pairs.into_iter().map(read::<S, V>).collect())
    }
    fn remove_if(&self, key: u64, f: impl FnOnce(&V) -> bool) -> Option<V> {
        self.0.remove_if(&S::of(key), f)
    }
    fn pop(&self, last: bool) -> Option<(u64, V)> {
        if last { self.0.pop_last() } else { self.0.pop_first() }.map(read::<S, V>)
    }
    fn end(&self, last: bool) -> Option<(u64, V)> {
        V::Reader::end_bytes(&self.0, last).map(read::<S, V>)
    }
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    fn len(&self) -> usize {
        self.0.len()
    }
    fn range(&self, lower: Bound<u64>, upper: Bound<u64>) -> impl DoubleEndedIterator<Item = (u64, V)> {
        V::Reader::range_bytes(&self.0, lower.map(S::of), upper.map(S::of)).map(read::<S, V>)
    }
    fn chunks(
        &self,
        lower: Bound<u64>,
        upper: Bound<u64>,
        back: bool,
        mut go_on: impl FnMut(Vec<(u64, V)>) -> bool,
    ) {
        V::Reader::lend_bytes(&self.0, lower.map(S::of), upper.map(S::of), back, |key, value| {
            go_on(vec![(S::number(key), value)])
        });
    }
    fn move_leaves(&self, cursor: &mut BytesMigrateCursor) {
        if !self.0.migrate(cursor, 2, |_, home| Some(beside(home))) {
            *cursor = BytesMigrateCursor::new();
        }
    }
    fn usage(&self) -> PoolUsage {
        self.0.usage()
    }
    fn check_invariants(&mut self) -> Structure {
        self.0.check_invariants()
    }
}
