//! The memtable of this repository's example, as it is.

use super::table::Table;

#[path = "../../../bskip-core/examples/memtable/table.rs"]
#[expect(dead_code, reason = "the example uses the rest")]
mod example;

/// An empty table without a limit.
pub(super) fn new() -> example::Memtable {
    example::Memtable::new(usize::MAX)
}

impl Table for example::Memtable {
    #[inline]
    fn put(&self, key: &[u8], sequence: u64, value: &[u8]) {
        self.write(sequence, key, Some(value)).expect("there is memory");
    }

    #[inline]
    fn get<R>(&self, key: &[u8], sequence: u64, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.get(key, sequence, |value| value.map(f)).flatten()
    }

    #[inline]
    fn versions(&self, key: &[u8], mut f: impl FnMut(u64, &[u8])) {
        self.for_each_version_of(key, |sequence, value| {
            value.into_iter().for_each(|value| f(sequence, value))
        });
    }

    #[inline]
    fn flush(&self, mut f: impl FnMut([&[u8]; 2], &[u8])) {
        self.for_each_version(|key, value| {
            f([key, &[]], value);
            true
        });
    }
}
