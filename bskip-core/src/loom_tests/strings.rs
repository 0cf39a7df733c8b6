//! One leaf of byte strings: readers against writers that move its words, and one inner node and its replica.
//!
//! A search in such a node believes a prefix, an entry and words of the heap only together. So each writer here
//! changes what they mean: it makes the prefix longer or shorter, it moves keys in the heap, or it puts a key
//! where another one was.

use core::num::NonZeroU32;
use std::sync::Arc;
use std::vec::Vec;

use loom::thread;

use crate::arena::{BlockArena, BlockId, BlockKind, BlockPool, GlobalArena, GlobalPool, Placement};
use crate::cells::Cells;
use crate::key::{ByteKeys, KeptBytes};
use crate::lock::Version;
use crate::node::{Filled, Inner, Leaf, LevelMark, LockedLeaf, NodeKeys, PairImage, Unreached};
use crate::sync::{self, model};

type Strings<'a> = Leaf<'a, ByteKeys, u64>;

/// A value that belongs to one key.
fn value(key: &[u8]) -> u64 {
    key.iter().fold(7, |value: u64, &byte| value.wrapping_mul(31) ^ u64::from(byte))
}

/// A key that is not so long that a cell holds it.
fn short(bytes: &[u8]) -> KeptBytes<'_> {
    KeptBytes { bytes, number: None }
}

fn no_cells() -> Cells<GlobalPool> {
    Cells::new(&GlobalArena::new()).expect("memory")
}

/// Two leaves. What they hold, a test says.
struct Leaves {
    pool: GlobalPool,
    cells: Cells<GlobalPool>,
    ids: [BlockId; 2],
}

impl Leaves {
    /// The first leaf goes from `low` to `high` and has these keys. The second one goes from there to `end`, and
    /// is empty.
    fn new(low: &[u8], keys: &[&[u8]], high: &[u8], end: &[u8]) -> Self {
        let pool = GlobalArena::new().pool(Strings::LAYOUT, BlockKind::Leaf).expect("memory");
        let ids = [(); 2].map(|()| pool.acquire(Placement::Policy).expect("memory"));
        let leaves = Self { pool, cells: no_cells(), ids };
        for (which, low, high) in [(0, low, high), (1, high, end)] {
            let mut leaf = leaves.at(which).lock_unshared().reshape(Unreached);
            leaf.format(LevelMark::of(0), Some(short(low)));
            leaf.set_high(short(high));
            leaf.set_next(Some(leaves.ids[1]));
        }
        let mut first = leaves.at(0).lock_unshared();
        keys.iter().for_each(|key| first.push(short(key), value(key)));
        drop(first);
        leaves
    }

    fn at(&self, which: usize) -> Strings<'_> {
        // SAFETY: the pool has issued it.
        let base = unsafe { self.pool.address(self.ids[which]) };
        let context = ByteKeys::context(&self.cells);
        // SAFETY: the pool has this layout, lives as long as `self`, and its blocks are used here only.
        unsafe { Strings::from_raw(base, self.ids[which], context) }
    }

    fn lock(&self, which: usize) -> LockedLeaf<'_, ByteKeys, u64> {
        loop {
            let leaf = self.at(which);
            if let Some(locked) = leaf.try_lock(read_begin(leaf)) {
                return locked;
            }
            thread::yield_now();
        }
    }

    /// What the first leaf says of `key`, if it is authoritative for it in one state.
    fn read(&self, key: &[u8]) -> Option<Option<u64>> {
        let leaf = self.at(0);
        let version = read_begin(leaf);
        let covers = leaf.compare_low(key).is_ge() && leaf.compare_high(key).is_lt();
        let (rank, found) = leaf.find(key);
        let value = leaf.value(rank.saturating_sub(1));
        if !leaf.validate(version) || !covers {
            return None;
        }
        // SAFETY: the words were read from one state, and any 64 bits are a value.
        Some(found.then(|| unsafe { value.assume_init() }))
    }

    /// If the first leaf is authoritative for `key`, it must hold `key`, because the key was there all the time.
    fn must_find(&self, key: &[u8]) {
        if let Some(found) = self.read(key) {
            assert_eq!(found, Some(value(key)), "a key that never went");
        }
    }

    /// `key` comes or goes.
    fn may_find(&self, key: &[u8]) {
        if let Some(Some(found)) = self.read(key) {
            assert_eq!(found, value(key), "another key's value");
        }
    }
}

