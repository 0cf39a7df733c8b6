//! `BTreeSet`. Where both have a method, it is called on both.

use bskip_core::{BSkipSet, BumpArena, Config, GlobalArena};
use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};

type Set = BSkipSet<u64>;

fn sets() -> (Set, BTreeSet<u64>) {
    ((0..200).map(|key| 2 * key).collect(), (0..200).map(|key| 2 * key).collect())
}

#[test]
fn keys() {
    let (mut set, mut model) = sets();
    assert_eq!((set.contains(&4), set.contains(&5)), (model.contains(&4), model.contains(&5)));
    assert_eq!((set.first(), set.last()), (model.first().copied(), model.last().copied()));
    assert_eq!((set.insert(5), set.insert(5)), (model.insert(5), model.insert(5)));
    assert_eq!((set.remove(&5), set.remove(&5)), (model.remove(&5), model.remove(&5)));
    assert_eq!((set.pop_first(), set.pop_last()), (model.pop_first(), model.pop_last()));
    assert!(set.range(10..20).eq(model.range(10..20).copied()));
    assert!(set.iter().rev().eq(model.iter().rev().copied()));
    assert_eq!((set.len(), set.is_empty()), (model.len(), model.is_empty()));
    set.retain(|key| key % 3 == 0);
    model.retain(|key| key % 3 == 0);
    assert!(set.extract_if(..50, |key| key % 4 == 0).eq(model.extract_if(..50, |key| key % 4 == 0)));
    let mut cursor = set.cursor();
    assert!(cursor.seek(&53) && cursor.key() == model.range(53..).next().copied());
    assert!(cursor.next() && cursor.prev() && cursor.key() == model.range(53..).next().copied());
    set.clear();
    assert!(set.is_empty() && set == Set::default());
}

#[test]
fn whole_sets() {
    let (a, b) = (Set::from([1, 2, 3]), Set::from([2, 3, 4]));
    assert!(a.union(&b).eq([1, 2, 3, 4]) && a.intersection(&b).eq([2, 3]));
    assert!(a.difference(&b).eq([1]) && a.symmetric_difference(&b).eq([1, 4]));
    assert!(!a.is_subset(&b) && !a.is_superset(&b) && !a.is_disjoint(&b));
    assert_eq!((&a & &b, &a | &b), (Set::from([2, 3]), Set::from([1, 2, 3, 4])));
    assert_eq!((&a ^ &b, &a - &b), (Set::from([1, 4]), Set::from([1])));
    let copy = a.clone();
    assert!(a == copy && a < b && a.try_clone().expect("memory") == copy);
    let hashes = RandomState::new();
    assert_eq!(hashes.hash_one(&a), hashes.hash_one(&copy));
    assert_eq!(format!("{a:?}"), "{1, 2, 3}");
    let mut sum = 0;
    for key in &a {
        sum += key;
    }
    assert_eq!(sum, 6);
    assert!(copy.into_iter().eq(1..4));

    let (mut set, mut model) = sets();
    let (mut upper, model_upper) = (set.split_off(&100), model.split_off(&100));
    assert!(upper.iter().eq(model_upper));
    set = Set::from_sorted([1, 2]).expect("keys ascend");
    set.append(&mut upper);
    set.extend([7, 3]);
    set.extend(&[8]);
    assert_eq!((set.len(), set.last(), upper.len()), (155, Some(398), 0));

    let bounded = BSkipSet::with_arena(BumpArena::with_limit(1 << 16)).expect("memory");
    let counted = Set::with_config(GlobalArena::new(), Config::new().counted(true)).expect("memory");
    assert_eq!((bounded.insert(1u64), counted.len(), Set::new().len()), (true, 0, 0));
}
