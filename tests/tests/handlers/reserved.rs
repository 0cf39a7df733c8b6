//! Reservations.
//!
//! Properties:
//! - a reservation holds blocks of the arena, and gives them back when it drops;
//! - if the arena has no room for all of them, it gives all of them back;
//! - with a block in reserve, an insertion succeeds although the arena is full;
//! - another map's reservation is refused.

use bskip_core::{BSkipMap, GlobalArena, Reservation, TryInsertCause};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tests::rationed::{Rationed, Refuse};

const MOST: usize = Reservation::<u64, u64, GlobalArena>::MOST;

#[test]
fn blocks_go_back_to_the_arena() {
    let map: BSkipMap<u64, u64> = (0..1000).map(|key| (key, key)).collect();
    let before = map.usage().issued_blocks;
    let reservation = map.reserve(MOST).expect("memory");
    assert_eq!((reservation.len(), reservation.is_empty()), (MOST, false));
    assert_eq!(map.usage().issued_blocks, before + MOST);
    drop(reservation);
    assert_eq!(map.usage().issued_blocks, before);
    assert!(catch_unwind(AssertUnwindSafe(|| map.reserve(MOST + 1))).is_err(), "there is no room for more");
}

#[test]
fn an_insertion_with_a_block_needs_no_memory() {
    let arena = Rationed::all_nodes();
    let ration = arena.ration.clone();
    let mut map = BSkipMap::<u64, u64, _>::with_arena(arena).expect("memory");
    (0..1000).for_each(|key| _ = map.insert(10 * key, key));
    let mut reservation = map.reserve(3).expect("memory");
    let before = map.usage().issued_blocks;

    ration.set(Refuse::After(0));
    assert!(map.reserve(MOST).is_err());
    let (mut key, mut splits) = (1, 0);
    let error = loop {
        let left = reservation.len();
        match map.handler().try_insert_with(&mut reservation, key, 7) {
            Ok(old) => assert_eq!(old, None),
            Err(error) => break error,
        }
        splits += left - reservation.len();
        assert_eq!(map.get(&key), Some(7));
        key += if key % 10 == 9 { 2 } else { 1 };
    };
    // Three leaves were split, and the next one is full.
    assert_eq!((splits, reservation.len()), (3, 0));
    assert_eq!((error.key, error.value, error.cause), (key, 7, TryInsertCause::Full));
    assert!(reservation.refill().is_err());
    assert_eq!(map.usage().issued_blocks, before);
    assert!(ration.refused() >= 2);

    ration.set(Refuse::Nothing);
    reservation.refill().expect("memory");
    assert_eq!(map.handler().try_insert_with(&mut reservation, key, 7), Ok(None));
    drop(reservation);
    assert_eq!(map.check_invariants().unlisted, 0);
}

/// With a block for one of two, a reservation gives that one back.
#[test]
fn a_reservation_that_cannot_be_made_keeps_nothing() {
    let arena = Rationed::all_nodes();
    let ration = arena.ration.clone();
    let map = BSkipMap::<u64, u64, _>::with_arena(arena).expect("memory");
    map.insert(1, 1);
    let before = map.usage().issued_blocks;
    ration.set(Refuse::After(1));
    assert!(map.reserve(2).is_err());
    assert_eq!(map.usage().issued_blocks, before);
}

#[test]
fn the_reservation_of_another_map_is_refused() {
    let maps = [BSkipMap::<u64, u64>::new(), BSkipMap::new()];
    let mut reservation = maps[0].reserve(1).expect("memory");
    let insert = || maps[1].handler().try_insert_with(&mut reservation, 1, 1);
    assert!(catch_unwind(AssertUnwindSafe(insert)).is_err());
    assert!(maps[1].is_empty());
}
