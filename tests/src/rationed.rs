//! An arena that refuses blocks when a test says so.

use bskip_core::{
    AllocError, AllocErrorKind, BlockArena, BlockId, BlockKind, BlockPool, DefaultPlatform, GlobalArena,
    GlobalHints,
};
use bskip_core::{Placement, PoolUsage};
use core::alloc::Layout;
use core::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering};

/// Which requests the arena refuses from now on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refuse {
    /// One request, after this many others.
    Once(usize),
    /// All requests, after this many others.
    After(usize),
    /// One request after every this many others.
    Every(usize),
    /// None.
    Nothing,
}

/// How many requests an arena and its pools will still grant.
#[derive(Debug)]
pub struct Ration {
    /// Requests until the next refusal.
    left: AtomicIsize,
    /// What `left` is set to after a refusal.
    then: AtomicIsize,
    refused: AtomicUsize,
    /// Whether a refusal is a panic.
    panics: AtomicBool,
}

const PLENTY: isize = isize::MAX;

impl Ration {
    /// Sets what is refused, in place of what was set before.
    pub fn set(&self, refuse: Refuse) {
        let (left, then) = match refuse {
            Refuse::Once(n) => (n as isize, PLENTY),
            Refuse::After(n) => (n as isize, 0),
            Refuse::Every(n) => (n as isize, n as isize),
            Refuse::Nothing => (PLENTY, PLENTY),
        };
        self.panics.store(false, Ordering::Relaxed);
        self.then.store(then, Ordering::Relaxed);
        self.left.store(left, Ordering::Relaxed);
        self.refused.store(0, Ordering::Relaxed);
    }

    /// Refuses nothing, but the request after `n` others panics.
    pub fn panic_after(&self, n: usize) {
        self.set(Refuse::Once(n));
        self.panics.store(true, Ordering::Relaxed);
    }

    /// Requests refused since [`set`](Self::set).
    #[must_use]
    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }

    fn ask(&self, layout: Layout) -> Result<(), AllocError> {
        let then = self.then.load(Ordering::Relaxed);
        let next = |left| Some(if left <= 0 { then } else { left - 1 });
        let left = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        if left.is_ok_and(|left| left > 0) {
            return Ok(());
        }
        self.refused.fetch_add(1, Ordering::Relaxed);
        assert!(!self.panics.load(Ordering::Relaxed), "asked to panic");
        Err(AllocError { layout, kind: AllocErrorKind::LimitReached })
    }
}

/// A [`GlobalArena`] that asks its ration before it gives pools and blocks.
#[derive(Clone, Debug)]
pub struct Rationed {
    /// What is left.
    pub ration: Arc<Ration>,
    /// Whether only inner nodes are rationed.
    only_inner: bool,
}

impl Rationed {
    /// An arena that refuses nothing yet.
    #[must_use]
    pub fn all_nodes() -> Self {
        let ration = Ration {
            left: AtomicIsize::new(PLENTY),
            then: AtomicIsize::new(PLENTY),
            refused: AtomicUsize::new(0),
            panics: AtomicBool::new(false),
        };
        Self { ration: Arc::new(ration), only_inner: false }
    }

    /// The same, but it never refuses a leaf.
    #[must_use]
    pub fn only_inner_nodes() -> Self {
        Self { only_inner: true, ..Self::all_nodes() }
    }
}

/// A pool of [`Rationed`].
pub struct RationedPool {
    pool: <GlobalArena as BlockArena>::Pool,
    layout: Layout,
    ration: Option<Arc<Ration>>,
}

// SAFETY: the pools are those of `GlobalArena`, which sometimes refuse.
unsafe impl BlockArena for Rationed {
    type Pool = RationedPool;

    fn pool(&self, layout: Layout, kind: BlockKind) -> Result<RationedPool, AllocError> {
        let ration = (kind == BlockKind::Inner || !self.only_inner).then(|| self.ration.clone());
        ration.iter().try_for_each(|ration| ration.ask(layout))?;
        Ok(RationedPool { pool: GlobalArena::new().pool(layout, kind)?, layout, ration })
    }
}

// SAFETY: every call goes to a pool of `GlobalArena`, which keeps the contract.
unsafe impl BlockPool for RationedPool {
    type Platform = DefaultPlatform;
    type Hints = GlobalHints;

    fn acquire(&self, placement: Placement) -> Result<BlockId, AllocError> {
        self.ration.iter().try_for_each(|ration| ration.ask(self.layout))?;
        self.pool.acquire(placement)
    }

    unsafe fn release(&self, block: BlockId) {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.pool.release(block) }
    }

    unsafe fn address(&self, block: BlockId) -> NonNull<u8> {
        // SAFETY: the caller's promise, passed on.
        unsafe { self.pool.address(block) }
    }

    fn usage(&self) -> Option<PoolUsage> {
        self.pool.usage()
    }
}
