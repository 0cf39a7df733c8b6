//! Fills the table of nodes from the entries of level 2, and decides when they have changed too much.

use alloc::vec::Vec;
use core::marker::PhantomData;

use crate::arena::{BlockId, BlockPool};
use crate::index::route::node_table::plan::{Plan, Separator};
use crate::index::route::node_table::table::{MOST_STEPS, NO_HINT, NodeTable};
use crate::index::route::stem::stem_of;
use crate::index::tree::Tree;
use crate::node::{LevelMark, NodeKeys};
use crate::sync::Ordering;

/// The table is rewritten when level 2 has changed by one part in `STALE`…
pub(in crate::index) const STALE: usize = 8;
/// …or in `STALE_SOON`, if other threads were changing level 1 when it was written.
pub(in crate::index) const STALE_SOON: usize = 8 * STALE;

impl NodeTable {
    /// Rewrites the table, unless another thread is doing so, or other threads are changing level 2.
    /// Afterwards calls `stale` with the length of the stem. It returns a number *n*: the table becomes stale
    /// again when 1/*n* of level 2 has changed.
    pub(in crate::index) fn fill<K: NodeKeys, V, P: BlockPool>(
        &self,
        tree: &Tree<K, V, P>,
        stale: impl FnOnce(usize) -> usize,
    ) {
        self.tables.try_with(|tables| {
            let seen = self.changes.load(Ordering::Relaxed);
            let Some(stem) = stem_of(tree) else { return };
            let Some(level_2) = separators_of_level_2(tree, stem) else { return };
            self.changes.fetch_sub(seen, Ordering::Relaxed);
            self.stem.set(stem);
            self.write(tables, Plan::new(&level_2.found).as_ref());
            // By the entries, not by the separators: these are few if most keys begin with the same word, and a
            // rewrite reads all entries.
            self.bearable.store(level_2.entries / stale(stem), Ordering::Relaxed);
        });
    }
}

/// The entries of level 2, by their words. Those of a node are all read in one state of it. `None` if there is no memory, or
/// if level 2 changed meanwhile.
#[cold]
pub(in crate::index) fn separators_of_level_2<K: NodeKeys, V, P: BlockPool>(
    tree: &Tree<K, V, P>,
    stem: usize,
) -> Option<Separators<K>> {
    let mut separators = Separators::<K>::default();
    let mut at = (tree.root().0 >= 2).then(|| tree.head(2));
    while let Some(id) = at {
        let node = tree.inner(id);
        let version = node.try_read_begin()?;
        for slot in 0..node.count() {
            separators.add(node.word_behind(slot, stem), node.child(slot)?)?;
        }
        let is_linked = node.level() == LevelMark::of(2);
        at = node.next();
        if !node.validate(version) || !is_linked {
            return None;
        }
    }
    separators.end_run()?;
    Some(separators)
}

/// Makes strictly ascending separators from the entries of level 2.
pub(in crate::index) struct Separators<K: NodeKeys> {
    found: Vec<Separator>,
    /// How many entries were added.
    entries: usize,
    /// The last entries that begin with the same word: that word, the number of entries, and the node of the
    /// last one.
    run: Option<(u64, usize, u32)>,
    _keys: PhantomData<fn() -> K>,
}

impl<K: NodeKeys> Default for Separators<K> {
    fn default() -> Self {
        Self { found: Vec::new(), entries: 0, run: None, _keys: PhantomData }
    }
}

impl<K: NodeKeys> Separators<K> {
    /// Adds an entry. Returns `None` if it is out of order, which means that its node has moved.
    fn add(&mut self, word: u64, node: BlockId) -> Option<()> {
        let node = node.0.get();
        self.entries += 1;
        if K::ONE_WORD {
            let is_ascending = self.found.last().is_none_or(|&(last, _)| last < word || last == 0);
            return if is_ascending { self.push(word, node) } else { None };
        }
        match &mut self.run {
            Some((last, _, _)) if *last > word => None,
            Some((last, count, end)) if *last == word => {
                *count += 1;
                *end = node;
                Some(())
            }
            _ => {
                self.end_run()?;
                self.run = Some((word, 1, node));
                Some(())
            }
        }
    }

    /// For keys of several words. If the fences of several nodes begin with the same word, keys with greater
    /// words go to the last of these nodes. For keys that begin with that very word, the word alone does not
    /// decide. They go to the node before, if the right one is at most `MOST_STEPS` steps away.
    fn end_run(&mut self) -> Option<()> {
        let Some((word, count, node)) = self.run.take() else { return Some(()) };
        if count > MOST_STEPS {
            if self.found.last().is_some_and(|&(last, _)| last == word) {
                self.found.pop();
            }
            self.push(word, NO_HINT)?;
        }
        match word.checked_add(1) {
            Some(above) => self.push(above, node),
            None => Some(()),
        }
    }

    fn push(&mut self, word: u64, node: u32) -> Option<()> {
        self.found.try_reserve(1).ok()?;
        self.found.push((word, node));
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::tree::block;

    /// Entries of nodes 1, 2, … that begin with these words, as separators.
    fn separators<K: NodeKeys>(words: &[u64]) -> Option<Vec<Separator>> {
        let mut separators = Separators::<K>::default();
        for (&word, node) in words.iter().zip(1..) {
            separators.add(word, block(node)?)?;
        }
        separators.end_run()?;
        Some(separators.found)
    }

    #[test]
    fn entries_that_have_moved_make_no_separators() {
        assert_eq!(separators::<u64>(&[0, 5, 9]).as_deref(), Some(&[(0, 1), (5, 2), (9, 3)][..]));
        // Key 0 may head a node that is not the first.
        assert_eq!(separators::<u64>(&[0, 0, 9]).as_deref(), Some(&[(0, 1), (0, 2), (9, 3)][..]));
        assert_eq!(separators::<u64>(&[0, 9, 5]), None);
        assert_eq!(separators::<u64>(&[0, 9, 9]), None);
        assert_eq!(separators::<u128>(&[0, 9, 5]), None);
    }

    /// The number of entries says when the table is stale.
    #[test]
    fn entries_that_begin_with_one_word_all_count() {
        let mut separators = Separators::<(u64, u64)>::default();
        for number in 1..=100 {
            separators
                .add(if number == 1 { 0 } else { 7 }, block(number).expect("not zero"))
                .expect("in order");
        }
        separators.end_run().expect("memory");
        assert_eq!((separators.found.len(), separators.entries), (3, 100));
    }

    #[test]
    fn equal_first_words_are_for_the_node_before_or_for_none() {
        type Two = (u64, u64);
        let of = |words: &[u64]| separators::<Two>(words).expect("in order");
        assert_eq!(of(&[0, 5, 9]), [(1, 1), (6, 2), (10, 3)]);
        assert_eq!(of(&[0, 5, 5, 5, 9]), [(1, 1), (6, 4), (10, 5)]);
        assert_eq!(of(&[0, 5, 5, 5, 5, 6]), [(1, 1), (5, NO_HINT), (6, 5), (7, 6)]);
        assert_eq!(of(&[0, 5, 6, 6, 6, 6, 9]), [(1, 1), (6, NO_HINT), (7, 6), (10, 7)]);
        assert_eq!(of(&[0, u64::MAX]), [(1, 1)]);
    }
}
