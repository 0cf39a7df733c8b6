//! Taking pairs out: `into_iter` and its relatives, and `drain`.

use super::{BSkipMap, pair};
use crate::arena::BlockArena;
use crate::index::Taking;
use crate::iter::Range;
use crate::key::Key;
use crate::taken::{IntoIter, TakePairs, takes};

impl<K: Key, V, A: BlockArena> TakePairs for BSkipMap<K, V, A> {
    type Key = K;
    type Value = V;

    #[inline]
    fn take_first(&mut self, taking: &mut Taking) -> Option<(K, V)> {
        pair(self.index.take_first(taking))
    }

    #[inline]
    fn take_last(&mut self, taking: &mut Taking) -> Option<(K, V)> {
        pair(self.index.take_last(taking))
    }

    fn pairs(&self) -> usize {
        self.len()
    }

    fn drop_pairs(&mut self) {
        self.clear();
    }
}

/// The pairs in order, without `Clone`. O(n) for all; the nodes' memory goes back when the iterator drops.
///
/// ```
/// use bskip_core::BSkipMap;
///
/// let map: BSkipMap<u64, String> = [(2, "b".to_string()), (1, "a".to_string())].into_iter().collect();
/// let pairs: Vec<(u64, String)> = map.into_iter().collect();
/// assert_eq!(pairs, [(1, "a".to_string()), (2, "b".to_string())]);
/// ```
impl<K: Key, V, A: BlockArena> IntoIterator for BSkipMap<K, V, A> {
    type Item = (K, V);
    type IntoIter = IntoIter<Self>;

    fn into_iter(self) -> IntoIter<Self> {
        IntoIter::new(self)
    }
}

impl<'a, K: Key, V: Copy, A: BlockArena> IntoIterator for &'a BSkipMap<K, V, A> {
    type Item = (K, V);
    type IntoIter = Range<'a, K, V, A>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// # Taking pairs out
impl<K: Key, V, A: BlockArena> BSkipMap<K, V, A> {
    takes!("let map = bskip_core::BSkipMap::from([(2, 'b'), (1, 'a')]);", "vec![1, 2]", "vec!['a', 'b']");
}
