//! Searches for many keys side by side, one step of each after the other. So every line of memory is
//! requested long before it is read.
//!
//! A search alone waits for one line after the other. Here a group of searches takes its steps together, and
//! each step requests the lines that the next one reads. The steps read:
//!
//! 1. the lines of the table of leaves;
//! 2. for keys without a leaf there: header and samples of the node that the table of nodes names, then its
//!    one line of keys and of children;
//! 3. header and samples of the leaf;
//! 4. the lines of the leaf that the operation needs. Then the operation runs.
//!
//! By the rule of authority, none of this needs to be right. A search ends with a leaf and a version, and the
//! operation validates or locks that version as any other operation does. If a step meets anything unexpected
//! (a lock, a fence or a change), the search gives up. The key's operation then runs alone when its turn
//! comes.

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;

use crate::arena::BlockPool;
use crate::chaos;
use crate::index::engine::Index;
use crate::index::route::node_table::table::MOST_STEPS;
use crate::index::search::probe::At;
use crate::index::search::settle::Versioned;
use crate::key::KeyWords;
use crate::lock::Version;
use crate::node::{Inner, InnerShape, Leaf, LevelMark, Slots};

/// Searches that go side by side.
const GROUP: usize = if cfg!(any(loom, shuttle, small_nodes)) { 4 } else { 32 };

/// If `RUN` keys in a row were in one leaf, the next key and those after it are probably in one leaf, too. So
/// the next key is searched alone, and the keys that follow need no search.
const RUN: usize = 16;

/// Where a search has ended: a leaf that covers the key in the state `version`, and the line of its slots
/// that holds the key, or would hold it, in that state. This is not validated.
pub(in crate::index) struct Spot<'a, K: KeyWords, V> {
    pub(in crate::index) leaf: Leaf<'a, K, V>,
    pub(in crate::index) version: Version,
    pub(in crate::index) line: usize,
}

impl<K: KeyWords, V> Clone for Spot<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K: KeyWords, V> Copy for Spot<'_, K, V> {}

/// A leaf for each key of a group, where its search goes on.
type Leaves<'a, K, V> = [Option<Leaf<'a, K, V>>; GROUP];

/// A leaf that was just used, and its version after that.
type Used<'a, K, V> = Option<(Leaf<'a, K, V>, Version)>;

/// An operation on each of many keys.
pub(in crate::index) trait Batch<K: KeyWords, V, P: BlockPool> {
    /// Why the batch may end early.
    type Error;
    /// What an operation looks at in the leaf.
    const SLOTS: Slots;

    fn len(&self) -> usize;

    fn key(&self, i: usize) -> K;

    /// Does the operation of key `i` in the leaf where its search has ended. Returns the leaf's version
    /// afterwards. Returns `None`, and does nothing, if the leaf has changed since or the operation needs
    /// more than a leaf.
    fn at(&mut self, index: &Index<K, V, P>, i: usize, spot: Spot<'_, K, V>) -> Option<Version>;

    /// Does the operation of key `i` alone.
    fn alone(&mut self, index: &Index<K, V, P>, i: usize) -> Result<(), Self::Error>;
}

/// Why a batch ended early, and how many keys before that one were done.
pub(in crate::index) type Stopped<E> = (usize, E);

impl<K: KeyWords, V, P: BlockPool> Index<K, V, P> {
    /// Does a batch, key by key in its order.
    #[inline(always)]
    pub(in crate::index) fn run<B: Batch<K, V, P>>(&self, batch: &mut B) -> Result<(), Stopped<B::Error>> {
        let mut used: Used<'_, K, V> = None;
        let (mut done, mut run) = (0, 0);
        while done < batch.len() {
            // Keys in the same leaf as the one before need no search.
            if let Some(spot) = Self::spot_in(used, batch.key(done)) {
                used = self.step(batch, done, Some(spot))?;
                (done, run) = (done + 1, run + 1);
                continue;
            }
            let group = if run < RUN { GROUP } else { 1 };
            let end = batch.len().min(done + group);
            let spots = self.search(batch, done, end);
            chaos::window();
            for (i, spot) in (done..end).zip(spots) {
                // An operation before this one may have changed the leaf.
                let again = spot.zip(used).is_some_and(|(spot, used)| spot.leaf.id() == used.0.id());
                let spot = if again { Self::spot_in(used, batch.key(i)) } else { spot };
                used = self.step(batch, i, spot)?;
            }
            (done, run) = (end, 0);
        }
        Ok(())
    }

