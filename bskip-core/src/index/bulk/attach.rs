//! Attaches runs of leaves to the map, at its right end, and enters them into the levels above.
//!
//! This needs exclusive access. The result is what inserting the keys in order would leave, also for the
//! promotion policy. The only exception is the map's very first leaf: it starts below every key, even if its
//! first key is tall.

use crate::arena::{AllocError, BlockId, BlockPool};
use crate::height::LEVELS;
use crate::index::bulk::run::{Part, SortedRun, Start, Stop};
use crate::index::engine::Index;
use crate::index::search::probe::Rightmost;
use crate::index::write::commit::{Commit, InnerChange};
use crate::node::{Inner, InnerShape, LevelMark, Limit, NodeKeys, Room, Unreached};

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// Links a run's leaves where `drop` finds their values: after the run `before`, or after the empty first
    /// leaf. Only one thread may do this at a time, and only before any search.
    pub(crate) fn keep(&self, part: &Part<K::Owned>, before: Option<&Part<K::Owned>>) {
        let before = before.map_or_else(|| self.tree.head(0), Part::last_leaf);
        self.tree.leaf(before).lock_unshared().reshape(Unreached).set_next(Some(part.first_leaf()));
    }

    /// Attaches the runs that were kept, in order, to the empty index.
    pub(crate) fn attach_to_empty(&mut self, parts: &[Part<K::Owned>], fill: f64) -> Result<(), AllocError> {
        self.attach(parts, self.tree.head(0), fill)
    }

    /// Attaches runs of this index after `tail`, the last leaf. Their keys must ascend, also from one run to
    /// the next, and must be above all keys of the index.
    ///
    /// The leaves are linked in any case. An error says that there was no memory for some entries. Searches
    /// then take steps to the right instead.
    fn attach(&mut self, parts: &[Part<K::Owned>], tail: BlockId, fill: f64) -> Result<(), AllocError> {
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return Ok(()) };
        // Fences come before links: if a pool's `address` panics, the leaves are still in the chain that they
        // were in.
        let is_empty =
            self.tree.root().0 == 0 && tail == self.tree.head(0) && self.tree.leaf(tail).count() == 0;
        if !is_empty {
            let low = K::kept(K::borrow(first.first()), self.tree.leaf(first.first_leaf()).low_number());
            self.tree.leaf(tail).lock_unshared().reshape(Unreached).set_high(low);
        }
        for pair in parts.windows(2) {
            let number = self.tree.leaf(pair[1].first_leaf()).low_number();
            let low = K::kept(K::borrow(pair[1].first()), number);
            self.tree.leaf(pair[0].last_leaf()).lock_unshared().reshape(Unreached).set_high(low);
        }
        for pair in parts.windows(2) {
            self.tree
                .leaf(pair[0].last_leaf())
                .lock_unshared()
                .reshape(Unreached)
                .set_next(Some(pair[1].first_leaf()));
        }
        self.tree.leaf(last.last_leaf()).lock_unshared().reshape(Unreached).set_next(None);
        if is_empty {
            self.tree.replace_only_leaf(first.first_leaf());
        } else {
            self.tree.leaf(tail).lock_unshared().reshape(Unreached).set_next(Some(first.first_leaf()));
        }
        let leaves = || parts.iter().flat_map(|part| &part.starts);
        if self.pairs.is_there() {
            self.pairs.add(leaves().map(|start| self.tree.leaf(start.leaf).count()).sum());
        }
        let starts = leaves().skip(usize::from(is_empty));
        self.enter_all(starts, fill)
    }

    /// Enters all leaves that are linked at the end of level 0 into the levels above. Returns the first
    /// error.
    fn enter_all<'k>(
        &self,
        starts: impl Iterator<Item = &'k Start<K::Owned>>,
        fill: f64,
    ) -> Result<(), AllocError>
    where
        K::Owned: 'k,
    {
        // The last nodes are found before the first is locked, because a search must not meet a lock of its
        // own thread.
        let mut found: [Option<Inner<'_, K>>; LEVELS] = [None; LEVELS];
        for (level, found) in found.iter_mut().enumerate().take(self.tree.root().0 + 1).skip(1) {
            *found = Some(self.inner_at(Rightmost, level).0);
        }
        let commit = Commit::new(self);
        let mut ends = LastNodes {
            index: self,
            commit: &commit,
            nodes: found.map(|node| node.map(|node| node.lock_unshared().reshape(&commit))),
            limit: InnerShape::<K>::limit(fill),
        };
        let mut result = Ok(());
        for start in starts {
            result = result.and(ends.enter(start));
        }
        result
    }

    /// Takes `pairs` as long as their keys ascend and are above all keys of the map. Afterwards `held` holds
    /// the first pair that was not taken, because its key does not ascend or there is no memory for it.
    pub(crate) fn append(
        &mut self,
        held: &mut Option<(K::Owned, V)>,
        pairs: &mut impl Iterator<Item = (K::Owned, V)>,
    ) -> Stop {
        if let Err(error) = self.begin_insertion() {
            return Stop::NoMemory(error);
        }
        let (tail, floor) = self.tail();
        if floor.is_none() {
            // Levels that led to leaves now empty.
            self.clear();
        }
        if let Err(stop) = self.append_to_leaf(tail, floor, held, pairs) {
            return stop;
        }
        let mut run = SortedRun::new(self, 1.0);
        let stop = run.fill(held, pairs);
        let part = run.take_part();
        drop(run);
        if let Some(part) = part {
            // As for an insertion: entries for which there is no memory stay missing.
            let _ = self.attach(&[part], tail, 1.0);
        }
        stop
    }

    /// The last leaf, and the key that all others must be above. That key is `None` if the leaf is the first
    /// and empty.
    fn tail(&self) -> (BlockId, Option<K::Owned>) {
        let (leaf, _) = self.leaf_at(Rightmost);
        let floor = match leaf.count() {
            0 => (leaf.id() != self.tree.head(0)).then(|| leaf.low()),
            count => Some(leaf.key(count - 1)),
        };
        (leaf.id(), floor)
    }

    /// Fills the last leaf. Afterwards `held` holds the first pair for the next leaf. If there is none, the
    /// error says why.
    fn append_to_leaf(
        &self,
        tail: BlockId,
        mut floor: Option<K::Owned>,
        held: &mut Option<(K::Owned, V)>,
        pairs: &mut impl Iterator<Item = (K::Owned, V)>,
    ) -> Result<(), Stop> {
        let mut leaf = self.tree.leaf(tail).lock_unshared();
        loop {
            let Some((key, value)) = pairs.next() else { return Err(Stop::End) };
            if floor.as_ref().is_some_and(|floor| K::borrow(&key) <= K::borrow(floor)) {
                *held = Some((key, value));
                return Err(Stop::NotAscending);
            }
            // An empty map's leaf is replaced, so leaves are made in one place only.
            if floor.is_none() || !leaf.has_room(K::borrow(&key)) || self.heights.of::<K>(K::borrow(&key)) > 0
            {
                *held = Some((key, value));
                return Ok(());
            }
            let string = if K::HAS_LONG && leaf.needs_number(K::borrow(&key)) {
                self.tree.hold(K::borrow(&key))
            } else {
                Ok(self.tree.hold_nothing())
            };
            let string = match string {
                Ok(string) => string,
                Err(error) => {
                    *held = Some((key, value));
                    return Err(Stop::NoMemory(error));
                }
            };
            leaf.push(K::kept(K::borrow(&key), string.number()), value);
            self.pairs.add_one();
            floor = Some(key);
        }
    }
}

