//! The memtable: a map of versions, with a byte limit.

use bskip_core::{BSkipBlobMap, BlobCursor, BytesKey, KeyBuffer};
use std::cmp::Reverse;
use std::ops::{Bound, ControlFlow};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

/// What a version is stored under: the user's key, the sequence number (the newest first), and 1 for a value or 0
/// for a deletion.
type Key = (Vec<u8>, Reverse<u64>, u8);

/// The bytes that a version takes besides its key and value.
const OVERHEAD: usize = 64;

/// The bytes of the sequence number and the kind, at the end of an encoded key.
const TAIL: usize = 9;

/// Why a version was not written. The table is unchanged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refused {
    /// The byte limit is reached, or there is no memory. Freeze this table, write to a new one.
    Full,
    /// The table is frozen. Write to the new one.
    Frozen,
}

/// See the module.
pub(crate) struct Memtable {
    versions: BSkipBlobMap<Key>,
    bytes: AtomicUsize,
    limit: usize,
    /// Writers hold it for reading, so `freeze` waits for those that are writing.
    frozen: RwLock<bool>,
}

impl Memtable {
    /// An empty table that takes about `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        let (bytes, frozen) = (AtomicUsize::new(0), RwLock::new(false));
        Self { versions: BSkipBlobMap::new(), bytes, limit, frozen }
    }

    /// Writes a value, or a deletion. No other write has this sequence number.
    pub(crate) fn write(&self, sequence: u64, key: &[u8], value: Option<&[u8]>) -> Result<(), Refused> {
        let frozen = self.frozen.read().unwrap_or_else(PoisonError::into_inner);
        if *frozen {
            return Err(Refused::Frozen);
        }
        let charge = key.len() + value.map_or(0, <[u8]>::len) + OVERHEAD;
        let charged = |bytes: usize| bytes.checked_add(charge).filter(|&sum| sum <= self.limit);
        // Relaxed: only a sum.
        let fits = self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, charged);
        fits.map_err(|_| Refused::Full)?;
        let version = (key, Reverse(sequence), u8::from(value.is_some()));
        let written = self.versions.try_insert(&version, value.unwrap_or_default());
        written.map(drop).map_err(|_| {
            self.bytes.fetch_sub(charge, Ordering::Relaxed);
            Refused::Full
        })
    }

    /// Calls `f` with a copy of the newest value at `sequence` or before, or with `None` if it was deleted then.
    /// Returns `None` if there is no version.
    ///
    /// One search, without a lock. It allocates nothing if the key has at most 53 bytes, none of them zero, and the
    /// value at most 256 bytes.
    pub(crate) fn get<R>(&self, key: &[u8], sequence: u64, f: impl FnOnce(Option<&[u8]>) -> R) -> Option<R> {
        let (cursor, is_value) = self.newest(key, sequence)?;
        cursor.value_with(|value| f(is_value.then_some(value)))
    }

    /// As [`get`](Self::get), but copies the value into `value`, and returns whether there is one. So it allocates
    /// only if `value` has not enough room, however long the value is.
    pub(crate) fn get_into(&self, key: &[u8], sequence: u64, value: &mut Vec<u8>) -> Option<bool> {
        let (cursor, is_value) = self.newest(key, sequence)?;
        cursor.value_into(value).then_some(is_value)
    }

    /// A cursor at the newest version of `key` at `sequence` or before, and whether that is a value. A version is
    /// never removed or replaced, so it stays there.
    fn newest(&self, key: &[u8], sequence: u64) -> Option<(BlobCursor<'_, Key>, bool)> {
        let wanted = (key, Reverse(sequence), 0u8);
        let mut buffer = KeyBuffer::new();
        let wanted_bytes = wanted.encoded(&mut buffer).expect("memory for a long key");
        let mut cursor = self.versions.cursor();
        cursor.seek(&wanted);
        let (found, kind) = user_part(cursor.key()?);
        (found == user_part(wanted_bytes).0).then_some((cursor, kind == 1))
    }

    /// Calls `f` with each key in `range` that has a value at `sequence`, and the value, in order, until `f` returns
    /// false.
    pub(crate) fn scan(
        &self,
        range: (Bound<&[u8]>, Bound<&[u8]>),
        sequence: u64,
        mut f: impl FnMut(&[u8], &[u8]) -> bool,
    ) {
        let (mut cursor, mut value) = (self.versions.cursor(), Vec::new());
        let mut at = match range.0 {
            Bound::Unbounded => cursor.seek_to_first(),
            Bound::Included(key) => cursor.seek(&(key, Reverse(u64::MAX), 0u8)),
            Bound::Excluded(key) => cursor.seek(&(key, Reverse(0u64), u8::MAX)),
        };
        while at {
            let (key, _, _) = cursor.key_decoded().expect("at a pair");
            let is_within = match range.1 {
                Bound::Unbounded => true,
                Bound::Included(end) => *key <= *end,
                Bound::Excluded(end) => *key < *end,
            };
            if !is_within || self.get_into(&key, sequence, &mut value) == Some(true) && !f(&key, &value) {
                return;
            }
            at = cursor.seek(&(&key[..], Reverse(0u64), u8::MAX));
        }
    }

    /// As [`scan`](Self::scan), from the greatest key down.
    pub(crate) fn scan_back(
        &self,
        range: (Bound<&[u8]>, Bound<&[u8]>),
        sequence: u64,
        mut f: impl FnMut(&[u8], &[u8]) -> bool,
    ) {
        let (mut cursor, mut value) = (self.versions.cursor(), Vec::new());
        let mut at = match range.1 {
            Bound::Unbounded => cursor.seek_to_last(),
            Bound::Included(key) => cursor.seek_for_prev(&(key, Reverse(0u64), u8::MAX)),
            Bound::Excluded(key) => {
                cursor.seek(&(key, Reverse(u64::MAX), 0u8));
                cursor.prev()
            }
        };
        while at {
            let (key, _, _) = cursor.key_decoded().expect("at a pair");
            let is_within = match range.0 {
                Bound::Unbounded => true,
                Bound::Included(start) => *key >= *start,
                Bound::Excluded(start) => *key > *start,
            };
            if !is_within || self.get_into(&key, sequence, &mut value) == Some(true) && !f(&key, &value) {
                return;
            }
            cursor.seek(&(&key[..], Reverse(u64::MAX), 0u8));
            at = cursor.prev();
        }
    }

    /// Calls `f` with every version, encoded key and value, in order, until `f` returns false.
    pub(crate) fn for_each_version(&self, mut f: impl FnMut(&[u8], &[u8]) -> bool) {
        let _ = self.versions.try_for_each_in::<Key, ()>(.., |key, value| {
            if f(key, value) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
    }

    /// Refuses writes from now on. When this returns, no write is under way.
    pub(crate) fn freeze(&self) {
        *self.frozen.write().unwrap_or_else(PoisonError::into_inner) = true;
    }

    /// Calls `f` with the sequence number and the value of each version of `key`, the newest first. A deletion has no
    /// value.
    pub(crate) fn for_each_version_of(&self, key: &[u8], mut f: impl FnMut(u64, Option<&[u8]>)) {
        let newest = (key, Reverse(u64::MAX), 0u8);
        let mut buffer = KeyBuffer::new();
        let (wanted, _) = user_part(newest.encoded(&mut buffer).expect("memory for a long key"));
        let mut cursor = self.versions.cursor();
        let mut at = cursor.seek(&newest);
        while at {
            let key = cursor.key().expect("at a pair");
            let ((found, kind), sequence) = (user_part(key), sequence(key));
            if found != wanted {
                return;
            }
            cursor.value_with(|value| f(sequence, (kind == 1).then_some(value)));
            at = cursor.next();
        }
    }

    /// The bytes of all keys and values, with an estimate of what their nodes take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// The user's key in an encoded key, escaped, and the kind.
fn user_part(encoded: &[u8]) -> (&[u8], u8) {
    let (user, tail) = encoded.split_at(encoded.len() - TAIL);
    (user, tail[TAIL - 1])
}

/// The sequence number in an encoded key, whose order is reversed there.
fn sequence(encoded: &[u8]) -> u64 {
    let tail = encoded[encoded.len() - TAIL..].first_chunk().expect("eight bytes before the kind");
    !u64::from_be_bytes(*tail)
}
