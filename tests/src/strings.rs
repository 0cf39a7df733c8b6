//! Decodes a fuzzer's bytes into operations on a map of byte strings, and runs them beside `BTreeMap`. Any
//! bytes mean something.

use crate::arena::ArenaKind;
use crate::config::{CRUEL_PROMOTIONS, config};
use crate::on_pair::on_pair;
use crate::read::Read;
use crate::values::NumberedValue;
use arbitrary::{Arbitrary, Result, Unstructured};
use bskip_core::{BSkipBytesMap, BlockArena, Promotion};
use core::fmt::Debug;
use core::mem;
use core::ops::Bound;
use std::collections::BTreeMap;

/// The most bytes of a key.
const MOST: usize = BSkipBytesMap::<[u8], ()>::MAX_KEY_BYTES;

type Key = Vec<u8>;

/// A step. The last number of a step stands for a value.
#[derive(Clone, Debug)]
pub enum StringOp {
    /// `insert`.
    Insert(Key, u32),
    /// `try_insert`.
    TryInsert(Key, u32),
    /// `insert_if_absent` and `try_insert_if_absent`.
    InsertIfAbsent(Key, u32),
    /// `get`, `get_cloned`, `get_with` and `contains_key`.
    Get(Key),
    /// `remove`.
    Remove(Key),
    /// `update`.
    Update(Key, u32),
    /// `compute` or what is made of it: the value chooses which.
    OnPair(Key, u32),
    /// The pairs at both ends, `len` and `is_empty`.
    Ends,
    /// `pop_first` (`false`) or `pop_last` (`true`), this many times.
    Pop(bool, u8),
    /// `range`, taken from the front or the back this many times, as the bits of the first number say.
    Range(Bound<Key>, Bound<Key>, u64, u8),
    /// `try_for_each_in`, of at most this many pairs.
    Lend(Bound<Key>, Bound<Key>, u8),
    /// `insert` of this many keys: a number behind this start, and a few zeros.
    InsertRun(Key, u8),
    /// `remove` of the same.
    RemoveRun(Key, u8),
    /// `shrink_to_fit`.
    Shrink,
    /// `clear`.
    Clear,
    /// `check_invariants`.
    Check,
}

/// A map and the steps to run on it.
#[derive(Clone, Debug)]
pub struct StringProgram {
    /// Whether values own memory.
    pub owning: bool,
    /// The map's arena.
    pub arena: ArenaKind,
    /// The map's promotion policy.
    pub promotion: Promotion,
    /// The map's seed.
    pub seed: u64,
    /// The steps.
    pub ops: Vec<StringOp>,
}

/// The most steps of one program. Without a bound, a long input would only be slow.
const MOST_OPS: usize = 300;

impl<'a> Arbitrary<'a> for StringProgram {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let owning = bool::arbitrary(bytes)?;
        let arena = *bytes.choose(&ArenaKind::ALL)?;
        let promotion = *bytes.choose(&CRUEL_PROMOTIONS)?;
        let seed = u64::from(u8::arbitrary(bytes)?);
        let (mut ops, mut keys) = (Vec::new(), Vec::new());
        while !bytes.is_empty() && ops.len() < MOST_OPS {
            ops.push(op(bytes, &mut keys)?);
        }
        Ok(Self { owning, arena, promotion, seed, ops })
    }
}

