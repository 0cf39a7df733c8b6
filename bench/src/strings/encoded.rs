//! A map of byte strings as the map of numbers that the harness measures.

use super::byte_map::ByteMap;
use super::shape::KeysLike;
use crate::maps::Lack;
use crate::maps::ordered_map::{Footprint, OrderedMap};
use crate::trace::KeyList;
use std::sync::Arc;

/// How numbers become strings. Greater numbers become greater strings.
#[derive(Clone, Debug)]
pub enum Spelling {
    /// By a shape.
    Like(KeysLike),
    /// By a list of all strings.
    Listed(Arc<KeyList>),
}

impl Spelling {
    /// Calls `f` with the string of a number.
    #[inline]
    pub fn with<R>(&self, number: u64, f: impl FnOnce(&[u8]) -> R) -> R {
        let of_shape;
        f(match self {
            Self::Like(like) => {
                of_shape = like.key(number);
                of_shape.as_bytes()
            }
            Self::Listed(list) => list.key(number),
        })
    }

    /// The number of a string. `guess` is likely to be it, if that is not `u64::MAX`.
    #[inline]
    fn number(&self, key: &[u8], guess: u64) -> u64 {
        match self {
            Self::Like(like) => like.number(key),
            Self::Listed(list) => list.number(key, guess),
        }
    }

    /// The shape, if there is one.
    const fn like(&self) -> Option<KeysLike> {
        match self {
            Self::Like(like) => Some(*like),
            Self::Listed(_) => None,
        }
    }
}

/// A map of strings.
#[derive(Debug)]
pub struct Strings<M> {
    spelling: Spelling,
    map: M,
}

impl<M> Strings<M> {
    /// An empty `map`, whose keys will be of the shape `like`.
    pub const fn new(like: KeysLike, map: M) -> Self {
        Self::spelt(Spelling::Like(like), map)
    }

    /// An empty `map`, whose keys are spelt by `spelling`.
    pub const fn spelt(spelling: Spelling, map: M) -> Self {
        Self { spelling, map }
    }
}

impl<M: ByteMap> OrderedMap for Strings<M> {
    #[inline]
    fn insert(&self, key: u64, value: u64) {
        self.spelling.with(key, |key| self.map.insert(key, value));
    }

    #[inline]
    fn get(&self, key: u64) -> Option<u64> {
        self.spelling.with(key, |key| self.map.get(key))
    }

    #[inline]
    fn update(&self, key: u64, value: u64) {
        self.spelling.with(key, |key| self.map.update(key, value));
    }

    #[inline]
    fn remove(&self, key: u64) -> Option<u64> {
        self.spelling.with(key, |key| self.map.remove(key))
    }

    #[inline]
    fn scan(&self, start: u64, limit: usize, mut visit: impl FnMut(u64, u64)) {
        // Of a list of keys, most are in the map. So the next pair has probably the next number.
        let mut guess = start;
        let visit = |key: &[u8], value| {
            let number = self.spelling.number(key, guess);
            guess = number.wrapping_add(1);
            visit(number, value);
        };
        // A scan of the whole map starts at the empty string, below every key.
        if start == 0 {
            self.map.scan(&[], limit, visit);
        } else {
            self.spelling.with(start, |start| self.map.scan(start, limit, visit));
        }
    }

    fn footprint(&self) -> Option<Footprint> {
        self.map.footprint()
    }

    fn lacks(&self) -> &'static [Lack] {
        self.map.lacks(self.spelling.like())
    }

    fn notes(&self) -> Vec<String> {
        self.map.notes()
    }

    fn spelt(&self, key: u64) -> Option<String> {
        let words = |key: &[u8]| format!("\"{}\"", key.escape_ascii());
        match &self.spelling {
            Spelling::Like(like) => Some(words(like.key(key).as_bytes())),
            // A map that is wrong may have given a key that is in no line.
            Spelling::Listed(list) => list.get(key).map(words),
        }
    }
}
