//! The version lock for targets whose atomics have 32 bits.
//!
//! | word | what it holds |
//! | --- | --- |
//! | low | the low 32 bits of the word of other targets: the lock bit, and the low bits of the version |
//! | high | the high bits of the version: how often the low word has wrapped |
//!
//! A thread locks the low word. If the change that ends is the last one before the low word wraps, `unlock` raises
//! the high word while the low word is still odd. So the high word is right whenever the low word is even.
//!
//! A reader loads high, low, high. If the high word was the same twice, and the low word was even, both belong
//! to one version. Section 1 of `docs/PROTOCOL.md` has the argument.

use super::{Holder, LOCKED, STEP, Version};
use crate::sync::{Halves, Ordering, fence};
use crate::{chaos, stats};

/// How many bits of the low word count. A build with small nodes uses two of them: every second change wraps,
/// so the tests see what wrapping does.
const BITS: u32 = if cfg!(any(loom, shuttle, small_nodes)) { 2 } else { 32 };
/// The bits that count.
const COUNTING: u64 = (1 << BITS) - 1;
/// What a carry from these bits into the high word adds. It is 0 if all bits count.
const CARRY: u64 = (1 << 32) - (1 << BITS);

/// See the module.
#[repr(transparent)]
pub(crate) struct VersionLock(Halves);

/// The halves of a word.
#[inline(always)]
fn halves(word: u64) -> (u32, u32) {
    ((word >> 32) as u32, word as u32)
}

impl VersionLock {
    /// An unlocked lock. In a node, it is the zero of a fresh block.
    #[cfg(any(feature = "internals", all(test, not(shuttle))))]
    pub(crate) const fn new() -> Self {
        Self(Halves::new(0))
    }

    /// The word after one change.
    #[inline(always)]
    pub(super) fn after(word: u64) -> u64 {
        let wraps = word & COUNTING == COUNTING - LOCKED;
        word.wrapping_add(STEP).wrapping_add(if wraps { CARRY } else { 0 })
    }

    /// The version of the present state, or the writer that changes it.
    #[inline(always)]
    pub(crate) fn read_begin(&self) -> Result<Version, Holder> {
        // Acquire pairs with the Release fences in `try_lock` and `begin_copy`, which come before each store to the
        // high word: the low word is then not one from before that lock.
        let before = self.0.high().load(Ordering::Acquire);
        // Acquire pairs with the Release in `unlock` and `unlock_unchanged`: a thread that sees that version
        // sees the state it names, and the high word that belongs to it or a later one.
        let low = self.0.low().load(Ordering::Acquire);
        chaos::window();
        let high = self.0.high().load(Ordering::Relaxed);
        let word = u64::from(high) << 32 | u64::from(low);
        // If the high word has changed, at least one writer came and went: as if the node were still locked.
        if word & LOCKED == 0 && before == high { Ok(Version(word)) } else { Err(Holder(word | LOCKED)) }
    }

    /// Whether everything read since `read_begin` gave `version` belongs to that one state.
    #[inline(always)]
    #[must_use]
    pub(crate) fn validate(&self, version: Version) -> bool {
        // Acquire fence pairs with the Release fence in `try_lock`: if any Relaxed read before this fence
        // saw a store of a later writer, then the load below sees that writer's odd word or a later one.
        fence(Ordering::Acquire);
        let (high, low) = halves(version.0);
        // Acquire pairs with the Release in `unlock`: if this low word is the same again after a wrap, the load
        // below sees the high word of after that wrap.
        let valid =
            self.0.low().load(Ordering::Acquire) == low && self.0.high().load(Ordering::Relaxed) == high;
        chaos::window();
        valid
    }

    /// Locks the node if it is still in the state `version`. Otherwise returns false, and leaves the node alone.
    ///
    /// There is one exception. Between the first two accesses, the node may change until the low word is the same
    /// again. Then this locks the node for an instant, and unlocks it unchanged.
    #[inline(always)]
    #[must_use]
    pub(crate) fn try_lock(&self, version: Version) -> bool {
        let (high, low) = halves(version.0);
        let held = low | LOCKED as u32;
        // Relaxed: the load under the lock decides. This load keeps a thread whose version is of before a wrap from
        // locking the node.
        let may_lock = self.0.high().load(Ordering::Relaxed) == high;
        chaos::window();
        // Acquire pairs with the Release in `unlock` and `unlock_unchanged`. So this writer sees what the
        // last holder wrote, and writes only after that holder's last reads.
        let locked = may_lock
            && self.0.low().compare_exchange(low, held, Ordering::Acquire, Ordering::Relaxed).is_ok();
        // Only the holder changes the high word.
        let wrapped = locked && self.0.high().load(Ordering::Relaxed) != high;
        stats::locked(locked && !wrapped);
        if wrapped {
            chaos::window();
            // Release pairs with the Acquire in `try_lock` and `read_begin`, as in `unlock_unchanged`.
            self.0.low().store(low, Ordering::Release);
        }
        // Release fence pairs with the Acquire fence in `validate`. If a reader sees one of the stores that
        // follow, it no longer finds the old version.
        fence(Ordering::Release);
        chaos::window();
        locked && !wrapped
    }

