//! Maps of byte strings as collections: columns, pairs taken out, pairs beside a bound, ranges as a whole.
//!
//! Properties, for maps with values of a Rust type and with values that are byte strings, and for sets:
//! - each method does what that of `BTreeMap` or `BTreeSet` does, at keys that are there and that are not;
//! - owned iterators and `drain`, from both ends, used up or dropped early: each value comes out once or is
//!   dropped once, each cell is free again, and the map can be used;
//! - the two parts of a map that was split have all pairs, and only those.

use bskip_core::{BSkipBlobMap, BSkipBytesMap, BSkipBytesSet, BSkipSet};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;
use tests::blobs::{LENGTHS, value};

const KEYS: u64 = 500;

type Counted = BSkipBytesMap<str, Arc<u64>>;
type Blobs = BSkipBlobMap<str>;

/// Some keys are long, and go into cells. Every number between two of these keys is none.
fn text(key: u64) -> String {
    format!("{:0>width$}", 2 * key, width = if key.is_multiple_of(7) { 200 } else { 8 })
}

fn absent(key: u64) -> String {
    text(key) + "!"
}

/// Pairs with values that all share `counter`'s count.
fn counted(counter: &Arc<u64>) -> BTreeMap<String, Arc<u64>> {
    (0..KEYS).map(|key| (text(key), counter.clone())).collect()
}

fn blobs() -> BTreeMap<String, Vec<u8>> {
    let length = |key: u64| LENGTHS[key as usize % (LENGTHS.len() - 1)];
    (0..KEYS).map(|key| (text(key), value(text(key).as_bytes(), 1, length(key)))).collect()
}

/// What is done to a map of either kind, from `front` and then `back` pairs on.
macro_rules! taken {
    ($map:ty, $model:expr) => {
        for (front, back) in [(0, 0), (1, 1), (0, 300), (300, 0), (250, 250), (500, 0)] {
            let model = $model;
            let make = || -> $map { model.clone().into_iter().collect() };
            let mut pairs = make().into_iter();
            let mut expected = model.clone().into_iter();
            assert!(pairs.by_ref().take(front).eq(expected.by_ref().take(front)));
            assert!(pairs.by_ref().rev().take(back).eq(expected.by_ref().rev().take(back)));
            assert_eq!(pairs.len(), model.len() - front - back);
            drop(pairs);

            let mut map = make();
            let mut drain = map.drain();
            assert!(drain.by_ref().take(front).eq(model.clone().into_iter().take(front)));
            assert!(drain.by_ref().rev().take(back).eq(model.clone().into_iter().rev().take(back)));
            drop(drain);
            assert_eq!(map.check_invariants().keys, 0);
            map.extend(model.clone());
            let mut drain = map.drain();
            assert_eq!(drain.next(), model.clone().into_iter().next());
            std::mem::forget(drain);
            assert_eq!(map.check_invariants().keys, model.len() - 1);

            assert!(make().into_keys().rev().eq(model.clone().into_keys().rev()));
            assert!(make().into_values().eq(model.clone().into_values()));
            assert!(
                make().keys().eq(model.keys().cloned())
                    && make().keys().rev().eq(model.keys().rev().cloned())
            );
        }
        for at in [0, 1, 200, KEYS - 1].into_iter().flat_map(|key| [text(key), absent(key)]) {
            let mut model = $model;
            let mut map: $map = model.clone().into_iter().collect();
            let (mut upper, model_upper) = (map.split_off(&at), model.split_off(&at));
            assert_eq!(
                (map.check_invariants().keys, upper.check_invariants().keys),
                (model.len(), model_upper.len())
            );
            // Back, with some keys that are in both.
            map.extend(model_upper.clone().into_iter().take(3));
            upper.split_off_to(&at, &mut map);
            assert_eq!((map.check_invariants().keys as u64, upper.len()), (KEYS, 0));
            model.extend(model_upper);
            assert!(map.into_iter().eq(model));
        }
    };
}

#[test]
fn pairs_are_taken_out_once() {
    let counter = Arc::new(7);
    taken!(Counted, counted(&counter));
    // The map of a forgotten drain has dropped what the drain has not yielded.
    assert_eq!(Arc::strong_count(&counter), 1);
    taken!(Blobs, blobs());
}

