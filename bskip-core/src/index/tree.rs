//! The tree: levels of linked nodes, where each level starts, and the pools that the nodes' blocks come from.
//!
//! A block has one of four states. The argument in `docs/PROTOCOL.md` uses them.
//!
//! * *Fresh*: a [`Fresh`] owns the block, and gives it back unless it becomes a node.
//! * *Being made*: the block is locked, as a [`Reshaped`].
//! * *Linked*: the chain of a level leads to it.
//! * *Retired*: a [`Retired`] names it, until [`Tree::release`] takes that.

#[cfg(feature = "check")]
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::cell::UnsafeCell;
use core::iter::successors;
use core::marker::PhantomData;
use core::mem;
use core::num::NonZeroU32;

use crate::arena::{
    AllocError, AllocErrorKind, BlockArena, BlockId, BlockKind, BlockPool, GlobalPool, HugePages, KeyPrefix,
    Numa, NumaNodeId, Placement, Platform, PoolUsage,
};
use crate::height::LEVELS;
use crate::index::root::Root;
use crate::node::{
    Inner, InnerShape, Leaf, LeafShape, LevelMark, Node, NodeKeys, Reshaped, Retired, SENTINEL, Shape,
    ShapeOf, Unreached, Witness, assert_fits, sentinel,
};
use crate::stats;
use crate::sync::{AtomicU32, Ordering};

/// See the module.
pub(in crate::index) struct Tree<K: NodeKeys, V, P: BlockPool> {
    root: Root,
    leaves: P,
    inners: P,
    store: K::Store<P>,
    /// The first node of each level, or 0 if there is none yet. These nodes are never retired.
    heads: [AtomicU32; LEVELS],
    _owns: PhantomData<UnsafeCell<(K::Owned, V)>>,
}

// SAFETY: the pools are `Sync`. Threads hand keys and values to each other by value (`Send`), and by
// reference in closures that run under a lock (`Sync`). Everything else is atomic.
unsafe impl<K: NodeKeys, V: Send + Sync, P: BlockPool> Sync for Tree<K, V, P> {}

/// Where a node that starts at `low` belongs; `None` is below every key.
fn placement<K: NodeKeys>(low: Option<K::Ref<'_>>) -> Placement {
    Placement::KeysFrom(low.map_or(KeyPrefix::LEAST, |low| KeyPrefix::from_bits(K::first_word(low))))
}

/// A word of 32 bits that names a block, or none.
pub(in crate::index) fn block(word: u32) -> Option<BlockId> {
    NonZeroU32::new(word).map(BlockId)
}

/// Makes room for one more element.
pub(in crate::index) fn reserve_one<T>(list: &mut Vec<T>) -> Result<(), AllocError> {
    list.try_reserve(1)
        .map_err(|_| AllocError { layout: Layout::new::<T>(), kind: AllocErrorKind::OutOfMemory })
}

impl<K: NodeKeys, V, P: BlockPool> Tree<K, V, P> {
    /// A tree without a leaf, on these pools of leaves and of inner nodes, with an empty store. It may stay without
    /// one.
    pub(in crate::index) const fn lazy(leaves: P, inners: P, store: K::Store<P>) -> Self {
        const { assert!(P::LAZY, "these pools are for maps that have a first leaf") };
        const { assert_fits::<LeafShape<K, V>>() };
        let heads = [const { AtomicU32::new(0) }; LEVELS];
        Self { root: Root::new(), leaves, inners, store, heads, _owns: PhantomData }
    }

    /// A tree without a leaf.
    pub(in crate::index) fn new<A: BlockArena<Pool = P>>(arena: &A) -> Result<Self, AllocError> {
        let leaves = arena.pool(Leaf::<K, V>::LAYOUT, BlockKind::Leaf)?;
        let inners = arena.pool(Inner::<K>::LAYOUT, BlockKind::Inner)?;
        let heads = [const { AtomicU32::new(0) }; LEVELS];
        let store = K::store(arena)?;
        Ok(Self { root: Root::new(), leaves, inners, store, heads, _owns: PhantomData })
    }

    /// Whether the map has no leaf yet, so that searches end at the sentinel. Always false unless its pools are lazy.
    #[inline(always)]
    pub(in crate::index) fn has_no_leaf(&self) -> bool {
        P::LAZY && self.root.load(|level| self.head_word(level)).1 == 0
    }

    /// The pool of nodes of shape `S`.
    #[inline(always)]
    fn pool<S: Shape>(&self) -> &P {
        self.pool_of(S::KIND)
    }

    #[inline(always)]
    fn pool_of(&self, kind: BlockKind) -> &P {
        match kind {
            BlockKind::Leaf => &self.leaves,
            BlockKind::Inner => &self.inners,
        }
    }

