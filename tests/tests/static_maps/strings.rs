//! Maps and sets of byte strings in statics.

use bskip_core::{BSkipBytesMap, BSkipBytesSet, StaticArena};
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
