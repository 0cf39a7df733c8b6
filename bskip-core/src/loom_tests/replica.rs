//! One inner node and its replica: readers of the replica against the holder of the node's lock.
//!
//! At first the node has the entries 10 and 20, which lead to blocks of ten times their key. If a search
//! followed a mixture of two states, it would still arrive, by a detour. Here nothing steps right, so the
//! test sees the mixture itself.

use core::num::NonZeroU32;
use std::sync::Arc;

use loom::thread;

use crate::arena::{BlockArena, BlockId, BlockKind, BlockPool, GlobalArena, GlobalPool, Placement};
use crate::node::{Inner, LevelMark, Unreached};
use crate::sync::{self, model};

/// The block that the entry at `key` leads to.
fn child(key: u64) -> BlockId {
    BlockId(NonZeroU32::new(key as u32 * 10).expect("no key is 0"))
}

/// A node in the first block; the memory of the second is its replica.
struct Copies {
    pool: GlobalPool,
    ids: [BlockId; 2],
}

impl Copies {
    fn watched() -> Arc<Self> {
        let pool = GlobalArena::new().pool(Inner::<u64>::LAYOUT, BlockKind::Inner).expect("memory");
        let ids = [(); 2].map(|()| pool.acquire(Placement::Policy).expect("memory"));
        let copies = Arc::new(Self { pool, ids });
        let mut node = copies.in_memory_of(0).lock_unshared().reshape(Unreached);
        node.format(LevelMark::of(1), None);
        [10, 20].into_iter().enumerate().for_each(|(slot, key)| node.insert(slot, key, child(key)));
        node.copy_changed_to(copies.in_memory_of(1));
        drop(node);
        sync::watch(40);
        copies
    }

    fn in_memory_of(&self, which: usize) -> Inner<'_, u64> {
        // SAFETY: the pool has issued it.
        let base = unsafe { self.pool.address(self.ids[which]) };
        // SAFETY: the pool has this layout, lives as long as `self`, and its blocks are used here only.
        unsafe { Inner::<u64>::from_raw(base, self.ids[0], ()) }
    }

    /// An entry is inserted between the two, and the replica follows.
    fn change(&self) {
        let mut node = self.in_memory_of(0).lock_unshared().reshape(Unreached);
        node.insert(1, 15, child(15));
        node.copy_changed_to(self.in_memory_of(1));
    }

    /// A reader that believes the replica finds the child of 20 at 20, where it always is.
    fn read(&self) {
        let replica = self.in_memory_of(1);
        let Some(version) = replica.try_read_begin() else { return };
        let (rank, found) = replica.find(20);
        let (count, child_of_20) = (replica.count(), replica.child(rank.saturating_sub(1)));
        if replica.validate(version) {
            assert!(found && rank == count, "20 is the last of {count}, not at {rank}");
            assert_eq!(child_of_20, Some(child(20)));
        }
    }
}

#[test]
fn a_reader_and_a_copy() {
    for (order, here, there, at_least) in [
        ("reader here", Copies::read as fn(&Copies), Copies::change as fn(&Copies), 1),
        ("writer here", Copies::change, Copies::read, 50),
    ] {
        model(&std::format!("replica: a copy, {order}"), Some(3), at_least, move || {
            let copies = Copies::watched();
            let others = copies.clone();
            let other = thread::spawn(move || there(&others));
            here(&copies);
            other.join().expect("no thread panics");
        });
    }
}
