//! The router suggests where a search starts. It knows nothing for certain, so `search` verifies what it
//! says.
//!
//! `write::commit` tells it of each structural change, just before the changed node is unlocked. If a change
//! of level 2 makes a table stale, the router rewrites the table after the change has unlocked all its nodes.

use alloc::vec::Vec;

use crate::arena::keep::{Keeps, New, Place};
use crate::arena::{AllocError, BlockId, BlockPool, HintMemory};
use crate::config::Refresh;
use crate::index::route::leaf_table::table::LeafTable;
use crate::index::route::node_table::fill::{STALE, STALE_SOON};
use crate::index::route::node_table::table::NodeTable;
use crate::index::tree::{Tree, reserve_one};
use crate::node::{Inner, InnerShape, Locked, Node, NodeKeys, Reading};

/// See the module.
pub(in crate::index) struct Router<H: HintMemory> {
    /// How many replicas each inner node has.
    replicas: usize,
    /// When replicas follow.
    pub(in crate::index) refresh: Refresh,
    /// Whether the map may have a table of leaves.
    keeps_leaf_table: bool,
    tables: <H as Keeps>::Place<Tables>,
}

/// The tables of a map that keeps them.
pub(in crate::index) struct Tables {
    /// The table of nodes, if there are no replicas.
    shared_table: NodeTable,
    /// With replicas, a table of nodes for each.
    replica_tables: Vec<NodeTable>,
    leaf_table: LeafTable,
}

impl New for Tables {
    #[allow(clippy::declare_interior_mutable_const, reason = "each use makes new tables")]
    const NEW: Self =
        Self { shared_table: NodeTable::new(), replica_tables: Vec::new(), leaf_table: LeafTable::new() };
}

impl Tables {
    /// The tables of nodes that are used.
    fn node_tables(&self) -> impl Iterator<Item = &NodeTable> {
        let shared = self.replica_tables.is_empty().then_some(&self.shared_table);
        self.replica_tables.iter().chain(shared)
    }
}

impl<H: HintMemory> Router<H> {
    /// A router of a map whose inner nodes have no replicas.
    pub(in crate::index) const fn without_replicas() -> Self {
        Self { replicas: 0, refresh: Refresh::Synchronous, keeps_leaf_table: false, tables: Place::NEW }
    }

    pub(in crate::index) fn new<K: NodeKeys, V, P: BlockPool>(
        tree: &Tree<K, V, P>,
        refresh: Refresh,
    ) -> Result<Self, AllocError> {
        let replicas = tree.replicas();
        let mut tables = <H as Keeps>::Place::<Tables>::NEW;
        if let Some(tables) = tables.get_mut() {
            for _ in 0..replicas {
                reserve_one(&mut tables.replica_tables)?;
                tables.replica_tables.push(NodeTable::new());
            }
        }
        let keeps_leaf_table = H::GLOBAL && replicas == 0 && LeafTable::suits(tree);
        Ok(Self { replicas, refresh, keeps_leaf_table, tables })
    }

    /// How many replicas each inner node has.
    #[inline(always)]
    pub(in crate::index) fn replicas(&self) -> usize {
        if H::GLOBAL { self.replicas } else { 0 }
    }

    /// The tables, if the map keeps any.
    #[inline(always)]
    fn tables(&self) -> Option<&Tables> {
        if H::GLOBAL { Some(self.kept()) } else { None }
    }

    /// The tables of a map that keeps them. Searches ask for these: with an `Option`, a lookup takes an instruction
    /// more.
    #[inline(always)]
    fn kept(&self) -> &Tables {
        self.tables.get()
    }

    /// The length of the stem behind which the words for [`leaf`](Self::leaf) are.
    #[inline(always)]
    pub(in crate::index) fn leaf_stem<K: NodeKeys>(&self) -> usize {
        if H::GLOBAL { self.kept().leaf_table.stem.of::<K>() } else { 0 }
    }

    /// The length of the stem behind which the words for [`node`](Self::node) are.
    #[inline(always)]
    pub(in crate::index) fn node_stem<K: NodeKeys>(&self) -> usize {
        if H::GLOBAL { self.kept().shared_table.stem.of::<K>() } else { 0 }
    }

