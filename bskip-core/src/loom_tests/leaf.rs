//! One leaf: readers that follow the rule of authority against the holder of the lock, and blocks that become
//! other nodes.
//!
//! At first the leaf holds the pairs 10, 20 and 30, each with ten times its key.

use std::sync::Arc;

use loom::thread;

use crate::arena::{BlockArena, BlockId, BlockKind, BlockPool, GlobalArena, GlobalPool, Placement};
use crate::lock::Version;
use crate::node::{Leaf, LevelMark, LockedLeaf, Unreached};
use crate::sync::{self, model};

/// Two leaves of which the first is formatted and filled.
struct Leaves {
    pool: GlobalPool,
    ids: [BlockId; 2],
}

impl Leaves {
    fn watched() -> Arc<Self> {
        let pool = GlobalArena::new().pool(Leaf::<u64, u64>::LAYOUT, BlockKind::Leaf).expect("memory");
        let ids = [(); 2].map(|()| pool.acquire(Placement::Policy).expect("memory"));
        let leaves = Arc::new(Self { pool, ids });
        let mut first = leaves.at(0).lock_unshared().reshape(Unreached);
        first.format(LevelMark::of(0), None);
        [10, 20, 30].into_iter().enumerate().for_each(|(slot, key)| first.insert(slot, key, key * 10));
        drop(first);
        sync::watch(30);
        leaves
    }

    fn at(&self, which: usize) -> Leaf<'_, u64, u64> {
        // SAFETY: the pool has issued it.
        let base = unsafe { self.pool.address(self.ids[which]) };
        // SAFETY: the pool has this layout, lives as long as `self`, and its blocks are used here only.
        unsafe { Leaf::<u64, u64>::from_raw(base, self.ids[which], ()) }
    }

    fn lock(&self, which: usize) -> LockedLeaf<'_, u64, u64> {
        loop {
            let leaf = self.at(which);
            if let Some(locked) = leaf.try_lock(read_begin(leaf)) {
                return locked;
            }
            thread::yield_now();
        }
    }

    /// What the first leaf says of `key`, if it is authoritative for it in one state.
    fn read(&self, key: u64) -> Option<Option<u64>> {
        let leaf = self.at(0);
        let version = read_begin(leaf);
        let covers = leaf.level() == LevelMark::of(0)
            && leaf.compare_low(key).is_ge()
            && (leaf.next().is_none() || leaf.compare_high(key).is_lt());
        let (rank, found) = leaf.find(key);
        let value = leaf.value(rank.saturating_sub(1));
        if !leaf.validate(version) || !covers {
            return None;
        }
        // SAFETY: the words were read from one state, and any 64 bits are a value.
        Some(found.then(|| unsafe { value.assume_init() }))
    }

    /// If this leaf is authoritative for `key`, it must hold `key`, because the key was there all the time.
    fn must_find(&self, key: u64) {
        if let Some(found) = self.read(key) {
            assert_eq!(found, Some(key * 10), "key {key}, which never went");
        }
    }

    /// `key` comes or goes.
    fn may_find(&self, key: u64) {
        if let Some(Some(value)) = self.read(key) {
            assert_eq!(value, key * 10, "key {key} with another's value");
        }
    }
}

/// The version of the leaf's present state; waits while the other thread changes it.
fn read_begin(leaf: Leaf<'_, u64, u64>) -> Version {
    loop {
        match leaf.try_read_begin() {
            Some(version) => return version,
            None => thread::yield_now(),
        }
    }
}

fn spawn(leaves: &Arc<Leaves>, run: impl FnOnce(&Leaves) + 'static) -> thread::JoinHandle<()> {
    let leaves = leaves.clone();
    thread::spawn(move || run(&leaves))
}

