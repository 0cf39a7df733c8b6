//! What handlers answer while a lock is held: the closures of `update` stand for interrupted code.
//!
//! Properties:
//! - a call that needs the locked leaf is busy, and gives its pair back;
//! - all other calls answer;
//! - afterwards the same calls answer, and nothing has changed.

use bskip_core::{BSkipBytesMap, BSkipMap, Busy, Config, GlobalArena, Promotion, TryInsertCause};

/// No key gets a node of its own by the coin, so a few keys share one leaf.
const ONE_LEAF: Config = Config::new().promotion(Promotion::Overflow);

/// Some dozens of leaves. Key 5000 is in the middle.
fn map() -> BSkipMap<u64, u64> {
    (0..1000).map(|key| (10 * key, key)).collect()
}

#[test]
fn a_locked_leaf_is_busy_and_no_other_one() {
    let map = map();
    let handler = map.handler();
    let mut reservation = map.reserve(1).expect("memory");
    let held = map.update(&5000, |_| {
        assert_eq!(handler.try_get(&5000), Err(Busy));
        assert_eq!(handler.try_contains_key(&5000), Err(Busy));
        assert_eq!(handler.try_floor(&5001), Err(Busy));
        assert_eq!(handler.try_ceiling(&5000), Err(Busy));
        assert_eq!(handler.try_remove(&5000), Err(Busy));
        let error = handler.try_insert(5000, 7).expect_err("the leaf is locked");
        assert_eq!((error.key, error.value, error.cause), (5000, 7, TryInsertCause::Busy));
        let error = handler.try_insert_with(&mut reservation, 5001, 8).expect_err("the leaf is locked");
        assert_eq!((error.key, error.value, error.cause), (5001, 8, TryInsertCause::Busy));

        assert_eq!(handler.try_get(&0), Ok(Some(0)));
        assert_eq!(handler.try_first_key_value(), Ok(Some((0, 0))));
        assert_eq!(handler.try_last_key_value(), Ok(Some((9990, 999))));
        assert_eq!(handler.try_pop_last(), Ok(Some((9990, 999))));
        assert_eq!(handler.try_insert_with(&mut reservation, 9990, 999), Ok(None));
        assert_eq!(handler.try_remove(&10), Ok(Some(1)));
    });
    assert_eq!(held, Some(()));
    assert_eq!(handler.try_get(&5000), Ok(Some(500)));
    assert_eq!(handler.try_floor(&5001), Ok(Some((5000, 500))));
    assert_eq!(map.len(), 999);
}

/// The one leaf of a small map: every call needs it.
#[test]
fn the_ends_are_busy_if_their_leaf_is_locked() {
    let map = BSkipMap::with_config(GlobalArena::new(), ONE_LEAF).expect("memory");
    map.insert(1u64, 1u64);
    map.insert(2, 2);
    let handler = map.handler();
    map.update(&1, |_| {
        assert_eq!(handler.try_first_key_value(), Err(Busy));
        assert_eq!(handler.try_last_key_value(), Err(Busy));
        assert_eq!(handler.try_pop_first(), Err(Busy));
        assert_eq!(handler.try_pop_last(), Err(Busy));
    });
    assert_eq!(handler.try_pop_last(), Ok(Some((2, 2))));
    assert_eq!(handler.try_pop_first(), Ok(Some((1, 1))));
    assert_eq!(handler.try_first_key_value(), Ok(None));
}

#[test]
fn byte_strings_too() {
    let map: BSkipBytesMap<str, u64> =
        BSkipBytesMap::with_config(GlobalArena::new(), ONE_LEAF).expect("memory");
    let long = "long ".repeat(100);
    map.insert("a", 1);
    map.insert(&long, 2);
    let handler = map.handler();
    assert_eq!(handler.try_get("a"), Ok(Some(1)));
    assert_eq!(handler.try_get(&*long), Ok(Some(2)));
    assert_eq!(handler.try_get("b"), Ok(None));
    assert_eq!(handler.try_contains_key(&*long), Ok(true));
    map.update("a", |_| {
        assert_eq!(handler.try_get("a"), Err(Busy));
        assert_eq!(handler.try_contains_key("b"), Err(Busy));
    });
}
