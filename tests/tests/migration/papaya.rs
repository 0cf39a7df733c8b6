//! papaya's operations on one key.

use bskip_core::{BSkipMap, Compute, InsertError, Operation};

#[test]
fn operations() -> Result<(), InsertError<u64, u64>> {
    let mut map: BSkipMap<u64, u64> = BSkipMap::new();
    // Papaya's example: takes one, and removes the last.
    let take = |value: Option<&u64>| match value {
        Some(1) => Operation::Remove,
        Some(value) => Operation::Insert(value - 1),
        None => Operation::Abort("none"),
    };
    map.insert(1, 2);
    assert_eq!(map.compute(1, take), Compute::Updated(2));
    assert_eq!(map.try_compute(1, take)?, Compute::Removed(1));
    assert_eq!(map.compute(1, take), Compute::Aborted("none"));
    assert_eq!((map.get_or_insert(1, 10), map.get_or_insert_with(1, || 11)), (10, 10));
    assert_eq!(map.insert_if_absent(1, 12), Some(12));
    assert_eq!(map.update(&1, |value| std::mem::replace(value, 13)), Some(10));
    assert_eq!(map.fetch_update(&1, |value| Some(value + 1)), Some(13));
    assert_eq!(map.update_or_insert_with(2, |value| *value += 1, || 20), None);
    assert_eq!((map.remove_if(&1, |&value| value == 13), map.remove_entry(&1)), (None, Some((1, 14))));
    assert_eq!((map.get(&2), map.get_cloned(&2), map.contains_key(&1)), (Some(20), Some(20), false));
    map.insert(3, 30);
    map.retain(|_, value| *value > 20);
    assert!(map.iter().eq([(3, 30)]) && map.keys().eq([3]) && map.values().eq([30]));
    assert_eq!((map.len(), map.remove(&3), map.is_empty()), (1, Some(30), true));
    map.clear();
    Ok(())
}
