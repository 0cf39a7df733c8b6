//! Finding the node that is authoritative for a place among the keys, from the root down.

use super::Index;
use crate::arena::{BlockId, BlockPool};
use crate::backoff::Backoff;
use crate::key::KeyWords;
use crate::lock::Version;
use crate::node::{Inner, InnerShape, Leaf, LeafShape, LevelMark, Node, Shape};

/// A place among the keys that a search looks for.
pub(super) trait Probe<K: KeyWords>: Copy {
    /// The first word of a key close to the place.
    fn word(self) -> u64;
    /// How many of the node's slots lie before the place.
    fn rank<S: Shape<Key = K>>(self, node: Node<'_, S>) -> usize;
    /// Whether the place is left of the node.
    fn is_left_of<S: Shape<Key = K>>(self, node: Node<'_, S>) -> bool;
    /// Whether the place is right of the node, if there is a next one.
    fn is_right_of<S: Shape<Key = K>>(self, node: Node<'_, S>) -> bool;
    /// The same place, for code that is not to be compiled for each kind of place.
    fn any(self) -> Any<K>;
}

/// A place of any kind.
#[derive(Clone, Copy)]
pub(super) enum Any<K> {
    At(At<K>),
    Before(Before<K>),
    End(End),
}

impl<K: KeyWords> Probe<K> for Any<K> {
    fn word(self) -> u64 {
        match self {
            Self::At(place) => place.word(),
            Self::Before(place) => place.word(),
            Self::End(place) => Probe::<K>::word(place),
        }
    }
    fn rank<S: Shape<Key = K>>(self, node: Node<'_, S>) -> usize {
        match self {
            Self::At(place) => place.rank(node),
            Self::Before(place) => place.rank(node),
            Self::End(place) => place.rank(node),
        }
    }
    fn is_left_of<S: Shape<Key = K>>(self, node: Node<'_, S>) -> bool {
        match self {
            Self::At(place) => place.is_left_of(node),
            Self::Before(place) => place.is_left_of(node),
            Self::End(place) => place.is_left_of(node),
        }
    }
    fn is_right_of<S: Shape<Key = K>>(self, node: Node<'_, S>) -> bool {
        match self {
            Self::At(place) => place.is_right_of(node),
            Self::Before(place) => place.is_right_of(node),
            Self::End(place) => place.is_right_of(node),
        }
    }
    fn any(self) -> Self {
        self
    }
}

/// Where this key is or would be: `low ≤ key < high`.
#[derive(Clone, Copy)]
pub(super) struct At<K>(pub(super) K);

impl<K: KeyWords> Probe<K> for At<K> {
    #[inline(always)]
    fn word(self) -> u64 {
        self.0.word(0)
    }
    #[inline(always)]
    fn rank<S: Shape<Key = K>>(self, node: Node<'_, S>) -> usize {
        node.rank(self.0)
    }
    #[inline(always)]
    fn is_left_of<S: Shape<Key = K>>(self, node: Node<'_, S>) -> bool {
        node.compare_low(self.0).is_lt()
    }
    #[inline(always)]
    fn is_right_of<S: Shape<Key = K>>(self, node: Node<'_, S>) -> bool {
        node.compare_high(self.0).is_ge()
    }
    #[inline(always)]
    fn any(self) -> Any<K> {
        Any::At(self)
    }
}

/// Just before this key, which is not the least of all: `low < key ≤ high`.
#[derive(Clone, Copy)]
pub(super) struct Before<K>(pub(super) K);

impl<K: KeyWords> Before<K> {
    /// `None` for the key before which there is none.
    pub(super) fn new(key: K) -> Option<Self> {
        (0..K::WORDS).any(|i| key.word(i) != 0).then_some(Self(key))
    }
}

impl<K: KeyWords> Probe<K> for Before<K> {
    fn word(self) -> u64 {
        self.0.word(0).saturating_sub(1)
    }
    fn rank<S: Shape<Key = K>>(self, node: Node<'_, S>) -> usize {
        let (rank, found) = node.find(self.0);
        rank - usize::from(found)
    }
    fn is_left_of<S: Shape<Key = K>>(self, node: Node<'_, S>) -> bool {
        node.compare_low(self.0).is_le()
    }
    fn is_right_of<S: Shape<Key = K>>(self, node: Node<'_, S>) -> bool {
        node.compare_high(self.0).is_gt()
    }
    #[inline(always)]
    fn any(self) -> Any<K> {
        Any::Before(self)
    }
}

/// Behind every key.
#[derive(Clone, Copy)]
pub(super) struct End;

impl<K: KeyWords> Probe<K> for End {
    fn word(self) -> u64 {
        u64::MAX
    }
    fn rank<S: Shape<Key = K>>(self, node: Node<'_, S>) -> usize {
        node.count()
    }
    fn is_left_of<S: Shape<Key = K>>(self, _: Node<'_, S>) -> bool {
        false
    }
    fn is_right_of<S: Shape<Key = K>>(self, _: Node<'_, S>) -> bool {
        true
    }
    #[inline(always)]
    fn any(self) -> Any<K> {
        Any::End(self)
    }
}

/// Steps to the right from a hinted node, at most: more, and the way from the root is shorter.
pub(super) const MOST_STEPS: usize = 3;
/// The same from a hinted leaf, each of which waits for memory.
pub(super) const LEAF_STEPS: usize = 2;

/// A node, and the version under which it was found to be the one.
pub(super) type Found<'a, S> = (Node<'a, S>, Version);

impl<K: KeyWords, V, P: BlockPool> Index<K, V, P> {
    /// The leaf at `probe`. Believe nothing of it before it validates.
    #[inline(always)]
    pub(super) fn leaf_at(&self, probe: impl Probe<K>) -> (Leaf<'_, K, V>, Version) {
        if let Some(found) = self.try_leaf_at(probe) {
            return found;
        }
        self.retry(|| self.try_leaf_at(probe))
    }

    /// The node of `level` at `probe`; the level exists and is not 0.
    pub(super) fn inner_at(&self, probe: impl Probe<K>, level: usize) -> (Inner<'_, K>, Version) {
        if let Some(found) = self.try_inner_at(probe, level) {
            return found;
        }
        self.retry(|| self.try_inner_at(probe, level))
    }

    #[cold]
    #[inline(never)]
    fn retry<T>(&self, mut attempt: impl FnMut() -> Option<T>) -> T {
        let mut backoff = Backoff::<P::Relax>::new();
        loop {
            backoff.wait();
            if let Some(found) = attempt() {
                return found;
            }
        }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn try_leaf_at(&self, probe: impl Probe<K>) -> Option<Found<'_, LeafShape<K, V>>> {
        if let Some(found) = self.hinted_leaf(probe) {
            return Some(found);
        }
        self.try_leaf_by_levels(probe)
    }

    /// As [`try_leaf_at`](Self::try_leaf_at), without the hint table of leaves.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn try_leaf_by_levels(&self, probe: impl Probe<K>) -> Option<Found<'_, LeafShape<K, V>>> {
        let (level, head) = self.root();
        let leaf = if level == 0 {
            self.leaf(head)
        } else {
            let (parent, version) = match self.hinted(probe) {
                Some(found) => found,
                // Where there are replicas there is no hint for this search.
                None => match self.replicated_leaf(probe) {
                    Some(found) => return Some(found),
                    None => self.try_inner_at(probe, 1)?,
                },
            };
            self.leaf(Self::child_at(parent, version, probe)?)
        };
        leaf.prefetch();
        self.settle(leaf, LevelMark::of(0), probe)
    }

    /// The leaf at `probe`, if the hint table of leaves knows it or one close to its left.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn hinted_leaf(&self, probe: impl Probe<K>) -> Option<Found<'_, LeafShape<K, V>>> {
        let leaf = self.leaf(self.leaf_hints.find(probe.word())?);
        leaf.prefetch();
        self.settle_hinted(leaf, probe)
    }

