//! All waiting, in one place: for the holder of a node's lock, and after a lost race.
//!
//! A thread that waits here for a holder has no node locked itself.

use crate::arena::BlockPool;
use crate::backoff::Backoff;
use crate::chaos;
use crate::index::tree::Tree;
use crate::lock::{Version, VersionLock};
use crate::node::{Node, NodeKeys, Shape};
use crate::platform::Platform;
use crate::reentrancy::is_held;
use crate::section::expect_outside;

impl<K: NodeKeys, V, P: BlockPool> Tree<K, V, P> {
    /// The backoff for a thread that loses races, because others have changed what it was about to use.
    #[inline(always)]
    pub(in crate::index) fn backoff(&self) -> Backoff<P::Platform> {
        Backoff::new()
    }

    /// The version of the node's present state; waits while a writer changes it.
    #[inline(always)]
    pub(in crate::index) fn read_begin<S: Shape>(&self, node: Node<'_, S>) -> Version {
        let version = match node.lock().read_begin() {
            Ok(version) => version,
            Err(_) => self.wait_unlocked(node.lock()),
        };
        chaos::window();
        version
    }

    #[cold]
    #[inline(never)]
    fn wait_unlocked(&self, lock: &VersionLock) -> Version {
        if is_held::<P::Platform>(lock) {
            P::Platform::broken(
                "a closure given to a method (or `Clone`, `PartialEq` or `Drop` of a value, which ran there) used the \
                 BSkipMap that it runs under a lock of: it would wait for itself for ever",
            );
        }
        expect_outside();
        let mut backoff = Backoff::<P::Platform>::for_holder();
        let mut last = None;
        loop {
            match lock.read_begin() {
                Ok(version) => return version,
                Err(holder) if last == Some(holder) => {}
                // Waits for the first holder, or for another one after a change: other threads take and
                // release the lock meanwhile.
                Err(holder) => {
                    backoff = Backoff::for_holder();
                    last = Some(holder);
                }
            }
            backoff.wait();
        }
    }
}
