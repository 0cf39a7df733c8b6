//! crossbeam's `SkipMap` and its entries.

use bskip_core::BSkipMap;
use std::ops::Bound::{Excluded, Included, Unbounded};

type Map = BSkipMap<u64, u64>;

#[test]
fn the_map() {
    let mut map: Map = [(7, 70), (6, 60), (12, 120)].into_iter().collect();
    assert!(!map.is_empty() && map.len() == 3 && map.contains_key(&6));
    assert_eq!((map.first_key_value(), map.last_key_value()), (Some((6, 60)), Some((12, 120))));
    assert_eq!(map.first_key_value_with(|&value| value), Some((6, 60)));
    assert_eq!(map.last_key_value_with(|&value| value), Some((12, 120)));
    assert_eq!(
        (map.get(&7), map.get_cloned(&8), map.get_with(&7, |value| value / 7)),
        (Some(70), None, Some(10))
    );
    assert_eq!((map.lower_bound(Excluded(&6)), map.lower_bound(Excluded(&13))), (Some((7, 70)), None));
    assert_eq!((map.upper_bound(Excluded(&8)), map.upper_bound(Excluded(&6))), (Some((7, 70)), None));
    assert_eq!(map.lower_bound_cloned(Included(&6)), Some((6, 60)));
    assert_eq!(map.upper_bound_cloned(Unbounded), Some((12, 120)));
    assert_eq!((map.get_or_insert(8, 80), map.get_or_insert_with(8, || 81)), (80, 80));
    assert_eq!((map.insert_if_absent(8, 82), map.insert(8, 83)), (Some(82), Some(80)));
    assert_eq!(map.compare_insert(8, 84, |&old| old > 100), Err(84));
    assert_eq!(map.compare_insert(8, 84, |&old| old < 100), Ok(Some(83)));
    assert_eq!((map.remove(&8), map.remove(&8)), (Some(84), None));
    assert!(map.range(7..).rev().eq([(12, 120), (7, 70)]));
    // An iterator at its end stays there.
    let mut pairs = map.iter();
    assert_eq!((pairs.by_ref().count(), map.insert(13, 130), pairs.next()), (3, None, None));
    assert_eq!((map.pop_first(), map.pop_last()), (Some((6, 60)), Some((13, 130))));
    assert_eq!(format!("{map:?}"), "{7: 70, 12: 120}");
    let mut sum = 0;
    for (key, value) in &map {
        sum += key + value;
    }
    assert_eq!((sum, map.remove_range(..10)), (209, 1));
    assert!(map.clone().into_iter().eq([(12, 120)]));
    map.clear();
    assert_eq!((map.len(), Map::new().len(), Map::default().len()), (0, 0, 0));
}

#[test]
fn entries() {
    let map = Map::from([(1, 10), (2, 20), (3, 30)]);
    // Removed since, or replaced: the value says so, if values differ.
    let (key, seen) = map.first_key_value().expect("a pair");
    assert_eq!((map.higher(&key), map.lower(&key)), (Some((2, 20)), None));
    map.insert(key, 11);
    assert!(map.contains_key(&key));
    assert_eq!(map.compare_exchange(&key, &seen, 12), Err(12));
    assert_eq!((map.remove_if(&key, |&value| value == seen), map.get(&key)), (None, Some(11)));
    assert_eq!(map.remove_if(&key, |&value| value == 11), Some(11));
    let mut cursor = map.cursor();
    assert!(cursor.next() && cursor.next() && cursor.key_value() == Some((3, 30)));
    assert!(cursor.prev() && cursor.clone().key() == Some(2));
}
