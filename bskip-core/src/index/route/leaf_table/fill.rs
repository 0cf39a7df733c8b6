//! Fills the table of leaves from the entries of level 1, and decides when it no longer fits them.
//!
//! There is no such table if replicas keep searches on their NUMA node, or if the pool places leaves by their
//! keys. A table is in one place, so most of its readers would then be on another NUMA node.

use core::{hint, mem};

use crate::arena::{BlockId, BlockPool};
use crate::index::route::leaf_table::buckets::{Bound, Scale, lines_for};
use crate::index::route::leaf_table::table::{LeafTable, State, past_fence};
use crate::index::tree::Tree;
use crate::node::{Inner, InnerShape, LevelMark, NodeKeys};
use crate::simd::LINE;

/// The table is refilled if one leaf in `BEYOND` lies beyond its range…
const BEYOND: usize = 4;
/// …or if it has `SHRUNK` times the lines that it should have.
const SHRUNK: usize = 4;
/// How often to try a node that other threads are changing.
const TRIES: usize = 256;
/// There is no table if it would leave out more than one leaf in `HIDDEN`. Small nodes hold two or three
/// keys, so such leaves are never spread evenly. They may leave out more, because tests need a table.
const HIDDEN: usize = if cfg!(any(loom, shuttle, small_nodes)) { 2 } else { 8 };

/// The leaves that the table would name.
#[derive(Default)]
struct Survey {
    leaves: usize,
    /// Those that start beyond the range that was given.
    beyond: usize,
    /// Where the second leaf starts and where the last one starts.
    range: (u64, u64),
}

impl LeafTable {
    /// Whether the pool places leaves of this tree independently of their keys, as far as a few sample words
    /// tell.
    pub(in crate::index) fn suits<K: NodeKeys, V, P: BlockPool>(tree: &Tree<K, V, P>) -> bool {
        let wanted = |word| tree.wanted_for_word(word);
        // Loom has tests of the table alone. With the code that fills it, its tests of whole maps would not
        // end.
        !cfg!(loom)
            && (1..16)
                .map(|part| part << 60)
                .chain((0..60).map(|bit| 1 << bit))
                .all(|word| wanted(word) == wanted(0))
    }

    /// Refills the table if it is stale, or was filled for another stem, unless another thread is doing so. Returns
    /// false if other threads are changing level 1. This thread must hold no node's lock.
    pub(in crate::index) fn renew<K: NodeKeys, V, P: BlockPool>(
        &self,
        tree: &Tree<K, V, P>,
        stem: usize,
    ) -> bool {
        self.state.try_with(|state| self.fill(tree, stem, state).is_some()).unwrap_or(true)
    }

    /// `None` if level 1 was changing.
    #[cold]
    fn fill<K: NodeKeys, V, P: BlockPool>(
        &self,
        tree: &Tree<K, V, P>,
        stem: usize,
        state: &mut State,
    ) -> Option<()> {
        let Survey { leaves, beyond, range } = survey(tree, stem, state.range)?;
        let lines = lines_for(leaves);
        let is_stale = match self.lines() {
            _ if stem != self.stem.of::<K>() => true,
            0 => leaves.abs_diff(state.leaves) * BEYOND > state.leaves,
            now => now < lines || now > SHRUNK * lines || beyond * BEYOND > leaves,
        };
        if !is_stale {
            return Some(());
        }
        let scale = Scale::new(range.0, range.1, lines);
        let is_even = scale.map(|scale| is_even(tree, stem, scale, leaves)).unwrap_or(Some(false))?;
        // Readers find no table while two scales or stems are mixed.
        self.withdraw();
        self.stem.set(stem);
        // If a pool panics from here on, the next change finds that the table is missing.
        state.leaves = 0;
        let Some(scale) = scale.filter(|_| is_even && self.make_room(state, lines).is_some()) else {
            (state.leaves, state.range) = (leaves, range);
            return Some(());
        };
        let mut before = None;
        let mut cover = |next: Option<(Bound, BlockId)>| {
            if let Some((low, leaf)) = mem::replace(&mut before, next) {
                self.cover::<{ usize::MAX }>(lines, (low, next.map(|(high, _)| high)), leaf);
            }
        };
        let filled = visit_level_1(tree, stem, &mut |word, leaf| cover(Some((scale.bound(word), leaf))));
        cover(None);
        if filled.is_some() {
            self.publish(scale, lines);
            (state.leaves, state.range) = (leaves, range);
        }
        filled
    }
}

