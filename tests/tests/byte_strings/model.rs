//! The map of byte strings does what `BTreeMap` does.
//!
//! Every answer of a random sequence of operations equals that of a model, and the invariants hold in
//! between. The keys are adversarial: bytes with zeros at the end, strings that begin others, long common
//! starts, the empty string, the longest string.

use bskip_core::{BSkipBytesMap, BumpArena, BytesInsertErrorKind, Config, Promotion};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Bound;
use tests::rng::Rng;

type Map<V, A = bskip_core::GlobalArena> = BSkipBytesMap<[u8], V, A>;

const MOST: usize = Map::<u64>::MAX_KEY_BYTES;

/// Sets of keys.
#[derive(Clone, Copy, Debug)]
enum Keys {
    /// Up to six bytes, of few values, many of them zero.
    Zeros,
    /// One common start of 90 bytes, then as `Zeros`.
    SharedStart,
    /// Decimal numbers behind a word.
    Numbers,
    /// Random bytes, about as many as a node holds of a key.
    AnyLength,
    /// One common start of 1000 bytes, then as `Zeros`.
    LongStart,
    /// Keys of lengths that are special, up to 64 KiB; zeros at the end; some begin others.
    Long,
}

const ALL: [Keys; 6] =
    [Keys::Zeros, Keys::SharedStart, Keys::Numbers, Keys::AnyLength, Keys::LongStart, Keys::Long];

/// Around the most of a fence and of a slot that is in a node, around the sizes of cells, and of chains of cells.
const LENGTHS: [usize; 16] =
    [0, 8, 104, 136, 144, 240, 496, 752, 1008, 1520, 2032, 4064, 6096, 9000, 300, 110];

impl Keys {
    fn draw(self, rng: &mut Rng) -> Vec<u8> {
        let zeros = |rng: &mut Rng| -> Vec<u8> {
            (0..rng.below(7)).map(|_| [0, 0, 0, 1, 0xFE, 0xFF, b'a'][rng.below(7) as usize]).collect()
        };
        match self {
            Self::Zeros => zeros(rng),
            Self::SharedStart => [vec![b'p'; 90], zeros(rng)].concat(),
            Self::Numbers => format!("user{:09}", rng.below(20_000)).into_bytes(),
            Self::AnyLength => (0..rng.below(300)).map(|_| rng.below(4) as u8).collect(),
            Self::LongStart => [vec![b'p'; 1000], zeros(rng)].concat(),
            Self::Long => {
                let byte = [0, 0, b'a', 0xFF][rng.below(4) as usize];
                let length = LENGTHS[rng.below(16) as usize] + rng.below(4) as usize;
                let length = if rng.below(400) == 0 { 65_536 } else { length };
                let mut key = vec![byte; length];
                if rng.below(3) > 0 {
                    let at = rng.below(length as u64 + 1) as usize;
                    key.insert(at, rng.below(3) as u8);
                }
                key
            }
        }
    }
}

fn owned((key, value): (&Vec<u8>, &u64)) -> (Vec<u8>, u64) {
    (key.clone(), *value)
}

/// Bounds around two keys, in order.
fn bounds(rng: &mut Rng, mut a: Vec<u8>, mut b: Vec<u8>) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
    if a > b {
        std::mem::swap(&mut a, &mut b);
    }
    let lower = match rng.below(3) {
        0 => Bound::Included(a.clone()),
        1 if a != b => Bound::Excluded(a.clone()),
        1 => Bound::Included(a.clone()),
        _ => Bound::Unbounded,
    };
    let upper = match rng.below(3) {
        0 => Bound::Included(b),
        1 => Bound::Excluded(b),
        _ => Bound::Unbounded,
    };
    (lower, upper)
}