    /// As [`leaf_at`](Self::leaf_at), for who will read on from there: if the hint table of leaves knows the leaf behind,
    /// that is loaded at the same time.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn leaf_at_and_behind(&self, probe: impl Probe<K>) -> (Leaf<'_, K, V>, Version) {
        let hinted = self.leaf_hints.find_two(probe.word()).and_then(|(leaf, behind)| {
            let leaf = self.leaf(leaf);
            leaf.prefetch_whole();
            if let Some(behind) = behind {
                self.leaf(behind).prefetch_pairs();
            }
            self.settle_hinted(leaf, probe)
        });
        match hinted.or_else(|| self.try_leaf_by_levels(probe)) {
            Some(found) => found,
            None => self.retry(|| self.try_leaf_at(probe)),
        }
    }

    /// From a leaf that the hint table named, the leaf at `probe`.
    #[inline(always)]
    fn settle_hinted<'a>(
        &'a self,
        leaf: Leaf<'a, K, V>,
        probe: impl Probe<K>,
    ) -> Option<Found<'a, LeafShape<K, V>>> {
        self.settle_within::<_, LEAF_STEPS>(leaf, LevelMark::of(0), probe)
    }

    /// The level-1 node at `probe`, if the hint table knows it or one close to its left.
    #[inline(always)]
    pub(super) fn hinted(&self, probe: impl Probe<K>) -> Option<Found<'_, InnerShape<K>>> {
        let node = self.inner(self.hints.find(probe.word())?);
        node.prefetch();
        self.settle_within::<_, MOST_STEPS>(node, LevelMark::of(1), probe)
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn try_inner_at(
        &self,
        probe: impl Probe<K>,
        target: usize,
    ) -> Option<Found<'_, InnerShape<K>>> {
        let (mut level, head) = self.root();
        debug_assert!(level >= target, "whoever looks for a level has raised the root, or read it there");
        let mut node = self.inner(head);
        loop {
            let (here, version) = self.settle(node, LevelMark::of(level), probe)?;
            if level == target {
                return Some((here, version));
            }
            node = self.inner(Self::child_at(here, version, probe)?);
            node.prefetch();
            level -= 1;
        }
    }

    /// The child to follow from `node`, validated: a block that the level below has, or had, a node in.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn child_at(node: Inner<'_, K>, version: Version, probe: impl Probe<K>) -> Option<BlockId> {
        // The first entry of a node stands at its low fence, so a valid rank is at least 1.
        let child = node.child(probe.rank(node).saturating_sub(1));
        if node.validate(version) { child } else { None }
    }

    /// From `node`, which may be too far left, to the right one of its level; `None` if it is none of them.
    #[inline(always)]
    pub(super) fn settle<'a, S: Shape<Key = K>>(
        &'a self,
        node: Node<'a, S>,
        mark: LevelMark,
        probe: impl Probe<K>,
    ) -> Option<Found<'a, S>> {
        self.settle_within::<S, { usize::MAX }>(node, mark, probe)
    }

    /// As [`settle`](Self::settle), but gives up after `STEPS` steps to the right; and at a locked node, if there
    /// is a limit: a hint is not worth waiting for.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn settle_within<'a, S: Shape<Key = K>, const STEPS: usize>(
        &'a self,
        node: Node<'a, S>,
        mark: LevelMark,
        probe: impl Probe<K>,
    ) -> Option<Found<'a, S>> {
        self.walk_right::<S, STEPS>(node, mark, probe, |id| self.node::<S>(id))
    }

    /// As [`settle_within`](Self::settle_within), with what `node_of` says is the node in a block.
    #[inline(always)]
    pub(super) fn walk_right<'a, S: Shape<Key = K>, const STEPS: usize>(
        &'a self,
        mut node: Node<'a, S>,
        mark: LevelMark,
        probe: impl Probe<K>,
        node_of: impl Fn(BlockId) -> Node<'a, S>,
    ) -> Option<Found<'a, S>> {
        let mut steps = 0;
        loop {
            let version = if STEPS == usize::MAX { node.read_begin() } else { node.try_read_begin()? };
            if node.level() != mark || probe.is_left_of(node) {
                return None;
            }
            if !probe.is_right_of(node) {
                return Some((node, version));
            }
            let next = node.next();
            if !node.validate(version) {
                return None;
            }
            match next {
                Some(_) if steps == STEPS => return None,
                Some(next) => {
                    node = node_of(next);
                    steps += 1;
                }
                None => return Some((node, version)),
            }
        }
    }
}