/// A key: a new one, an earlier one, or one that continues an earlier one or begins it.
fn key(bytes: &mut Unstructured<'_>, keys: &mut Vec<Key>) -> Result<Key> {
    let mut key = match bytes.int_in_range(0..=15)? {
        0 => Key::new(),
        1..6 => few(bytes)?,
        6 | 7 => {
            let len = u8::arbitrary(bytes)? % 40;
            (0..len).map(|_| u8::arbitrary(bytes)).collect::<Result<_>>()?
        }
        8..12 if !keys.is_empty() => {
            let mut key = bytes.choose(keys)?.clone();
            match bytes.int_in_range(0..=3)? {
                0 => key.truncate(key.len() - key.len().min(usize::from(u8::arbitrary(bytes)? % 10))),
                1 => key.extend(few(bytes)?),
                2 => key.resize(key.len() + usize::from(u8::arbitrary(bytes)? % 20), 0),
                _ => {}
            }
            key
        }
        8..14 => {
            // Keys that share a long start differ behind it.
            let end = few(bytes)?;
            let start = *bytes.choose(&[90, 96, 1000, 4000])?;
            [vec![b's'; start.min(MOST - end.len())], end].concat()
        }
        _ => {
            // Around the lengths at which keys leave the node, or become chains of cells.
            let len = *bytes.choose(&[95, 104, 105, 128, 136, 137, 2032, 2033, 65536])?;
            let (mut key, end) = (vec![*bytes.choose(&[0, b'l', 0xFF])?; len], few(bytes)?);
            key.splice(len - end.len().min(len).., end);
            key
        }
    };
    key.truncate(MOST);
    if keys.len() < 64 {
        keys.push(key.clone());
    }
    Ok(key)
}

/// Up to twelve bytes, of few values.
fn few(bytes: &mut Unstructured<'_>) -> Result<Key> {
    let len = u8::arbitrary(bytes)? % 13;
    (0..len).map(|_| bytes.choose(&[0, 0, 1, 0xFE, 0xFF, b'a', b's']).copied()).collect()
}

fn bound(bytes: &mut Unstructured<'_>, keys: &mut Vec<Key>) -> Result<Bound<Key>> {
    Ok(match bytes.int_in_range(0..=4)? {
        0 => Bound::Unbounded,
        1 | 2 => Bound::Included(key(bytes, keys)?),
        _ => Bound::Excluded(key(bytes, keys)?),
    })
}

fn op(bytes: &mut Unstructured<'_>, keys: &mut Vec<Key>) -> Result<StringOp> {
    let value = |bytes: &mut Unstructured<'_>| u8::arbitrary(bytes).map(u32::from);
    Ok(match bytes.int_in_range(0..=23)? {
        0..4 => StringOp::Insert(key(bytes, keys)?, value(bytes)?),
        4 => StringOp::TryInsert(key(bytes, keys)?, value(bytes)?),
        5 => StringOp::InsertIfAbsent(key(bytes, keys)?, value(bytes)?),
        6..8 => StringOp::Get(key(bytes, keys)?),
        8..11 => StringOp::Remove(key(bytes, keys)?),
        11 => match (key(bytes, keys)?, value(bytes)?) {
            (k, v @ 0..80) => StringOp::Update(k, v),
            (k, v) => StringOp::OnPair(k, v),
        },
        12 => StringOp::Ends,
        13 => StringOp::Pop(bool::arbitrary(bytes)?, u8::arbitrary(bytes)?),
        14 | 15 => {
            let turns = *bytes.choose(&[0, u64::MAX, 0x5555_5555_5555_5555, 0xFFFF_0F0F_3333_0001])?;
            StringOp::Range(bound(bytes, keys)?, bound(bytes, keys)?, turns, u8::arbitrary(bytes)?)
        }
        16 => StringOp::Lend(bound(bytes, keys)?, bound(bytes, keys)?, u8::arbitrary(bytes)?),
        17..20 => StringOp::InsertRun(key(bytes, keys)?, u8::arbitrary(bytes)?),
        20 | 21 => StringOp::RemoveRun(key(bytes, keys)?, u8::arbitrary(bytes)?),
        22 if bool::arbitrary(bytes)? => StringOp::Shrink,
        // Rarely, because it destroys everything that was built.
        23 if u8::arbitrary(bytes)?.is_multiple_of(4) => StringOp::Clear,
        _ => StringOp::Check,
    })
}

