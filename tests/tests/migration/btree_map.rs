//! `BTreeMap` and its entries. Where both have a method, it is called on both.

use bskip_core::{BSkipMap, BumpArena, Compute, Config, GlobalArena, Operation};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};

type Map = BSkipMap<u64, u64>;
type Texts = BSkipMap<u64, String>;

fn numbers() -> (Map, BTreeMap<u64, u64>) {
    let pairs = (0..200).map(|key| (2 * key, key));
    (pairs.clone().collect(), pairs.collect())
}

fn texts() -> Texts {
    Texts::from([(1, "one".to_string()), (2, "two".to_string())])
}

#[test]
fn reading() {
    let (map, model) = numbers();
    assert_eq!(map.get(&8), model.get(&8).copied());
    assert_eq!(map.contains_key(&9), model.contains_key(&9));
    assert_eq!(map.first_key_value(), model.first_key_value().map(|(&k, &v)| (k, v)));
    assert_eq!(map.last_key_value(), model.last_key_value().map(|(&k, &v)| (k, v)));
    assert!(map.range(10..20).eq(model.range(10..20).map(|(&k, &v)| (k, v))));
    assert!(map.iter().rev().eq(model.iter().rev().map(|(&k, &v)| (k, v))));
    assert!(map.keys().eq(model.keys().copied()) && map.values().eq(model.values().copied()));
    assert_eq!((map.len(), map.is_empty()), (model.len(), model.is_empty()));
    assert!(model.iter().map(|(&k, &v)| (k, v)).eq(map.range_snapshot(..)));
    let mut chunks = Vec::new();
    map.for_each_chunk(.., |keys, _| chunks.extend_from_slice(keys));
    assert!(chunks.iter().eq(model.keys()));
    let mut pairs = 0;
    for (key, value) in &map {
        pairs += u64::from(model[&key] == value);
    }
    assert_eq!(pairs, 200);

    let texts = texts();
    assert_eq!(texts.get_cloned(&1).as_deref(), Some("one"));
    assert_eq!(texts.get_with(&2, String::len), Some(3));
    assert_eq!(texts.first_key_value_cloned(), Some((1, "one".to_string())));
    assert_eq!(texts.last_key_value_cloned(), Some((2, "two".to_string())));
    assert_eq!(texts.first_key_value_with(|text| text.clone()), Some((1, "one".to_string())));
    assert_eq!(texts.last_key_value_with(String::len), Some((2, 3)));
    assert!(texts.values().cloned().eq(["one", "two"]));
    // Bounds that cross panic in both.
    let (from, to) = (20, 10);
    assert!(catch_unwind(AssertUnwindSafe(|| map.range(from..to).count())).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| model.range(from..to).count())).is_err());
}

#[test]
fn changing() {
    let (map, mut model) = numbers();
    assert_eq!(map.insert(8, 1), model.insert(8, 1));
    assert_eq!(map.remove(&10), model.remove(&10));
    assert_eq!(map.remove_entry(&12), model.remove_entry(&12));
    assert_eq!(map.pop_first(), model.pop_first());
    assert_eq!(map.pop_last(), model.pop_last());
    let first = map.compute_first(|_, value| Operation::<_>::Insert(value + 1));
    assert!(matches!(first, Some((key, Compute::Updated(_))) if Some(&key) == model.keys().next()));
    *model.first_entry().expect("it is there").get_mut() += 1;
    let last = map.compute_last(|_, _| Operation::<_>::Remove);
    let expected = model.last_entry().map(|last| last.remove_entry());
    assert_eq!(last, expected.map(|(key, value)| (key, Compute::Removed(value))));
    assert_eq!(map.pop_first_if(|_, _| false).or(map.pop_last_if(|_, _| false)), None);
    assert_eq!(map.update(&14, |value| std::mem::replace(value, 3)), model.insert(14, 3));
    map.range_update(20..30, |key, value| *value += key);
    model.range_mut(20..30).for_each(|(key, value)| *value += key);
    map.retain(|key, value| key % 3 != 0 || *value == 3);
    model.retain(|key, value| key % 3 != 0 || *value == 3);
    let odd: Vec<(u64, u64)> = map.extract_if(..100, |_, value| *value % 2 == 1).collect();
    assert!(odd.into_iter().eq(model.extract_if(..100, |_, value| *value % 2 == 1)));
    assert_eq!(map.insert_if_absent(8, 7), None);
    assert_eq!(map.insert_if_absent(8, 9), Some(9));
    model.insert(8, 7);
    assert!(map.iter().eq(model));
}

