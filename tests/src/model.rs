//! Runs sequences of operations on a map and on `BTreeMap` side by side.

use crate::arena::{ArenaKind, beside};
use crate::config::config;
use crate::keys::TestKey;
use crate::on_pair::on_pair;
use crate::read::Read;
use bskip_core::{BSkipMap, BlockArena, MigrateCursor, Promotion, ShrinkCursor};
use core::fmt::Debug;
use core::ops::Bound;
use std::collections::BTreeMap;

/// A step of a sequence. Numbers stand for keys ([`TestKey::nth`]) and for values.
#[derive(Clone, Debug)]
pub enum Op {
    /// `insert`.
    Insert(u32, u32),
    /// `try_insert`.
    TryInsert(u32, u32),
    /// `get`, `get_with` and `contains_key`.
    Get(u32),
    /// `remove`.
    Remove(u32),
    /// `update`.
    Update(u32, u32),
    /// `get_or_insert_with`.
    GetOrInsert(u32, u32),
    /// `compute` or what is made of it: the value chooses which.
    OnPair(u32, u32),
    /// `retain`, `extract_if`, `range_update` or `drain`: the number chooses which pairs.
    Sweep(u32),
    /// `first`, `last`, `len` and `is_empty`.
    Ends,
    /// `pop_first` (`false`) or `pop_last` (`true`), this many times.
    Pop(bool, u16),
    /// `range`, taken from the front or the back this many times, as the bits of the first number say.
    Range(Bound<u32>, Bound<u32>, u64, u16),
    /// `insert` of this many keys from this number on, with this step.
    InsertRun(u32, u16, u8),
    /// `remove` of this many keys from this number on, with this step.
    RemoveRun(u32, u16, u8),
    /// `shrink`, of this many nodes.
    Shrink(u16),
    /// `migrate`, of this many leaves, or `rebalance` of all (`None`).
    Migrate(Option<u16>),
    /// `clear`.
    Clear,
    /// `check_invariants`.
    Check,
}

/// Runs one sequence.
///
/// # Panics
/// If map and model differ.
pub fn replay<K: TestKey, V: Clone + PartialEq + Debug, R: Read<V>>(
    arena: ArenaKind,
    promotion: Promotion,
    seed: u64,
    ops: &[Op],
    value: &impl Fn(u32) -> V,
) {
    let mut map = BSkipMap::with_config(arena.make(), config(promotion, seed)).expect("an empty map");
    let mut model = BTreeMap::new();
    for op in ops {
        step::<K, V, R, _>(op, &mut map, &mut model, value);
    }
    assert_eq!(map.check_invariants().keys, model.len());
    assert!(R::iter(&map).eq(model.iter().map(|(k, v)| (*k, v.clone()))));
    assert!(R::iter(&map).rev().eq(model.iter().rev().map(|(k, v)| (*k, v.clone()))));
    assert!(map.keys().eq(model.keys().copied()) && map.keys().rev().eq(model.keys().rev().copied()));
    assert!(map.values().cloned().eq(model.values().cloned()));
    assert!(map.values().cloned().rev().eq(model.values().rev().cloned()));
    match seed % 4 {
        0 => assert!(map.into_iter().eq(model)),
        1 => assert!(map.into_iter().rev().eq(model.into_iter().rev())),
        2 => assert!(map.into_keys().eq(model.into_keys())),
        _ => assert!(map.into_values().eq(model.into_values())),
    }
}

/// Shows a closure the pair at one end, which takes it out if `yes`.
fn pop_if<K: TestKey, V: Clone + PartialEq + Debug, A: BlockArena>(
    map: &BSkipMap<K, V, A>,
    model: &mut BTreeMap<K, V>,
    back: bool,
    yes: bool,
) {
    let mut seen = None;
    let decide = |key: &K, value: &V| {
        seen = Some((*key, value.clone()));
        yes
    };
    let popped = if back { map.pop_last_if(decide) } else { map.pop_first_if(decide) };
    let expected = if back { model.last_key_value() } else { model.first_key_value() };
    assert_eq!(seen.as_ref().map(|(key, value)| (key, value)), expected);
    if let Some((key, value)) = seen.filter(|_| yes) {
        model.remove(&key);
        assert_eq!(popped, Some((key, value)));
    } else {
        assert!(popped.is_none());
    }
}

