//! Estimates of how many keys a range has, and of the key at a position.
//!
//! From the root down, the entries within the range are counted, level by level. On the first level that has more
//! than [`MANY`] of them, the count ends. So it visits about as many nodes there, whatever the size of the range. Ways
//! down from some of these entries tell how many pairs an entry leads to. At the two ends, where an entry is only
//! partly within the range, the entries and pairs beside the bound are counted on each level below. If no inner level
//! has that many entries, the leaves are counted.

use core::ops::{Bound, ControlFlow};

use crate::arena::{BlockId, BlockPool};
use crate::few::Few;
use crate::height::LEVELS;
use crate::index::engine::Index;
use crate::index::read::along::Stretch;
use crate::index::read::path::Sizes;
use crate::index::search::probe::At;
use crate::lock::Version;
use crate::mix::mix;
use crate::node::{Inner, InnerShape, LeafShape, LevelMark, Node, NodeKeys, ShapeOf};
use crate::simd;

/// A level with more entries than this is counted, and the levels below it are not.
const MANY: usize = 64;

/// How many ways down there are.
const SAMPLES: usize = 64;

/// The part of an entry's range that is meant, as seen from a key in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Before,
    Behind,
}

impl<K: NodeKeys, V, P: BlockPool> Index<K, V, P> {
    /// About how many keys are between the bounds.
    pub(crate) fn estimate_range(&self, lower: Bound<K::Owned>, upper: Bound<K::Owned>) -> usize {
        let (from, to) = (key_of::<K>(&lower), key_of::<K>(&upper));
        let mut backoff = self.tree.backoff();
        loop {
            // Again in each turn: other threads may remove the entries.
            let Some((level, entries)) = self.crowded_level(from, to) else {
                return self.count_range(lower, upper);
            };
            let (mut sums, mut samples) = ([0.0; LEVELS + 1], 0);
            let _ = self.sample_entries(level, entries, from, to, |sizes| {
                sums.iter_mut().zip(sizes).for_each(|(sum, size)| *sum += size);
                samples += 1;
                ControlFlow::<()>::Continue(())
            });
            if samples > 0 {
                let sizes = sums.map(|sum| sum / f64::from(samples));
                let pairs = entries as f64 * sizes[level]
                    + self.pairs_beside(Part::Behind, &lower, level, &sizes)
                    + self.pairs_beside(Part::Before, &upper, level, &sizes);
                return (pairs + 0.5) as usize;
            }
            backoff.wait();
        }
    }

    /// A key that is about the `n`th of the map, from 0 on. It need not be in the map. `None` if there are probably no
    /// more than `n` keys.
    pub(crate) fn estimate_nth(&self, n: usize) -> Option<K::Owned> {
        let mut backoff = self.tree.backoff();
        loop {
            let Some((level, entries)) = self.crowded_level(None, None) else {
                return self.read_entry::<LeafShape<K, V>, _>(0, n, |leaf, slot| leaf.key(slot));
            };
            // Each sample stands for as many entries.
            let stride = entries as f64 / entries.min(SAMPLES) as f64;
            let (mut left, mut at) = (n as f64, 0.0);
            let place = self.sample_entries(level, entries, None, None, |sizes| {
                let pairs = stride * sizes[level];
                if left < pairs {
                    return ControlFlow::Break(at + left / sizes[level]);
                }
                (left, at) = (left - pairs, at + stride);
                ControlFlow::Continue(())
            });
            let place = place.break_value()?;
            if let Some(key) = self.key_near(level, place) {
                return Some(key);
            }
            backoff.wait();
        }
    }

