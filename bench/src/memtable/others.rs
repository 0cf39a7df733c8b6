//! The other memtables: a skip list with keys as the crate lsm-tree has them, and artmap's map of versions.

use super::table::{Table, tail};
use ::artmap::arena::{Arena, ArenaVersionedArtMap};
use ::crossbeam_skiplist::SkipMap;
use std::cmp::Ordering;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The kind of a version that is a value.
const VALUE: u8 = 0;

/// The key of a version. Its order is that of lsm-tree's `InternalKey`: by the user's key, then by the
/// sequence number, the greatest first.
#[derive(Clone)]
struct InternalKey {
    user_key: Box<[u8]>,
    sequence: u64,
    value_type: u8,
}

impl InternalKey {
    fn new(user_key: &[u8], sequence: u64) -> Self {
        Self { user_key: user_key.into(), sequence, value_type: VALUE }
    }
}

impl Ord for InternalKey {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.user_key, other.sequence).cmp(&(&other.user_key, self.sequence))
    }
}

impl PartialOrd for InternalKey {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for InternalKey {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for InternalKey {}

/// A memtable on crossbeam-skiplist, as that of lsm-tree: the list, its size, and the greatest sequence
/// number.
#[derive(Default)]
pub(super) struct SkipList {
    items: SkipMap<InternalKey, Box<[u8]>>,
    size: AtomicU64,
    greatest: AtomicU64,
}

/// An empty memtable on crossbeam-skiplist.
pub(super) fn skip_list() -> SkipList {
    SkipList::default()
}

impl Table for SkipList {
    #[inline]
    fn put(&self, key: &[u8], sequence: u64, value: &[u8]) {
        let bytes = key.len() + value.len() + size_of::<InternalKey>() + size_of::<Box<[u8]>>();
        self.size.fetch_add(bytes as u64, Relaxed);
        self.items.insert(InternalKey::new(key, sequence), value.into());
        self.greatest.fetch_max(sequence, Relaxed);
    }

    #[inline]
    fn get<R>(&self, key: &[u8], sequence: u64, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let entry = self.items.range(InternalKey::new(key, sequence)..).next()?;
        (*entry.key().user_key == *key).then(|| f(entry.value()))
    }

    #[inline]
    fn versions(&self, key: &[u8], mut f: impl FnMut(u64, &[u8])) {
        let from = self.items.range(InternalKey::new(key, u64::MAX)..);
        from.take_while(|entry| *entry.key().user_key == *key)
            .for_each(|entry| f(entry.key().sequence, entry.value()));
    }

    #[inline]
    fn flush(&self, mut f: impl FnMut([&[u8]; 2], &[u8])) {
        for entry in &self.items {
            let InternalKey { user_key, sequence, value_type } = entry.key();
            f([user_key, &tail(*sequence, *value_type)], entry.value());
        }
    }
}

/// artmap's map of versions on its arena, with keys and values as in its own example of a memtable.
pub(super) type RadixTree = ArenaVersionedArtMap<Vec<u8>, Vec<u8>>;

/// An empty map of versions with the largest arena that the system gives.
pub(super) fn radix_tree() -> RadixTree {
    RadixTree::new(Arena::with_capacity(crate::maps::arena::largest_arena()))
}

impl Table for RadixTree {
    #[inline]
    fn put(&self, key: &[u8], sequence: u64, value: &[u8]) {
        self.insert(key.to_vec(), sequence, value.to_vec());
    }

    // A handle on the key's entry lends the value; `get_version_le` of the map would clone it. There are
    // handles only for keys whose newest version is a value, and all versions here are.
    #[inline]
    fn get<R>(&self, key: &[u8], sequence: u64, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.get_entry(key)?.get_version_le(sequence).map(|(_, value)| f(value))
    }

    #[inline]
    fn versions(&self, key: &[u8], mut f: impl FnMut(u64, &[u8])) {
        for version in self.get_entry(key).into_iter().flat_map(|entry| entry.versions()) {
            version.value.into_iter().for_each(|value| f(version.version, value));
        }
    }

    #[inline]
    fn flush(&self, mut f: impl FnMut([&[u8]; 2], &[u8])) {
        for entry in self.iter() {
            for version in entry.versions() {
                let tail = tail(version.version, VALUE);
                version.value.into_iter().for_each(|value| f([entry.key(), &tail], value));
            }
        }
    }
}
