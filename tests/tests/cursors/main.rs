//! Cursors over both maps.

mod allocations;
mod concurrent;
mod model;
mod uses;

#[global_allocator]
static ALLOCATOR: tests::allocations::Counting = tests::allocations::Counting;

use bskip_core::{BSkipBytesMap, BSkipMap, BytesCursor, Cursor, Key, OwnedBytesCursor, OwnedCursor};

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
    fn pair(&self) -> Option<(Self::Key, u64)>;
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
            fn pair(&self) -> Option<(K, u64)> {
                self.key_value()
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
            fn pair(&self) -> Option<(Vec<u8>, u64)> {
                assert_eq!(self.key(), self.key_decoded().as_deref());
                self.key_value().map(|(key, value)| (key.to_vec(), value))
            }
            fn now(&self) -> Option<u64> {
                self.value_with(|&value| value)
            }
        }
    };
}
bytes!(BytesCursor<'_>);
bytes!(OwnedBytesCursor);
