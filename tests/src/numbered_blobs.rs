//! A map of byte-string values as the suites with numbered keys see it.

use crate::arena::{AnyArena, ArenaKind, beside};
use crate::numbered::{InAnyArena, NumberedMap};
use crate::spelled::Spelling;
use crate::values::NumberedValue;
use bskip_core::{BSkipBlobMap, BlockArena, BytesMigrateCursor, Config, PoolUsage, Structure};
use core::marker::PhantomData;
use core::ops::{Bound, ControlFlow};

/// A map of byte strings, keys and values, with a spelling of numbers.
#[derive(Debug)]
pub struct SpelledBlobs<S, A: BlockArena = AnyArena>(pub BSkipBlobMap<[u8], A>, PhantomData<fn() -> S>);

impl<S, A: BlockArena> From<BSkipBlobMap<[u8], A>> for SpelledBlobs<S, A> {
    fn from(map: BSkipBlobMap<[u8], A>) -> Self {
        Self(map, PhantomData)
    }
}

impl<S: Spelling> InAnyArena for SpelledBlobs<S, AnyArena> {
    fn made(arena: ArenaKind, config: Config) -> Self {
        BSkipBlobMap::with_config(arena.make(), config).expect("an empty map").into()
    }
}

fn read<S: Spelling>((key, value): (Vec<u8>, Vec<u8>)) -> (u64, Vec<u8>) {
    (S::number(&key), value)
}

impl<S: Spelling, A: BlockArena> NumberedMap for SpelledBlobs<S, A> {
    type Value = Vec<u8>;
    type Cursor = BytesMigrateCursor;
    const TERSE: bool = true;

    fn insert(&self, key: u64, value: Vec<u8>) -> Option<Vec<u8>> {
        self.0.replace(&S::of(key), &value)
    }
    fn try_insert(&self, key: u64, value: Vec<u8>) -> Option<Vec<u8>> {
        self.0.try_replace(&S::of(key), &value).expect("memory")
    }
    fn get(&self, key: u64) -> Option<Vec<u8>> {
        self.0.get(&S::of(key))
    }
    /// Into a buffer that held something else.
    fn get_cloned(&self, key: u64) -> Option<Vec<u8>> {
        let mut value = vec![7; key as usize % 3000];
        let found = self.0.get_into(&S::of(key), &mut value);
        assert!(found || value.is_empty(), "the value of a key that is not there");
        found.then_some(value)
    }
    fn get_with<R>(&self, key: u64, f: impl FnOnce(&Vec<u8>) -> R) -> Option<R> {
        self.0.get_with(&S::of(key), |value| f(&value.to_vec()))
    }
    fn contains_key(&self, key: u64) -> bool {
        self.0.contains_key(&S::of(key))
    }
    fn remove(&self, key: u64) -> Option<Vec<u8>> {
        self.0.take(&S::of(key))
    }
    fn put(&self, key: u64, value: Vec<u8>) -> bool {
        !self.0.insert(&S::of(key), &value)
    }
    fn discard(&self, key: u64) -> bool {
        self.0.remove(&S::of(key))
    }
    fn update<R>(&self, key: u64, f: impl FnMut(&mut Vec<u8>) -> R) -> Option<R> {
        self.0.update(&S::of(key), f)
    }
    fn offer(&self, key: u64, new: u64) -> Option<u64> {
        self.0.insert_if_absent(&S::of(key), &Vec::of(new)).then_some(new)
    }
    fn pop(&self, last: bool) -> Option<(u64, Vec<u8>)> {
        if last { self.0.pop_last() } else { self.0.pop_first() }.map(read::<S>)
    }
    fn end(&self, last: bool) -> Option<(u64, Vec<u8>)> {
        if last { self.0.last_key_value() } else { self.0.first_key_value() }.map(read::<S>)
    }
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    fn len(&self) -> usize {
        self.0.len()
    }
    fn range(&self, lower: Bound<u64>, upper: Bound<u64>) -> impl DoubleEndedIterator<Item = (u64, Vec<u8>)> {
        self.0.range((lower.map(S::of), upper.map(S::of))).map(read::<S>)
    }
    /// Lent, not copied.
    fn chunks(
        &self,
        lower: Bound<u64>,
        upper: Bound<u64>,
        back: bool,
        mut go_on: impl FnMut(Vec<(u64, Vec<u8>)>) -> bool,
    ) {
        let range = (lower.map(S::of), upper.map(S::of));
        let mut each = |key: &[u8], value: &[u8]| go_on(vec![(S::number(key), value.to_vec())]);
        if !back {
            let _ = self.0.try_for_each_in(range, |key, value| match each(key, value) {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            });
            return;
        }
        let mut pairs = self.0.range(range);
        while let Some((key, value)) = pairs.lend_next_back() {
            if !each(key, value) {
                return;
            }
        }
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
