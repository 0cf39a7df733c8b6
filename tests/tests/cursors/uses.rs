//! What users of cursors rely on, one case each.

use bskip_core::{
    BSkipBytesMap, BSkipMap, BlobCursor, BumpArena, BytesCursor, Cursor, GlobalArena, OwnedBlobCursor,
    OwnedBytesCursor, OwnedCursor,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

fn is_send_and_static<T: Send + Sync + 'static>() {}
fn is_send<T: Send + Sync>() {}

#[test]
fn owned_cursors_go_anywhere() {
    is_send_and_static::<OwnedCursor<u64, u64>>();
    is_send_and_static::<OwnedCursor<u64, String, BumpArena>>();
    is_send_and_static::<OwnedBytesCursor<str, u64>>();
    is_send_and_static::<OwnedBytesCursor<[u8], String, BumpArena>>();
    is_send_and_static::<OwnedBlobCursor<str>>();
    is_send_and_static::<OwnedBlobCursor<[u8], BumpArena>>();
    fn borrowed<'a>(_: &'a ()) {
        is_send::<Cursor<'a, u64, u64>>();
        is_send::<BytesCursor<'a, str, String, GlobalArena>>();
        is_send::<BlobCursor<'a, str>>();
    }
    borrowed(&());
}

/// Beyond either end, and in an empty map, a cursor waits for keys.
#[test]
fn keys_inserted_beyond_the_cursor_are_found() {
    let map: BSkipMap<u64, u64> = BSkipMap::new();
    let (mut front, mut back, mut middle) = (map.cursor(), map.cursor(), map.cursor());
    assert!(!front.next() && !front.prev() && !front.seek_to_first());
    assert!(!back.seek_to_last() && !back.next() && !back.prev());
    assert!(!middle.seek(&50) && !middle.next() && !middle.prev());
    map.insert(50, 5);
    assert!(!front.prev() && front.next() && back.prev() && middle.next());
    assert_eq!([front.key(), back.key(), middle.key()], [Some(50); 3]);
    // Behind the last key, and back.
    assert!(!front.next() && !front.next() && front.prev());
    assert_eq!(front.key(), Some(50));
    assert!(!front.next());
    map.insert(60, 6);
    map.insert(40, 4);
    assert!(front.next());
    assert_eq!(front.key_value(), Some((60, 6)));
    assert!(!front.next());
    map.remove(&50);
    map.remove(&60);
    assert!(front.prev());
    assert_eq!(front.key_value(), Some((40, 4)));
    assert!(!front.prev() && !front.prev());
    map.insert(0, 0);
    map.insert(u64::MAX, 1);
    assert!(front.prev() && !front.prev() && front.next());
    assert_eq!(front.key_value(), Some((0, 0)));
    assert!(front.seek(&u64::MAX) && !front.next() && front.prev());
    assert_eq!(front.key_value(), Some((u64::MAX, 1)));
    assert!(front.seek_for_prev(&0) && !front.prev() && front.next());
    assert_eq!(front.key_value(), Some((0, 0)));
}

#[test]
fn a_cursor_in_a_map_of_byte_strings_waits_for_keys_too() {
    let map: BSkipBytesMap<[u8], u64> = BSkipBytesMap::new();
    let long = vec![b'x'; 1000];
    let mut cursor = map.cursor();
    assert!(!cursor.next() && !cursor.prev() && !cursor.seek(&long));
    assert_eq!((cursor.key(), cursor.value(), cursor.key_decoded()), (None, None, None));
    map.insert(b"y".as_slice(), 1);
    map.insert(b"".as_slice(), 2);
    assert!(cursor.next());
    assert_eq!(cursor.key_value(), Some((b"y".as_slice(), 1)));
    assert!(!cursor.next() && cursor.prev() && cursor.prev());
    assert_eq!(cursor.key_value(), Some((b"".as_slice(), 2)));
    assert!(!cursor.prev() && cursor.next());
    assert_eq!(cursor.key_value(), Some((b"".as_slice(), 2)));
    assert!(cursor.seek_for_prev(&long));
    assert_eq!(cursor.key_value(), Some((b"".as_slice(), 2)));
}

/// A cursor stays good while its leaf is emptied, merged, given back and used for other keys.
#[test]
fn a_cursor_that_is_held_while_everything_changes() {
    let map: Arc<BSkipMap<u64, u64>> = Arc::new((0..100_000).map(|i| (2 * i, i)).collect());
    let mut held: Vec<_> = (0..100).map(|_| map.clone().cursor_owned()).collect();
    held.iter_mut().zip(0..).for_each(|(cursor, i)| assert!(cursor.seek(&(i * 2000))));
    (0..100_000).for_each(|i| assert!(map.remove(&(2 * i)).is_some()));
    map.shrink_to_fit();
    assert!(held.iter().all(|cursor| cursor.valid() && cursor.value_cloned().is_none()));
    assert!(held.iter_mut().all(|cursor| !cursor.clone().next() && !cursor.prev()));
    (0..100_000).for_each(|i| assert!(map.insert(2 * i + 1, i).is_none()));
    for (cursor, i) in held.iter_mut().zip(0..) {
        assert!(cursor.next());
        assert_eq!(cursor.key_value(), Some((i * 2000 + 1, i * 1000)));
    }
}

/// Values that are not `Copy` are read when they are asked for.
#[test]
fn values_of_other_types() {
    let value = Arc::new(7);
    let map: BSkipMap<u64, Arc<u64>> = (0..1000).map(|i| (i, value.clone())).collect();
    let mut cursor = map.cursor();
    let mut seen = 0;
    while cursor.next() {
        assert_eq!(cursor.value_with(|value| **value), Some(7));
        assert_eq!(cursor.value_cloned().as_deref(), Some(&7));
        seen += 1;
    }
    assert_eq!((seen, Arc::strong_count(&value)), (1000, 1001));
    assert!(cursor.prev());
    map.insert(999, Arc::new(8));
    assert_eq!(cursor.value_with(|value| **value), Some(8));
    map.remove(&999);
    assert_eq!(cursor.value_with(|value| **value), None);
    assert_eq!(cursor.key(), Some(999));
    drop(map);
    assert_eq!(Arc::strong_count(&value), 1);
}

/// A closure that panics unlocks the leaf. A closure that uses the map is told so.
#[test]
fn closures_that_panic() {
    let map: BSkipMap<u64, String> = (0..100).map(|i| (i, i.to_string())).collect();
    let mut cursor = map.cursor();
    assert!(cursor.seek(&50));
    let panic = catch_unwind(AssertUnwindSafe(|| cursor.value_with(|_| panic!("of the test"))));
    assert!(panic.is_err());
    let panic = catch_unwind(AssertUnwindSafe(|| cursor.value_with(|_| map.insert(50, String::new()))));
    assert!(panic.is_err());
    assert_eq!(cursor.value_cloned().as_deref(), Some("50"));
    assert!(cursor.next());
    assert_eq!(map.insert(50, "new".to_owned()).as_deref(), Some("50"));
}

#[test]
fn a_clone_goes_its_own_way() {
    let map: BSkipMap<u64, u64> = (0..100).map(|i| (i, i)).collect();
    let mut one = map.cursor();
    assert!(one.seek(&10));
    let mut other = one.clone();
    assert!(one.next() && other.prev());
    assert_eq!((one.key(), other.key()), (Some(11), Some(9)));
    assert_eq!(format!("{one:?}"), "Cursor { key: Some(11), .. }");
    assert!(std::ptr::eq(one.map(), &map));
}