/// Runs `read` against `write`, each on either thread. The minimum is for the order with the writer on the
/// main thread: the comment of `loom_tests` says what loom makes of the other one.
fn both_ways(name: &str, preemptions: Option<usize>, at_least: usize, write: fn(&Leaves), read: fn(&Leaves)) {
    for (order, here, there, at_least) in
        [("reader here", read, write, 1), ("writer here", write, read, at_least)]
    {
        model(&std::format!("leaf: {name}, {order}"), preemptions, at_least, move || {
            let leaves = Leaves::watched();
            let other = spawn(&leaves, there);
            here(&leaves);
            other.join().expect("no thread panics");
        });
    }
}

#[test]
fn a_reader_and_an_insertion() {
    let write = |leaves: &Leaves| leaves.lock(0).insert(1, 15, 150);
    both_ways("a key that stays, insertion", Some(3), 100, write, |leaves| leaves.must_find(20));
    both_ways("the key that comes, insertion", Some(3), 100, write, |leaves| leaves.may_find(15));
}

#[test]
fn a_reader_and_a_removal() {
    let write = |leaves: &Leaves| assert_eq!(leaves.lock(0).remove(0), 100);
    both_ways("a key that stays, removal", Some(3), 100, write, |leaves| leaves.must_find(30));
    both_ways("the key that goes, removal", Some(3), 100, write, |leaves| leaves.may_find(10));
}

#[test]
fn a_reader_and_a_replacement() {
    let write = |leaves: &Leaves| assert_eq!(leaves.lock(0).replace(1, 200), 200);
    both_ways("replacement", None, 20, write, |leaves| leaves.must_find(20));
}

#[test]
fn a_reader_and_a_split() {
    let write = |leaves: &Leaves| {
        let mut left = leaves.lock(0).reshape(Unreached);
        let mut right = leaves.lock(1).reshape(Unreached);
        left.split_off(1, 20, &mut right);
    };
    both_ways("a key that moves, split", Some(2), 100, write, |leaves| leaves.must_find(20));
    both_ways("a key that stays, split", Some(2), 100, write, |leaves| leaves.must_find(10));
}

/// The block becomes another leaf while a reader reads it. The version tells the reader. If the reader began
/// later, the fences do.
#[test]
fn a_reader_and_a_block_that_is_used_again() {
    let write = |leaves: &Leaves| {
        let _ = leaves.lock(0).reshape(Unreached).retire();
        let mut again = leaves.at(0).lock_unshared().reshape(Unreached);
        again.format(LevelMark::of(0), Some(50));
        again.insert(0, 60, 600);
    };
    both_ways("a key of its first life, used again", Some(2), 100, write, |leaves| leaves.must_find(20));
    both_ways("a key of its second life, used again", Some(1), 100, write, |leaves| {
        leaves.may_find(60);
    });
}

/// Two writers. Each finds its place, then locks the leaf in the state in which it found the place.
#[test]
fn two_insertions() {
    fn insert(leaves: &Leaves, key: u64) {
        loop {
            let leaf = leaves.at(0);
            let version = read_begin(leaf);
            let (rank, found) = leaf.find(key);
            if let Some(mut leaf) = leaf.try_lock(version) {
                assert!(!found);
                // The first of the two fills the leaf. Then the other one does not insert.
                if leaf.count() < Leaf::<u64, u64>::CAPACITY {
                    leaf.insert(rank, key, key * 10);
                }
                return;
            }
            thread::yield_now();
        }
    }
    model("leaf: two insertions", Some(2), 20, || {
        let leaves = Leaves::watched();
        let other = spawn(&leaves, |leaves| insert(leaves, 15));
        insert(&leaves, 25);
        other.join().expect("no thread panics");
        sync::unwatch();
        let leaf = leaves.at(0);
        leaf.check_samples();
        let found = [15, 25].map(|key| leaves.read(key).expect("no thread writes").is_some());
        assert!(found[0] != found[1], "{found:?}");
        [10, 20, 30].into_iter().for_each(|key| leaves.must_find(key));
        assert_eq!(leaf.count(), 4);
    });
}