#[test]
fn whole_maps() {
    let (mut map, mut model) = numbers();
    let (upper, model_upper) = (map.split_off(&100), model.split_off(&100));
    assert!(upper.iter().eq(model_upper.clone()) && map.iter().eq(model.clone()));
    let mut last = Map::new();
    map.split_off_to(&50, &mut last);
    assert_eq!(last.first_key_value(), Some((50, 25)));
    map.append(&mut last);
    map.try_append(&mut upper.clone()).expect("memory");
    model.append(&mut model_upper.clone());
    assert!(map.iter().eq(model.clone()));

    map.extend([(1, 1)]);
    map.extend(&model);
    let (copy, other) = (map.clone(), Map::from([(0, 1)]));
    assert!(map == copy && map < other && map.try_clone().expect("memory") == copy);
    let hashes = RandomState::new();
    assert_eq!(hashes.hash_one(&map), hashes.hash_one(&copy));
    assert_eq!(format!("{map:?}"), format!("{:?}", map.iter().collect::<BTreeMap<_, _>>()));
    let sorted = Map::from_sorted(map.iter()).expect("keys ascend");
    assert_eq!(sorted, map);
    drop(sorted);
    assert_eq!(copy.clone().into_iter().next_back(), copy.last_key_value());
    assert!(copy.clone().into_keys().eq(map.keys()) && copy.into_values().eq(map.values()));
    map.clear();
    assert!(map.is_empty() && Map::default() == map);

    let bounded = BSkipMap::with_arena(BumpArena::with_limit(1 << 16)).expect("memory");
    let counted = Map::with_config(GlobalArena::new(), Config::new().counted(true)).expect("memory");
    assert_eq!((bounded.insert(1, 1), counted.len()), (None, 0));
    let result = catch_unwind(|| bounded.update(&1, |_: &mut u64| panic!("within")));
    assert_eq!((result.is_err(), bounded.get(&1)), (true, Some(1)));
}

#[test]
fn gaps_and_other_unstable_methods() {
    let (map, _) = numbers();
    let mut cursor = map.cursor();
    assert!(cursor.seek(&5) && cursor.key_value() == Some((6, 3)));
    assert!(cursor.prev() && cursor.key() == Some(4));
    assert!(cursor.next() && cursor.key() == Some(6));
    // `merge`: adds the values of keys that both maps have.
    for (key, value) in Map::from([(6, 10), (7, 10)]) {
        map.update_or_insert_with(key, |old| *old += value, || value);
    }
    assert_eq!((map.get(&6), map.get(&7)), (Some(13), Some(10)));
}

#[test]
fn entries() {
    let (map, texts) = (Map::new(), texts());
    assert_eq!((map.get_or_insert(1, 10), map.get_or_insert(1, 11)), (10, 10));
    assert_eq!(texts.get_or_insert_with(3, || "three".to_string()), "three");
    assert_eq!(map.entry_or_insert_with(2, u64::default, |value| *value += 5), ());
    map.entry_or_insert_with(3, || 3, |value| *value *= 2);
    assert_eq!(map.update_or_insert_with(3, |value| *value += 1, || 0), Some(()));
    assert!(map.iter().eq([(1, 10), (2, 5), (3, 7)]));
    // A value seen, then a decision.
    let decided = texts.compute(1, |text| match text {
        Some(text) if text.len() == 3 => Operation::Remove,
        _ => Operation::Abort(()),
    });
    assert_eq!(decided, Compute::Removed("one".to_string()));
    assert_eq!(texts.get_with(&2, |text| text.clone()).as_deref(), Some("two"));
    assert_eq!((map.replace(&3, 8), map.replace(&4, 8)), (Ok(7), Err(8)));
    assert_eq!((map.remove_if(&3, |&v| v > 8), map.remove_if(&3, |&v| v == 8)), (None, Some(8)));
    assert_eq!(map.remove_entry(&2), Some((2, 5)));
    assert_eq!((map.insert(1, 12), map.update(&1, |value| *value)), (Some(10), Some(12)));
    assert_eq!((map.insert_if_absent(1, 13), map.pop_last()), (Some(13), Some((1, 12))));
}