/// The last node of each level, locked. Entries are added there.
pub(in crate::index) struct LastNodes<'c, K: NodeKeys, V, P: BlockPool> {
    index: &'c Index<K, V, P>,
    commit: &'c Commit<'c, K, V, P>,
    nodes: [Option<InnerChange<'c, K, V, P>>; LEVELS],
    /// How full each node is to be.
    limit: Limit,
}

impl<'c, K: NodeKeys, V, P: BlockPool> LastNodes<'c, K, V, P> {
    /// Enters the leaf to the right of those entered so far, at all levels up to its key's height. Below that
    /// height, nodes start at the key. With posting, it goes further up as long as that starts nodes.
    fn enter(&mut self, start: &Start<K::Owned>) -> Result<(), AllocError> {
        let heights = &self.index.heights;
        let height = heights.of::<K>(K::borrow(&start.low));
        // The leaf keeps the string, and nothing else happens to the map.
        let low = K::kept(K::borrow(&start.low), self.index.tree.leaf(start.leaf).low_number());
        let mut child = start.leaf;
        for level in 1..LEVELS {
            if level > height && !heights.posts {
                return Ok(());
            }
            let limit = self.limit;
            let node = self.end(level)?;
            if level >= height && node.has_room_within(limit, K::key_of(low), &child) {
                node.push(low, child);
                return Ok(());
            }
            child = self.start_node(level, low, child)?;
        }
        Ok(())
    }

