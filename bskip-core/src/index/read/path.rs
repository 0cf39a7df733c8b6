//! Ways down the tree that chance chooses.
//!
//! On each level the way takes any of the node's slots, each with the same probability. So it reaches a pair with
//! the probability 1 / w, where w is the product of the numbers of slots that it could choose from. The average of w
//! over many ways is the number of pairs (Knuth, *Estimating the efficiency of backtrack programs*, 1975).

use crate::arena::{BlockId, BlockPool};
use crate::height::LEVELS;
use crate::index::engine::Index;
use crate::index::search::probe::At;
use crate::lock::Version;
use crate::node::{InnerShape, Leaf, LeafShape, LevelMark, Node, NodeKeys, Shape, ShapeOf};

/// A way down to a slot of a leaf.
pub(in crate::index) struct Path<'a, K: NodeKeys, V> {
    leaf: Leaf<'a, K, V>,
    version: Version,
    slot: usize,
    /// At `l`, how many pairs an entry of level `l` leads to, by this way.
    pub(in crate::index) sizes: Sizes,
}

/// For each level, how many pairs one of its entries leads to. An entry of level 0 is a pair; behind the last level
/// stands the whole map.
pub(in crate::index) type Sizes = [f64; LEVELS + 1];

impl<K: NodeKeys, V> Path<'_, K, V> {
    /// How improbable the way was: the product of the numbers of slots.
    pub(in crate::index) fn weight(&self) -> f64 {
        self.sizes[LEVELS]
    }

    /// The key to which the way has led; `None` if the leaf is empty, or has changed.
    pub(in crate::index) fn key(&self) -> Option<K::Owned> {
        if self.sizes[1] == 0.0 {
            return None;
        }
        let key = self.leaf.key(self.slot);
        self.leaf.validate(self.version).then_some(key)
    }
}

/// A slot that chance has chosen, and out of how many.
struct Choice<'a, S: Shape> {
    node: Node<'a, S>,
    version: Version,
    slot: usize,
    of: usize,
}

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// A way down from the root. `None` if something has changed meanwhile.
    pub(in crate::index) fn path_from_root(
        &self,
        random: &mut impl FnMut() -> u64,
    ) -> Option<Path<'_, K, V>> {
        let (level, head) = self.tree.root();
        self.path_from(level, head, random)
    }

    /// A way down from an entry of the level above `level` that leads to block `id`, which was issued for a node of
    /// `level`. `None` if something has changed meanwhile.
    pub(in crate::index) fn path_from(
        &self,
        level: usize,
        mut id: BlockId,
        random: &mut impl FnMut() -> u64,
    ) -> Option<Path<'_, K, V>> {
        let mut counts = [1; LEVELS];
        for level in (1..=level).rev() {
            let Choice { node, version, slot, of } = self.choose::<InnerShape<K>>(level, id, random)?;
            let child = node.child(slot);
            if !node.validate(version) {
                return None;
            }
            (counts[level], id) = (of, child?);
        }
        let Choice { node: leaf, version, slot, of } = self.choose::<LeafShape<K, V>>(0, id, random)?;
        counts[0] = of;
        let mut sizes: Sizes = [1.0; LEVELS + 1];
        for (level, count) in counts.into_iter().enumerate() {
            sizes[level + 1] = sizes[level] * count as f64;
        }
        Some(Path { leaf, version, slot, sizes })
    }

    /// Chooses among the slots of the node in block `id` and of the nodes behind it that have no entry in the level
    /// above: of the root's level, all.
    fn choose<S: ShapeOf<K>>(
        &self,
        level: usize,
        id: BlockId,
        random: &mut impl FnMut() -> u64,
    ) -> Option<Choice<'_, S>> {
        let (root, _) = self.tree.root();
        let mark = LevelMark::of(level);
        let node = self.tree.node::<S>(id);
        let version = self.tree.read_begin(node);
        if node.level() != mark {
            return None;
        }
        let of = node.count();
        let mut choice = Choice { node, version, slot: below(random(), of), of };
        let (mut node, mut version) = (node, version);
        let may_go_on = level == root || !self.heights.posts;
        while let Some(next) = node.next().filter(|_| may_go_on) {
            let high = node.high();
            if !node.validate(version) {
                return None;
            }
            if level != root && self.is_listed(level, K::borrow(&high)) {
                break;
            }
            (node, version) = self.tree.settle(self.tree.node::<S>(next), mark, At(K::borrow(&high)))?;
            let count = node.count();
            choice.of += count;
            if below(random(), choice.of) < count {
                choice = Choice { node, version, slot: below(random(), count), of: choice.of };
            }
        }
        choice.node.validate(choice.version).then_some(choice)
    }

    /// Whether a node of this level that starts at `low` has an entry in the level above.
    fn is_listed(&self, level: usize, low: K::Ref<'_>) -> bool {
        let mut backoff = self.tree.backoff();
        loop {
            let (node, version) = self.inner_at(At(low), level + 1);
            let (_, found) = node.find(low);
            if node.validate(version) {
                return found;
            }
            backoff.wait();
        }
    }
}

/// A number below `bound` that is as random as `word`; 0 if there is none.
fn below(word: u64, bound: usize) -> usize {
    ((u128::from(word) * bound as u128) >> 64) as usize
}
