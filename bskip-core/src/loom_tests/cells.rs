//! Cells that are recycled under a reader.
//!
//! A node is a version lock and the number of a string. A reader that follows the number and then validates
//! the node must have read the string that the node referred to.

use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::thread;

use crate::arena::{GlobalArena, GlobalPool};
use crate::cells::{CellId, Cells, Directory};
use crate::lock::{Version, VersionLock};
use crate::sync::{self, DataWord, Ordering, model};

/// Bytes of the largest cell: a longer string is a chain.
const ROOM: usize = 2032;

/// A node that refers to a string, or to none.
struct Holder {
    lock: VersionLock,
    number: DataWord,
}

impl Holder {
    fn of(id: CellId) -> Self {
        Self { lock: VersionLock::new(), number: DataWord::new(u64::from(id.to_word())) }
    }

    fn read_begin(&self) -> Version {
        loop {
            match self.lock.read_begin() {
                Ok(version) => return version,
                Err(_) => thread::yield_now(),
            }
        }
    }

    fn read(&self, directory: &Directory, from: usize) -> Option<[u8; 8]> {
        let version = self.read_begin();
        let id = self.number.load(Ordering::Relaxed) as u32;
        // Loom then tries the orders in which other threads give references up at this place.
        directory.references(CellId::from_word(id));
        let mut bytes = [0; 8];
        directory.copy(CellId::from_word(id), from, &mut bytes);
        let order = directory.compare(CellId::from_word(id), from, b"eeeeeeee");
        if !self.lock.validate(version) || id == 0 {
            return None;
        }
        assert!(order.is_eq(), "another string, or two in one");
        Some(bytes)
    }

    /// Unlinks the string. The reference is the caller's from now on.
    fn unlink(&self) -> CellId {
        let version = self.read_begin();
        assert!(self.lock.try_lock(version), "each node has one writer");
        let id = self.number.load(Ordering::Relaxed) as u32;
        self.number.store(0, Ordering::Relaxed);
        self.lock.unlock(version);
        CellId::from_word(id)
    }
}

struct Shared {
    cells: Cells<GlobalPool>,
    nodes: [Holder; 2],
}

impl Shared {
    /// Two nodes that refer to the same string, of `length` times `e`. The free cells of its classes hold `o`.
    fn watched(length: usize) -> Arc<Self> {
        let cells = Cells::new(&GlobalArena::new()).expect("memory");
        let id = cells.store(&std::vec![b'e'; length]).expect("memory");
        cells.release(cells.store(&std::vec![b'o'; length]).expect("memory"));
        cells.directory().retain(id);
        let shared = Arc::new(Self { cells, nodes: [Holder::of(id), Holder::of(id)] });
        sync::watch(40);
        shared
    }

    /// What the first node says of its string from byte `from` on, if it has one.
    fn read(&self, from: usize) -> Option<[u8; 8]> {
        self.nodes[0].read(self.cells.directory(), from)
    }
}

fn spawn(shared: &Arc<Shared>, run: impl FnOnce(&Shared) + 'static) -> thread::JoinHandle<()> {
    let shared = shared.clone();
    thread::spawn(move || run(&shared))
}

/// One writer unlinks and frees the string, another one stores a string, perhaps in the same cell.
#[test]
fn a_recycled_cell_is_not_believed() {
    model("cells: recycled under a reader", Some(2), 300, || {
        let shared = Shared::watched(8);
        shared.cells.release(shared.nodes[1].unlink());
        let unlinks = spawn(&shared, |shared| shared.cells.release(shared.nodes[0].unlink()));
        let stores = spawn(&shared, |shared| {
            shared.cells.store(b"oooooooo").expect("memory");
        });
        if let Some(bytes) = shared.read(0) {
            assert_eq!(&bytes, b"eeeeeeee", "another string, or two in one");
        }
        unlinks.join().expect("no thread panics");
        stores.join().expect("no thread panics");
    });
}

/// Two nodes drop their references. The thread that frees the chain is not the one that has locked the
/// reader's node. The links of the free list are no part of the string.
#[test]
fn a_freed_chain_is_not_believed() {
    model("cells: a chain is freed under a reader", Some(2), 300, || {
        let shared = Shared::watched(ROOM + 8);
        let others: [_; 2] = core::array::from_fn(|node| {
            spawn(&shared, move |shared| shared.cells.release(shared.nodes[node].unlink()))
        });
        if let Some(bytes) = shared.read(ROOM) {
            assert_eq!(&bytes, b"eeeeeeee", "the end of another string");
        }
        for other in others {
            other.join().expect("no thread panics");
        }
        sync::unwatch();
        assert_eq!(shared.cells.usage().issued_blocks, 0, "the last reference frees the string");
    });
}

/// Memory that a thread may read while it has a reference to a string, and may write when the string's cell is
/// its own. It stands for the bytes of the cell. They are atomics, so loom does not mind races on them, and it
/// cannot show that a load sees a later store.
struct Bytes(UnsafeCell<u64>);

// SAFETY: loom fails if two accesses race.
unsafe impl Sync for Bytes {}

/// Two threads read a string that they have kept, and give it up. One of them then stores another string. If that
/// gets the same cell, all reads of the old one are over.
#[test]
fn a_cell_is_reused_after_the_last_read() {
    model("cells: reused after the last read", None, 10, || {
        let bytes = Arc::new(Bytes(UnsafeCell::new(0)));
        let shared = Shared::watched(8);
        let id = CellId::from_word(shared.nodes[0].number.load(Ordering::Relaxed) as u32);
        let read = |bytes: &Bytes| {
            bytes.0.with(|value| {
                // SAFETY: loom fails if another thread may write now.
                unsafe { *value }
            })
        };
        let other = {
            let bytes = bytes.clone();
            spawn(&shared, move |shared| {
                read(&bytes);
                shared.cells.release(id);
            })
        };
        read(&bytes);
        shared.cells.release(id);
        if shared.cells.store(b"oooooooo").expect("memory") == id {
            bytes.0.with_mut(|value| {
                // SAFETY: loom fails if another thread may read now.
                unsafe { *value = 1 }
            });
        }
        other.join().expect("no thread panics");
    });
}