/// Runs one step on both.
fn step<K: TestKey, V: Clone + PartialEq + Debug, R: Read<V>, A: BlockArena>(
    op: &Op,
    map: &mut BSkipMap<K, V, A>,
    model: &mut BTreeMap<K, V>,
    value: &impl Fn(u32) -> V,
) {
    match *op {
        Op::Insert(k, v) => assert_eq!(map.insert(K::nth(k), value(v)), model.insert(K::nth(k), value(v))),
        Op::TryInsert(k, v) => {
            let old = map.try_insert(K::nth(k), value(v)).expect("the arena is large");
            assert_eq!(old, model.insert(K::nth(k), value(v)));
        }
        Op::Get(k) => {
            let (key, expected) = (K::nth(k), model.get(&K::nth(k)));
            assert_eq!(R::get(map, &key).as_ref(), expected);
            assert_eq!(map.get_cloned(&key).as_ref(), expected);
            assert_eq!(map.get_with(&key, V::clone).as_ref(), expected);
            assert_eq!(map.contains_key(&key), expected.is_some());
            compare_neighbours(map, model, key);
        }
        Op::Remove(k) => assert_eq!(map.remove(&K::nth(k)), model.remove(&K::nth(k))),
        Op::Update(k, v) => {
            let old = map.update(&K::nth(k), |slot| core::mem::replace(slot, value(v)));
            assert_eq!(old, model.get_mut(&K::nth(k)).map(|slot| core::mem::replace(slot, value(v))));
        }
        Op::GetOrInsert(k, v) => {
            let got = map.get_or_insert_with(K::nth(k), || value(v));
            assert_eq!(&got, model.entry(K::nth(k)).or_insert_with(|| value(v)));
        }
        Op::OnPair(k, v) => on_pair!(&*map, &mut *model, K::nth(k), &K::nth(k), K::nth(k), v, value),
        Op::Sweep(n) => sweep(map, model, n, value),
        Op::Ends => {
            assert_eq!(R::first(map), model.first_key_value().map(|(k, v)| (*k, v.clone())));
            assert_eq!(R::last(map), model.last_key_value().map(|(k, v)| (*k, v.clone())));
            assert_eq!((map.len(), map.is_empty()), (model.len(), model.is_empty()));
        }
        Op::Pop(back, count) => {
            pop_if(map, model, back, count.is_multiple_of(2));
            for _ in 0..count {
                match back {
                    false => assert_eq!(map.pop_first(), model.pop_first()),
                    true => assert_eq!(map.pop_last(), model.pop_last()),
                }
            }
        }
        Op::Range(lo, hi, turns, count) => compare_range::<K, V, R, A>(map, model, (lo, hi), turns, count),
        Op::InsertRun(k, count, step) => {
            for k in (0..u32::from(count)).map(|i| k.wrapping_add(i * u32::from(step))) {
                assert_eq!(map.insert(K::nth(k), value(k)), model.insert(K::nth(k), value(k)));
            }
        }
        Op::RemoveRun(k, count, step) => {
            for k in (0..u32::from(count)).map(|i| k.wrapping_add(i * u32::from(step))) {
                assert_eq!(map.remove(&K::nth(k)), model.remove(&K::nth(k)));
            }
        }
        Op::Shrink(nodes) => {
            let (before, mut cursor) = (map.usage().issued_blocks, ShrinkCursor::new());
            assert_eq!(map.shrink(&mut cursor, usize::from(nodes)), !cursor.is_done());
            assert_eq!(map.usage().issued_blocks + cursor.freed_blocks(), before);
        }
        Op::Migrate(leaves) => {
            let (before, mut cursor) = (map.usage().issued_blocks, MigrateCursor::new());
            let more = match leaves {
                Some(leaves) => map.migrate(&mut cursor, usize::from(leaves), |_, home| Some(beside(home))),
                None => map.rebalance(&mut cursor, usize::MAX),
            };
            assert_eq!(more, !cursor.is_done());
            assert_eq!(map.usage().issued_blocks, before);
        }
        Op::Clear => {
            map.clear();
            model.clear();
        }
        Op::Check => assert_eq!(map.check_invariants().keys, model.len()),
    }
}

/// The pairs beside a key, read in every way that suits all values.
fn compare_neighbours<K: TestKey, V: Clone + PartialEq + Debug, A: BlockArena>(
    map: &BSkipMap<K, V, A>,
    model: &BTreeMap<K, V>,
    key: K,
) {
    let owned = |(key, value): (&K, &V)| (*key, value.clone());
    let below = |bound| model.range((Bound::Unbounded, bound)).next_back().map(owned);
    let above = |bound| model.range((bound, Bound::Unbounded)).next().map(owned);
    let floor = below(Bound::Included(key));
    assert_eq!((&map.floor_cloned(&key), &map.floor_with(&key, V::clone)), (&floor, &floor));
    let lower = below(Bound::Excluded(key));
    assert_eq!((&map.lower_cloned(&key), &map.lower_with(&key, V::clone)), (&lower, &lower));
    let ceiling = above(Bound::Included(key));
    assert_eq!((&map.ceiling_cloned(&key), &map.ceiling_with(&key, V::clone)), (&ceiling, &ceiling));
    let higher = above(Bound::Excluded(key));
    assert_eq!((&map.higher_cloned(&key), &map.higher_with(&key, V::clone)), (&higher, &higher));
    assert_eq!(map.lower_bound_cloned(Bound::Included(&key)), ceiling);
    assert_eq!(map.lower_bound_cloned(Bound::Excluded(&key)), higher);
    assert_eq!(map.upper_bound_cloned(Bound::Included(&key)), floor);
    assert_eq!(map.upper_bound_cloned(Bound::Excluded(&key)), lower);
    assert_eq!(map.first_key_value_with(V::clone), model.first_key_value().map(owned));
    assert_eq!(map.last_key_value_with(V::clone), model.last_key_value().map(owned));
}

