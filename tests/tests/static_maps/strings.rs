//! Maps and sets of byte strings in statics.

use bskip_core::{BSkipBlobMap, BSkipBytesMap, BSkipBytesSet, StaticArena};
use tests::rng::mix;
use tests::threads;

use crate::arena;
use crate::guard::without_allocations;

/// A key of eight to fifteen bytes, which begins as many others do.
fn key(i: u64, buffer: &mut [u8; 15]) -> &[u8] {
    let word = mix(i);
    buffer[..7].copy_from_slice(b"prefix/");
    buffer[7..].copy_from_slice(&word.to_le_bytes());
    &buffer[..8 + (word >> 61) as usize]
}

#[test]
fn threads_share_static_maps_of_strings() {
    const KEYS: u64 = 8000;
    static ARENA: StaticArena = StaticArena::new();
    static MAP: BSkipBytesMap<str, u64, &'static StaticArena> = BSkipBytesMap::new_in(&ARENA);
    static SET: BSkipBytesSet<[u8], &'static StaticArena> = BSkipBytesSet::new_in(&ARENA);
    assert!(MAP.is_empty() && SET.is_empty() && MAP.get("x").is_none() && MAP.iter().next().is_none());
    assert!(MAP.try_insert("x", 1).is_err() && SET.iter().next().is_none());
    ARENA.add_region(vec![0; 16 << 20].leak()).expect("the first region");
    threads::run(4, |t| {
        for i in (t as u64..KEYS).step_by(4) {
            let key = format!("{i:05}{}", "x".repeat((i % 50) as usize * 8));
            assert_eq!(MAP.insert(&key, i), None);
            assert!(SET.insert(key.as_bytes()));
            assert_eq!(MAP.get(&key), Some(i));
        }
    });
    assert!(MAP.iter().map(|(_, i)| i).eq(0..KEYS));
    assert_eq!((MAP.len(), SET.iter().count()), (KEYS as usize, KEYS as usize));
    let reserved = MAP.usage().reserved_bytes + SET.usage().reserved_bytes;
    assert_eq!(ARENA.remaining() + reserved, ARENA.capacity());
}

/// Short keys take no memory but their nodes'.
#[test]
fn short_strings_allocate_nothing() {
    const KEYS: u64 = 3000;
    let arena = arena(&[(0, 1 << 20)]);
    let mut map: BSkipBytesMap<[u8], u64, &'static StaticArena> = BSkipBytesMap::new_in(arena);
    without_allocations(|| {
        let mut buffer = [0; 15];
        let mut fresh = 0;
        for i in 0..KEYS {
            fresh += usize::from(map.insert(key(i, &mut buffer), i).is_none());
        }
        assert_eq!(map.len(), fresh);
        assert!((0..KEYS).all(|i| map.get(key(i, &mut buffer)).is_some()));
        assert!(map.update(key(7, &mut buffer), |value| *value += 1).is_some());
        let mut removed = 0;
        for i in (0..KEYS).step_by(2) {
            removed += usize::from(map.remove(key(i, &mut buffer)).is_some());
        }
        assert_eq!(map.len(), fresh - removed);
        assert!(map.remove_range::<&[u8]>(..) == fresh - removed && map.is_empty());
    });
    map.check_invariants();
    drop(map);
    assert_eq!(arena.remaining(), arena.capacity());
}

#[test]
fn threads_share_a_static_map_of_strings_to_strings() {
    const KEYS: u64 = 4000;
    static ARENA: StaticArena = StaticArena::new();
    static MAP: BSkipBlobMap<str, &'static StaticArena> = BSkipBlobMap::new_in(&ARENA);
    assert!(
        MAP.is_empty() && MAP.get("x").is_none() && MAP.iter().next().is_none() && MAP.pop_first().is_none()
    );
    assert!(MAP.try_insert("x", b"1").is_err() && MAP.is_empty());
    ARENA.add_region(vec![0; 16 << 20].leak()).expect("the first region");
    let value = |i: u64| format!("{i}").repeat((i % 300) as usize).into_bytes();
    threads::run(4, |t| {
        for i in (t as u64..KEYS).step_by(4) {
            let key = format!("{i:05}");
            assert!(MAP.insert(&key, b"a first value"));
            assert!(!MAP.insert(&key, &value(i)));
            assert_eq!(MAP.get(&key), Some(value(i)));
        }
    });
    assert!(MAP.iter().map(|(_, found)| found).eq((0..KEYS).map(value)));
    assert_eq!(ARENA.remaining() + MAP.usage().reserved_bytes, ARENA.capacity());
}

/// Short values are in the leaves. Long ones are in cells, of which a map keeps a list; to read them and to remove them
/// allocates nothing.
#[test]
fn of_values_only_the_list_of_their_cells_allocates() {
    let arena = arena(&[(0, 1 << 18)]);
    let mut map: BSkipBlobMap<[u8], &'static StaticArena> = BSkipBlobMap::new_in(arena);
    without_allocations(|| {
        for i in 0..100_u64 {
            assert!(map.insert(&i.to_be_bytes()[..], b"seven!!"));
        }
        assert!(map.remove_range::<&[u8]>(..) == 100 && map.is_empty());
    });
    let value = [7; 100];
    let full = (0_u64..).find(|&i| map.try_insert(&i.to_be_bytes()[..], &value).is_err()).expect("full");
    without_allocations(|| {
        assert!(full > 500 && map.get_with(&full.to_be_bytes()[..], |_| ()).is_none());
        for i in 0..full {
            assert_eq!(map.get_with(&i.to_be_bytes()[..], |found| found == value), Some(true));
            assert!(map.remove(&i.to_be_bytes()[..]));
        }
        for i in 0..full / 2 {
            assert!(map.insert(&i.to_be_bytes()[..], &value));
        }
    });
    map.check_invariants();
    drop(map);
    assert_eq!(arena.remaining(), arena.capacity());
}