    /// The node in block `id`, which the pool of that shape has issued. `id` is that of a block just
    /// acquired, of a head, or of a reference from a node that was validated after the reference was read. Or it is the
    /// sentinel, if the pools are lazy.
    ///
    /// Only `index` can call this, and `index` keeps that promise. The function is not `unsafe`, because the
    /// searches would be hard to read.
    #[inline(always)]
    pub(in crate::index) fn node<S: ShapeOf<K>>(&self, id: BlockId) -> Node<'_, S> {
        if P::LAZY && S::KIND == BlockKind::Leaf && id == SENTINEL {
            // SAFETY: the sentinel is as much of an empty leaf as a search reads, see `lazy`. It is accessed only here.
            return unsafe { Node::from_raw(sentinel(), id, K::context::<P>(&self.store)) };
        }
        // SAFETY: the pool has issued `id`, see above.
        let base = unsafe { self.pool::<S>().address(id) };
        // SAFETY: the pool was made with `S`'s layout, lives as long as `self`, and its blocks are only
        // accessed here.
        unsafe { Node::from_raw(base, id, K::context::<P>(&self.store)) }
    }

    #[inline(always)]
    pub(in crate::index) fn leaf(&self, id: BlockId) -> Leaf<'_, K, V> {
        self.node::<LeafShape<K, V>>(id)
    }

    #[inline(always)]
    pub(in crate::index) fn inner(&self, id: BlockId) -> Inner<'_, K> {
        self.node::<InnerShape<K>>(id)
    }

    /// Replica number `replica` of the inner node in block `id`. Use it for reading only; never lock it.
    #[inline(always)]
    pub(in crate::index) fn replica(&self, replica: usize, id: BlockId) -> Inner<'_, K> {
        debug_assert!(replica < self.replicas());
        // SAFETY: the pool has issued `id`, as for `node`. The block has this replica: callers take `replica`
        // from `nearest_replica`, or from numbers below `replicas`.
        let base = unsafe { self.inners.replica_address(replica, id) };
        // SAFETY: the pool was made with the layout of inner nodes, lives as long as `self`, and its replicas
        // are only accessed here.
        unsafe { Inner::<K>::from_raw(base, id, K::context::<P>(&self.store)) }
    }

    /// How many replicas each inner node has.
    pub(in crate::index) fn replicas(&self) -> usize {
        self.inners.replicas()
    }

    /// The replica on this thread's NUMA node.
    pub(in crate::index) fn nearest_replica(&self) -> usize {
        self.inners.nearest_replica()
    }

    /// The level where searches start, and its first node.
    #[inline(always)]
    pub(in crate::index) fn root(&self) -> (usize, BlockId) {
        let (level, head) = self.root.load(|level| self.head_word(level));
        match block(head) {
            Some(head) => (level, head),
            None if P::LAZY => (level, SENTINEL),
            None => P::Platform::broken("a map has a first leaf"),
        }
    }

    /// The first node of `level`, which is at most the root's.
    pub(in crate::index) fn head(&self, level: usize) -> BlockId {
        let broken = || P::Platform::broken("levels up to the root's have a first node");
        Self::or_sentinel(self.try_head(level)).unwrap_or_else(broken)
    }

    /// Only level 0 may have no node, and only if the pools are lazy.
    #[inline(always)]
    fn or_sentinel(head: Option<BlockId>) -> Option<BlockId> {
        if P::LAZY { head.or(Some(SENTINEL)) } else { head }
    }

    /// The first node of `level`, if the level has been made.
    pub(in crate::index) fn try_head(&self, level: usize) -> Option<BlockId> {
        block(self.head_word(level))
    }

    /// The number of the first node of `level`, or 0.
    #[inline(always)]
    fn head_word(&self, level: usize) -> u32 {
        // Acquire pairs with the Release in `propose_head`.
        self.heads[level].load(Ordering::Acquire)
    }

    /// Makes `id` the first node of `level`. Returns false if another thread was faster.
    pub(in crate::index) fn propose_head(&self, level: usize, id: BlockId) -> bool {
        // Release pairs with the Acquire load in `try_head`.
        self.heads[level].compare_exchange(0, id.0.get(), Ordering::Release, Ordering::Relaxed).is_ok()
    }

    /// Lets searches start at `level` or higher. `level` must have a first node.
    pub(in crate::index) fn raise_root(&self, level: usize) {
        self.root.raise(level, self.head(level).0.get());
    }

    /// Takes a block for a node of shape `S` that will start at `low`; `None` is below every key.
    pub(in crate::index) fn acquire<S: ShapeOf<K>>(
        &self,
        low: Option<K::Ref<'_>>,
    ) -> Result<Fresh<'_, S, K, V, P>, AllocError> {
        stats::called_pool();
        let id = self.pool::<S>().acquire(placement::<K>(low))?;
        Ok(Fresh { tree: self, id, _shape: PhantomData })
    }

    /// Takes a leaf's block on this NUMA node; `None` if the pool does not have the node, or the node has no
    /// room.
    pub(in crate::index) fn acquire_leaf_on(
        &self,
        numa_node: NumaNodeId,
    ) -> Option<Fresh<'_, LeafShape<K, V>, K, V, P>> {
        if self.leaves.wanted(Placement::NumaNode(numa_node)) != Some(numa_node) {
            return None;
        }
        stats::called_pool();
        let id = self.leaves.acquire(Placement::NumaNode(numa_node)).ok()?;
        let block = Fresh { tree: self, id, _shape: PhantomData };
        (self.home(id) == Some(numa_node)).then_some(block)
    }

    /// Stores `key`, if it is long, for nodes to refer to it.
    #[inline(always)]
    pub(in crate::index) fn hold(&self, key: K::Ref<'_>) -> Result<Held<'_, K, V, P>, AllocError> {
        let number = K::hold::<P>(&self.store, key)?;
        Ok(Held { tree: self, number })
    }

    /// Nothing for nodes to refer to.
    #[inline(always)]
    pub(in crate::index) fn hold_nothing(&self) -> Held<'_, K, V, P> {
        Held { tree: self, number: K::Number::default() }
    }

    /// What long keys take.
    pub(in crate::index) fn store_usage(&self) -> PoolUsage {
        K::usage::<P>(&self.store)
    }

    /// See [`NodeKeys::check_store`].
    #[cfg(feature = "check")]
    pub(in crate::index) fn check_store(&self, references: &BTreeMap<u32, usize>) {
        K::check_store::<P>(&self.store, references);
    }

    /// Gives back the block of a retired node. No thread may hold its lock.
    pub(in crate::index) fn release(&self, retired: Retired) {
        self.give_back(retired.kind(), retired.id());
    }

    /// The block of a retired node, for another node. No thread may hold its lock.
    pub(in crate::index) fn reuse<S: ShapeOf<K>>(&self, retired: Retired) -> Fresh<'_, S, K, V, P> {
        debug_assert!(retired.kind() == S::KIND);
        Fresh { tree: self, id: retired.id(), _shape: PhantomData }
    }

    fn give_back(&self, kind: BlockKind, id: BlockId) {
        stats::called_pool();
        // SAFETY: a `Fresh` or a `Retired` named the block. It is the only one of its block and ends with
        // this call, so no other thread releases it.
        unsafe { self.pool_of(kind).release(id) };
    }

    /// The NUMA node that a leaf is on.
    pub(in crate::index) fn home(&self, leaf: BlockId) -> Option<NumaNodeId> {
        if P::LAZY && leaf == SENTINEL {
            return None;
        }
        // SAFETY: the pool has issued the block, as for `node`.
        unsafe { self.leaves.home(leaf) }
    }

    /// The NUMA node where the pool would place a leaf that starts at `low`.
    pub(in crate::index) fn wanted(&self, low: Option<K::Ref<'_>>) -> Option<NumaNodeId> {
        self.leaves.wanted(placement::<K>(low))
    }

    /// The NUMA node where the pool would place a leaf whose low fence begins with `word`.
    pub(in crate::index) fn wanted_for_word(&self, word: u64) -> Option<NumaNodeId> {
        self.leaves.wanted(Placement::KeysFrom(KeyPrefix::from_bits(word)))
    }

    /// What the pool of nodes of shape `S` counts, if it does.
    pub(in crate::index) fn usage<S: Shape>(&self) -> Option<PoolUsage> {
        self.pool::<S>().usage()
    }
}