/// Changes or removes many pairs at once. Both sides meet the pairs in the same order, so a count chooses them.
fn sweep<K: TestKey, V: Clone + PartialEq + Debug, A: BlockArena>(
    map: &mut BSkipMap<K, V, A>,
    model: &mut BTreeMap<K, V>,
    n: u32,
    value: &impl Fn(u32) -> V,
) {
    let every = u64::from(n / 4 % 6) + 1;
    let chosen = || {
        let mut count = 0;
        move || {
            count += 1;
            count % every == 0
        }
    };
    let from = K::nth(n);
    match n % 6 {
        0 => {
            let (mut drops, mut expected) = (chosen(), chosen());
            map.retain(|_, _| !drops());
            model.retain(|_, _| !expected());
        }
        1 => {
            let (mut takes, mut expected) = (chosen(), chosen());
            let taken: Vec<(K, V)> = map.extract_if(from.., |_, _| takes()).collect();
            let keys: Vec<K> = model.range(from..).map(|(key, _)| *key).filter(|_| expected()).collect();
            let wanted: Vec<(K, V)> =
                keys.iter().map(|key| model.remove_entry(key).expect("there")).collect();
            assert_eq!(taken, wanted);
        }
        2 => {
            let to = K::nth(n / 6);
            let (lower, upper) = if from <= to { (from, to) } else { (to, from) };
            let keys: Vec<K> = model.range(lower..=upper).map(|(key, _)| *key).collect();
            assert_eq!(map.range_count(lower..=upper), keys.len());
            assert_eq!(map.remove_range(lower..=upper), keys.len());
            keys.iter().for_each(|key| assert!(model.remove(key).is_some()));
            assert_eq!(map.range_count(..), model.len());
        }
        3 => {
            let mut upper = BSkipMap::<K, V>::new();
            let mut wanted = model.split_off(&from);
            map.split_off_to(&from, &mut upper);
            assert_eq!(upper.check_invariants().keys, wanted.len());
            assert!(upper.keys().eq(wanted.keys().copied()));
            for (key, there) in upper {
                assert_eq!(Some(&there), wanted.get(&key));
                assert_eq!(map.insert(key, there), None);
            }
            model.append(&mut wanted);
        }
        4 => {
            map.range_update(from.., |_, there| *there = value(n));
            model.range_mut(from..).for_each(|(_, there)| *there = value(n));
        }
        _ => {
            let mut wanted = core::mem::take(model).into_iter();
            let mut drain = map.drain();
            let mut back = chosen();
            for _ in 0..n / 4 % 500 {
                assert_eq!(drain.len(), wanted.len());
                let (taken, wanted) = if back() {
                    (drain.next_back(), wanted.next_back())
                } else {
                    (drain.next(), wanted.next())
                };
                assert_eq!(taken, wanted);
            }
            drop(drain);
            assert!(map.is_empty());
        }
    }
}

/// Takes `count` items of the same range from both, from the ends that `turns` says, and past the end.
fn compare_range<K: TestKey, V: Clone + PartialEq + Debug, R: Read<V>, A: BlockArena>(
    map: &BSkipMap<K, V, A>,
    model: &BTreeMap<K, V>,
    (lo, hi): (Bound<u32>, Bound<u32>),
    turns: u64,
    count: u16,
) {
    let (mut lo, mut hi) = (lo.map(K::nth), hi.map(K::nth));
    if let (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) = (lo, hi) {
        if a > b {
            (lo, hi) = (hi, lo);
        } else if a == b {
            // If both are excluded, the call panics. The tests of extreme keys cover that.
            lo = Bound::Included(a);
        }
    }
    let mut items = R::range(map, (lo, hi));
    let mut expected = model.range((lo, hi)).map(|(k, v)| (*k, v.clone()));
    for i in 0..count {
        let (item, wanted) = match turns >> (i % 64) & 1 {
            0 => (items.next(), expected.next()),
            _ => (items.next_back(), expected.next_back()),
        };
        assert_eq!(item, wanted, "item {i} of the range {lo:?} to {hi:?}");
    }
    let (mut visited, mut wanted) = (0, model.range((lo, hi)));
    map.for_each_with((lo, hi), |key, value| {
        assert_eq!(Some((key, value)), wanted.next());
        visited += 1;
    });
    assert_eq!(visited, model.range((lo, hi)).count(), "visits to the range {lo:?} to {hi:?}");
    for back in [false, true] {
        let mut chunks = Vec::new();
        R::chunks(map, (lo, hi), back, |chunk| {
            chunks.push(chunk);
            true
        });
        if back {
            chunks.reverse();
        }
        let expected = model.range((lo, hi)).map(|(k, v)| (*k, v.clone()));
        assert!(chunks.into_iter().flatten().eq(expected), "chunks of the range {lo:?} to {hi:?}, {back}");
    }
}
