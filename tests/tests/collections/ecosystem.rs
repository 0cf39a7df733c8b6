//! Allocators of `allocator-api2` as arenas, and the strings of `bytes` as keys and values.
//!
//! Properties:
//! - a map takes all its blocks from the allocator that it is given, and gives all of them back when it drops;
//! - if the allocator has no more memory, insertions return an error, and the map stays intact;
//! - `Bytes` and `BytesMut` are keys with the encoding of `Vec<u8>`.

use allocator_api2::alloc::{AllocError, Allocator, Global};
use bskip_core::{AllocErrorKind, AllocatorArena, BSkipBlobMap, BSkipBytesMap, BSkipMap, BSkipSet};
use bytes::{Bytes, BytesMut};
use std::alloc::Layout;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An allocator that counts the bytes in use, and gives no more than a limit.
#[derive(Clone)]
struct Limited {
    used: Arc<AtomicUsize>,
    limit: usize,
}

// SAFETY: the memory is that of `Global`.
unsafe impl Allocator for Limited {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if self.used.fetch_add(layout.size(), Ordering::Relaxed) + layout.size() > self.limit {
            self.used.fetch_sub(layout.size(), Ordering::Relaxed);
            return Err(AllocError);
        }
        Global.allocate(layout)
    }

    unsafe fn deallocate(&self, memory: NonNull<u8>, layout: Layout) {
        self.used.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: by the caller's promise.
        unsafe { Global.deallocate(memory, layout) }
    }
}

#[test]
fn any_allocator_is_an_arena() {
    let limited = Limited { used: Arc::default(), limit: 1 << 20 };
    let mut map = BSkipMap::with_arena(AllocatorArena::new(limited.clone())).expect("memory");
    let full = (0u64..).find_map(|key| map.try_insert(key, key.to_string()).err()).expect("the limit");
    assert_eq!(full.cause.kind, AllocErrorKind::OutOfMemory);
    assert_eq!(map.len() as u64, full.key);
    assert_eq!(map.usage().reserved_bytes, limited.used.load(Ordering::Relaxed));
    assert_eq!(map.get_cloned(&77).as_deref(), Some("77"));
    map.check_invariants();
    assert_eq!(map.arena().allocator().limit, 1 << 20);
    drop(map);
    assert_eq!(limited.used.load(Ordering::Relaxed), 0);

    let set: BSkipSet<u64, AllocatorArena<Global>> = (0..1000).collect();
    assert!(set.clone() == set);
}

#[test]
fn bytes_are_keys_and_values() {
    let map: BSkipBytesMap<Bytes, Bytes> = BSkipBytesMap::new();
    let page = Bytes::from_static(b"a page");
    map.insert(&Bytes::from_static(b"b"), page.clone());
    map.insert(b"a".as_slice(), Bytes::new());
    map.insert(&BytesMut::from("c"), page.slice(2..));
    let keys: Vec<Bytes> = map.iter().cloned().map(|pair| pair.0).collect();
    assert_eq!(keys, ["a", "b", "c"]);
    assert_eq!(map.get_cloned(b"b".as_slice()), Some(page));
    assert_eq!(
        map.range(Bytes::from_static(b"bb")..).cloned().next().map(|pair| pair.1),
        Some("page".into())
    );

    let mut long: BSkipBlobMap<BytesMut> = BSkipBlobMap::new();
    let key = BytesMut::from([7; 300].as_slice());
    long.insert(&key, &Bytes::from_static(b"value"));
    assert_eq!(
        long.first_key_value().map(|(key, value)| (key, Bytes::from(value))),
        Some((key, "value".into()))
    );
    // A part of a tuple, too.
    let pairs: BSkipBytesMap<(Bytes, u64), u8> = BSkipBytesMap::from([((Bytes::from_static(b"k"), 1u64), 2)]);
    assert_eq!(pairs.get(&(b"k".as_slice(), 1u64)), Some(2));
    long.check_invariants();
}