fn check(keys: Keys, promotion: Promotion, seed: u64, steps: usize) {
    let config = Config::new().promotion(promotion).seed(seed);
    let mut map: Map<u64> = Map::with_config(bskip_core::GlobalArena::new(), config).expect("memory");
    let mut model = BTreeMap::new();
    let mut rng = Rng::new(seed);
    // The map grows, stays, and shrinks, by turns.
    let mut growing = true;
    for step in 0..steps {
        if step % (steps / 6).max(1) == 0 {
            growing = !growing || step == 0;
        }
        let key = keys.draw(&mut rng);
        let value = rng.draw();
        match rng.below(12) {
            0..=4 if growing => assert_eq!(map.insert(&key[..], value), model.insert(key, value)),
            0..=4 => assert_eq!(map.remove(&key[..]), model.remove(&key)),
            5 => {
                let expected = model.get(&key).map(|_| value);
                model.entry(key.clone()).or_insert(value);
                assert_eq!(map.insert_if_absent(&key[..], value), expected);
            }
            6 => assert_eq!(map.remove(&key[..]), model.remove(&key)),
            7 => assert_eq!(map.get(&key[..]), model.get(&key).copied()),
            8 => {
                let of_map = map.update(&key[..], |v| std::mem::replace(v, value));
                assert_eq!(of_map, model.get_mut(&key).map(|v| std::mem::replace(v, value)));
                assert_eq!(map.contains_key(&key[..]), model.contains_key(&key));
            }
            9 => {
                let other = keys.draw(&mut rng);
                let range = bounds(&mut rng, key, other);
                let mut expected: std::collections::VecDeque<_> =
                    model.range(range.clone()).map(owned).collect();
                let mut lent = Vec::new();
                let wanted = rng.below(150) as usize;
                let broke = map.try_for_each_in(range.clone(), |key, value| {
                    if lent.len() == wanted {
                        return std::ops::ControlFlow::Break(());
                    }
                    lent.push((key.to_vec(), value));
                    std::ops::ControlFlow::Continue(())
                });
                assert_eq!(broke.is_break(), expected.len() > wanted);
                assert!(lent.iter().eq(expected.iter().take(wanted)));
                let mut found = map.range(range);
                for _ in 0..rng.below(200) {
                    if rng.below(2) == 0 {
                        assert_eq!(found.next(), expected.pop_front());
                    } else {
                        assert_eq!(found.next_back(), expected.pop_back());
                    }
                }
            }
            10 => {
                assert_eq!(map.first_key_value(), model.first_key_value().map(owned));
                assert_eq!(map.last_key_value(), model.last_key_value().map(owned));
            }
            _ if growing => assert_eq!(map.is_empty(), model.is_empty()),
            _ if rng.below(2) == 0 => assert_eq!(map.pop_first(), model.pop_first()),
            _ => assert_eq!(map.pop_last(), model.pop_last()),
        }
        if step % 4096 == 0 {
            assert_eq!(map.check_invariants().keys, model.len());
        }
        if step == steps / 2 {
            map.shrink_to_fit();
            assert_eq!(map.check_invariants().keys, model.len());
        }
    }
    assert_eq!(map.check_invariants().keys, model.len());
    assert_eq!(map.len(), model.len());
    assert!(map.iter().eq(model.iter().map(owned)));
    assert!(map.iter().rev().eq(model.iter().rev().map(owned)));
    map.clear();
    assert_eq!((map.check_invariants().keys, map.first_key_value()), (0, None));
    // A map that was cleared knows nothing of its earlier keys.
    model.clear();
    for _ in 0..2000 {
        let (key, value) = (keys.draw(&mut rng), rng.draw());
        assert_eq!(map.insert(&key[..], value), model.insert(key, value));
    }
    assert_eq!(map.check_invariants().keys, model.len());
    assert!(map.iter().eq(model.iter().map(owned)));
}

#[test]
fn answers_are_those_of_a_btreemap() {
    for (seed, keys) in (1..).zip(ALL) {
        check(keys, Promotion::default(), seed, 30_000);
        check(keys, Promotion::Overflow, seed + 10, 15_000);
        check(keys, Promotion::Coin { one_in: 8 }, seed + 20, 15_000);
    }
}

/// Ascending and descending keys meet the nodes without a high or low fence.
#[test]
fn keys_in_order() {
    for descending in [false, true] {
        let mut map: Map<u64> = Map::new();
        let key = |i: u64| format!("https://example.org/articles/{i:08}").into_bytes();
        let numbers: Vec<u64> = if descending { (0..20_000).rev().collect() } else { (0..20_000).collect() };
        numbers.iter().for_each(|&i| assert_eq!(map.insert(&key(i), i), None));
        assert!((0..20_000).all(|i| map.get(&key(i)) == Some(i)));
        assert_eq!(map.get(&key(20_000)), None);
        assert!(map.iter().map(|(_, i)| i).eq(0..20_000));
        assert_eq!(map.check_invariants().keys, 20_000);
    }
}

