//! The engine: levels of linked nodes, each level a sparser copy of the one below.
//!
//! ```text
//! level 2   [-∞ ──────────────────────────── 60]─┐
//! level 1   [-∞ ────── 20 ── 40]──►[60 ──── 80]──┴►
//! leaves    [3 7 9]──►[20 31]──►[40 55]──►[60]──►[80 99]──►
//! ```
//! **The rule that everything rests on.** A node that states the right level, whose fences hold the key
//! (`low ≤ key`, and `key < high` or there is no next node), under a version that is still valid afterwards,
//! is authoritative for that key by itself. How a thread came to the node does not matter: entries, `next`
//! and the root are hints. Too far left: step right. Anything else: start again.
//!
//! A linked node's level never changes. Its range shrinks from the right (by a split) or grows to the right (by
//! absorbing its next node); the seam between two leaves also moves, together with the right one's entry (by a
//! spill, or by shrinking). `ARCHITECTURE.md` lists who locks what;
//! `docs/PROTOCOL.md` argues it step by step.

mod attach;
mod batch;
mod bulk;
mod chunks;
mod cursor;
mod descend;
mod drain;
mod edges;
mod hints;
mod insert;
mod merge;
mod migrate;
mod post;
mod read;
mod replicas;
mod shrink;
mod spill;
mod trail;
mod usage;
#[cfg(feature = "check")]
mod walk;

use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::iter::successors;
use core::marker::PhantomData;
use core::num::NonZeroU32;

pub(crate) use bulk::{Part, Run, Stop, remember_one};
pub(crate) use cursor::{Cloned, Copied, Place, Read};
pub(crate) use edges::Edge;
use hints::{Hints, LeafHints};
pub(crate) use insert::Existing;
pub(crate) use migrate::Moved;
pub(crate) use shrink::Position;
pub(crate) use trail::Trail;
#[cfg(feature = "check")]
pub use walk::Structure;

use crate::arena::{
    AllocError, BlockArena, BlockId, BlockKind, BlockPool, GlobalPool, HugePages, Numa, Placement, Relax,
};
use crate::config::{Config, Refresh};
use crate::height::{Heights, LEVELS};
use crate::key::KeyWords;
use crate::node::{Inner, InnerShape, Leaf, LeafShape, LevelMark, Node, Shape};
use crate::stats;
use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// See the module.
pub(crate) struct Index<K: KeyWords, V, P: BlockPool> {
    /// The level where searches start and its first node's block: `level << 32 | block`. Levels are only
    /// added, so the word only grows.
    root: AtomicU64,
    leaves: P,
    inners: P,
    /// Replicas of each inner node.
    replicas: usize,
    refresh: Refresh,
    heights: Heights,
    /// The first node of each level, 0 where there is none yet. These nodes never go.
    heads: [AtomicU32; LEVELS],
    hints: Hints,
    leaf_hints: LeafHints,
    has_leaf_hints: bool,
    /// One for each replica, in place of `hints`.
    near_hints: Vec<Hints>,
    _owns: PhantomData<UnsafeCell<(K, V)>>,
}

// SAFETY: the pools are `Sync`; keys and values are handed between threads, by value (`Send`) and, in
// closures that run under a lock, by reference (`Sync`); everything else is atomic.
unsafe impl<K: KeyWords, V: Send + Sync, P: BlockPool> Sync for Index<K, V, P> {}

/// Where a node that starts at `low` belongs; `None` is below every key.
fn placement<K: KeyWords>(low: Option<K>) -> Placement {
    Placement::keys_from(low)
}

/// A word of 32 bits that names a block, or none.
fn block(word: u32) -> Option<BlockId> {
    NonZeroU32::new(word).map(BlockId)
}

impl<K: KeyWords, V, P: BlockPool> Index<K, V, P> {
    /// Bytes of a leaf and of an inner node.
    pub(crate) const NODE_BYTES: (usize, usize) = (Leaf::<K, V>::LAYOUT.size(), Inner::<K>::LAYOUT.size());

