//! Maps that count their pairs: `len` is exact once no thread writes, whatever the threads did.
//!
//! `check_invariants` compares the count with the leaves, too.

use bskip_core::{
    BSkipBlobMap, BSkipBytesMap, BSkipMap, BulkLoad, BytesBulkLoad, Config, GlobalArena, Promotion,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tests::config::{CRUEL_PROMOTIONS, config, some_promotions};
use tests::rationed::{Ration, Rationed, Refuse};
use tests::rng::{Rng, mix};

type Map<V = u64> = BSkipMap<u64, V>;
type Bytes<V = u64> = BSkipBytesMap<[u8], V>;

fn counted(promotion: Promotion) -> Config {
    config(promotion, 1).counted(true)
}

fn map<V>(promotion: Promotion) -> Map<V> {
    Map::with_config(GlobalArena::new(), counted(promotion)).expect("memory")
}

fn bytes<V>(promotion: Promotion) -> Bytes<V> {
    Bytes::with_config(GlobalArena::new(), counted(promotion)).expect("memory")
}

fn key(i: u64) -> Vec<u8> {
    format!("user{:012}/{}", mix(i) % 1_000_000, i % 7).into_bytes()
}

/// Every operation that adds or removes pairs, by four threads on the same keys.
#[test]
fn threads_on_the_same_keys() {
    const KEYS: u64 = 3000;
    for promotion in some_promotions() {
        let (mut map, mut bytes) = (map::<u64>(promotion), bytes::<u64>(promotion));
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (map, bytes) = (&map, &bytes);
                scope.spawn(move || {
                    let mut rng = Rng::new(thread);
                    for step in 0..4000u64 {
                        let i = rng.below(KEYS);
                        match rng.below(10) {
                            0..=2 => {
                                map.insert(mix(i), step);
                                bytes.insert(&key(i), step);
                            }
                            3 => {
                                map.insert_if_absent(mix(i), step);
                                bytes.insert_if_absent(&key(i), step);
                                map.get_or_insert_with(mix(i + 1), || step);
                            }
                            4..=5 => {
                                map.remove(&mix(i));
                                bytes.remove(&key(i));
                            }
                            6 => {
                                map.pop_first();
                                bytes.pop_last();
                            }
                            7 => {
                                let numbers = || (0..20).map(|j| (i + j * j) % KEYS);
                                let mut pairs: Vec<_> = numbers().map(|i| (mix(i), Some(step))).collect();
                                map.insert_many(&mut pairs);
                                let mut pairs: Vec<_> = numbers().map(|i| (key(i), Some(step))).collect();
                                bytes.insert_many(&mut pairs);
                            }
                            8 => {
                                let numbers = || (0..10).map(|j| (i + j * j) % KEYS);
                                map.remove_many(&numbers().map(mix).collect::<Vec<_>>(), &mut [None; 10]);
                                bytes.remove_many(&numbers().map(key).collect::<Vec<_>>(), &mut [None; 10]);
                            }
                            _ => {
                                map.update(&mix(i), |value| *value += 1);
                                assert!(map.len() < 100 * KEYS as usize, "no wrapped number");
                            }
                        }
                    }
                });
            }
        });
        map.shrink_to_fit();
        assert_eq!(map.len(), map.iter().count());
        assert_eq!(bytes.len(), bytes.iter().count());
        assert!(map.len() > 100 && bytes.len() > 100);
        assert_eq!(map.check_invariants().keys, map.len());
        assert_eq!(bytes.check_invariants().keys, bytes.len());
        while map.pop_first().is_some() {}
        while bytes.pop_first().is_some() {}
        assert_eq!((map.len(), bytes.len()), (0, 0));
    }
}

