//! Where the hint table comes from: the entries of level 2, and when they have changed too much.

use alloc::vec::Vec;
use core::marker::PhantomData;

use super::plan::{Plan, Separator};
use super::{Hints, NO_HINT, Table};
use crate::arena::{BlockId, BlockPool, Numa};
use crate::index::Index;
use crate::index::descend::MOST_STEPS;
use crate::key::KeyWords;
use crate::node::LevelMark;
use crate::sync::Ordering;

/// The table is rebuilt when level 2 has changed by one part in so many.
pub(super) const STALE: usize = 8;

impl<K: KeyWords, V, P: BlockPool> Index<K, V, P> {
    /// To be called, without a lock, after the node of level 1 that starts at `low` has got its entry.
    pub(in crate::index) fn note_entry_of_level_2(&self, low: K, node: BlockId) {
        // Of several words, keys that begin with the same one may be left of the node.
        if let Some(word) = low.word(0).checked_add(u64::from(K::WORDS > 1)) {
            self.all_hints().for_each(|hints| hints.learn(word, node));
        }
        self.note_change_of_level_2();
    }

    /// To be called, without a lock, after level 2 has got or lost an entry. What the table says of a node that
    /// has ended leads to a search from the root.
    pub(in crate::index) fn note_change_of_level_2(&self) {
        self.note_changes_of_level_2(1);
    }

    /// The same for several entries at once.
    pub(in crate::index) fn note_changes_of_level_2(&self, changes: usize) {
        let here = if self.replicas > 0 { self.inners.nearest_replica() } else { 0 };
        for (replica, hints) in self.all_hints().enumerate() {
            // Only a thread of its own node writes a table anew: then its memory is there, too.
            if hints.note_changes(changes) && replica == here {
                self.renew(hints);
            }
        }
    }

    /// Writes a table anew, unless another thread does, or others are changing level 2.
    pub(in crate::index) fn renew(&self, hints: &Hints) {
        hints.tables.try_with(|tables| self.rebuild_hints(hints, tables));
    }

    /// Writes the table anew, unless other threads are changing level 2.
    #[cold]
    fn rebuild_hints(&self, hints: &Hints, tables: &mut Vec<Table>) -> Option<()> {
        let seen = hints.changes.load(Ordering::Relaxed);
        let mut separators = Separators::<K>::default();
        self.visit_level_2(&mut separators)?;
        hints.changes.fetch_sub(seen, Ordering::Relaxed);
        hints.write(tables, Plan::new(&separators.found).as_ref());
        // What others were changing is to be tried again soon.
        let stale = if self.renew_leaf_hints() { STALE } else { 8 * STALE };
        hints.bearable.store(separators.found.len() / stale, Ordering::Relaxed);
        Some(())
    }

    /// Adds the entries of level 2, each node's as they were in one state of it. `None` if there is no memory,
    /// or what was found is of no one time.
    fn visit_level_2(&self, separators: &mut Separators<K>) -> Option<()> {
        let mut at = (self.root().0 >= 2).then(|| self.head(2));
        while let Some(id) = at {
            let node = self.inner(id);
            let version = node.try_read_begin()?;
            for slot in 0..node.count() {
                separators.add(node.first_word(slot), node.child(slot)?)?;
            }
            let is_linked = node.level() == LevelMark::of(2);
            at = node.next();
            if !node.validate(version) || !is_linked {
                return None;
            }
        }
        separators.end_run()
    }
}
/// Makes separators, strictly ascending, of the entries of level 2.
struct Separators<K> {
    found: Vec<Separator>,
    /// The last entries that begin with the same word: the word, how many they are, the last one's node.
    run: Option<(u64, usize, u32)>,
    _keys: PhantomData<K>,
}

impl<K> Default for Separators<K> {
    fn default() -> Self {
        Self { found: Vec::new(), run: None, _keys: PhantomData }
    }
}

impl<K: KeyWords> Separators<K> {
    /// Adds an entry. `None` if it is out of order: its node had moved.
    fn add(&mut self, word: u64, node: BlockId) -> Option<()> {
        let node = node.0.get();
        if K::WORDS == 1 {
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

    /// Keys of several words: of nodes whose fences begin with the same word, greater words are for the last.
    /// Where a key with that very word is, the word does not tell: the node before them is at most so many
    /// steps away.
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
    use crate::index::block;

    /// Entries of nodes 1, 2, … that begin with these words, as separators.
    fn separators<K: KeyWords>(words: &[u64]) -> Option<Vec<Separator>> {
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
        // Key 0 may head a node besides the first.
        assert_eq!(separators::<u64>(&[0, 0, 9]).as_deref(), Some(&[(0, 1), (0, 2), (9, 3)][..]));
        assert_eq!(separators::<u64>(&[0, 9, 5]), None);
        assert_eq!(separators::<u64>(&[0, 9, 9]), None);
        assert_eq!(separators::<u128>(&[0, 9, 5]), None);
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