    /// The leaf where a search for keys with this word should start.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(in crate::index) fn leaf(&self, word: u64) -> Option<BlockId> {
        if H::GLOBAL { self.kept().leaf_table.find(word) } else { None }
    }

    /// That leaf, and the leaf that probably comes next, if the table knows one. Use the second only to load
    /// its memory.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(in crate::index) fn two_leaves(&self, word: u64) -> Option<(BlockId, Option<BlockId>)> {
        if H::GLOBAL { self.kept().leaf_table.find_two(word) } else { None }
    }

    /// Starts to load what [`leaf`](Self::leaf) will look at.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    pub(in crate::index) fn prefetch(&self, word: u64) {
        if H::GLOBAL {
            self.kept().leaf_table.prefetch(word);
        }
    }

    /// The level-1 node where a search for keys with this word should start, if the search reads no
    /// replicas.
    #[inline(always)]
    pub(in crate::index) fn node(&self, word: u64) -> Option<BlockId> {
        if H::GLOBAL { self.kept().shared_table.find(word) } else { None }
    }

    /// The table of nodes near this thread.
    #[inline(always)]
    pub(in crate::index) fn nearest_table<K: NodeKeys, V, P: BlockPool>(
        &self,
        tree: &Tree<K, V, P>,
    ) -> Option<&NodeTable> {
        match self.replicas() {
            0 => self.tables().map(|tables| &tables.shared_table),
            _ => self.nearest_replica_table(tree),
        }
    }

    #[inline(never)]
    fn nearest_replica_table<K: NodeKeys, V, P: BlockPool>(
        &self,
        tree: &Tree<K, V, P>,
    ) -> Option<&NodeTable> {
        self.replica_table(tree.nearest_replica())
    }

    /// The table of nodes that goes with a replica.
    #[inline(always)]
    pub(in crate::index) fn replica_table(&self, replica: usize) -> Option<&NodeTable> {
        self.tables().map(|tables| &tables.replica_tables[replica])
    }

    /// The copy near this thread of the inner node in block `id`. Use it for reading only; never lock it.
    #[inline(always)]
    pub(in crate::index) fn near<'t, K: NodeKeys, V, P: BlockPool>(
        &self,
        tree: &'t Tree<K, V, P>,
        id: BlockId,
    ) -> Inner<'t, K> {
        match self.replicas() {
            0 => tree.inner(id),
            _ => Self::nearest(tree, id),
        }
    }

    #[inline(never)]
    fn nearest<K: NodeKeys, V, P: BlockPool>(tree: &Tree<K, V, P>, id: BlockId) -> Inner<'_, K> {
        tree.replica(tree.nearest_replica(), id)
    }

    /// Bytes of all tables.
    pub(in crate::index) fn bytes(&self) -> usize {
        self.tables().map_or(0, |tables| {
            tables.node_tables().map(NodeTable::bytes).sum::<usize>() + tables.leaf_table.bytes()
        })
    }

    /// Forgets everything.
    pub(in crate::index) fn reset(&mut self) {
        if let Some(tables) = self.tables.get_mut() {
            tables.shared_table.reset();
            tables.leaf_table.reset();
            tables.replica_tables.iter_mut().for_each(NodeTable::reset);
        }
    }
}

/// What the router learns.
impl<H: HintMemory> Router<H> {
    /// `leaf`, which this thread has locked, now covers other keys than before.
    pub(in crate::index) fn leaf_moved<S: Reading>(&self, leaf: Node<'_, S>) {
        if let Some(tables) = self.tables() {
            tables.leaf_table.learn_leaf(leaf);
        }
    }

    /// A level-2 node, which this thread has locked, has received the entry of `child`. `child` starts at
    /// `low`.
    pub(in crate::index) fn node_entered<K: NodeKeys>(&self, low: K::Ref<'_>, child: BlockId) {
        let Some(tables) = self.tables() else { return };
        for table in tables.node_tables() {
            // If keys have several words, keys that begin with the same word may be left of the node.
            let word = K::word_behind(low, table.stem.of::<K>());
            if let Some(word) = word.checked_add(u64::from(!K::ONE_WORD)) {
                table.learn(word, child);
            }
        }
    }

    /// The entries of level 2 have changed `changes` times. This thread must hold no node's lock.
    #[cold]
    pub(in crate::index) fn level_2_changed<K: NodeKeys, V, P: BlockPool>(
        &self,
        tree: &Tree<K, V, P>,
        changes: usize,
    ) {
        let Some(tables) = self.tables() else { return };
        let here = if self.replicas() > 0 { tree.nearest_replica() } else { 0 };
        for (replica, table) in tables.node_tables().enumerate() {
            // Only a thread of the same NUMA node rewrites a table, so the table's memory is there, too.
            if table.note_changes(changes) && replica == here {
                self.renew(tree, tables, table);
            }
        }
    }

    /// Copies a changed node, which this thread has locked, to its replicas, if the map refreshes them at
    /// once.
    #[inline(always)]
    pub(in crate::index) fn node_changed<K: NodeKeys, V, P: BlockPool>(
        &self,
        tree: &Tree<K, V, P>,
        node: &Locked<'_, InnerShape<K>>,
    ) {
        if self.replicas() > 0 && self.refresh == Refresh::Synchronous {
            self.copy_to_replicas(tree, node);
        }
    }

    #[cold]
    #[inline(never)]
    fn copy_to_replicas<K: NodeKeys, V, P: BlockPool>(
        &self,
        tree: &Tree<K, V, P>,
        node: &Locked<'_, InnerShape<K>>,
    ) {
        for replica in 0..self.replicas() {
            node.copy_changed_to(tree.replica(replica, node.id()));
        }
    }

    /// Rewrites a replica's table if it is stale. If no thread of a NUMA node writes, its searches do this.
    /// This thread must hold no node's lock.
    pub(in crate::index) fn renew_if_stale<K: NodeKeys, V, P: BlockPool>(
        &self,
        tree: &Tree<K, V, P>,
        replica: usize,
    ) {
        let Some(tables) = self.tables() else { return };
        let table = &tables.replica_tables[replica];
        if table.is_stale() {
            self.renew(tree, tables, table);
        }
    }

    /// Rewrites a table, unless another thread is doing so, or other threads are changing level 2.
    fn renew<K: NodeKeys, V, P: BlockPool>(&self, tree: &Tree<K, V, P>, tables: &Tables, table: &NodeTable) {
        table.fill(tree, |stem| {
            let is_settled = !self.keeps_leaf_table || tables.leaf_table.renew(tree, stem);
            // If other threads are changing something now, the table is soon renewed again.
            if is_settled { STALE } else { STALE_SOON }
        });
    }
}

#[cfg(test)]
impl<H: HintMemory> Router<H> {
    pub(in crate::index) fn leaf_table(&self) -> &LeafTable {
        &self.tables().expect("kept").leaf_table
    }

    pub(in crate::index) fn shared_table(&self) -> &NodeTable {
        &self.tables().expect("kept").shared_table
    }
}
