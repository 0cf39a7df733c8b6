//! artmap's maps and sets of byte strings, and its arenas.

use bskip_core::{BSkipBytesMap, BSkipBytesSet, BSkipMap, BumpArena, StaticArena, StaticMemory};
use std::ops::ControlFlow;

type Map = BSkipBytesMap<String, u64>;
type Set = BSkipBytesSet<String>;

#[test]
fn the_map() {
    let mut map = Map::new();
    assert_eq!((map.insert("b", 2), map.insert("b", 3), map.insert("a", 1)), (None, Some(2), None));
    // Bytes with the same encoding.
    assert_eq!((map.get("b"), map.get(&"b".to_string()), map.contains_key("c")), (Some(3), Some(3), false));
    assert_eq!((map.get_cloned("a"), map.get_with("a", |value| value + 1)), (Some(1), Some(2)));
    assert_eq!((map.get_or_insert("c", 5), map.get_or_insert("c", 6)), (5, 5));
    map.entry_or_insert_with("c", || 0, |value| *value += 1);
    assert_eq!(map.compare_exchange("c", &5, 7), Err(7));
    assert_eq!((map.remove_if("c", |&value| value == 5), map.remove("c")), (None, Some(6)));
    assert!(map.range("b".to_string()..).eq([("b".to_string(), 3)]));
    assert!(map.iter().map(|pair| pair.1).eq([1, 3]));
    assert!(map.keys().eq(["a", "b"]) && map.values().eq([1, 3]));
    let first = map.try_for_each_in("a".., |key, value| ControlFlow::Break((key.to_vec(), value)));
    assert_eq!(first, ControlFlow::Break((b"a".to_vec(), 1)));
    let mut sum = 0;
    map.for_each_with("a"..="b", |key, value| sum += key.len() as u64 + value);
    for (key, value) in &map {
        sum += key.len() as u64 + value;
    }
    assert_eq!((sum, map.len(), map.is_empty()), (12, 2, false));
    let mut cursor = bskip_core::BytesShrinkCursor::new();
    assert!(!map.shrink(&mut cursor, 1000));
    map.shrink_to_fit();
    map.check_invariants();
    assert_eq!(map.remove_range("b"..), 1);
    map.clear();
    assert_eq!(map, Map::default());
}

#[test]
fn the_set() {
    let mut set = Set::new();
    assert!(set.insert("b") && !set.insert("b") && set.insert("a") && set.contains("a"));
    assert!(set.iter().eq(["a", "b"]) && set.range("b"..).eq(["b"]));
    assert_eq!(set.range("a"..).take_while(|key| key.as_str() < "b").count(), 1);
    let mut keys = 0;
    for key in &set {
        keys += key.len();
    }
    assert_eq!((keys, set.len(), set.is_empty(), set.remove("a")), (2, 2, false, true));
    set.shrink_to_fit();
    set.check_invariants();
    set.clear();
    assert_eq!(set, Set::default());
}

#[test]
fn a_map_in_memory_of_a_fixed_size() {
    let mut map: BSkipMap<u64, u64, BumpArena> =
        BSkipMap::with_arena(BumpArena::with_limit(1 << 15)).expect("memory");
    let full = (0..).find_map(|key| map.try_insert(key, key).err()).expect("full");
    assert_eq!((full.key, map.contains_key(&full.key), map.len() as u64), (full.value, false, full.key));
    assert!(map.usage().reserved_bytes <= 1 << 15 && !map.is_empty());
    assert!(format!("{:?}", map.arena()).starts_with("BumpArena"));
    map.clear();
    map.extend([(1, 1), (2, 2)]);
    map.insert_many(&mut [(3, Some(3)), (4, Some(4))]);
    assert_eq!((map.insert(5, 5), map.get(&3), map.get_with(&4, |&value| value)), (None, Some(3), Some(4)));
    assert_eq!((map.remove(&5), map.range(2..).count(), map.iter().count()), (Some(5), 3, 4));
    map.check_invariants();
    assert!(BSkipMap::from_sorted(map.iter()).is_ok_and(|copy| copy.len() == 4));
}

#[test]
fn a_map_in_memory_of_the_programs_own() {
    static MEMORY: StaticMemory<{ 1 << 15 }> = StaticMemory::new();
    static ARENA: StaticArena = StaticArena::new();
    ARENA.add_region(MEMORY.take().expect("taken once")).expect("a region");
    let map = BSkipMap::new_in(&ARENA);
    assert_eq!(ARENA.remaining(), ARENA.capacity());
    let full = (0..).find_map(|key| map.try_insert(key, key).err()).expect("full");
    assert_eq!((full.key, map.contains_key(&full.key), map.len() as u64), (full.value, false, full.key));
    assert!(ARENA.remaining() < ARENA.capacity() && map.usage().reserved_bytes <= 1 << 15);
    drop(map);
    assert_eq!(ARENA.remaining(), ARENA.capacity());
}
