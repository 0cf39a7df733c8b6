//! Strings of every length, recycled cells, numbers that are garbage, failing pools, and readers of cells
//! that other threads recycle.

use alloc::vec::Vec;
use core::alloc::Layout;
use core::cmp::Ordering;
use core::ptr::NonNull;
use std::sync::Arc;
use std::thread;

use super::class::{BLOCK, Class, UNITS};
use super::{CellId, Cells, Directory};
use crate::arena::{
    AllocError, AllocErrorKind, BlockArena, BlockId, BlockKind, BlockPool, DefaultPlatform, GlobalArena,
    GlobalHints, GlobalPool, Placement,
};
use crate::lock::VersionLock;
use crate::mix::mix;
use crate::sync::{AtomicUsize, DataWord, Ordering as Order};

fn cells() -> Cells<GlobalPool> {
    Cells::new(&GlobalArena::new()).expect("memory")
}

/// A string that differs from those of other seeds, with zeros in it.
fn text(seed: u64, length: usize) -> Vec<u8> {
    (0..length).map(|at| mix(seed << 32 | (at / 8) as u64).to_be_bytes()[at % 8] & 0x83).collect()
}

/// Lengths around which the number of cells, their class or the last word changes.
fn lengths() -> Vec<usize> {
    let room = Class::LARGEST.room();
    let bounds = Class::all().map(Class::room).chain([2 * room, 3 * room, 10 * room, 65536]);
    let around = bounds.flat_map(|bound| [bound - 9, bound - 8, bound - 1, bound, bound + 1, bound + 8]);
    (0..40).chain(around).collect()
}

fn whole(directory: &Directory, id: CellId) -> Vec<u8> {
    let mut bytes = alloc::vec![1; directory.len(id)];
    assert_eq!(directory.copy(id, 0, &mut bytes), bytes.len());
    bytes
}

#[test]
fn strings_of_every_length_come_back() {
    let cells = cells();
    let texts: Vec<_> = lengths().into_iter().enumerate().map(|(i, n)| text(i as u64, n)).collect();
    let stored: Vec<_> = texts.iter().map(|text| cells.store(text).expect("memory")).collect();
    for (text, &id) in texts.iter().zip(&stored) {
        assert_ne!(id.to_word(), 0);
        assert_eq!(&whole(cells.directory(), id), text);
    }
}

#[test]
fn a_string_is_read_from_any_byte_on() {
    let cells = cells();
    let directory = cells.directory();
    for length in [0, 1, 7, 8, 9, 100, 2031, 2032, 2033, 4063, 4064, 4065, 4100] {
        let text = text(7, length);
        let id = cells.store(&text).expect("memory");
        let near = |at: usize| [at.saturating_sub(1), at, at + 1];
        for from in (0..20).chain(near(2032)).chain(near(4064)).chain(near(length)) {
            let rest = text.get(from..).unwrap_or_default();
            for room in [0, 1, 7, 8, 9, 50, 5000] {
                let mut out = alloc::vec![255; room];
                let copied = directory.copy(id, from, &mut out);
                assert_eq!(out[..copied], rest[..rest.len().min(room)], "{length} from {from}");
                assert!(out[copied..].iter().all(|&byte| byte == 255), "written behind the string");
            }
            let compare = |other: &[u8]| {
                if !from.is_multiple_of(8) {
                    return;
                }
                assert_eq!(directory.compare(id, from, other), rest.cmp(other), "{length} from {from}");
            };
            compare(rest);
            compare(&[rest, &[0]].concat());
            compare(&rest[..rest.len() / 2]);
            compare(b"");
            // Another byte at each of a few places, also in a string that ends there.
            for at in [0, 1, 7, 8, 15, 2020, 2031, 2032, 2040].into_iter().filter(|&at| at < rest.len()) {
                for change in [1, 255] {
                    let mut other = rest.to_vec();
                    other[at] = other[at].wrapping_add(change);
                    compare(&other);
                    compare(&other[..=at]);
                }
            }
        }
    }
}

