//! The ends of a map whose empty leaves cannot merge.
//!
//! Property: the operations on the first and last pair end, however many empty leaves there are. An inner node
//! whose keys begin with many common bytes keeps its first key in place, and merges with no node whose keys begin
//! otherwise. So the leaf below that key stays too.

use bskip_core::BSkipBytesMap;

const GROUPS: u64 = 24;
/// Enough for each group to have inner nodes of its own.
const KEYS: u64 = if cfg!(small_nodes) { 100 } else { 5600 };

fn key(group: u64, i: u64) -> Vec<u8> {
    let mut key = format!("{group:03}").repeat(50).into_bytes();
    key.extend(i.to_be_bytes());
    key
}

fn full() -> BSkipBytesMap<[u8], u64> {
    let map = BSkipBytesMap::new();
    for group in 0..GROUPS {
        (0..KEYS).for_each(|i| assert_eq!(map.insert(&key(group, i)[..], i), None));
    }
    map
}

#[test]
fn a_map_that_was_emptied_says_so() {
    let mut map = full();
    for group in 0..GROUPS {
        (0..KEYS).for_each(|i| assert_eq!(map.remove(&key(group, i)[..]), Some(i)));
    }
    assert!(map.is_empty());
    assert_eq!((map.first_key_value(), map.last_key_value()), (None, None));
    assert_eq!((map.pop_first(), map.pop_last()), (None, None));
    assert!(!map.cursor().seek_to_first());
    let middle = key(GROUPS / 2, 0);
    map.insert(&middle[..], 7);
    assert_eq!(map.first_key_value(), Some((middle.clone(), 7)));
    assert_eq!(map.last_key_value(), Some((middle.clone(), 7)));
    let mut cursor = map.cursor();
    assert!(cursor.seek(&key(0, 0)[..]) && cursor.key() == Some(&middle[..]));
    assert_eq!(map.check_invariants().keys, 1);
}

#[test]
fn pops_reach_the_other_end() {
    let map = full();
    for group in 0..GROUPS {
        (0..KEYS).for_each(|i| assert_eq!(map.pop_first(), Some((key(group, i), i))));
    }
    assert_eq!(map.pop_first(), None);
}