/// The version of the leaf's present state; waits while the other thread changes it.
fn read_begin(leaf: Strings<'_>) -> Version {
    loop {
        match leaf.try_read_begin() {
            Some(version) => return version,
            None => thread::yield_now(),
        }
    }
}

/// Runs `read` against `write`, each on either thread. The minimum is for the order with the writer on the main
/// thread: the comment of `loom_tests` says what loom makes of the other one.
fn both_ways(name: &str, at_least: usize, make: fn() -> Leaves, write: fn(&Leaves), read: fn(&Leaves)) {
    for (order, here, there, at_least) in
        [("reader here", read, write, 1), ("writer here", write, read, at_least)]
    {
        model(&std::format!("strings: {name}, {order}"), Some(1), at_least, move || {
            let leaves = Arc::new(make());
            sync::watch(170);
            let others = leaves.clone();
            let other = thread::spawn(move || there(&others));
            here(&leaves);
            other.join().expect("no thread panics");
            sync::unwatch();
            leaves.at(0).check_samples();
        });
    }
}

/// Its end is in the heap, whether or not `abc` belongs to the prefix.
const KEPT: &[u8] = b"pabc1-23456789";

/// The left part has a longer prefix: `pab` in place of `p`.
#[test]
fn a_reader_and_a_split() {
    both_ways(
        "a key that stays, split",
        100,
        || Leaves::new(b"pabc0", &[KEPT, b"pb"], b"pz", b"q"),
        |leaves| {
            let mut left = leaves.lock(0).reshape(Unreached);
            let mut right = leaves.lock(1).reshape(Unreached);
            left.split_off(1, short(b"pabd"), &mut right);
        },
        |leaves| leaves.must_find(KEPT),
    );
}

/// The prefix becomes shorter.
#[test]
fn a_reader_and_an_absorption() {
    both_ways(
        "a key that stays, absorption",
        100,
        || Leaves::new(b"pabc0", &[KEPT], b"pabd", b"pz"),
        |leaves| {
            let mut left = leaves.lock(0).reshape(Unreached);
            let right = leaves.lock(1).reshape(Unreached);
            left.absorb(right);
        },
        |leaves| leaves.must_find(KEPT),
    );
}

/// The heap of a leaf with four slots has 64 words or few more, and a key of 100 bytes needs twelve. An insertion
/// finds no room but for garbage, so it moves all keys.
#[test]
fn a_reader_and_a_heap_that_is_written_again() {
    const SMALL: &[u8] = b"bbbbbbbbb";
    const LARGE: fn(u8) -> [u8; 100] = |letter| [letter; 100];
    both_ways(
        "a key that stays, heap written again",
        50,
        || {
            // The small key behind a large one, then one large key behind the other. Only the last stays.
            let leaves = Leaves::new(b"a", &[&LARGE(b'c')], b"z", b"~");
            let mut leaf = leaves.at(0).lock_unshared();
            leaf.insert(0, short(SMALL), value(SMALL));
            for letter in [b'd', b'e', b'f', b'g'] {
                leaf.push(short(&LARGE(letter)), 0);
                leaf.remove(1);
            }
            drop(leaf);
            leaves
        },
        |leaves| leaves.lock(0).push(short(&LARGE(b'h')), 0),
        |leaves| leaves.must_find(SMALL),
    );
}

/// The last key of the heap goes, and the next one takes its place in the heap, and its slot. The first eight
/// bytes of both are the same.
#[test]
fn a_reader_and_a_place_that_is_used_again() {
    const GOES: &[u8] = b"bbbbbbbb-1";
    const COMES: &[u8] = b"bbbbbbbb-2";
    let make = || Leaves::new(b"a", &[b"bbbb", GOES], b"z", b"~");
    let write = |leaves: &Leaves| {
        let mut leaf = leaves.lock(0);
        assert_eq!(leaf.remove(1), value(GOES));
        leaf.push(short(COMES), value(COMES));
    };
    both_ways("the key that goes, its place", 50, make, write, |leaves| leaves.may_find(GOES));
    both_ways("the key that comes, its place", 50, make, write, |leaves| leaves.may_find(COMES));
}

