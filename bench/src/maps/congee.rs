//! congee: an adaptive radix tree with optimistic lock coupling, for eight-byte keys.

use super::{OrderedMap, Session};
use ::congee::{U64Congee, epoch};

/// The map under test. A guard is pinned for each call: one held longer would stop its reclamation.
#[derive(Default)]
pub(super) struct Map(U64Congee<usize>);

const _: () = assert!(usize::BITS == 64, "congee keeps values in a usize");

/// Pairs fetched at a time; congee copies a range into a buffer.
const CHUNK: usize = 128;

impl OrderedMap for Map {
    type Session<'a> = &'a Self;

    fn session(&self) -> &Self {
        self
    }
}

impl Session for &Map {
    #[inline]
    fn insert(&mut self, key: u64, value: u64) {
        self.0.insert(key, value as usize, &epoch::pin()).expect("congee is out of memory");
    }

    #[inline]
    fn get(&mut self, key: u64) -> Option<u64> {
        self.0.get(key, &epoch::pin()).map(|value| value as u64)
    }

    #[inline]
    fn update(&mut self, key: u64, value: u64) {
        self.0.insert(key, value as usize, &epoch::pin()).expect("congee is out of memory");
    }

    #[inline]
    fn remove(&mut self, key: u64) -> Option<u64> {
        self.0.remove(key, &epoch::pin()).map(|value| value as u64)
    }

    fn scan(&mut self, start: u64, limit: usize, mut visit: impl FnMut(u64, u64)) {
        let guard = epoch::pin();
        let mut buffer = [([0_u8; 8], 0_usize); CHUNK];
        let (mut from, mut left) = (start, limit);
        while left > 0 && from < u64::MAX {
            let want = left.min(CHUNK);
            let got = self.0.range(from, u64::MAX, &mut buffer[..want], &guard);
            for (key, value) in &buffer[..got] {
                visit(u64::from_be_bytes(*key), *value as u64);
            }
            left -= got;
            if got < want {
                break;
            }
            from = u64::from_be_bytes(buffer[got - 1].0) + 1;
        }
        // Its ranges exclude their end, so the greatest key needs a look of its own.
        if left > 0
            && let Some(value) = self.0.get(u64::MAX, &guard)
        {
            visit(u64::MAX, value as u64);
        }
    }
}