/// With exclusive access.
impl<K: NodeKeys, V, P: BlockPool> Tree<K, V, P> {
    /// The leaves in order.
    pub(in crate::index) fn chain(&self) -> impl Iterator<Item = BlockId> {
        successors(self.try_head(0), |&id| self.leaf(id).next())
    }

    /// Drops all values of these leaves, and leaves them empty. If a drop panics, the other values drop while
    /// the panic unwinds. No other thread may use the leaves.
    pub(in crate::index) fn drop_values(&self, leaves: impl Iterator<Item = BlockId>) {
        struct Rest<'a, K: NodeKeys, V, P: BlockPool, I: Iterator<Item = BlockId>> {
            tree: &'a Tree<K, V, P>,
            leaves: I,
        }
        impl<K: NodeKeys, V, P: BlockPool, I: Iterator<Item = BlockId>> Rest<'_, K, V, P, I> {
            fn drop_values(&mut self) {
                for id in self.leaves.by_ref() {
                    self.tree.leaf(id).lock_unshared().clear();
                }
            }
        }
        impl<K: NodeKeys, V, P: BlockPool, I: Iterator<Item = BlockId>> Drop for Rest<'_, K, V, P, I> {
            fn drop(&mut self) {
                self.drop_values();
            }
        }
        Rest { tree: self, leaves }.drop_values();
    }

    /// Makes `leaf` the first leaf, in place of the only one, which is empty. `leaf` heads a chain of leaves,
    /// and no thread has locked it.
    pub(in crate::index) fn replace_only_leaf(&mut self, leaf: BlockId) {
        let old = self.head(0);
        self.leaf(leaf).lock_unshared().reshape(Unreached).start_below_every_key();
        *self.heads[0].get_mut() = leaf.0.get();
        self.root.set(leaf.0.get());
        self.release(self.leaf(old).lock_unshared().reshape(Unreached).retire());
    }

    /// Turns a tree whose leaves are all empty into a tree of one leaf. Runs no user code.
    pub(in crate::index) fn start_over(&mut self) {
        for level in (1..=self.root().0).rev() {
            self.release_level::<InnerShape<K>>(self.head(level));
            *self.heads[level].get_mut() = 0;
        }
        let Some(head) = self.try_head(0) else { return };
        self.root.set(head.0.get());
        let mut first = self.leaf(head).lock_unshared().reshape(Unreached);
        let second = first.next();
        // This also forgets the high fence, which nodes of byte strings derive more from.
        first.format(LevelMark::of(0), None);
        drop(first);
        if let Some(second) = second {
            self.release_level::<LeafShape<K, V>>(second);
        }
    }

    /// Retires and releases the node `first` and all to its right.
    fn release_level<S: ShapeOf<K>>(&self, first: BlockId) {
        let mut at = Some(first);
        while let Some(id) = at {
            let node = self.node::<S>(id).lock_unshared();
            at = node.next();
            let retired = node.reshape(Unreached).retire();
            self.release(retired);
        }
    }
}

