//! Parts of the engine by themselves, for the benches of this repository. No part of the public interface.

use alloc::vec::Vec;

use crate::arena::{BlockArena, BlockId, BlockKind, BlockPool, GlobalArena, GlobalPool, Placement};
use crate::lock::VersionLock;
use crate::node::{Leaf, LevelMark, Unreached};
use crate::simd;

/// Makes all threads search and move by the instruction set of this name (`avx512`, `avx`, `portable`), in
/// all maps from now on. Returns false if the processor lacks it, or if the build leaves no choice.
pub fn use_instructions(name: &str) -> bool {
    simd::force(name)
}

/// One leaf of `u64 → u64`.
pub struct OneLeaf {
    pool: GlobalPool,
    id: BlockId,
}

impl OneLeaf {
    /// A leaf that holds these keys, ascending, at most [`CAPACITY`](Self::CAPACITY), each with itself as
    /// value.
    ///
    /// # Panics
    /// If there is no memory, or there are too many keys.
    #[must_use]
    pub fn new(keys: &[u64]) -> Self {
        let pool =
            GlobalArena::new().pool(Leaf::<u64, u64>::LAYOUT, BlockKind::Leaf).expect("memory for a pool");
        let id = pool.acquire(Placement::Policy).expect("memory for a leaf");
        let this = Self { pool, id };
        let mut leaf = this.node().lock_unshared().reshape(Unreached);
        leaf.format(LevelMark::of(0), None);
        keys.iter().enumerate().for_each(|(slot, &key)| leaf.insert(slot, key, key));
        drop(leaf);
        this
    }

    /// Pairs that fit into a leaf.
    pub const CAPACITY: usize = Leaf::<u64, u64>::CAPACITY;

    fn node(&self) -> Leaf<'_, u64, u64> {
        // SAFETY: the pool has issued `id`.
        let base = unsafe { self.pool.address(self.id) };
        // SAFETY: the pool has this layout and lives as long as `self`, and its only block is used only here.
        unsafe { Leaf::<u64, u64>::from_raw(base, self.id, ()) }
    }

    /// The rank of `key`, and whether it is in the leaf: the search in a node.
    #[inline]
    #[must_use]
    pub fn find(&self, key: u64) -> (usize, bool) {
        self.node().find(key)
    }

    /// Inserts `key`, which is not there, and removes it again: the moves in a node.
    ///
    /// # Panics
    /// If the leaf is full or has the key.
    #[inline]
    pub fn insert_and_remove(&mut self, key: u64) {
        let (slot, found) = self.find(key);
        assert!(!found);
        let mut leaf = self.node().lock_unshared();
        leaf.insert(slot, key, key);
        leaf.remove(slot);
    }

    /// The keys that it holds.
    #[must_use]
    pub fn keys(&self) -> Vec<u64> {
        (0..self.node().count()).map(|slot| self.node().key(slot)).collect()
    }
}

/// A version lock.
pub struct OneLock(VersionLock);

impl OneLock {
    /// An unlocked one.
    #[must_use]
    pub const fn new() -> Self {
        Self(VersionLock::new())
    }

    /// What a reader does: reads the version, and checks that it is still the same.
    #[inline]
    #[must_use]
    pub fn read(&self) -> bool {
        self.0.read_begin().is_ok_and(|version| self.0.validate(version))
    }

    /// What a writer does: version, lock, unlock.
    #[inline]
    #[must_use]
    pub fn write(&self) -> bool {
        let Ok(version) = self.0.read_begin() else { return false };
        let locked = self.0.try_lock(version);
        if locked {
            self.0.unlock(version);
        }
        locked
    }
}

impl Default for OneLock {
    fn default() -> Self {
        Self::new()
    }
}
