//! Maps before their first leaf, and how they get it.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

use bskip_core::{
    BSkipMap, Compute, Config, Operation, Platform, Promotion, ShrinkCursor, StaticArena, TryInsertCause,
};
use tests::config::scaled;
use tests::threads;

use crate::arena;

type Map = BSkipMap<u64, u64, &'static StaticArena>;

#[test]
fn every_operation_finds_a_new_map_empty() {
    let arena = arena(&[]);
    let mut map = Map::new_in(arena);
    assert_eq!((map.len(), map.is_empty(), map.iter().next(), map.iter().next_back()), (0, true, None, None));
    assert_eq!((map.get(&0), map.get(&u64::MAX), map.contains_key(&7)), (None, None, false));
    assert_eq!((map.first_key_value(), map.last_key_value()), (None, None));
    assert_eq!((map.floor(&7), map.lower(&7), map.ceiling(&7), map.higher(&7)), (None, None, None, None));
    assert_eq!(
        (map.pop_first(), map.pop_last(), map.remove(&7), map.remove_range(..)),
        (None, None, None, 0)
    );
    assert_eq!(map.update(&7, |_| ()), None);
    assert_eq!(map.range(3..).count() + map.range(..9).rev().count(), 0);
    assert_eq!(map.range_snapshot(..), []);
    let mut found = [Some(1); 3];
    map.get_many(&[1, 2, 3], &mut found);
    assert_eq!(found, [None; 3]);
    map.remove_many(&[1, 2, 3], &mut found);
    assert_eq!(found, [None; 3]);
    let mut cursor = map.cursor();
    assert!(
        !cursor.seek_to_first() && !cursor.seek_to_last() && !cursor.seek(&7) && !cursor.seek_for_prev(&7)
    );
    map.retain(|_, _| panic!("there is no pair"));
    map.range_update(.., |_, _| panic!("there is no pair"));
    let mut cursor = ShrinkCursor::new();
    while map.shrink(&mut cursor, 1) {}
    map.shrink_to_fit();
    assert_eq!(map.usage(), Default::default());
    map.clear();
    assert_eq!(map.drain().next(), None);
    map.check_invariants();
    assert_eq!((map.keys().count(), map.values().count(), arena.capacity()), (0, 0, 0));
}

/// Operations that may insert get an error, or do what needs no memory.
#[test]
fn without_memory_nothing_is_inserted() {
    let arena = arena(&[(0, 190)]);
    let mut map = Map::new_in(arena);
    let refused = map.try_insert(1, 10).expect_err("no memory");
    assert_eq!((refused.key, refused.value), (1, 10));
    let mut pairs = [(1, Some(10)), (2, Some(20))];
    assert!(map.try_insert_many(&mut pairs).is_err());
    assert_eq!(pairs, [(1, Some(10)), (2, Some(20))]);
    // A computation runs all the same. It may use another map that has no leaf.
    let other = Map::new_in(arena);
    let aborted = map.compute(1, |old| {
        assert_eq!((old, other.get(&1), other.len()), (None, None, 0));
        Operation::<u64, _>::Abort("seen")
    });
    assert!(matches!(aborted, Compute::Aborted("seen")));
    assert!(matches!(map.compute(1, |_| Operation::<_, ()>::Remove), Compute::Absent));
    let extended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| map.extend([(1, 1)])));
    assert!(extended.is_err());
    map.check_invariants();
    assert_eq!((map.len(), arena.remaining()), (0, arena.capacity()));
    arena.add_region(vec![0; 10_000].leak()).expect("room for a region");
    assert_eq!(map.insert(1, 10), None);
    map.check_invariants();
    assert_eq!((map.get(&1), other.get(&1)), (Some(10), None));
}

