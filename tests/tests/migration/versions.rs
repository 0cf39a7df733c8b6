//! artmap's maps of versions: a map of byte strings whose keys are pairs of a key and a version.

use bskip_core::BSkipBytesMap;
use std::cmp::Reverse;

type Versions = BSkipBytesMap<(String, Reverse<u64>), Option<u64>>;

const NEWEST: Reverse<u64> = Reverse(u64::MAX);
const OLDEST: Reverse<u64> = Reverse(0);

/// The version of `key` that is visible at `max`, if the key is live then.
fn get_version_le(map: &Versions, key: &str, max: u64) -> Option<(u64, u64)> {
    let ((found, Reverse(version)), value) = map.ceiling(&(key, Reverse(max)))?;
    (found == key).then_some((version, value?))
}

/// All versions of `key`, the newest first.
fn get_all_versions(map: &Versions, key: &str) -> Vec<(u64, Option<u64>)> {
    let pairs = map.range_snapshot((key, NEWEST)..=(key, OLDEST));
    pairs.into_iter().map(|((_, Reverse(version)), value)| (version, value)).collect()
}

/// The newest live version of every key.
fn latest(map: &Versions) -> Vec<(String, u64)> {
    let (mut cursor, mut pairs) = (map.cursor(), Vec::new());
    let mut found = cursor.next();
    while found {
        let Some((key, _)) = cursor.key_decoded() else { break };
        if let Some(Some(value)) = cursor.value() {
            pairs.push((key.clone(), value));
        }
        // Behind all versions of the key.
        let oldest = (key, OLDEST);
        found = cursor.seek(&oldest) && (cursor.key_decoded() != Some(oldest) || cursor.next());
    }
    pairs
}

/// Removes the versions of `key` that no reader at `min` or later can see.
fn prune_key(map: &Versions, key: &str, min: u64) -> usize {
    match map.ceiling(&(key, Reverse(min))) {
        Some(((found, Reverse(version)), _)) if found == key && version > 0 => {
            map.remove_range((key, Reverse(version - 1))..=(key, OLDEST))
        }
        _ => 0,
    }
}

#[test]
fn versions() {
    let mut map = Versions::new();
    for version in 1..=4 {
        map.insert(&("k", Reverse(version)), Some(10 * version));
    }
    assert!(map.try_insert(&("a", Reverse(3u64)), Some(1)).is_ok());
    assert!(map.try_insert(&("z", Reverse(3u64)), None).is_ok());
    assert_eq!(
        (get_version_le(&map, "k", 2), get_version_le(&map, "k", u64::MAX)),
        (Some((2, 20)), Some((4, 40)))
    );
    assert_eq!((get_version_le(&map, "a", 2), get_version_le(&map, "z", 9)), (None, None));
    assert_eq!(latest(&map), [("a".to_string(), 1), ("k".to_string(), 40)]);

    // A tombstone. Older readers see the key still.
    map.insert(&("k", Reverse(5u64)), None);
    assert_eq!((get_version_le(&map, "k", 5), get_version_le(&map, "k", 4)), (None, Some((4, 40))));
    assert_eq!(latest(&map), [("a".to_string(), 1)]);
    assert_eq!(map.remove(&("k", Reverse(5u64))), Some(None));

    assert_eq!((prune_key(&map, "k", 3), prune_key(&map, "k", 3), prune_key(&map, "b", 3)), (2, 0, 0));
    assert_eq!(get_all_versions(&map, "k"), [(4, Some(40)), (3, Some(30))]);
    assert_eq!(map.range_count(("k", NEWEST)..=("k", OLDEST)), 2);
    assert_eq!(map.range(("k", NEWEST)..=("k", OLDEST)).count(), 2);
    // The keys beside a key, and the ends.
    assert_eq!(map.higher(&("a", OLDEST)).map(|pair| pair.0.0).as_deref(), Some("k"));
    assert_eq!(map.lower(&("k", NEWEST)).map(|pair| pair.0.0).as_deref(), Some("a"));
    assert_eq!(map.first_key_value().map(|pair| pair.1), Some(Some(1)));
    assert_eq!(map.last_key_value().map(|pair| pair.1), Some(None));

    assert_eq!(map.remove_range(("k", NEWEST)..=("k", OLDEST)), 2);
    assert_eq!((map.len(), map.is_empty(), get_all_versions(&map, "k").len()), (2, false, 0));
    map.shrink_to_fit();
    map.check_invariants();
    map.clear();
    assert_eq!(map, Versions::default());
}