impl<K: NodeKeys, V, R: Platform> Tree<K, V, GlobalPool<R>> {
    /// What the system gave of huge pages.
    pub(in crate::index) fn huge_pages(&self) -> HugePages {
        self.leaves.huge_pages().plus(self.inners.huge_pages())
    }
}

impl<K: NodeKeys, V, P: BlockPool> Drop for Tree<K, V, P> {
    fn drop(&mut self) {
        if mem::needs_drop::<V>() {
            self.drop_values(self.chain());
        }
    }
}

/// A reference to a long key that an operation has. Nodes may take references of their own meanwhile. Dropping
/// this gives it up.
pub(in crate::index) struct Held<'t, K: NodeKeys, V, P: BlockPool> {
    tree: &'t Tree<K, V, P>,
    number: K::Number,
}

impl<K: NodeKeys, V, P: BlockPool> Held<'_, K, V, P> {
    /// The number. It is good as long as this lives.
    #[inline(always)]
    pub(in crate::index) fn number(&self) -> K::Number {
        self.number
    }
}

impl<K: NodeKeys, V, P: BlockPool> Drop for Held<'_, K, V, P> {
    #[inline(always)]
    fn drop(&mut self) {
        K::give_up::<P>(&self.tree.store, self.number);
    }
}

/// A block that was acquired and is not a node yet. Dropping this gives the block back.
pub(in crate::index) struct Fresh<'t, S: Shape, K: NodeKeys, V, P: BlockPool> {
    tree: &'t Tree<K, V, P>,
    id: BlockId,
    _shape: PhantomData<S>,
}

/// A block that may become an inner node.
pub(in crate::index) type FreshInner<'t, K, V, P> = Fresh<'t, InnerShape<K>, K, V, P>;

impl<'t, S: ShapeOf<K>, K: NodeKeys, V, P: BlockPool> Fresh<'t, S, K, V, P> {
    /// Locks the block, which is now a node in the making. The caller must link or retire it.
    pub(in crate::index) fn make<W: Witness<S>>(self, witness: W) -> Reshaped<'t, S, W> {
        let node = self.tree.node::<S>(self.id).lock_unshared();
        mem::forget(self);
        node.reshape(witness)
    }

    /// Whether the block is where its pool would put a leaf that starts at `low`.
    pub(in crate::index) fn is_well_placed(&self, low: K::Ref<'_>) -> bool {
        let wanted = self.tree.wanted(Some(low));
        wanted.is_none() || wanted == self.tree.home(self.id)
    }
}

impl<S: Shape, K: NodeKeys, V, P: BlockPool> Drop for Fresh<'_, S, K, V, P> {
    fn drop(&mut self) {
        self.tree.give_back(S::KIND, self.id);
    }
}