/// Whether nearly all leaves would be named.
fn is_even<K: NodeKeys, V, P: BlockPool>(
    tree: &Tree<K, V, P>,
    stem: usize,
    scale: Scale,
    leaves: usize,
) -> Option<bool> {
    let (mut hidden, mut before) = (0, None);
    visit_level_1(tree, stem, &mut |word, _| {
        let here = scale.bound(word);
        hidden += usize::from(before.replace(here).is_some_and(|before: Bound| before.hides_until(here)));
    })?;
    Some(hidden * HIDDEN <= leaves)
}

fn survey<K: NodeKeys, V, P: BlockPool>(
    tree: &Tree<K, V, P>,
    stem: usize,
    (base, end): (u64, u64),
) -> Option<Survey> {
    let mut survey = Survey::default();
    visit_level_1(tree, stem, &mut |word, _| {
        if survey.leaves == 1 {
            survey.range.0 = word;
        }
        survey.range.1 = word;
        survey.leaves += 1;
        survey.beyond += usize::from(word < base || word > end);
    })?;
    Some(survey)
}

/// Calls `visit` for each entry of level 1 with the stem, from left to right, with the leaf and the word for it. The
/// entries of a node are all read in one state of it. Returns `None` if other threads are changing a node; it
/// does not wait for them.
pub(in crate::index) fn visit_level_1<K: NodeKeys, V, P: BlockPool>(
    tree: &Tree<K, V, P>,
    stem: usize,
    visit: &mut dyn FnMut(u64, BlockId),
) -> Option<()> {
    let mut entries = [(0, None); LINE * LINE];
    let mut node = tree.inner(tree.head(1));
    let mut start: Option<K::Owned> = None;
    loop {
        let (count, next) = (0..TRIES).find_map(|_| {
            let found = entries_of_level_1::<K>(node, stem, start.as_ref().map(K::borrow), &mut entries);
            if found.is_none() {
                hint::spin_loop();
            }
            found
        })?;
        // The first node and the last one have keys without the stem.
        if stem == 0 || start.is_some() && next.is_some() {
            for &(word, leaf) in &entries[..count] {
                visit(past_fence::<InnerShape<K>>(word), leaf?);
            }
        }
        let Some((next, low)) = next else { return Some(()) };
        (node, start) = (tree.inner(next), Some(low));
    }
}

/// The next node, and where it starts.
type NextStart<O> = Option<(BlockId, O)>;

/// Copies the entries of the level-1 node that starts at `start` (or of the first node). Returns their
/// number, the next node, and where the next node starts. Returns `None` if the node has changed, or is not
/// that node now, or if there is no memory for a long start.
fn entries_of_level_1<K: NodeKeys>(
    node: Inner<'_, K>,
    stem: usize,
    start: Option<K::Ref<'_>>,
    entries: &mut [(u64, Option<BlockId>)],
) -> Option<(usize, NextStart<K::Owned>)> {
    let version = node.try_read_begin()?;
    let is_it = node.level() == LevelMark::of(1) && start.is_none_or(|low| node.compare_low(low).is_eq());
    let count = node.count().min(entries.len());
    for (slot, entry) in entries.iter_mut().enumerate().take(count) {
        *entry = (node.word_behind(slot, stem), node.child(slot));
    }
    let next = match node.next() {
        Some(next) => Some((next, node.try_high()?)),
        None => None,
    };
    (node.validate(version) && is_it).then_some((count, next))
}