    /// The highest level on which more than [`MANY`] entries lie within the range, and their number. `None` if no inner
    /// level has that many.
    fn crowded_level<'k>(&self, from: Option<K::Ref<'k>>, to: Option<K::Ref<'k>>) -> Option<(usize, usize)> {
        (1..=self.tree.root().0).rev().find_map(|level| {
            let entries =
                self.along::<InnerShape<K>>(level, from, to).map(|stretch| stretch.slots.len()).sum();
            (entries > MANY).then_some((level, entries))
        })
    }

    /// Calls `f` with what a way down tells, for some entries of `level` within the range, from left to right. They
    /// have the same distance from each other. `entries` is the number of entries there. Always chooses the same
    /// entries and ways, as long as the map stays the same.
    fn sample_entries<'k, B>(
        &self,
        level: usize,
        entries: usize,
        from: Option<K::Ref<'k>>,
        to: Option<K::Ref<'k>>,
        mut f: impl FnMut(&Sizes) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        let samples = entries.min(SAMPLES);
        let mut seed = entries as u64;
        let mut random = || {
            seed = mix(seed);
            seed
        };
        let (mut passed, mut sample) = (0, 0);
        for Stretch { node, version, slots } in self.along::<InnerShape<K>>(level, from, to) {
            let mut children: Few<BlockId, SAMPLES> = Few::new();
            while sample < samples {
                let place = (2 * sample + 1) * entries / (2 * samples) - passed;
                if place >= slots.len() {
                    break;
                }
                node.child(slots.start + place).map(|child| children.push(child));
                sample += 1;
            }
            passed += slots.len();
            // Without these samples, others count for more.
            if !node.validate(version) {
                continue;
            }
            for &child in children.as_slice() {
                self.prefetch_header(level - 1, child);
            }
            for &child in children.as_slice() {
                if let Some(path) = self.path_from(level - 1, child, &mut random) {
                    f(&path.sizes)?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Prefetches what tells how many slots a node of this level has. The pool of that level has issued its block.
    fn prefetch_header(&self, level: usize, id: BlockId) {
        let lock = if level == 0 { self.tree.leaf(id).lock() } else { self.tree.inner(id).lock() };
        simd::prefetch(core::ptr::from_ref(lock).cast());
    }

    /// About how many keys lie between the bound and the end, or the start, of the range of the entry of `level` that
    /// leads to the bound.
    fn pairs_beside(&self, part: Part, bound: &Bound<K::Owned>, level: usize, sizes: &Sizes) -> f64 {
        let Some(key) = key_of::<K>(bound) else { return 0.0 };
        let is_included = matches!(bound, Bound::Included(_));
        let of = |rank: usize, count: usize| if part == Part::Before { rank } else { count - rank };
        let mut pairs = 0.0;
        for (level, size) in sizes.iter().enumerate().take(level).skip(1) {
            let (rank, _, count) = self.rank_in_node::<InnerShape<K>>(key, level);
            // The entry that leads to the bound is that before the rank. The next levels count its part.
            let before = usize::from(part == Part::Before);
            pairs += of(rank.saturating_sub(before), count) as f64 * size;
        }
        let (rank, found, count) = self.rank_in_node::<LeafShape<K, V>>(key, 0);
        let is_passed = is_included == (part == Part::Before);
        pairs + of(rank - usize::from(found && !is_passed), count) as f64
    }

    /// How many keys of the node at `key` are at most `key`, whether one of them is `key`, and how many it has.
    fn rank_in_node<S: ShapeOf<K>>(&self, key: K::Ref<'_>, level: usize) -> (usize, bool, usize) {
        let mut backoff = self.tree.backoff();
        loop {
            let (node, version) = self.node_at::<S>(At(key), level);
            let ((rank, found), count) = (node.find(key), node.count());
            if node.validate(version) {
                return (rank, found, count);
            }
            backoff.wait();
        }
    }

    /// A key near the place `at` among the entries of `level`, the first of which is at 0. `None` if something has
    /// changed meanwhile.
    fn key_near(&self, level: usize, at: f64) -> Option<K::Owned> {
        let child = |node: Inner<'_, K>, slot| node.child(slot);
        let mut id = self.read_entry::<InnerShape<K>, _>(level, at as usize, child)??;
        let mut part = at - at as usize as f64;
        for level in (1..level).rev() {
            let (node, version, slot) = self.part_of_node::<InnerShape<K>>(level, id, &mut part)?;
            let child = node.child(slot);
            if !node.validate(version) {
                return None;
            }
            id = child?;
        }
        let (leaf, version, slot) = self.part_of_node::<LeafShape<K, V>>(0, id, &mut part)?;
        let key = if slot < leaf.count() { leaf.key(slot) } else { leaf.low() };
        leaf.validate(version).then_some(key)
    }

    /// The slot of the node in block `id` before which a `part` of its slots lie. Leaves in `part` what is left of the
    /// slot. `None` if there is no node of this level.
    fn part_of_node<S: ShapeOf<K>>(
        &self,
        level: usize,
        id: BlockId,
        part: &mut f64,
    ) -> Option<(Node<'_, S>, Version, usize)> {
        let node = self.tree.node::<S>(id);
        let version = self.tree.read_begin(node);
        let place = *part * node.count() as f64;
        let slot = place as usize;
        *part = place - slot as f64;
        (node.level() == LevelMark::of(level)).then_some((node, version, slot))
    }

    /// What `read` returns for entry number `place` of the level; `None` if the level has fewer entries.
    fn read_entry<S: ShapeOf<K>, T>(
        &self,
        level: usize,
        place: usize,
        read: impl Fn(Node<'_, S>, usize) -> T,
    ) -> Option<T> {
        let mut backoff = self.tree.backoff();
        loop {
            let mut left = place;
            let is_it = |stretch: &Stretch<'_, S>| {
                let is_it = left < stretch.slots.len();
                left -= if is_it { 0 } else { stretch.slots.len() };
                is_it
            };
            let Stretch { node, version, slots } = self.along::<S>(level, None, None).find(is_it)?;
            let entry = read(node, slots.start + left);
            if node.validate(version) {
                return Some(entry);
            }
            backoff.wait();
        }
    }
}

fn key_of<K: NodeKeys>(bound: &Bound<K::Owned>) -> Option<K::Ref<'_>> {
    match bound {
        Bound::Included(key) | Bound::Excluded(key) => Some(K::borrow(key)),
        Bound::Unbounded => None,
    }
}
