//! artmap: an adaptive radix tree with optimistic lock coupling, on the heap and in an arena of a fixed size.

use super::{OrderedMap, Session};
use ::artmap::{Arena, ArenaArtMap, ArtMap};
use std::alloc::{Layout, alloc_zeroed, dealloc};

/// The map on the heap, with epochs. Keys are big-endian bytes, which keep integers in order. Every call pins the
/// epoch by itself: a guard held longer would stop its reclamation.
#[derive(Default)]
pub(super) struct Heap(ArtMap<[u8; 8], u64>);

impl OrderedMap for Heap {
    type Session<'a> = &'a Self;

    fn session(&self) -> &Self {
        self
    }
}

impl Session for &Heap {
    #[inline]
    fn insert(&mut self, key: u64, value: u64) {
        self.0.insert(key.to_be_bytes(), value);
    }

    #[inline]
    fn get(&mut self, key: u64) -> Option<u64> {
        self.0.get_value(&key.to_be_bytes())
    }

    #[inline]
    fn update(&mut self, key: u64, value: u64) {
        self.0.insert(key.to_be_bytes(), value);
    }

    #[inline]
    fn remove(&mut self, key: u64) -> Option<u64> {
        self.0.remove(&key.to_be_bytes()).map(|entry| *entry.value())
    }

    #[inline]
    fn scan(&mut self, start: u64, limit: usize, mut visit: impl FnMut(u64, u64)) {
        if limit == 0 {
            return;
        }
        let mut left = limit;
        // Documented as its scan without a handle for each entry.
        self.0.scan(start.to_be_bytes().., |key, value| {
            visit(u64::from_be_bytes(*key), *value);
            left -= 1;
            left > 0
        });
    }
}

/// The map in its arena. The arena never grows and frees nothing before the map drops: each update takes memory.
/// A cell that needs more than the arena holds panics, and so is FAILED.
pub(super) struct InArena(ArenaArtMap<[u8; 8], u64>);

impl Default for InArena {
    fn default() -> Self {
        Self(ArenaArtMap::new(Arena::with_capacity(room())))
    }
}

/// The largest arena that can be had: 4 GiB, as its offsets have 32 bits, or less where the system does not promise
/// so much. Pages cost nothing before they are touched.
fn room() -> usize {
    let mut bytes = 1_usize << 32;
    while bytes > 1 << 20 && !can_have(bytes) {
        bytes /= 2;
    }
    bytes
}

/// Whether the allocator gives so many bytes, with some more that the arena adds.
fn can_have(bytes: usize) -> bool {
    let Ok(layout) = Layout::from_size_align(bytes + 4096, 8) else { return false };
    // SAFETY: the size is not 0.
    let memory = unsafe { alloc_zeroed(layout) };
    if memory.is_null() {
        return false;
    }
    // SAFETY: it was just allocated with this layout.
    unsafe { dealloc(memory, layout) };
    true
}

impl OrderedMap for InArena {
    type Session<'a> = &'a Self;

    fn session(&self) -> &Self {
        self
    }
}

impl Session for &InArena {
    #[inline]
    fn insert(&mut self, key: u64, value: u64) {
        self.0.insert(key.to_be_bytes(), value);
    }

    #[inline]
    fn get(&mut self, key: u64) -> Option<u64> {
        self.0.get(&key.to_be_bytes())
    }

    #[inline]
    fn update(&mut self, key: u64, value: u64) {
        self.0.insert(key.to_be_bytes(), value);
    }

    #[inline]
    fn remove(&mut self, key: u64) -> Option<u64> {
        self.0.remove(&key.to_be_bytes()).map(|entry| *entry.value())
    }

    #[inline]
    fn scan(&mut self, start: u64, limit: usize, mut visit: impl FnMut(u64, u64)) {
        if limit == 0 {
            return;
        }
        let mut left = limit;
        self.0.scan(start.to_be_bytes().., |key, value| {
            visit(u64::from_be_bytes(*key), *value);
            left -= 1;
            left > 0
        });
    }
}
