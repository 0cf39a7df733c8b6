//! A key that chance chooses.

use crate::arena::BlockPool;
use crate::index::engine::Index;
use crate::node::NodeKeys;

/// How often a key is chosen in place of the one before.
const MOVES: usize = 8;

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Any key of the map, each with nearly the same probability. `None` if it has met none.
    ///
    /// A way down reaches a pair with probability 1 / w, so it prefers pairs in nodes with few slots. A chain of ways
    /// corrects this: the way behind another one takes its place with probability w' / w (Metropolis, Hastings). In
    /// the long run, all pairs are then equally probable. After m ways, the probabilities differ from that by at most
    /// (1 - a)^m, where a is the mean w divided by the greatest.
    pub(crate) fn sample(&self, mut random: impl FnMut() -> u64) -> Option<K::Owned> {
        let (mut found, mut weight) = (None, 0.0);
        for _ in 0..=MOVES {
            let Some(path) = self.path_from_root(&mut random) else { continue };
            let part = (random() >> 11) as f64 / (1u64 << 53) as f64;
            if part * weight < path.weight()
                && let Some(key) = path.key()
            {
                (found, weight) = (Some(key), path.weight());
            }
        }
        found
    }
}