    /// Does the operation of one key.
    #[inline(always)]
    fn step<'a, B: Batch<K, V, P>>(
        &self,
        batch: &mut B,
        i: usize,
        spot: Option<Spot<'a, K, V>>,
    ) -> Result<Used<'a, K, V>, Stopped<B::Error>> {
        if let Some(spot) = spot
            && let Some(version) = batch.at(self, i, spot)
        {
            return Ok(Some((spot.leaf, version)));
        }
        batch.alone(self, i).map_err(|error| (i, error))?;
        Ok(None)
    }

    /// Where `key` is in the leaf that was just used, if that covers it.
    #[inline(always)]
    fn spot_in<'a>(used: Used<'a, K, V>, key: K) -> Option<Spot<'a, K, V>> {
        let (leaf, version) = used?;
        let covers =
            leaf.compare_low(key).is_ge() && (leaf.compare_high(key).is_lt() || leaf.next().is_none());
        covers.then(|| Spot { leaf, version, line: leaf.line_of(key) })
    }

    /// All steps but the last, for keys `from..to` of the batch, at most `GROUP`.
    #[inline(always)]
    fn search<B: Batch<K, V, P>>(
        &self,
        batch: &B,
        from: usize,
        to: usize,
    ) -> [Option<Spot<'_, K, V>>; GROUP] {
        let keys = || (from..to).map(|i| batch.key(i));
        let mut leaves = self.hinted_leaves(keys());
        if leaves[..to - from].iter().any(Option::is_none) {
            self.leaves_below_level_1(keys(), &mut leaves);
        }
        let mut spots = [None; GROUP];
        for ((key, leaf), spot) in keys().zip(leaves).zip(&mut spots) {
            let Some(leaf) = leaf else { continue };
            let found = self.tree.settle_within::<_, MOST_STEPS>(leaf, LevelMark::of(0), At(key));
            *spot = found.map(|(leaf, version)| Spot { leaf, version, line: leaf.approach(key, B::SLOTS) });
        }
        spots
    }

    /// The leaves that the table of leaves names.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn hinted_leaves(&self, keys: impl Iterator<Item = K> + Clone) -> Leaves<'_, K, V> {
        let mut leaves = [None; GROUP];
        for key in keys.clone() {
            self.router.prefetch(key.word(0));
        }
        for (key, leaf) in keys.zip(&mut leaves) {
            *leaf = self.router.leaf(key.word(0)).map(|id| self.tree.leaf(id));
            if let Some(leaf) = leaf {
                leaf.prefetch_top();
            }
        }
        leaves
    }

    /// For keys without a leaf: the table of nodes names a node of level 1, and that names the leaf.
    #[cfg_attr(not(any(debug_assertions, small_code)), inline(always))]
    fn leaves_below_level_1<'a>(
        &'a self,
        keys: impl Iterator<Item = K> + Clone,
        leaves: &mut Leaves<'a, K, V>,
    ) {
        if self.tree.root().0 == 0 {
            return;
        }
        let table = self.router.nearest_table(&self.tree);
        let mut hinted: [Option<Inner<'_, K>>; GROUP] = [None; GROUP];
        for ((key, hinted), _) in
            keys.clone().zip(&mut hinted).zip(&*leaves).filter(|(_, leaf)| leaf.is_none())
        {
            *hinted =
                table.and_then(|table| table.find(key.word(0))).map(|id| self.router.near(&self.tree, id));
            if let Some(node) = hinted {
                node.prefetch_top();
            }
        }
        let mut parents: [Option<(Versioned<'_, InnerShape<K>>, usize)>; GROUP] = [None; GROUP];
        for (((key, hinted), parent), leaf) in keys.clone().zip(hinted).zip(&mut parents).zip(&*leaves) {
            if leaf.is_some() {
                continue;
            }
            let found = hinted
                .and_then(|node| {
                    self.tree.walk_right::<_, MOST_STEPS>(node, LevelMark::of(1), At(key), |id| {
                        self.router.near(&self.tree, id)
                    })
                })
                .or_else(|| self.unhinted_parent(At(key)))
                .or_else(|| self.try_inner_at(At(key), 1));
            *parent = found.map(|found| (found, found.0.approach(key, Slots::Pair)));
        }
        for ((key, parent), leaf) in keys.zip(parents).zip(leaves) {
            let Some(((parent, version), line)) = parent else { continue };
            // The first entry of a node stands at its low fence, so a valid rank is at least 1.
            let child = parent.child(parent.find_in(line, key).0.saturating_sub(1));
            if let Some(id) = child.filter(|_| parent.validate(version)) {
                let child = self.tree.leaf(id);
                child.prefetch_top();
                *leaf = Some(child);
            }
        }
    }
}
