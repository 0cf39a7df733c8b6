//! Waiting, in one place: for the holder of a node's lock, and after a lost race.
//!
//! A thread that waits here for a holder has no node locked itself.

use crate::arena::BlockPool;
use crate::backoff::Backoff;
use crate::chaos;
use crate::index::tree::Tree;
use crate::key::KeyWords;
use crate::lock::{Version, VersionLock};
use crate::node::{Node, Shape};
use crate::reentrancy::is_held;

/// What a thread waits for.
#[derive(Clone, Copy)]
enum Cause {
    /// Other threads have changed what it was about to use.
    Race,
    /// One thread holds one lock.
    Holder,
}

impl<K: KeyWords, V, P: BlockPool> Tree<K, V, P> {
    /// The only function of the engine that makes a [`Backoff`].
    #[inline(always)]
    fn backoff_for(&self, cause: Cause) -> Backoff<P::Relax> {
        match cause {
            Cause::Race => Backoff::new(),
            Cause::Holder => Backoff::for_holder(),
        }
    }

    /// For a thread that loses races.
    #[inline(always)]
    pub(in crate::index) fn backoff(&self) -> Backoff<P::Relax> {
        self.backoff_for(Cause::Race)
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
        assert!(
            !is_held::<P::Relax>(lock),
            "a closure given to `update` or `get_with` (or `Clone` or `Drop` of a value, which ran there) used the \
             BSkipMap that it runs under a lock of: it would wait for itself for ever"
        );
        let mut backoff = self.backoff_for(Cause::Holder);
        let mut last = None;
        loop {
            match lock.read_begin() {
                Ok(version) => return version,
                Err(holder) if last == Some(holder) => {}
                // The first holder, or another one after a change: threads take and release the lock.
                Err(holder) => {
                    backoff = self.backoff_for(Cause::Holder);
                    last = Some(holder);
                }
            }
            backoff.wait();
        }
    }
}
