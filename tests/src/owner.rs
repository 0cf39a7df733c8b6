//! A thread that alone changes its own keys of a shared map. So it knows what every answer must be.
//!
//! The number of a key modulo [`Space::classes`] is its class, and owner `t` has class `t`. Neighbouring keys
//! belong to different owners, so all owners work on the same leaves. A value carries its key's number
//! ([`token`]), so an owner can check the keys of others too.

use crate::numbered::NumberedMap;
use crate::rng::Rng;
use crate::tally::{Kind, Tally};
use crate::values::NumberedValue;
use core::ops::Bound;
use std::collections::BTreeMap;

/// The keys of a test.
#[derive(Clone, Copy, Debug)]
pub struct Space {
    /// Classes of keys.
    pub classes: u64,
    /// Keys in each class.
    pub per_class: u64,
}

impl Space {
    /// Numbers of keys are below this.
    #[must_use]
    pub fn end(self) -> u64 {
        self.classes * self.per_class
    }
}

/// The bits of a token that hold the count.
pub const COUNT_BITS: u32 = 24;

/// The number that a value holds: its key's number and a count.
#[must_use]
pub fn token(key: u64, count: u64) -> u64 {
    key << COUNT_BITS | (count & ((1 << COUNT_BITS) - 1))
}

/// A thread's keys, and the values that they must have.
#[derive(Debug)]
pub struct Owner {
    class: u64,
    space: Space,
    rng: Rng,
    model: BTreeMap<u64, u64>,
    writes: u64,
    draining: bool,
    /// What this owner did.
    pub tally: Tally,
}

impl Owner {
    /// The owner of `class`, with no keys yet.
    #[must_use]
    pub fn new(class: u64, space: Space, seed: u64) -> Self {
        let rng = Rng::new(seed ^ crate::rng::mix(class + 1));
        Self {
            class,
            space,
            rng,
            model: BTreeMap::new(),
            writes: 0,
            draining: false,
            tally: Tally::default(),
        }
    }

    /// What this owner's keys must hold: from numbers of keys to numbers of values.
    #[must_use]
    pub fn model(&self) -> &BTreeMap<u64, u64> {
        &self.model
    }

    /// One random operation, checked.
    ///
    /// # Panics
    /// If an answer is wrong.
    pub fn step<M: NumberedMap>(&mut self, map: &M) {
        // Phases of mostly inserts alternate with phases of mostly removals, so leaves split and merge again
        // and again.
        if self.rng.below(self.space.per_class + 64) == 0 {
            self.draining = !self.draining;
        }
        let number = self.rng.below(self.space.per_class) * self.space.classes + self.class;
        match self.rng.below(100) {
            0..35 if self.draining => self.remove(map, number),
            0..45 => self.write(map, number),
            45..55 => self.remove(map, number),
            55..75 => self.read(map, number),
            75..85 => self.update(map, number),
            85..90 => self.get_or_insert(map, number),
            90..99 => self.range(map, number),
            _ => self.ends(map),
        }
    }

    /// The next value for a key.
    fn next_token(&mut self, number: u64) -> u64 {
        self.writes += 1;
        token(number, self.writes)
    }

    fn write<M: NumberedMap>(&mut self, map: &M, number: u64) {
        let token = self.next_token(number);
        let old = if token.is_multiple_of(4) {
            self.tally.count(Kind::TryInsert);
            map.try_insert(number, M::Value::of(token))
        } else {
            self.tally.count(Kind::Insert);
            map.insert(number, M::Value::of(token))
        };
        assert_eq!(old.map(|v| v.number()), self.model.insert(number, token), "insert of {number}");
    }

    fn remove<M: NumberedMap>(&mut self, map: &M, number: u64) {
        self.tally.count(Kind::Remove);
        let old = map.remove(number);
        assert_eq!(old.map(|v| v.number()), self.model.remove(&number), "remove of {number}");
    }

    fn read<M: NumberedMap>(&mut self, map: &M, number: u64) {
        let expected = self.model.get(&number).copied();
        match self.rng.below(4) {
            0 => {
                self.tally.count(Kind::GetWith);
                assert_eq!(map.get_with(number, M::Value::number), expected, "get_with of {number}");
            }
            1 => {
                self.tally.count(Kind::Contains);
                assert_eq!(map.contains_key(number), expected.is_some(), "contains_key of {number}");
            }
            _ => {
                self.tally.count(Kind::Get);
                assert_eq!(map.get(number).map(|v| v.number()), expected, "get of {number}");
            }
        }
    }

    fn update<M: NumberedMap>(&mut self, map: &M, number: u64) {
        self.tally.count(Kind::Update);
        let token = self.next_token(number);
        let old = map.update(number, |value| core::mem::replace(value, M::Value::of(token)).number());
        assert_eq!(
            old,
            self.model.get_mut(&number).map(|v| core::mem::replace(v, token)),
            "update of {number}"
        );
    }

    fn get_or_insert<M: NumberedMap>(&mut self, map: &M, number: u64) {
        self.tally.count(Kind::GetOrInsert);
        let token = self.next_token(number);
        let got = map.offer(number, token);
        let is_there = self.model.contains_key(&number);
        let expected = *self.model.entry(number).or_insert(token);
        assert!(got.map_or(is_there, |got| got == expected), "get_or_insert_with of {number}: {got:?}");
    }

    /// A range around `number`: ordered, in bounds, own keys exactly as in the model.
    fn range<M: NumberedMap>(&mut self, map: &M, number: u64) {
        let end = number + 1 + self.rng.below(300);
        let back = self.rng.below(2) == 1;
        let range = map.range(Bound::Included(number), Bound::Excluded(end)).map(|(k, v)| (k, v.number()));
        let mut items: Vec<_> = if back { range.rev().collect() } else { range.collect() };
        self.tally.count(if back { Kind::RangeBack } else { Kind::Range });
        self.tally.items += items.len() as u64;
        if back {
            items.reverse();
        }
        assert!(items.is_sorted_by(|a, b| a.0 < b.0), "range {number}..{end} out of order: {items:?}");
        assert!(items.iter().all(|(k, _)| (number..end).contains(k)), "range {number}..{end}: {items:?}");
        assert!(items.iter().all(|(k, v)| v >> COUNT_BITS == *k), "a value of another key: {items:?}");
        let own = items.into_iter().filter(|(k, _)| k % self.space.classes == self.class);
        let expected = self.model.range(number..end).map(|(k, v)| (*k, *v));
        assert_eq!(
            own.collect::<Vec<_>>(),
            expected.collect::<Vec<_>>(),
            "range {number}..{end}, back {back}"
        );
    }

    /// The ends of the map lie at or beyond the ends of this owner's keys.
    fn ends<M: NumberedMap>(&mut self, map: &M) {
        self.tally.count(Kind::Ends);
        let (first, last) = (map.end(false), map.end(true));
        for (k, v) in first.iter().chain(&last) {
            assert_eq!(v.number() >> COUNT_BITS, *k, "a value of another key");
        }
        if let Some((own, _)) = self.model.first_key_value() {
            assert!(first.expect("a key is there").0 <= *own, "first misses {own}");
        }
        if let Some((own, _)) = self.model.last_key_value() {
            assert!(last.expect("a key is there").0 >= *own, "last misses {own}");
        }
    }
}
