//! The version lock: one word for each node. Readers only read it.
//!
//! | word | meaning | who may change it |
//! | --- | --- | --- |
//! | even | unlocked; the number of the node's state | any thread, to odd, by compare-and-swap |
//! | odd | locked by one writer, the state is changing | that writer only, back to even |
//!
//! A reader takes the (even) version, reads the node's words, and trusts them only if the version is still
//! the same. A writer turns the version that it has read into a lock, so what it read before stays true.
//! Nothing here waits. The word never repeats: it grows by two at each change, and 2^63 changes take
//! centuries. `docs/PROTOCOL.md` argues why the orders suffice.
//!
//! Targets without 64-bit atomics have the lock in `lock/narrow.rs`, with the same functions. There the version
//! lies in two words of 32 bits.

#[cfg(any(bskip_narrow, not(target_has_atomic = "64")))]
mod narrow;

#[cfg(any(bskip_narrow, not(target_has_atomic = "64")))]
pub(crate) use narrow::VersionLock;
#[cfg(not(any(bskip_narrow, not(target_has_atomic = "64"))))]
use {
    crate::chaos,
    crate::stats,
    crate::sync::{AtomicU64, Ordering, fence},
};

const LOCKED: u64 = 1;
const STEP: u64 = 2;

/// An even version: the name of one state of one node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Version(u64);

impl Version {
    /// The version after one change: what [`VersionLock::unlock`] leaves behind.
    #[inline(always)]
    pub(crate) fn changed(self) -> Self {
        Self(VersionLock::after(self.0))
    }
}

/// An odd word: a writer holds the lock. If that writer changes something, the next writer has another word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Holder(u64);

/// One state of one node: what a reader asks while it reads memory that the node leads to.
#[derive(Clone, Copy)]
pub(crate) struct State<'a> {
    lock: &'a VersionLock,
    version: Version,
}

impl<'a> State<'a> {
    #[inline(always)]
    pub(crate) fn new(lock: &'a VersionLock, version: Version) -> Self {
        Self { lock, version }
    }

    /// Whether the node is still in this state. Then it was so during everything that was read before.
    #[inline(always)]
    #[must_use]
    pub(crate) fn holds(self) -> bool {
        self.lock.validate(self.version)
    }
}

/// See the module.
#[cfg(not(any(bskip_narrow, not(target_has_atomic = "64"))))]
#[repr(transparent)]
pub(crate) struct VersionLock(AtomicU64);

#[cfg(not(any(bskip_narrow, not(target_has_atomic = "64"))))]
impl VersionLock {
    /// An unlocked lock. In a node, it is the zero of a fresh block.
    #[cfg(any(feature = "internals", all(test, not(shuttle))))]
    pub(crate) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// The word after one change.
    #[inline(always)]
    fn after(word: u64) -> u64 {
        word.wrapping_add(STEP)
    }

    /// The version of the present state, or the writer that changes it.
    #[inline(always)]
    pub(crate) fn read_begin(&self) -> Result<Version, Holder> {
        // Acquire pairs with the Release in `unlock` and `unlock_unchanged`: a thread that sees that version
        // sees the state it names.
        let word = self.0.load(Ordering::Acquire);
        if word & LOCKED == 0 { Ok(Version(word)) } else { Err(Holder(word)) }
    }

    /// Whether everything read since `read_begin` gave `version` belongs to that one state.
    #[inline(always)]
    #[must_use]
    pub(crate) fn validate(&self, version: Version) -> bool {
        // Acquire fence pairs with the Release fence in `try_lock`: if any Relaxed read before this fence
        // saw a store of a later writer, then the load below sees that writer's odd version or a later one.
        fence(Ordering::Acquire);
        let valid = self.0.load(Ordering::Relaxed) == version.0;
        chaos::window();
        valid
    }

    /// Locks the node if it is still in the state `version`. Otherwise returns false at once.
    #[inline(always)]
    #[must_use]
    pub(crate) fn try_lock(&self, version: Version) -> bool {
        // Acquire pairs with the Release in `unlock` and `unlock_unchanged`. So this writer sees what the
        // last holder wrote, and writes only after that holder's last reads.
        let locked = self
            .0
            .compare_exchange(version.0, version.0 | LOCKED, Ordering::Acquire, Ordering::Relaxed)
            .is_ok();
        stats::locked(locked);
        // Release fence pairs with the Acquire fence in `validate`. If a reader sees one of the stores that
        // follow, it no longer finds the old version.
        fence(Ordering::Release);
        chaos::window();
        locked
    }

    /// Ends a change. Only for the writer that locked at `version`.
    #[inline(always)]
    pub(crate) fn unlock(&self, version: Version) {
        // Release pairs with the Acquire loads in `read_begin` and `try_lock`.
        self.0.store(version.0.wrapping_add(STEP), Ordering::Release);
    }

    /// Ends a lock under which nothing was changed. What readers have read under `version` stays valid.
    #[inline(always)]
    pub(crate) fn unlock_unchanged(&self, version: Version) {
        // Release pairs with the Acquire in `try_lock` and `read_begin`. It keeps the holder's reads before
        // the unlock, because a later writer may overwrite the values. And a thread that loads this store
        // must see the state as if it had loaded the store of the `unlock` before.
        self.0.store(version.0, Ordering::Release);
    }

    /// Begins to make a replica what the original is in the state `version`. Readers turn away until
    /// [`end_copy`](Self::end_copy). The caller must hold the original's lock, so that no two threads copy at
    /// once.
    pub(crate) fn begin_copy(&self, version: Version) {
        self.0.store(version.0 | LOCKED, Ordering::Relaxed);
        // Release fence pairs with the Acquire fence in `validate`, as in `try_lock`.
        fence(Ordering::Release);
        chaos::window();
    }

    /// Completes the replica. Its version is that of the original in the copied state. A state has one
    /// content, so a reader that finds the same version again finds the same content.
    pub(crate) fn end_copy(&self, version: Version) {
        // Release pairs with the Acquire loads in `read_begin`.
        self.0.store(version.0, Ordering::Release);
    }

    /// Whether a writer holds the lock now.
    #[cfg(feature = "check")]
    pub(crate) fn is_locked(&self) -> bool {
        self.0.load(Ordering::Relaxed) & LOCKED != 0
    }
}
