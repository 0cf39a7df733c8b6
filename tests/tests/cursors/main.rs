//! Cursors over all maps.

mod allocations;
mod blobs;
mod concurrent;
mod model;
mod uses;

#[global_allocator]
static ALLOCATOR: tests::allocations::Counting = tests::allocations::Counting;

use bskip_core::{
    BSkipBlobMap, BSkipBytesMap, BSkipMap, BlobCursor, BytesCursor, Cursor, Key, OwnedBlobCursor,
    OwnedBytesCursor, OwnedCursor,
};

/// What cursors over every map have, and what the tests ask of a map.
trait TestCursor {
    type Key: Ord + Clone + std::fmt::Debug;
    type Map;
    fn seek(&mut self, key: &Self::Key) -> bool;
    fn seek_for_prev(&mut self, key: &Self::Key) -> bool;
    fn seek_to_first(&mut self) -> bool;
    fn seek_to_last(&mut self) -> bool;
    fn next(&mut self) -> bool;
    fn prev(&mut self) -> bool;
    fn valid(&self) -> bool;
    fn current(&self) -> Option<Self::Key>;
    /// The value that the key had when the cursor came to it, unless the cursor keeps none.
    fn kept(&self) -> Option<Option<u64>>;
    /// The value that the key has now.
    fn now(&self) -> Option<u64>;
}

macro_rules! moves {
    () => {
        fn seek_to_first(&mut self) -> bool {
            self.seek_to_first()
        }
        fn seek_to_last(&mut self) -> bool {
            self.seek_to_last()
        }
        fn next(&mut self) -> bool {
            self.next()
        }
        fn prev(&mut self) -> bool {
            self.prev()
        }
        fn valid(&self) -> bool {
            self.valid()
        }
    };
}

macro_rules! fixed {
    ($cursor:ident $(<$a:lifetime>)?) => {
        impl<K: Key + std::fmt::Debug> TestCursor for $cursor<$($a,)? K, u64> {
            type Key = K;
            type Map = BSkipMap<K, u64>;
            moves!();
            fn seek(&mut self, key: &K) -> bool {
                self.seek(key)
            }
            fn seek_for_prev(&mut self, key: &K) -> bool {
                self.seek_for_prev(key)
            }
            fn current(&self) -> Option<K> {
                self.key()
            }
            fn kept(&self) -> Option<Option<u64>> {
                assert_eq!(self.key_value(), self.key().zip(self.value()));
                Some(self.value())
            }
            fn now(&self) -> Option<u64> {
                assert_eq!(self.value_with(|&value| value), self.value_cloned());
                self.value_cloned()
            }
        }
    };
}
fixed!(Cursor<'_>);
fixed!(OwnedCursor);

macro_rules! bytes {
    ($cursor:ident $(<$a:lifetime>)?) => {
        impl TestCursor for $cursor<$($a,)? [u8], u64> {
            type Key = Vec<u8>;
            type Map = BSkipBytesMap<[u8], u64>;
            moves!();
            fn seek(&mut self, key: &Vec<u8>) -> bool {
                self.seek(key)
            }
            fn seek_for_prev(&mut self, key: &Vec<u8>) -> bool {
                self.seek_for_prev(key)
            }
            fn current(&self) -> Option<Vec<u8>> {
                assert_eq!(self.key(), self.key_decoded().as_deref());
                self.key_decoded()
            }
            fn kept(&self) -> Option<Option<u64>> {
                assert_eq!(self.key_value(), self.key().zip(self.value()));
                Some(self.value())
            }
            fn now(&self) -> Option<u64> {
                self.value_with(|&value| value)
            }
        }
    };
}
bytes!(BytesCursor<'_>);
bytes!(OwnedBytesCursor);

macro_rules! blobs {
    ($cursor:ident $(<$a:lifetime>)?) => {
        impl TestCursor for $cursor<$($a,)? [u8]> {
            type Key = Vec<u8>;
            type Map = BSkipBlobMap<[u8]>;
            moves!();
            fn seek(&mut self, key: &Vec<u8>) -> bool {
                self.seek(key)
            }
            fn seek_for_prev(&mut self, key: &Vec<u8>) -> bool {
                self.seek_for_prev(key)
            }
            fn current(&self) -> Option<Vec<u8>> {
                assert_eq!(self.key(), self.key_decoded().as_deref());
                self.key_decoded()
            }
            fn kept(&self) -> Option<Option<u64>> {
                None
            }
            fn now(&self) -> Option<u64> {
                self.value_with(blobs::number)
            }
        }
    };
}
blobs!(BlobCursor<'_>);
blobs!(OwnedBlobCursor);