const _: () = assert!(Inner::<u64>::CAPACITY <= LINE * LINE, "a node's entries have room");

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::arena::paired::PairedArena;
    use crate::arena::{GlobalArena, GlobalPool};
    use crate::config::Config;
    use crate::index::route::node_table::table::tests::{SMALL_NODES, mix};
    use crate::index::search::probe::At;
    use crate::index::{Existing, Index};

    type U64Index = Index<u64, u64, GlobalPool>;

    /// The keys of a map, by their numbers.
    type Shape = fn(u64) -> u64;

    fn index(keys: impl IntoIterator<Item = u64>) -> U64Index {
        let index = Index::new(&GlobalArena::new(), &Config::new().seed(1)).expect("memory");
        keys.into_iter().for_each(|key| assert!(index.insert(key, key, Existing::Replace).is_ok()));
        index
    }

    /// Of a hundred keys: how many are in the very leaf that the table names, and for how many the table
    /// names no leaf.
    fn named(index: &U64Index, keys: &[u64]) -> (usize, usize) {
        let (mut right, mut nowhere) = (0, 0);
        for &key in keys {
            match index.hinted_leaf(At(key)) {
                Some((leaf, _)) => right += usize::from(Some(leaf.id()) == index.router.leaf(key)),
                None => nowhere += 1,
            }
        }
        (right * 100 / keys.len(), nowhere * 100 / keys.len())
    }

    #[test]
    fn keys_that_are_spread_evenly_have_their_leaves_named() {
        let shapes: [(&str, Shape); 4] = [
            ("random", mix),
            ("dense", |i| mix(i) % 100_000),
            ("ascending", |i| 7 * i),
            ("descending", |i| u64::MAX - i),
        ];
        for (shape, key) in shapes {
            let keys: Vec<u64> = (0..100_000).map(key).collect();
            let index = index(keys.iter().copied());
            let (right, nowhere) = named(&index, &keys);
            // Since the table was filled, up to a quarter more leaves have come. If keys come in order, these
            // are all at one end.
            assert!(
                right > if SMALL_NODES { 50 } else { 70 } && nowhere <= 25,
                "{shape}: {right} and {nowhere} of 100"
            );
            let leaves = index.usage().issued_blocks;
            assert!(
                index.router.leaf_table().bytes() < 12 * leaves || SMALL_NODES,
                "{shape}: {leaves} leaves"
            );
        }
    }

    #[test]
    fn keys_that_crowd_have_no_table_of_leaves() {
        let shapes: [(&str, Shape); 2] = [
            ("skewed", |i| mix(i) >> (mix(!i) % 48)),
            ("clustered", |i| (mix(i % 64) & !0xff_ffff) + (mix(i) & 0xf_ffff)),
        ];
        for (shape, key) in shapes {
            let index = index((0..100_000).map(key));
            assert_eq!(index.router.leaf_table().lines(), 0, "{shape}");
            assert!((0..100_000).map(key).all(|key| index.get(key) == Some(key)), "{shape}");
        }
    }

    /// The test does not refill the table: what the changes tell it is enough.
    #[test]
    fn merges_and_boundaries_that_move_are_told() {
        let keys: Vec<u64> = (0..100_000).map(mix).collect();
        let index = index(keys.iter().copied());
        assert!(index.renew_by_force().is_some());
        let left: Vec<u64> = keys.iter().copied().step_by(4).collect();
        keys.iter()
            .filter(|key| !left.contains(key))
            .for_each(|&key| assert_eq!(index.remove(key), Some(key)));
        let (right, nowhere) = named(&index, &left);
        assert!(
            right > if SMALL_NODES { 40 } else { 95 } && nowhere < if SMALL_NODES { 60 } else { 5 },
            "{right} and {nowhere} of 100 after merges"
        );
        index.shrink(&mut crate::index::Shrinking::new(), usize::MAX);
        let (right, nowhere) = named(&index, &left);
        assert!(
            right > if SMALL_NODES { 40 } else { 95 } && nowhere < if SMALL_NODES { 60 } else { 5 },
            "{right} and {nowhere} of 100 after shrinking"
        );
    }

    /// The leaves, each with a word of a key within.
    fn leaves(index: &U64Index) -> Vec<(BlockId, u64)> {
        let mut leaves = Vec::new();
        let mut at = Some(index.tree.head(0));
        while let Some(leaf) = at.map(|id| index.tree.leaf(id)) {
            leaves.push((leaf.id(), leaf.word_behind(leaf.count() / 2, 0)));
            at = leaf.next();
        }
        leaves
    }

    #[test]
    fn splits_and_moved_boundaries_are_told() {
        let old: Vec<u64> = (0..50_000).map(mix).collect();
        let index = index(old.iter().copied());
        assert!(index.renew_by_force().is_some());
        // Too few for the table to be refilled.
        let (lines, before) = (index.router.leaf_table().lines(), leaves(&index));
        let new: Vec<u64> = (50_000..53_000).map(mix).collect();
        new.iter().for_each(|&key| assert!(index.insert(key, key, Existing::Replace).is_ok()));
        assert_eq!(index.router.leaf_table().lines(), lines);
        let (right, nowhere) = named(&index, &new);
        assert!(
            right > if SMALL_NODES { 40 } else { 90 } && nowhere < if SMALL_NODES { 60 } else { 5 },
            "{right} and {nowhere} of 100"
        );
        let mut fresh = leaves(&index);
        fresh.retain(|(id, _)| before.iter().all(|(old, _)| old != id));
        let told = fresh.iter().filter(|&&(id, word)| index.router.leaf(word) == Some(id)).count();
        assert!(
            told > 10 && (SMALL_NODES || told * 2 > fresh.len()),
            "{told} of {} fresh leaves",
            fresh.len()
        );
    }

    #[test]
    fn keys_of_two_words_are_named_by_the_first() {
        let index: Index<(u64, u64), u64, GlobalPool> =
            Index::new(&GlobalArena::new(), &Config::new().seed(1)).expect("memory");
        let keys: Vec<(u64, u64)> = (0..50_000).map(|i| (mix(i / 3), mix(!i))).collect();
        keys.iter().for_each(|&key| assert!(index.insert(key, 0, Existing::Replace).is_ok()));
        let found = keys.iter().filter(|&&key| index.hinted_leaf(At(key)).is_some()).count();
        assert!(found * 100 > keys.len() * 70, "{found} of {}", keys.len());
    }

    #[test]
    fn clearing_forgets_the_table() {
        let mut index = index((0..50_000).map(mix));
        assert!(index.router.leaf(mix(1)).is_some());
        index.clear();
        assert!(index.router.leaf(mix(1)).is_none());
        assert_eq!(index.hint_bytes(), 0);
        assert_eq!(index.get(mix(1)), None);
    }

    impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
        /// Refills the table, stale or not.
        fn renew_by_force(&self) -> Option<()> {
            let table = self.router.leaf_table();
            table.state.with::<crate::DefaultPlatform, _>(|state| {
                table.withdraw();
                state.leaves = 0;
                table.fill(&self.tree, 0, state)
            })
        }
    }

    #[test]
    fn where_memory_has_its_place_there_is_no_table() {
        for (replicated, by_keys) in [(false, false), (true, false), (false, true)] {
            let arena = PairedArena { replicated, by_keys };
            let index: Index<u64, u64, _> = Index::new(&arena, &Config::new().seed(1)).expect("memory");
            (0..20_000).for_each(|i| assert!(index.insert(mix(i), i, Existing::Replace).is_ok()));
            assert_eq!(index.router.leaf_table().lines() > 0, !replicated && !by_keys, "{arena:?}");
        }
    }
}
