//! A reader that keeps a value from being freed while it copies it.

use alloc::vec::Vec;

use super::BSkipBlobMap;

#[test]
fn a_value_that_was_kept_is_freed_with_its_pair() {
    let map: BSkipBlobMap<[u8]> = BSkipBlobMap::new();
    for length in [5, 100, 5000] {
        let cells = if length < 8 { 0 } else { length / 2032 + 1 };
        let text = alloc::vec![7; length];
        map.insert(&b"key"[..], &text);
        let mut value = Vec::new();
        assert!(map.blobs.read_kept(b"key", &mut value));
        assert_eq!((&value, map.cells_usage().issued_blocks), (&text, cells));
        assert!(map.remove(&b"key"[..]));
        assert_eq!(map.cells_usage().issued_blocks, 0, "a value of {length} bytes");
        assert!(!map.blobs.read_kept(b"key", &mut value));
    }
}