    pub(crate) fn new<A: BlockArena<Pool = P>>(arena: &A, config: &Config) -> Result<Self, AllocError> {
        let leaves = arena.pool(Leaf::<K, V>::LAYOUT, BlockKind::Leaf)?;
        let inners = arena.pool(Inner::<K>::LAYOUT, BlockKind::Inner)?;
        let replicas = inners.replicas();
        let mut near_hints = Vec::new();
        for _ in 0..replicas {
            remember_one(&mut near_hints)?;
            near_hints.push(Hints::new());
        }
        let has_leaf_hints = Self::wants_leaf_hints(&leaves, replicas);
        let index = Self {
            root: AtomicU64::new(0),
            replicas,
            leaves,
            inners,
            refresh: config.refresh,
            heights: Heights::new(config),
            heads: [const { AtomicU32::new(0) }; LEVELS],
            hints: Hints::new(),
            leaf_hints: LeafHints::new(),
            has_leaf_hints,
            near_hints,
            _owns: PhantomData,
        };
        let head = index.acquire::<LeafShape<K, V>>(None)?;
        index.leaf(head).lock_unshared().format(LevelMark::of(0), None);
        index.heads[0].store(head.0.get(), Ordering::Relaxed);
        index.root.store(u64::from(head.0.get()), Ordering::Relaxed);
        Ok(index)
    }

    /// The pool of nodes of shape `S`.
    #[inline(always)]
    fn pool<S: Shape>(&self) -> &P {
        match S::KIND {
            BlockKind::Leaf => &self.leaves,
            BlockKind::Inner => &self.inners,
        }
    }