    /// The last node of `level`. If the level has none, this makes it.
    fn end(&mut self, level: usize) -> Result<&mut InnerChange<'c, K, V, P>, AllocError> {
        if self.nodes[level].is_none() {
            self.index.raise(level)?;
        }
        let (tree, commit) = (&self.index.tree, self.commit);
        let first = || tree.inner(tree.head(level)).lock_unshared().reshape(commit);
        Ok(self.nodes[level].get_or_insert_with(first))
    }

    /// A new last node of `level`, with one entry.
    fn start_node(&mut self, level: usize, low: K::Kept<'_>, child: BlockId) -> Result<BlockId, AllocError> {
        let mut node = self.index.tree.acquire::<InnerShape<K>>(Some(K::key_of(low)))?.make(self.commit);
        let id = node.id();
        node.format(LevelMark::of(level), Some(low));
        if let Some(before) = &self.nodes[level] {
            node.share_with(before);
        }
        node.push(low, child);
        if let Some(mut before) = self.nodes[level].replace(node) {
            before.set_high(low);
            before.set_next(Some(id));
        }
        Ok(id)
    }
}

#[cfg(all(test, feature = "check"))]
mod tests {
    use super::*;
    use crate::arena::{GlobalArena, GlobalPool};
    use crate::config::{Config, Promotion};
    use crate::index::search::probe::At;
    use crate::node::{Node, ShapeOf};

    type U64Index = Index<u64, u64, GlobalPool>;

    const PROMOTIONS: [Promotion; 4] = [
        Promotion::Coin { one_in: 3 },
        Promotion::Coin { one_in: 64 },
        Promotion::CoinAndOverflow { one_in: 16 },
        Promotion::Overflow,
    ];

    fn key(i: u64) -> u64 {
        3 * i + 1
    }

    fn index(promotion: Promotion) -> U64Index {
        Index::new(&GlobalArena::new(), &Config::new().promotion(promotion).seed(5)).expect("memory")
    }

    fn run(index: &U64Index, range: core::ops::Range<u64>) -> Part<u64> {
        let mut pairs = range.map(|i| (key(i), i));
        let mut run = SortedRun::new(index, 1.0);
        assert!(matches!(run.fill(&mut pairs.next(), &mut pairs), Stop::End));
        run.take_part().expect("not empty")
    }

    /// The node of `level` that covers `key`, and whether it starts there.
    fn starts<S: ShapeOf<u64>>(node: Node<'_, S>, key: u64) -> bool {
        node.compare_low(key).is_eq()
    }

    /// As `insert_tall` leaves it: below a tall key's height, nodes start at the key; at its height, the key
    /// has an entry.
    #[test]
    fn tall_keys_start_nodes_as_if_inserted() {
        const N: u64 = 20_000;
        for promotion in PROMOTIONS {
            let mut index = index(promotion);
            let parts = [run(&index, 0..7000), run(&index, 7000..7001), run(&index, 7001..N)];
            assert!(index.attach_to_empty(&parts, 1.0).is_ok());
            let found = index.walk();
            assert_eq!(found.keys as u64, N);
            assert_eq!(found.unlisted == 0, index.heights.posts, "{promotion:?}: {found:?}");
            let mut tall = 0;
            for key in (1..N).map(key) {
                let height = index.heights.of::<u64>(key);
                if height == 0 {
                    continue;
                }
                tall += 1;
                assert!(starts(index.leaf_at(At(key)).0, key), "{promotion:?}: a leaf at {key}");
                for level in 1..=height {
                    let (node, _) = index.inner_at(At(key), level);
                    assert!(level == height || starts(node, key), "{promotion:?}: level {level} at {key}");
                    assert!(node.find(key).1, "{promotion:?}: the entry of {key} at level {level}");
                }
            }
            assert_eq!(tall > 0, promotion != Promotion::Overflow);
        }
    }

    #[test]
    fn searches_take_the_hint_at_once() {
        let mut index = index(Promotion::default());
        let parts = [run(&index, 0..200_000)];
        assert!(index.attach_to_empty(&parts, 1.0).is_ok());
        let hinted = (0..200_000).filter(|&i| index.hinted(At(key(i))).is_some()).count();
        assert!(hinted > 199_000, "{hinted}");
    }

    /// An appended pair must not cost a leaf.
    #[test]
    fn appending_fills_the_last_leaf_first() {
        for promotion in PROMOTIONS {
            let (mut one_by_one, mut at_once) = (index(promotion), index(promotion));
            for i in 0..5000 {
                assert!(matches!(
                    one_by_one.append(&mut None, &mut core::iter::once((key(i), i))),
                    Stop::End
                ));
            }
            assert!(matches!(at_once.append(&mut None, &mut (0..5000).map(|i| (key(i), i))), Stop::End));
            assert_eq!(one_by_one.walk(), at_once.walk(), "{promotion:?}");
        }
    }
}
