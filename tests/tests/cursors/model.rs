//! Cursors move as a model over `BTreeMap` says.
//!
//! Properties, for fixed-width keys in nodes of every size and for byte strings, under every promotion policy,
//! for several cursors at once, while the map grows, shrinks, loses the cursors' keys and is cleared:
//! - every move finds the pair beside the cursor, whether the current key is still there or not;
//! - a move that finds nothing leaves the cursor in the gap that the documentation names. The moves from there
//!   find what has been inserted since;
//! - the cursor's pair stays as it was when the cursor came to it, and `value_with` gives the present value.

use super::TestCursor;
use super::blobs::{number, spelled};
use bskip_core::{BSkipBlobMap, BSkipBytesMap, BSkipMap, GlobalArena, Promotion};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use tests::config::{config, scaled, some_promotions};
use tests::keys::NumberedKey;
use tests::rng::Rng;

/// Where the model of a cursor stands.
#[derive(Clone, Debug)]
enum Stand<K> {
    Start,
    Before(K),
    At(K, u64),
    Behind(K),
    End,
}

impl<K: Ord + Clone> Stand<K> {
    fn up(&self, map: &BTreeMap<K, u64>) -> Self {
        let lower = match self {
            Self::Start => Bound::Unbounded,
            Self::Before(key) => Bound::Included(key),
            Self::At(key, _) | Self::Behind(key) => Bound::Excluded(key),
            Self::End => return Self::End,
        };
        match (map.range((lower, Bound::Unbounded)).next(), self) {
            (Some((key, &value)), _) => Self::At(key.clone(), value),
            (None, Self::At(key, _)) => Self::Behind(key.clone()),
            (None, _) => self.clone(),
        }
    }

    fn down(&self, map: &BTreeMap<K, u64>) -> Self {
        let upper = match self {
            Self::End => Bound::Unbounded,
            Self::Behind(key) => Bound::Included(key),
            Self::At(key, _) | Self::Before(key) => Bound::Excluded(key),
            Self::Start => return Self::Start,
        };
        match (map.range((Bound::Unbounded, upper)).next_back(), self) {
            (Some((key, &value)), _) => Self::At(key.clone(), value),
            (None, Self::At(key, _)) => Self::Before(key.clone()),
            (None, _) => self.clone(),
        }
    }
}

/// The operations on a map that the test makes.
trait Changed {
    type Key;
    fn put(&self, key: &Self::Key, value: u64) -> Option<u64>;
    fn take(&self, key: &Self::Key) -> Option<u64>;
    fn pop(&self) -> bool;
    fn shrink(&self);
}

impl<K: NumberedKey> Changed for BSkipMap<K, u64> {
    type Key = K;
    fn put(&self, key: &K, value: u64) -> Option<u64> {
        self.insert(*key, value)
    }
    fn take(&self, key: &K) -> Option<u64> {
        self.remove(key)
    }
    fn pop(&self) -> bool {
        self.pop_first().is_some()
    }
    fn shrink(&self) {
        self.shrink_to_fit();
    }
}

impl Changed for BSkipBytesMap<[u8], u64> {
    type Key = Vec<u8>;
    fn put(&self, key: &Vec<u8>, value: u64) -> Option<u64> {
        self.insert(key, value)
    }
    fn take(&self, key: &Vec<u8>) -> Option<u64> {
        self.remove(key)
    }
    fn pop(&self) -> bool {
        self.pop_first().is_some()
    }
    fn shrink(&self) {
        self.shrink_to_fit();
    }
}

impl Changed for BSkipBlobMap<[u8]> {
    type Key = Vec<u8>;
    fn put(&self, key: &Vec<u8>, value: u64) -> Option<u64> {
        self.replace(key, &spelled(value)).as_deref().map(number)
    }
    fn take(&self, key: &Vec<u8>) -> Option<u64> {
        self.take(key).as_deref().map(number)
    }
    fn pop(&self) -> bool {
        self.pop_first().is_some()
    }
    fn shrink(&self) {
        self.shrink_to_fit();
    }
}

