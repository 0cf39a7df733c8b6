//! Keys whose order differs from that of their words.

use super::keys::Signless;
use bskip_core::{BSkipMap, BulkError, BulkLoad};
use std::ops::Bound;
use std::panic::catch_unwind;
use tests::config::{CRUEL_PROMOTIONS, map_of};

const NUMBERS: std::ops::Range<i64> = -100..100;

fn pairs() -> impl Iterator<Item = (Signless, i64)> {
    NUMBERS.map(|i| (Signless(i), i))
}

/// In the order of the words: the negative ones last.
fn in_order() -> impl DoubleEndedIterator<Item = (Signless, i64)> {
    (0..100).chain(-100..0).map(|i| (Signless(i), i))
}

#[test]
fn sorted_input_is_checked_by_words() {
    let refused = BulkError::NotAscending { key: Signless(0), after: Signless(-1) };
    assert_eq!(BSkipMap::from_sorted(pairs()).err(), Some(refused));
    let load = BulkLoad::new();
    assert_eq!(load.part(pairs()), Err(refused));
    // This holds for parts, too: the part of the negative numbers comes last.
    load.part((0..100).map(|i| (Signless(i), i))).unwrap();
    load.part((-100..0).map(|i| (Signless(i), i))).unwrap();
    let mut map = load.finish().unwrap();
    assert!(map.iter().eq(in_order()));
    assert_eq!(map.check_invariants().keys, 200);
    let load = BulkLoad::new();
    load.part([(Signless(5), 0), (Signless(-5), 0)]).unwrap();
    load.part([(Signless(7), 0), (Signless(9), 0)]).unwrap();
    let refused = BulkError::NotAscending { key: Signless(7), after: Signless(-5) };
    assert_eq!(load.finish().err(), Some(refused));
}

/// A map of all numbers, made in every way that accepts this order.
fn maps() -> Vec<BSkipMap<Signless, i64>> {
    let mut maps: Vec<_> = CRUEL_PROMOTIONS.map(map_of).into();
    maps.iter().for_each(|map| pairs().for_each(|(key, value)| assert_eq!(map.insert(key, value), None)));
    maps.push(pairs().collect());
    maps.push(pairs().chain(pairs()).collect());
    let mut extended = BSkipMap::new();
    extended.extend(pairs());
    maps.push(extended);
    let (mut low, mut high): (BSkipMap<_, _>, BSkipMap<_, _>) = (BSkipMap::new(), BSkipMap::new());
    low.extend(pairs().take(50));
    high.extend(pairs().skip(50));
    low.append(&mut high);
    maps.push(low);
    let many = BSkipMap::new();
    let mut all: Vec<_> = pairs().map(|(key, value)| (key, Some(value))).collect();
    many.insert_many(&mut all);
    assert!(all.iter().all(|pair| pair.1.is_none()));
    maps.push(many);
    maps
}

#[test]
fn every_operation_goes_by_words() {
    for mut map in maps() {
        assert_eq!(map.check_invariants().keys, 200);
        assert_eq!((map.len(), map.iter().count()), (200, 200));
        assert!(map.iter().eq(in_order()));
        assert!(map.iter().rev().eq(in_order().rev()));
        assert!(map.iter().cloned().eq(in_order()));
        assert_eq!(
            (map.first_key_value(), map.last_key_value()),
            (in_order().next(), in_order().next_back())
        );
        assert!(map.range(Signless(90)..Signless(-90)).eq(in_order().skip(90).take(20)));
        let (mut chunks, mut back) = (Vec::new(), Vec::new());
        map.for_each_chunk(.., |keys, values| {
            chunks.extend(keys.iter().copied().zip(values.iter().copied()));
        });
        map.for_each_chunk_rev(.., |keys, values| {
            back.extend(keys.iter().copied().zip(values.iter().copied()).rev());
        });
        assert!(chunks.into_iter().eq(in_order()) && back.into_iter().eq(in_order().rev()));
        let keys: Vec<_> = pairs().map(|pair| pair.0).collect();
        let mut values = vec![None; 200];
        map.get_many(&keys, &mut values);
        assert!(values.iter().copied().eq(NUMBERS.map(Some)));
        let mut found = vec![false; 200];
        map.contains_many(&keys, &mut found);
        assert!(found.into_iter().all(|found| found));
        assert_eq!((map.pop_first(), map.pop_last()), (Some((Signless(0), 0)), Some((Signless(-1), -1))));
        map.shrink_to_fit();
        values.fill(None);
        map.remove_many(&keys, &mut values);
        assert!(values.into_iter().eq(NUMBERS.map(|i| (i != 0 && i != -1).then_some(i))));
        assert!(map.is_empty());
        assert_eq!(map.check_invariants().keys, 0);
    }
}

#[test]
fn bounds_make_sense_by_words() {
    let map: BSkipMap<Signless, i64> = pairs().collect();
    let panics = |lower, upper| {
        let range = (lower, upper);
        let by_range = catch_unwind(std::panic::AssertUnwindSafe(|| map.range(range).count())).is_err();
        let by_chunks = catch_unwind(std::panic::AssertUnwindSafe(|| map.for_each_chunk(range, |_, _| ())));
        assert_eq!(by_range, by_chunks.is_err());
        by_range
    };
    assert!(panics(Bound::Included(Signless(-1)), Bound::Included(Signless(1))));
    assert!(panics(Bound::Excluded(Signless(1)), Bound::Excluded(Signless(1))));
    assert!(!panics(Bound::Included(Signless(1)), Bound::Included(Signless(-1))));
}