#[test]
fn pairs_beside_a_key_and_in_a_range() {
    let counter = Arc::new(7);
    let map: Counted = counted(&counter).into_iter().collect();
    let numbers: BSkipBytesMap<str, u64> = (0..KEYS).map(|key| (text(key), key)).collect();
    let blobs_model = blobs();
    let blobs: Blobs = blobs_model.clone().into_iter().collect();
    let set: BSkipBytesSet<str> = blobs_model.keys().cloned().collect();
    assert!(numbers.values().rev().eq(numbers.iter().rev().map(|pair| pair.1)));
    assert_eq!(map.values().cloned().count() as u64, KEYS);
    assert!(blobs.values().eq(blobs_model.values().cloned()));
    for at in (0..KEYS).step_by(13).flat_map(|key| [text(key), absent(key), String::new()]) {
        let at = at.as_str();
        let from = (Bound::Included(at), Bound::Unbounded);
        let first = |range: (Bound<&str>, Bound<&str>)| blobs_model.range::<str, _>(range).next();
        let last = |range: (Bound<&str>, Bound<&str>)| blobs_model.range::<str, _>(range).next_back();
        for (expected, found, in_set, in_map) in [
            (
                first((Bound::Excluded(at), Bound::Unbounded)),
                blobs.higher(at),
                set.higher(at),
                map.lower_bound_cloned(Bound::Excluded(at)),
            ),
            (first(from), blobs.ceiling(at), set.ceiling(at), map.ceiling_cloned(at)),
            (
                last((Bound::Unbounded, Bound::Excluded(at))),
                blobs.lower(at),
                set.lower(at),
                map.upper_bound_cloned(Bound::Excluded(at)),
            ),
            (
                last((Bound::Unbounded, Bound::Included(at))),
                blobs.floor(at),
                set.floor(at),
                map.floor_cloned(at),
            ),
        ] {
            let key = expected.map(|pair| pair.0.clone());
            assert_eq!(found, expected.map(|(key, value)| (key.clone(), value.clone())));
            assert_eq!((in_set, in_map.map(|pair| pair.0)), (key.clone(), key));
        }
        for bound in [Bound::Included(at), Bound::Excluded(at), Bound::Unbounded] {
            let key = |pair: Option<(&String, _)>| pair.map(|pair| pair.0.clone());
            let (low, high) = (key(first((bound, Bound::Unbounded))), key(last((Bound::Unbounded, bound))));
            assert_eq!(
                (numbers.lower_bound(bound).map(|pair| pair.0), set.lower_bound(bound)),
                (low.clone(), low.clone())
            );
            assert_eq!(
                (numbers.upper_bound(bound).map(|pair| pair.0), set.upper_bound(bound)),
                (high.clone(), high.clone())
            );
            assert_eq!(
                (blobs.lower_bound(bound).map(|pair| pair.0), blobs.upper_bound(bound).map(|pair| pair.0)),
                (low, high)
            );
        }
        let expected = blobs_model.range::<str, _>(from).count();
        assert_eq!((blobs.range_count(at..), set.range_count(at..)), (expected, expected));
        assert!(set.range_snapshot(at..).iter().eq(blobs_model.range::<str, _>(from).map(|pair| pair.0)));
        let found = map.try_for_each_with(at.., |key, _| ControlFlow::Break(key.clone()));
        assert_eq!(found.break_value().as_ref(), blobs_model.range::<str, _>(from).next().map(|pair| pair.0));
    }
}

#[test]
fn ranges_are_removed() {
    let counter = Arc::new(7);
    let (mut model, mut blobs_model) = (counted(&counter), blobs());
    let (mut map, mut other): (Counted, Counted) = (model.clone().into_iter().collect(), Counted::new());
    let mut blobs: Blobs = blobs_model.clone().into_iter().collect();
    let mut set: BSkipBytesSet<str> = model.keys().cloned().collect();
    let mut set_model: BTreeSet<String> = model.keys().cloned().collect();

    let (from, to) = (text(100), absent(200));
    let odd = |key: &String| key.ends_with(['2', '6']);
    let taken: Vec<_> = map.extract_if(from.as_str()..to.as_str(), |key, _| odd(key)).collect();
    assert!(taken.into_iter().eq(model.extract_if(from.clone()..to.clone(), |key, _| odd(key))));
    let taken = set.extract_if(from.as_str()..to.as_str(), odd);
    assert!(taken.eq(set_model.extract_if(from.clone()..to.clone(), odd)));

    let long = |bytes: &[u8]| bytes.len() > 1000;
    blobs.retain(|key, bytes| long(bytes) || odd(key));
    blobs_model.retain(|key, bytes| long(bytes) || odd(key));
    set.retain(|key| !key.ends_with('8'));
    set_model.retain(|key| !key.ends_with('8'));

    let (from, to) = (text(300), absent(430));
    let removed = model.range(from.clone()..to.clone()).count();
    model.retain(|key, _| !(&from..&to).contains(&key));
    assert_eq!(map.remove_range(from.as_str()..to.as_str()), removed);
    let removed = blobs_model.range(from.clone()..to.clone()).count();
    blobs_model.retain(|key, _| !(&from..&to).contains(&key));
    assert_eq!(blobs.remove_range(from.as_str()..to.as_str()), removed);
    let removed = set_model.range(from.clone()..to.clone()).count();
    set_model.retain(|key| !(&from..&to).contains(&key));
    assert_eq!(set.remove_range(from.as_str()..to.as_str()), removed);

    other.try_append(&mut map).expect("memory");
    assert!(
        other.iter().cloned().eq(model.clone()) && blobs.iter().eq(blobs_model) && set.iter().eq(set_model)
    );
    assert_eq!(other.check_invariants().keys, model.len());
    blobs.check_invariants();
    set.check_invariants();
    drop((map, other, model));
    assert_eq!(Arc::strong_count(&counter), 1);
}

#[test]
fn sets_are_divided_and_taken_apart() {
    let keys = || (0..KEYS).map(|key| 2 * key);
    for at in [0, 1, 2, 501, 998, 2000] {
        let (mut set, mut model): (BSkipSet<u64>, BTreeSet<u64>) = (keys().collect(), keys().collect());
        assert_eq!(
            (set.floor(&at), set.lower(&at)),
            (model.range(..=at).next_back().copied(), model.range(..at).next_back().copied())
        );
        assert_eq!(
            (set.ceiling(&at), set.higher(&at)),
            (model.range(at..).next().copied(), model.range(at + 1..).next().copied())
        );
        assert_eq!(set.range_snapshot(at..).len(), set.range_count(at..));
        assert!(set.extract_if(at.., |key| key % 3 == 0).eq(model.extract_if(at.., |key| key % 3 == 0)));
        let (upper, model_upper) = (set.split_off(&at), model.split_off(&at));
        assert!(upper.into_iter().rev().eq(model_upper.into_iter().rev()));
        set.retain(|key| key % 5 > 0);
        model.retain(|key| key % 5 > 0);
        assert_eq!(set.remove_range(at / 2..), model.split_off(&(at / 2)).len());
        assert!(set.into_iter().eq(model));
        let texts: BSkipBytesSet<str> = keys().map(text).collect();
        assert_eq!(texts.into_iter().len() as u64, KEYS);
    }
}