    /// The node in block `id`, which the pool of that shape has issued: a block just acquired, a head, or a
    /// reference out of a node that was validated after reading it.
    ///
    /// That promise is kept by this module and its children, who alone can call this; it is not `unsafe` only
    /// to keep the searches readable.
    #[inline(always)]
    fn node<S: Shape<Key = K>>(&self, id: BlockId) -> Node<'_, S> {
        // SAFETY: the pool has issued `id`, see above.
        let base = unsafe { self.pool::<S>().address(id) };
        // SAFETY: the pool was made with `S`'s layout, lives as long as `self`, and its blocks are only
        // accessed here.
        unsafe { Node::from_raw(base, id) }
    }

    #[inline(always)]
    fn leaf(&self, id: BlockId) -> Leaf<'_, K, V> {
        self.node::<LeafShape<K, V>>(id)
    }

    #[inline(always)]
    fn inner(&self, id: BlockId) -> Inner<'_, K> {
        self.node::<InnerShape<K>>(id)
    }

    /// The level where searches start, and its first node.
    #[inline(always)]
    fn root(&self) -> (usize, BlockId) {
        // Acquire pairs with the Release in `raise`.
        let root = self.root.load(Ordering::Acquire);
        let head = block(root as u32).expect("a map has a first leaf");
        ((root >> 32) as usize, head)
    }

    /// The first node of `level`, which is at most the root's.
    fn head(&self, level: usize) -> BlockId {
        // Acquire pairs with the Release in `make_head`.
        block(self.heads[level].load(Ordering::Acquire)).expect("levels up to the root's have a first node")
    }

    /// Takes a block for a node of shape `S` that will start at `low`; `None` is below every key.
    fn acquire<S: Shape<Key = K>>(&self, low: Option<K>) -> Result<BlockId, AllocError> {
        stats::called_pool();
        self.pool::<S>().acquire(placement(low))
    }

    /// Whether the block is where its pool would put a leaf that starts at `low`.
    fn is_well_placed(&self, leaf: BlockId, low: K) -> bool {
        let wanted = self.wanted(Some(low));
        // SAFETY: the pool has issued the block, as for `node`.
        wanted.is_none() || wanted == unsafe { self.leaves.home(leaf) }
    }

    /// Gives back the block of a node that was never linked, or is retired.
    fn release<S: Shape>(&self, id: BlockId) {
        stats::called_pool();
        // SAFETY: the caller has unlinked it or never linked it, so no other thread will release it.
        unsafe { self.pool::<S>().release(id) };
    }

    /// Makes `level` and all below it exist, and searches start there or higher.
    fn raise(&self, level: usize) -> Result<(), AllocError> {
        debug_assert!(level < LEVELS);
        if self.root().0 >= level {
            return Ok(());
        }
        for level in 1..=level {
            self.make_head(level)?;
            // One level at a time: should the next one fail, there is no level that the root does not know.
            let root = ((level as u64) << 32) | u64::from(self.head(level).0.get());
            // Release pairs with the Acquire in `root`.
            self.root.fetch_max(root, Ordering::Release);
        }
        Ok(())
    }

    /// Makes the first node of `level` if there is none.
    fn make_head(&self, level: usize) -> Result<(), AllocError> {
        // Acquire pairs with the Release below.
        if self.heads[level].load(Ordering::Acquire) != 0 {
            return Ok(());
        }
        let id = self.acquire::<InnerShape<K>>(None)?;
        let mut node = self.inner(id).lock_unshared();
        node.format(LevelMark::of(level), None);
        node.insert_first(self.head(level - 1));
        // Release pairs with the Acquire loads in `head` and above.
        let made = self.heads[level].compare_exchange(0, id.0.get(), Ordering::Release, Ordering::Relaxed);
        if made.is_err() {
            // Another thread was faster. Nobody may see this node unlocked: to a thread that comes by a stale
            // reference it would look like the first node of the level.
            let id = node.retire();
            self.release::<InnerShape<K>>(id);
        } else {
            self.finish(node);
        }
        Ok(())
    }

    /// The hint tables that are used.
    fn all_hints(&self) -> impl Iterator<Item = &Hints> {
        let shared = (self.replicas == 0).then_some(&self.hints);
        self.near_hints.iter().chain(shared)
    }

    /// Bytes of the hint table.
    pub(crate) fn hint_bytes(&self) -> usize {
        self.all_hints().map(Hints::bytes).sum::<usize>() + self.leaf_hints.bytes()
    }

    /// Drops every value, gives every block back but the first leaf's, and starts over. If a drop panics, all of that
    /// happens while it unwinds.
    pub(crate) fn clear(&mut self) {
        struct StartOver<'a, K: KeyWords, V, P: BlockPool>(&'a mut Index<K, V, P>);
        impl<K: KeyWords, V, P: BlockPool> Drop for StartOver<'_, K, V, P> {
            fn drop(&mut self) {
                self.0.start_over();
            }
        }
        let index = StartOver(self);
        index.0.drop_values(index.0.chain());
    }

    /// The leaves in order. Only with the map to itself.
    fn chain(&self) -> impl Iterator<Item = BlockId> {
        successors(Some(self.head(0)), |&id| self.leaf(id).next())
    }

    /// Drops all values of these leaves, which then are empty. If a drop panics, the others run while it unwinds. Only
    /// with the leaves to itself.
    fn drop_values(&self, leaves: impl Iterator<Item = BlockId>) {
        struct Rest<'a, K: KeyWords, V, P: BlockPool, I: Iterator<Item = BlockId>> {
            index: &'a Index<K, V, P>,
            leaves: I,
        }
        impl<K: KeyWords, V, P: BlockPool, I: Iterator<Item = BlockId>> Rest<'_, K, V, P, I> {
            fn drop_values(&mut self) {
                for id in self.leaves.by_ref() {
                    self.index.leaf(id).lock_unshared().clear();
                }
            }
        }
        impl<K: KeyWords, V, P: BlockPool, I: Iterator<Item = BlockId>> Drop for Rest<'_, K, V, P, I> {
            fn drop(&mut self) {
                self.drop_values();
            }
        }
        Rest { index: self, leaves }.drop_values();
    }

    /// Makes an empty index of one whose leaves are all empty. No user code runs.
    fn start_over(&mut self) {
        self.hints.reset();
        self.leaf_hints.reset();
        self.near_hints.iter_mut().for_each(Hints::reset);
        for level in (1..=self.root().0).rev() {
            self.release_level::<InnerShape<K>>(self.head(level));
            *self.heads[level].get_mut() = 0;
        }
        let head = self.head(0);
        *self.root.get_mut() = u64::from(head.0.get());
        let mut first = self.leaf(head).lock_unshared();
        let second = first.next();
        first.set_next(None);
        drop(first);
        if let Some(second) = second {
            self.release_level::<LeafShape<K, V>>(second);
        }
    }

    /// Retires and releases the node `first` and all to its right. Only with the map to itself.
    fn release_level<S: Shape<Key = K>>(&self, first: BlockId) {
        let mut at = Some(first);
        while let Some(id) = at {
            let node = self.node::<S>(id).lock_unshared();
            at = node.next();
            node.retire();
            self.release::<S>(id);
        }
    }
}

impl<K: KeyWords, V, R: Relax> Index<K, V, GlobalPool<R>> {
    /// What the system gave of huge pages.
    pub(crate) fn huge_pages(&self) -> HugePages {
        self.leaves.huge_pages().plus(self.inners.huge_pages())
    }
}

impl<K: KeyWords, V, P: BlockPool> Drop for Index<K, V, P> {
    fn drop(&mut self) {
        // An index that could not be made has no first leaf.
        if core::mem::needs_drop::<V>() && *self.heads[0].get_mut() != 0 {
            self.drop_values(self.chain());
        }
    }
}