#[test]
fn cells_are_reused_and_counted() {
    let cells = cells();
    for length in lengths() {
        let id = cells.store(&text(1, length)).expect("memory");
        let usage = cells.usage();
        assert!(usage.issued_bytes >= length + 16 && usage.issued_blocks > length / 2048, "{usage:?}");
        // Below a third of waste, except for the smallest class.
        assert!(
            usage.issued_bytes <= (length + 16 * usage.issued_blocks) * 3 / 2 + 64,
            "{length}: {usage:?}"
        );
        cells.release(id);
        assert_eq!((cells.usage().issued_blocks, cells.usage().issued_bytes), (0, 0), "{length}");
    }
    let reserved = cells.usage().reserved_bytes;
    for round in 0..10 {
        lengths().into_iter().for_each(|length| {
            cells.release(cells.store(&text(round, length)).expect("memory"));
        });
    }
    assert_eq!(cells.usage().reserved_bytes, reserved, "free cells were not reused");
}

#[test]
fn a_string_stays_until_its_last_reference_goes() {
    let cells = cells();
    for length in [10, 5000] {
        let text = text(2, length);
        let id = cells.store(&text).expect("memory");
        cells.directory().retain(id);
        cells.directory().retain(id);
        for _ in 0..2 {
            cells.release(id);
            let other = cells.store(&self::text(3, length)).expect("memory");
            assert_eq!(whole(cells.directory(), id), text);
            cells.release(other);
        }
        cells.release(id);
        assert_eq!(cells.store(&text).expect("memory"), id, "the last cell that was freed is the next to go");
        cells.release(id);
    }
    assert_eq!(cells.usage().issued_blocks, 0);
}

#[test]
fn numbers_may_be_garbage() {
    let cells = cells();
    let check = |word: u32| {
        let id = CellId::from_word(word);
        let mut out = [0; 100];
        for from in [0, 3, 2032, 100_000] {
            if from % 8 == 0 {
                let _ = cells.directory().compare(id, from, &out);
            }
            assert!(cells.directory().copy(id, from, &mut out) <= out.len());
        }
        let _ = cells.directory().common(id, CellId::from_word(word / 2), 5000);
    };
    let words = [0, 1, 127, 128, 129, 255, 256, 1 << 16, 1 << 31, u32::MAX - 127, u32::MAX];
    words.into_iter().for_each(check);
    let ids: Vec<_> =
        lengths().iter().map(|&length| cells.store(&alloc::vec![255; length]).expect("memory")).collect();
    // Every unit of every block, also those in the middle of a cell and at the end of a block.
    let units = (cells.directory().blocks::<DefaultPlatform>() as u32 + 2) * UNITS as u32;
    (0..units).chain(words).for_each(check);
    // No cell reaches beyond its block.
    let largest = *ids.last().expect("lengths up to 64 KiB");
    let block = largest.to_word() / UNITS as u32 * UNITS as u32;
    for unit in 0..UNITS {
        let cell = cells.directory().cell(CellId::from_word(block + unit as u32));
        assert_eq!(cell.is_some(), unit + Class::LARGEST.units() <= UNITS, "from unit {unit} on");
    }
    // Freed cells have links in place of what readers expect.
    ids.into_iter().for_each(|id| cells.release(id));
    (0..units).for_each(check);
}

/// Blocks of a [`GlobalPool`], up to a limit.
struct Few(Arc<AtomicUsize>);

struct FewPool {
    pool: GlobalPool,
    left: Arc<AtomicUsize>,
}

// SAFETY: as the pool within.
unsafe impl BlockArena for Few {
    type Pool = FewPool;

    fn pool(&self, layout: Layout, kind: BlockKind) -> Result<FewPool, AllocError> {
        Ok(FewPool { pool: GlobalArena::new().pool(layout, kind)?, left: self.0.clone() })
    }
}

// SAFETY: as the pool within.
unsafe impl BlockPool for FewPool {
    type Platform = DefaultPlatform;
    type Hints = GlobalHints;

    fn acquire(&self, placement: Placement) -> Result<BlockId, AllocError> {
        let layout = Layout::from_size_align(BLOCK, 64).expect("a layout");
        let error = AllocError { layout, kind: AllocErrorKind::LimitReached };
        let left = self.left.load(Order::Relaxed).checked_sub(1).ok_or(error)?;
        self.left.store(left, Order::Relaxed);
        self.pool.acquire(placement)
    }

    unsafe fn release(&self, block: BlockId) {
        // SAFETY: by the caller's promise.
        unsafe { self.pool.release(block) };
    }

    unsafe fn address(&self, block: BlockId) -> NonNull<u8> {
        // SAFETY: by the caller's promise.
        unsafe { self.pool.address(block) }
    }
}