/// A handler makes the first leaf of a reserved block, or refuses.
#[test]
fn a_handler_finds_the_map_empty_and_uses_a_reserved_block() {
    let arena = arena(&[(0, 20_000)]);
    let mut map = Map::new_in(arena);
    let handler = map.handler();
    assert_eq!((handler.try_get(&1), handler.try_remove(&1)), (Ok(None), Ok(None)));
    assert_eq!((handler.try_first_key_value(), handler.try_pop_last()), (Ok(None), Ok(None)));
    assert_eq!((handler.try_floor(&1), handler.try_ceiling(&1)), (Ok(None), Ok(None)));
    let refused = handler.try_insert(1, 10).expect_err("no leaf");
    assert_eq!((refused.key, refused.value, refused.cause), (1, 10, TryInsertCause::Full));
    assert_eq!(map.len(), 0);
    let mut reservation = map.reserve(1).expect("room for a block");
    assert!(handler.try_insert_with(&mut reservation, 1, 10).is_ok());
    assert_eq!((reservation.len(), handler.try_get(&1)), (0, Ok(Some(10))));
    assert!(handler.try_insert(2, 20).is_ok());
    drop(reservation);
    map.check_invariants();
    assert_eq!((map.len(), map.usage().issued_blocks), (2, 1));
}

thread_local! {
    /// The map that "another CPU" fills as soon as this thread leaves a section, while there is one.
    static FILLED: Cell<Option<&'static Full>> = const { Cell::new(None) };
}

type Full = BSkipMap<u64, u64, &'static StaticArena<Edges>>;

struct Edges;

impl Platform for Edges {
    fn relax(_: u32) {
        std::thread::yield_now();
    }

    fn leave(_: usize) {
        if let Some(map) = FILLED.take() {
            let refused = (0..).find_map(|key| map.handler().try_insert(2 * key, key).err());
            assert_eq!(refused.map(|refused| refused.cause), Some(TryInsertCause::Full));
        }
    }
}

/// Other threads fill the first leaf that a handler has made, before the handler gets to it.
#[test]
fn a_handler_that_makes_the_first_leaf_of_its_last_block_is_busy_and_not_refused() {
    static ARENA: StaticArena<Edges> = StaticArena::new();
    static MAPS: [Full; 2] = [Full::new_in(&ARENA), Full::new_in(&ARENA)];
    ARENA.add_region(vec![0; 40_000].leak()).expect("the first region");
    let [map, other] = &MAPS;
    let handler = map.handler();
    let mut reservation = map.reserve(1).expect("room for a block");
    FILLED.set(Some(map));
    let busy = handler.try_insert_with(&mut reservation, 1, 10).expect_err("the leaf is full");
    assert_eq!((busy.key, busy.value, busy.cause), (1, 10, TryInsertCause::Busy));
    assert_eq!((reservation.len(), handler.try_get(&1), map.is_empty()), (0, Ok(None), false));
    let full = handler.try_insert_with(&mut reservation, 1, 10).expect_err("the leaf is full");
    assert_eq!(full.cause, TryInsertCause::Full);
    reservation.refill().expect("room for a block");
    assert_eq!(handler.try_insert_with(&mut reservation, 1, 10), Ok(None));

    // With two blocks it splits the leaf.
    let mut reservation = other.reserve(2).expect("room for two blocks");
    FILLED.set(Some(other));
    assert_eq!(other.handler().try_insert_with(&mut reservation, 1, 10), Ok(None));
    assert_eq!((reservation.len(), other.get(&1)), (0, Some(10)));
}

/// Four threads make the first leaf of many maps. Each inserts its own key, looks for it at once, and reads what the
/// others do.
#[test]
fn threads_make_one_first_leaf() {
    const THREADS: usize = 4;
    let arena = arena(&[(0, 64 << 10)]);
    // No coin: a tall key would take more blocks.
    let config = Config::new().promotion(Promotion::Overflow);
    for _ in 0..scaled(2000) {
        let mut map = Map::new_in_with(arena, config.clone());
        let found = AtomicUsize::new(0);
        threads::run(THREADS, |t| {
            let t = t as u64;
            if t == 0 {
                while map.is_empty() {
                    std::hint::spin_loop();
                }
            }
            assert_eq!(map.insert(t, t), None);
            assert_eq!(map.get(&t), Some(t));
            found.fetch_add(map.iter().count(), Ordering::Relaxed);
        });
        assert_eq!(map.iter().collect::<Vec<_>>(), [(0, 0), (1, 1), (2, 2), (3, 3)]);
        assert!(found.into_inner() >= THREADS + THREADS - 1);
        assert_eq!(map.usage().issued_blocks, 1);
        map.check_invariants();
        drop(map);
        assert_eq!(arena.remaining(), arena.capacity());
    }
}