#[test]
fn a_key_that_is_too_long_comes_back() {
    let mut map: Map<&str> = Map::new();
    let longest = vec![7; MOST];
    assert_eq!(map.insert(&longest, "longest"), None);
    let too_long = vec![7; MOST + 1];
    let error = map.try_insert(&too_long, "too long").unwrap_err();
    assert_eq!(error.value, "too long");
    assert_eq!(error.kind, BytesInsertErrorKind::KeyTooLong { bytes: MOST + 1, most: MOST });
    assert!(error.to_string().contains("shorter"));
    // A look-up takes any key.
    assert_eq!((map.get(&too_long), map.remove(&too_long)), (None, None));
    assert_eq!(map.range(too_long..).next(), None);
    assert_eq!((map.get(&longest), map.check_invariants().keys), (Some("longest"), 1));
}

/// A full arena refuses a pair, and nothing is lost.
#[test]
fn a_full_arena_gives_the_value_back() {
    let mut map: Map<String, BumpArena> = Map::with_arena(BumpArena::with_limit(100_000)).expect("memory");
    let key = |i: u64| format!("key {}", tests::rng::mix(i)).into_bytes();
    let full = (0..).find(|&i| match map.try_insert(&key(i), i.to_string()) {
        Ok(old) => {
            assert_eq!(old, None);
            false
        }
        Err(error) => {
            assert_eq!(error.value, i.to_string());
            assert!(matches!(error.kind, BytesInsertErrorKind::Alloc(_)));
            true
        }
    });
    let full = full.expect("the arena is full some time");
    assert!(full > 50, "{full}");
    assert!((0..full).all(|i| map.get_cloned(&key(i)) == Some(i.to_string())));
    assert_eq!(map.check_invariants().keys as u64, full);
    // Removal makes room for it.
    (0..full / 2).for_each(|i| assert_eq!(map.remove(&key(i)), Some(i.to_string())));
    assert_eq!(map.try_insert(&key(full), full.to_string()), Ok(None));
}

/// Keys of other types come back, in the order of the types.
#[test]
fn keys_of_other_types() {
    let map: BSkipBytesMap<(String, Reverse<u64>), u64> = BSkipBytesMap::new();
    let mut model = BTreeMap::new();
    let mut rng = Rng::new(5);
    for _ in 0..5000 {
        let name = ["a", "a\0", "a\0b", "ab", "b", ""][rng.below(6) as usize];
        let (version, value) = (rng.below(1000), rng.draw());
        let old = model.insert((name.to_owned(), Reverse(version)), value);
        assert_eq!(map.insert(&(name, Reverse(version)), value), old);
    }
    assert!(map.iter().eq(model.iter().map(|(key, &value)| (key.clone(), value))));
    for name in ["a", "a\0", "", "zz"] {
        // The newest version up to 500.
        let from = (name.to_owned(), Reverse(500u64));
        let expected = model.range(from..).next().map(|(key, &value)| (key.clone(), value));
        assert_eq!(map.range((name, Reverse(500u64))..).next(), expected);
    }
}

/// Values that own memory are dropped once.
#[test]
fn values_are_dropped_once() {
    use std::sync::Arc;
    let value = Arc::new(());
    let mut map: Map<Arc<()>> = Map::new();
    let mut rng = Rng::new(6);
    for _ in 0..20_000 {
        let key = Keys::Numbers.draw(&mut rng);
        match rng.below(3) {
            0 | 1 => drop(map.insert(&key, value.clone())),
            _ => drop(map.remove(&key)),
        }
    }
    assert_eq!(Arc::strong_count(&value), 1 + map.len());
    map.check_invariants();
    let (_, cloned) = map.first_key_value_cloned().expect("not empty");
    drop(cloned);
    drop(map);
    assert_eq!(Arc::strong_count(&value), 1);
}