impl StringProgram {
    /// The program that these bytes mean; `None` if they are too few to choose a map.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        Self::arbitrary(&mut Unstructured::new(bytes)).ok()
    }

    /// Runs the steps on the map and on `BTreeMap`.
    ///
    /// # Panics
    /// If they differ, or an invariant does not hold.
    #[inline] // As in `bytes`: compiled where it is called.
    pub fn run(&self) {
        if self.owning { self.replay::<String>() } else { self.replay::<u64>() }
    }

    fn replay<V: NumberedValue + PartialEq + Debug>(&self) {
        let config = config(self.promotion, self.seed);
        let mut map = BSkipBytesMap::with_config(self.arena.make(), config).expect("an empty map");
        let mut model = BTreeMap::new();
        for op in &self.ops {
            step::<V, _>(op, &mut map, &mut model);
        }
        assert_eq!(map.check_invariants().keys, model.len());
        let all = || V::Reader::range_bytes(&map, Bound::Unbounded, Bound::Unbounded);
        assert!(all().eq(model.clone()) && all().rev().eq(model.into_iter().rev()));
    }
}

/// The keys of a run.
fn run(start: &[u8], count: u8) -> impl Iterator<Item = Key> {
    (0..count).map(move |i| {
        let mut key = start[..start.len().min(MOST - 8)].to_vec();
        key.push(i / 3);
        key.resize(key.len() + usize::from(i % 3), 0);
        key
    })
}