/// A reader of whole leaves copies all words first. Then it finds the pairs of one state in the copy.
#[test]
fn a_copy_and_an_insertion() {
    const FIRST: &[u8] = b"bbbbbbbb-1";
    const SECOND: &[u8] = b"bbbbbbbb-2";
    both_ways(
        "a copy of a leaf, insertion",
        50,
        || Leaves::new(b"a", &[SECOND], b"z", b"~"),
        |leaves| leaves.lock(0).insert(0, short(FIRST), value(FIRST)),
        |leaves| {
            let leaf = leaves.at(0);
            let version = read_begin(leaf);
            let count = leaf.count();
            if !leaf.validate(version) {
                return;
            }
            let mut image = PairImage::new();
            // SAFETY: the version was read before all else of the leaf, and the count is of its state.
            let filled = unsafe { image.fill(leaf, 0, count, || leaf.validate(version)) };
            if filled != Filled::Valid {
                return;
            }
            let mut pairs = Vec::new();
            for i in 0..count {
                let (key, value) = image.pair(i);
                pairs.push((key.to_vec(), value));
            }
            let all = [FIRST, SECOND].map(|key| (key.to_vec(), value(key)));
            assert!(pairs == all || pairs == all[1..], "{pairs:?}");
        },
    );
}

/// A node in the first block; the memory of the second is its replica.
struct Copies(GlobalPool, [BlockId; 2], Cells<GlobalPool>);

const ENTRIES: [&[u8]; 3] = [b"bbbbbbbb-1", b"bbbbbbbb-2", b"bbbbbbbb-3"];

/// The block that an entry leads to.
fn child(entry: usize) -> BlockId {
    BlockId(NonZeroU32::new(100 + entry as u32).expect("more than 0"))
}

impl Copies {
    fn watched() -> Arc<Self> {
        let pool = GlobalArena::new().pool(Inner::<ByteKeys>::LAYOUT, BlockKind::Inner).expect("memory");
        let ids = [(); 2].map(|()| pool.acquire(Placement::Policy).expect("memory"));
        let copies = Arc::new(Self(pool, ids, no_cells()));
        let mut node = copies.in_memory_of(0).lock_unshared().reshape(Unreached);
        node.format(LevelMark::of(1), None);
        [0, 2].into_iter().for_each(|entry| node.push(short(ENTRIES[entry]), child(entry)));
        node.copy_changed_to(copies.in_memory_of(1));
        drop(node);
        sync::watch(120);
        copies
    }

    fn in_memory_of(&self, which: usize) -> Inner<'_, ByteKeys> {
        // SAFETY: the pool has issued it.
        let base = unsafe { self.0.address(self.1[which]) };
        let context = ByteKeys::context(&self.2);
        // SAFETY: the pool has this layout, lives as long as `self`, and its blocks are used here only.
        unsafe { Inner::<ByteKeys>::from_raw(base, self.1[0], context) }
    }

    /// An entry is inserted between the two, and the replica follows.
    fn change(&self) {
        let mut node = self.in_memory_of(0).lock_unshared().reshape(Unreached);
        node.insert(1, short(ENTRIES[1]), child(1));
        node.copy_changed_to(self.in_memory_of(1));
    }

    /// A reader that believes the replica finds the child of the last entry there, where it always is.
    fn read(&self) {
        let replica = self.in_memory_of(1);
        let Some(version) = replica.try_read_begin() else { return };
        let (rank, found) = replica.find(ENTRIES[2]);
        let (count, last) = (replica.count(), replica.child(rank.saturating_sub(1)));
        if replica.validate(version) {
            assert!(found && rank == count, "the entry is the last of {count}, not at {rank}");
            assert_eq!(last, Some(child(2)));
        }
    }
}

#[test]
fn a_reader_and_a_replica() {
    for (order, here, there, at_least) in [
        ("reader here", Copies::read as fn(&Copies), Copies::change as fn(&Copies), 1),
        ("writer here", Copies::change, Copies::read, 50),
    ] {
        model(&std::format!("strings: a replica, {order}"), Some(1), at_least, move || {
            let copies = Copies::watched();
            let others = copies.clone();
            let other = thread::spawn(move || there(&others));
            here(&copies);
            other.join().expect("no thread panics");
        });
    }
}