    /// Ends a change. Only for the writer that locked at `version`.
    #[inline(always)]
    pub(crate) fn unlock(&self, version: Version) {
        let (high, low) = halves(version.changed().0);
        if high != halves(version.0).0 {
            // Relaxed suffices after the Release fence in `try_lock`: a reader that sees this finds the low word
            // odd, as it is now, or later.
            self.0.high().store(high, Ordering::Relaxed);
            chaos::window();
        }
        // Release pairs with the Acquire loads of the low word in `read_begin`, `validate` and `try_lock`.
        self.0.low().store(low, Ordering::Release);
    }

    /// Ends a lock under which nothing was changed. What readers have read under `version` stays valid.
    #[inline(always)]
    pub(crate) fn unlock_unchanged(&self, version: Version) {
        // Release pairs with the Acquire in `try_lock` and `read_begin`. It keeps the holder's reads before
        // the unlock, because a later writer may overwrite the values. And a thread that loads this store
        // must see the state as if it had loaded the store of the `unlock` before.
        self.0.low().store(halves(version.0).1, Ordering::Release);
    }

    /// Begins to make a replica what the original is in the state `version`. Readers turn away until
    /// [`end_copy`](Self::end_copy). The caller must hold the original's lock, so that no two threads copy at
    /// once.
    pub(crate) fn begin_copy(&self, version: Version) {
        self.0.low().store(halves(version.0).1 | LOCKED as u32, Ordering::Relaxed);
        // Release fence pairs with the Acquire fence in `validate`, as in `try_lock`.
        fence(Ordering::Release);
        chaos::window();
    }

    /// Completes the replica. Its version is that of the original in the copied state. A state has one
    /// content, so a reader that finds the same version again finds the same content.
    pub(crate) fn end_copy(&self, version: Version) {
        let (high, low) = halves(version.0);
        // Relaxed suffices after the Release fence in `begin_copy`, as in `unlock`.
        self.0.high().store(high, Ordering::Relaxed);
        chaos::window();
        // Release pairs with the Acquire loads of the low word in `read_begin` and `validate`.
        self.0.low().store(low, Ordering::Release);
    }

    /// Whether a writer holds the lock now.
    #[cfg(feature = "check")]
    pub(crate) fn is_locked(&self) -> bool {
        self.0.low().load(Ordering::Relaxed) & LOCKED as u32 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The versions of a lock that is changed so many times.
    fn versions(lock: &VersionLock, changes: usize) -> impl Iterator<Item = u64> {
        (0..changes).map(|_| {
            let version = lock.read_begin().expect("no other thread locks");
            assert!(lock.try_lock(version) && lock.read_begin().is_err());
            lock.unlock(version);
            assert!(!lock.validate(version) && lock.validate(version.changed()));
            version.0
        })
    }

    #[test]
    fn versions_ascend_across_a_wrap() {
        let lock = VersionLock(Halves::new(7 << 32 | (COUNTING - LOCKED)));
        let seen: alloc::vec::Vec<u64> = versions(&lock, 5).collect();
        assert!(seen.is_sorted_by(|a, b| a < b), "{seen:x?}");
        assert!(seen[0] >> 32 == 7 && seen[4] >> 32 >= 8, "{seen:x?}");
    }

    #[test]
    fn a_version_of_before_a_wrap_neither_validates_nor_locks() {
        let lock = VersionLock(Halves::new(COUNTING - LOCKED));
        let old = Version(u64::MAX << 32 & !LOCKED);
        versions(&lock, 1).for_each(drop);
        // The low word is 0 again, as it was at first.
        assert_eq!(lock.read_begin(), Ok(Version(VersionLock::after(COUNTING - LOCKED))));
        for stale in [Version(0), old] {
            assert!(!lock.validate(stale) && !lock.try_lock(stale));
            assert!(lock.read_begin().is_ok(), "it is unlocked again");
        }
    }

    #[test]
    fn a_replica_gets_any_version() {
        let (original, replica) = (VersionLock(Halves::new(5 << 32 | 2)), VersionLock(Halves::new(0)));
        let version = original.read_begin().expect("not locked");
        replica.begin_copy(version);
        assert!(replica.read_begin().is_err());
        replica.end_copy(version);
        assert!(replica.validate(version) && replica.read_begin() == Ok(version));
    }
}