/// Makes `steps` random steps. Cursors: each is held all the time.
fn drive<C>(map: &C::Map, mut cursors: Vec<C>, draw: impl Fn(&mut Rng) -> C::Key, seed: u64, steps: u64)
where
    C: TestCursor<Map: Changed<Key = C::Key>>,
{
    let mut rng = Rng::new(seed);
    let mut model = BTreeMap::new();
    let mut stands = vec![Stand::Start; cursors.len()];
    for step in 0..steps {
        let growing = (step * 4 / steps).is_multiple_of(2);
        match rng.below(20) {
            0..=4 => {
                let (key, value) = (draw(&mut rng), rng.draw() >> (8 * rng.below(8)));
                if growing || rng.below(3) == 0 {
                    assert_eq!(map.put(&key, value), model.insert(key, value));
                } else {
                    assert_eq!(map.take(&key), model.remove(&key));
                }
            }
            5..=6 => {
                // The key at which a cursor stands.
                if let Stand::At(key, _) = &stands[rng.below(stands.len() as u64) as usize] {
                    assert_eq!(map.take(key), model.remove(key));
                }
            }
            7 if rng.below(10) == 0 => map.shrink(),
            7 if rng.below(200) == 0 => {
                while map.pop() {}
                model.clear();
            }
            _ => {}
        }
        let which = rng.below(cursors.len() as u64) as usize;
        let (cursor, stand) = (&mut cursors[which], &mut stands[which]);
        let (found, expected) = match rng.below(16) {
            0 => {
                let key = draw(&mut rng);
                (cursor.seek(&key), Stand::Before(key).up(&model))
            }
            1 => {
                let key = draw(&mut rng);
                (cursor.seek_for_prev(&key), Stand::Behind(key).down(&model))
            }
            2 if rng.below(4) == 0 => (cursor.seek_to_first(), Stand::Start.up(&model)),
            2 if rng.below(3) == 0 => (cursor.seek_to_last(), Stand::End.down(&model)),
            // Several in one direction, so that they leave leaves.
            turn => {
                let up = if rng.below(4) == 0 { turn % 2 == 0 } else { which.is_multiple_of(2) };
                (
                    if up { cursor.next() } else { cursor.prev() },
                    if up { stand.up(&model) } else { stand.down(&model) },
                )
            }
        };
        *stand = expected;
        assert_eq!(found, matches!(stand, Stand::At(..)), "step {step}: {stand:?}");
        for (cursor, stand) in cursors.iter().zip(&stands) {
            assert_eq!(cursor.valid(), matches!(stand, Stand::At(..)));
            let (key, value, now) = match stand {
                Stand::At(key, value) => (Some(key.clone()), Some(*value), model.get(key).copied()),
                _ => (None, None, None),
            };
            assert_eq!((cursor.current(), cursor.now()), (key, now), "step {step}: {stand:?}");
            assert!(cursor.kept().is_none_or(|kept| kept == value), "step {step}: {stand:?}");
        }
    }
}

fn fixed<K: NumberedKey + 'static>(promotion: Promotion, keys: u64, seed: u64) {
    let map = BSkipMap::<K, u64>::with_config(GlobalArena::new(), config(promotion, seed)).expect("memory");
    let draw = |rng: &mut Rng| K::of(rng.below(keys));
    drive(&map, vec![map.cursor(), map.cursor(), map.cursor()], draw, seed, scaled(100_000));
    let map = Arc::new(map);
    while map.pop_last().is_some() {}
    let cursors = vec![map.clone().cursor_owned(), map.clone().cursor_owned()];
    drive(&*map, cursors, draw, seed + 1, scaled(50_000));
    let mut map = Arc::into_inner(map).expect("the cursors are gone");
    map.check_invariants();
}

#[test]
fn over_keys_of_fixed_width() {
    for (seed, promotion) in (1..).zip(some_promotions()) {
        fixed::<[u8; 64]>(promotion, 60, 10 * seed);
        fixed::<[u8; 64]>(promotion, 2000, 10 * seed + 2);
        fixed::<u64>(promotion, 1000, 10 * seed + 4);
        fixed::<(u32, u64)>(promotion, 1000, 10 * seed + 6);
    }
}

/// Strings of several kinds.
fn draws() -> [fn(&mut Rng) -> Vec<u8>; 4] {
    fn zeros(rng: &mut Rng) -> Vec<u8> {
        (0..rng.below(7)).map(|_| [0, 0, 0, 1, 0xFE, 0xFF, b'a'][rng.below(7) as usize]).collect()
    }
    let shared = |rng: &mut Rng| [vec![b'p'; 90], zeros(rng)].concat();
    let numbers = |rng: &mut Rng| format!("user{:09}", rng.below(2000)).into_bytes();
    let any_length = |rng: &mut Rng| -> Vec<u8> {
        let most = BSkipBlobMap::<[u8]>::MAX_KEY_BYTES.min(300) as u64;
        (0..=rng.below(most)).map(|_| rng.below(4) as u8).collect()
    };
    [zeros, shared, numbers, any_length]
}

macro_rules! over_byte_strings {
    ($Map:ty, $scale:expr) => {
        for (seed, promotion) in (1..).zip(some_promotions()) {
            for draw in draws() {
                let map = <$Map>::with_config(GlobalArena::new(), config(promotion, seed)).expect("memory");
                drive(&map, vec![map.cursor(), map.cursor()], draw, seed, scaled(50_000 / $scale));
                let map = Arc::new(map);
                while map.pop_last().is_some() {}
                let cursors = vec![map.clone().cursor_owned(), map.clone().cursor_owned()];
                drive(&*map, cursors, draw, seed + 1, scaled(50_000 / $scale));
                Arc::into_inner(map).expect("the cursors are gone").check_invariants();
            }
        }
    };
}

#[test]
fn over_byte_strings() {
    over_byte_strings!(BSkipBytesMap<[u8], u64>, 1);
}

#[test]
fn over_values_that_are_byte_strings() {
    over_byte_strings!(BSkipBlobMap<[u8]>, 2);
}