/// Runs one step on both.
fn step<V: NumberedValue + PartialEq + Debug, A: BlockArena>(
    op: &StringOp,
    map: &mut BSkipBytesMap<[u8], V, A>,
    model: &mut BTreeMap<Key, V>,
) {
    let value = |number: u32| V::of(u64::from(number));
    let owned = |(key, value): (&Key, &V)| (key.clone(), value.clone());
    match op {
        StringOp::Insert(k, v) => assert_eq!(map.insert(k, value(*v)), model.insert(k.clone(), value(*v))),
        StringOp::TryInsert(k, v) => {
            let old = map.try_insert(k, value(*v)).expect("the arena is large");
            assert_eq!(old, model.insert(k.clone(), value(*v)));
        }
        StringOp::InsertIfAbsent(k, v) => {
            let expected = model.contains_key(k).then(|| value(*v));
            model.entry(k.clone()).or_insert_with(|| value(*v));
            assert_eq!(map.insert_if_absent(k, value(*v)), expected);
            let again = map.try_insert_if_absent(k, value(*v)).expect("the key is there");
            assert_eq!(again, Some(value(*v)));
        }
        StringOp::Get(k) => {
            let expected = model.get(k);
            assert_eq!(V::Reader::get_bytes(map, k).as_ref(), expected);
            assert_eq!(map.get_cloned(k).as_ref(), expected);
            assert_eq!(map.get_with(k, V::clone).as_ref(), expected);
            assert_eq!(map.contains_key(k), expected.is_some());
            let below = |bound| model.range((Bound::Unbounded, bound)).next_back().map(owned);
            let above = |bound| model.range((bound, Bound::Unbounded)).next().map(owned);
            let floor = below(Bound::Included(k.clone()));
            assert_eq!((&map.floor_cloned(k), &map.floor_with(k, V::clone)), (&floor, &floor));
            assert_eq!(map.lower_cloned(k), below(Bound::Excluded(k.clone())));
            assert_eq!(map.ceiling_with(k, V::clone), above(Bound::Included(k.clone())));
            assert_eq!(map.higher_cloned(k), above(Bound::Excluded(k.clone())));
        }
        StringOp::Remove(k) => assert_eq!(map.remove(k), model.remove(k)),
        StringOp::Update(k, v) => {
            let old = map.update(k, |slot| mem::replace(slot, value(*v)));
            assert_eq!(old, model.get_mut(k).map(|slot| mem::replace(slot, value(*v))));
        }
        // A few of these change all pairs from a key on, or remove some of all.
        StringOp::OnPair(k, v) if *v >= 240 => {
            map.range_update(k.clone().., |_, there| *there = value(*v));
            model.range_mut(k.clone()..).for_each(|(_, there)| *there = value(*v));
            assert_eq!(map.range_count(k.clone()..), model.range(k.clone()..).count());
            let every = *v as usize - 237;
            let (mut seen, mut wanted) = (0, 0);
            map.retain(|_, _| {
                seen += 1;
                seen % every > 0
            });
            model.retain(|_, _| {
                wanted += 1;
                wanted % every > 0
            });
            assert_eq!(seen, wanted);
        }
        StringOp::OnPair(k, v) => on_pair!(&*map, &mut *model, k, k, k.clone(), *v, value),
        StringOp::Ends => {
            assert_eq!(V::Reader::end_bytes(map, false), model.first_key_value().map(owned));
            assert_eq!(V::Reader::end_bytes(map, true), model.last_key_value().map(owned));
            assert_eq!((map.len(), map.is_empty()), (model.len(), model.is_empty()));
        }
        StringOp::Pop(back, count) => {
            for _ in 0..*count {
                match back {
                    false => assert_eq!(map.pop_first(), model.pop_first()),
                    true => assert_eq!(map.pop_last(), model.pop_last()),
                }
            }
        }
        StringOp::Range(lower, upper, turns, count) => {
            let (lower, upper) = in_order(lower, upper);
            let mut visited = Vec::new();
            map.for_each_with((lower.clone(), upper.clone()), |key, value| {
                visited.push((key.clone(), value.clone()));
            });
            assert!(visited.into_iter().eq(model.range((lower.clone(), upper.clone())).map(owned)));
            let mut items = V::Reader::range_bytes(map, lower.clone(), upper.clone());
            let mut expected = model.range((lower, upper)).map(owned);
            for i in 0..*count {
                match turns >> (i % 64) & 1 {
                    0 => assert_eq!(items.next(), expected.next()),
                    _ => assert_eq!(items.next_back(), expected.next_back()),
                }
            }
        }
        StringOp::Lend(lower, upper, most) => {
            let (lower, upper) = in_order(lower, upper);
            let expected: Vec<_> =
                model.range((lower.clone(), upper.clone())).map(owned).take(usize::from(*most) + 1).collect();
            let mut lent = Vec::new();
            V::Reader::lend_bytes(map, lower, upper, false, |key, value| {
                lent.push((key.to_vec(), value));
                lent.len() <= usize::from(*most)
            });
            assert_eq!(lent, expected);
        }
        StringOp::InsertRun(start, count) => run(start, *count).for_each(|key| {
            assert_eq!(map.insert(&key, value(7)), model.insert(key, value(7)));
        }),
        StringOp::RemoveRun(start, count) => {
            run(start, *count).for_each(|key| assert_eq!(map.remove(&key), model.remove(&key)));
        }
        StringOp::Shrink => {
            // `usage` counts the cells of long fences, too.
            let nodes = |map: &mut BSkipBytesMap<[u8], V, A>| {
                let found = map.check_invariants();
                found.leaves + found.inners
            };
            let before = nodes(map);
            assert_eq!(map.shrink_to_fit() + nodes(map), before);
        }
        StringOp::Clear => {
            map.clear();
            model.clear();
        }
        StringOp::Check => assert_eq!(map.check_invariants().keys, model.len()),
    }
}

/// The bounds of a range that no call refuses.
fn in_order(lower: &Bound<Key>, upper: &Bound<Key>) -> (Bound<Key>, Bound<Key>) {
    match (lower, upper) {
        (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) if a > b => {
            (upper.clone(), lower.clone())
        }
        // If both are excluded, the call panics.
        (Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) if a == b => {
            (Bound::Included(a.clone()), upper.clone())
        }
        _ => (lower.clone(), upper.clone()),
    }
}