#[test]
fn an_error_leaves_nothing_behind() {
    let left = Arc::new(AtomicUsize::new(0));
    let cells = Cells::new(&Few(left.clone())).expect("memory");
    assert_eq!(cells.store(b"").unwrap_err().kind, AllocErrorKind::LimitReached);
    assert_eq!(cells.usage(), Default::default());
    // Two blocks have room for eight of the largest cells.
    left.store(2, Order::Relaxed);
    let one = text(1, 3 * Class::LARGEST.room());
    let id = cells.store(&one).expect("two blocks");
    let before = cells.usage();
    assert_eq!(before.reserved_bytes, BLOCK, "a pool that does not count is counted");
    for cells_too_many in [6, 7, 20] {
        let long = text(2, cells_too_many * Class::LARGEST.room());
        assert_eq!(cells.store(&long).unwrap_err().kind, AllocErrorKind::LimitReached);
        assert_eq!(cells.usage().issued_blocks, before.issued_blocks);
        assert_eq!(whole(cells.directory(), id), one);
    }
    // What the failed calls took is free again, and larger cells stand in for those that are missing.
    let two = text(2, 4 * Class::LARGEST.room() + 1);
    let other = cells.store(&two).expect("five cells are left");
    assert_eq!(whole(cells.directory(), other), two);
    assert!(cells.store(b"").is_err());
    cells.release(id);
    cells.release(other);
    let short: Vec<_> = (0..8).map(|seed| cells.store(&text(seed, 5)).expect("eight are free")).collect();
    assert!(cells.store(b"").is_err());
    for (seed, id) in short.into_iter().enumerate() {
        assert_eq!(whole(cells.directory(), id), text(seed as u64, 5));
        cells.release(id);
    }
    assert_eq!(cells.usage().issued_blocks, 0);
}

#[test]
fn threads_store_and_release() {
    let cells = cells();
    thread::scope(|threads| {
        for name in 0..4u64 {
            let cells = &cells;
            threads.spawn(move || {
                let mut kept = Vec::new();
                for round in 0..2000 {
                    let seed = name << 20 | round;
                    let text = text(seed, mix(seed) as usize % [50, 300, 7000][round as usize % 3]);
                    kept.push((cells.store(&text).expect("memory"), text));
                    if kept.len() > 20 {
                        let (id, text) = kept.swap_remove(mix(seed) as usize % 20);
                        assert_eq!(whole(cells.directory(), id), text);
                        cells.release(id);
                    }
                }
                for (id, text) in kept {
                    assert_eq!(whole(cells.directory(), id), text);
                    cells.release(id);
                }
            });
        }
    });
    assert_eq!(cells.usage().issued_blocks, 0);
}

/// A node that refers to one string at a time, under a version lock. All bytes of a string are equal, and its
/// length tells which byte that is.
#[test]
fn a_validated_reader_sees_the_string_of_its_node() {
    let cells = cells();
    let (lock, node) = (VersionLock::new(), DataWord::new(0));
    let bytes = |seed: u64| alloc::vec![seed as u8; 1000 + seed as u8 as usize * 8];
    let put = |text: &[u8]| {
        let id = cells.store(text).expect("memory");
        let version = lock.read_begin().expect("one writer");
        assert!(lock.try_lock(version));
        let old = node.load(Order::Relaxed) as u32;
        node.store(u64::from(id.to_word()), Order::Relaxed);
        lock.unlock(version);
        CellId::from_word(old)
    };
    put(&bytes(0));
    let rounds = AtomicUsize::new(0);
    thread::scope(|threads| {
        threads.spawn(|| {
            (1..20_000).for_each(|round| cells.release(put(&bytes(mix(round)))));
            rounds.store(1, Order::Relaxed);
        });
        // Another writer, which takes the cells that the first one frees.
        threads.spawn(|| {
            while rounds.load(Order::Relaxed) == 0 {
                cells.release(cells.store(&[170; 1700]).expect("memory"));
            }
        });
        let mut out = [0; 4000];
        while rounds.load(Order::Relaxed) == 0 {
            let Ok(version) = lock.read_begin() else { continue };
            let id = CellId::from_word(node.load(Order::Relaxed) as u32);
            let length = cells.directory().copy(id, 0, &mut out);
            let order = cells.directory().compare(id, 8, &out[8.min(length)..length]);
            if lock.validate(version) {
                assert_eq!(length, 1000 + usize::from(out[0]) * 8);
                assert!(out[..length].iter().all(|&byte| byte == out[0]), "a string of two");
                assert_eq!(order, Ordering::Equal);
            }
        }
    });
}