/// Bulk building, appending, clearing, and iterators that panic in between.
#[test]
fn with_exclusive_access() {
    for promotion in CRUEL_PROMOTIONS {
        let load = BulkLoad::with_config(GlobalArena::new(), counted(promotion)).expect("memory");
        load.part((1000..3000).map(|i| (i, i.to_string()))).expect("ascending");
        load.part((0..10).map(|i| (i, i.to_string()))).expect("ascending");
        let mut built: Map<String> = load.finish().expect("memory");
        assert_eq!(built.len(), 2010);
        let mut other = map::<String>(promotion);
        assert_eq!(other.len(), 0);
        other.extend((2900..4000).map(|i| (i, i.to_string())));
        assert_eq!(other.len(), 1100);
        // Some keys are in both.
        built.append(&mut other);
        assert_eq!((built.len(), other.len()), (3010, 0));
        other.extend((0..500).map(|i| (5000 + i, i.to_string())));
        built.append(&mut other);
        assert_eq!((built.len(), other.len()), (3510, 0));
        for at in [0, 1, 5, 70, 400] {
            let panicking = (0..).map(|i| {
                assert!(i < at, "asked to panic");
                (10_000 + 1000 * at + i, i.to_string())
            });
            assert!(catch_unwind(AssertUnwindSafe(|| built.extend(panicking))).is_err());
            assert_eq!(built.check_invariants().keys, built.len());
        }
        built.clear();
        assert_eq!((built.len(), built.check_invariants().keys), (0, 0));
        built.insert(1, String::new());
        assert_eq!(built.len(), 1);

        let load = BytesBulkLoad::<[u8], u64>::with_config(GlobalArena::new(), counted(promotion));
        let load = load.expect("memory");
        let name = |i: u64| format!("https://example.org/articles/{i:06}").into_bytes();
        load.part((1000..3000).map(|i| (name(i), i))).expect("ascending");
        load.part((0..10).map(|i| (name(i), i))).expect("ascending");
        let mut built: Bytes = load.finish().expect("memory");
        assert_eq!(built.len(), 2010);
        let mut other = bytes::<u64>(promotion);
        other.extend((2900..4000).map(|i| (name(i), i)));
        built.append(&mut other);
        assert_eq!((built.len(), other.len()), (3010, 0));
        assert_eq!(built.check_invariants().keys, 3010);
        built.clear();
        assert_eq!((built.len(), built.check_invariants().keys), (0, 0));
    }
}

/// Inserts until none of the pool's blocks is refused by a panic. Returns how many panics there were.
fn insert_through_panics(ration: &Ration, insert: &dyn Fn(), lens: &dyn Fn() -> (usize, usize)) -> usize {
    for n in 0.. {
        ration.panic_after(n);
        let is_done = catch_unwind(AssertUnwindSafe(insert)).is_ok();
        ration.set(Refuse::Nothing);
        let (counted, there) = lens();
        assert_eq!(counted, there, "after {n} blocks");
        if is_done {
            return n;
        }
    }
    unreachable!()
}

/// If an insertion ends with a panic of the pool, its pair is counted exactly if it is there.
#[test]
fn pools_that_panic() {
    const PAIRS: u64 = 700;
    let mut panics = [0; 3];
    for promotion in CRUEL_PROMOTIONS {
        let arena = Rationed::all_nodes();
        let ration = arena.ration.clone();
        let map: BSkipMap<u64, u64, _> =
            BSkipMap::with_config(arena.clone(), counted(promotion)).expect("memory");
        let bytes: BSkipBytesMap<[u8], u64, _> =
            BSkipBytesMap::with_config(arena.clone(), counted(promotion)).expect("memory");
        let blobs: BSkipBlobMap<[u8], _> =
            BSkipBlobMap::with_config(arena, counted(promotion)).expect("memory");
        for i in 0..PAIRS {
            // Some keys are in cells.
            let key = [key(i), vec![b'k'; if i % 8 == 0 { 300 } else { 0 }]].concat();
            panics[0] += insert_through_panics(
                &ration,
                &|| {
                    map.insert(mix(i), i);
                },
                &|| (map.len(), map.iter().count()),
            );
            panics[1] += insert_through_panics(
                &ration,
                &|| {
                    bytes.insert(&key, i);
                },
                &|| (bytes.len(), bytes.iter().count()),
            );
            panics[2] += insert_through_panics(
                &ration,
                &|| {
                    blobs.insert(&key, &[7; 40]);
                },
                &|| (blobs.len(), blobs.iter().count()),
            );
        }
        assert_eq!(map.len() as u64, PAIRS);
        (0..PAIRS).for_each(|i| assert_eq!(map.remove(&mix(i)), Some(i)));
        while bytes.pop_first().is_some() && blobs.pop_last().is_some() {}
        assert_eq!((map.len(), bytes.len(), blobs.len()), (0, 0, 0));
    }
    assert!(panics.iter().all(|&panics| panics > 50), "{panics:?}");
}
