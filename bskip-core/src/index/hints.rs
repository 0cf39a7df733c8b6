//! The hint table: from a key straight to the level-1 node that most likely covers it, in place of the search
//! through the levels above.
//!
//! Most of a lookup's instructions, and all of its dependent steps but two, are spent above level 1, on about
//! one node in two thousand of the map's. The table holds the entries of level 2 once more, spread out over
//! the range of keys: an *area* is a base and a scale that take a key to one of its buckets, and a bucket
//! knows the node before and the node behind one separator. Where keys crowd, a bucket leads to an area of its
//! own, so skewed keys cost a second step and not the table.
//!
//! Nothing depends on the table being right: the search checks the node that it names as it checks any other,
//! steps right a little, and else descends from the root. So the table is never locked for readers, and not
//! told of every split: it is written anew, in place, after level 2 has changed by an eighth.
//!
//! Its memory, about 100 bytes for a node of level 1, which is 1/1000 of the map's, is from the global allocator.

use alloc::vec::Vec;
use core::num::NonZeroU32;
use core::ptr;

use super::Index;
use crate::arena::{BlockId, NodePool};
use crate::key::Key;
use crate::node::LevelMark;
use crate::spin::SpinLock;
use crate::sync::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};

/// Buckets for each separator: with 3, a bucket with more than one separator is the exception.
const SPREAD: usize = 3;
/// Separators in a bucket from which on it gets an area of its own; fewer are reached by steps to the right.
const CROWD: usize = 4;
/// Areas within areas. Keys that still crowd then share their prefixes in every way that matters.
const DEPTH: usize = 6;
/// Tables that a map can have: each is twice as large as the one before.
const TABLES: usize = 32;
/// The table is rebuilt when level 2 has changed by one part in so many.
const STALE: usize = 8;

/// See the module.
pub(super) struct Hints {
    /// The table in use, null before the first.
    current: AtomicPtr<Table>,
    /// Changes to level 2 since the table was built, and how many make it stale.
    changes: AtomicUsize,
    bearable: AtomicUsize,
    /// All tables, the last one in use. Its capacity is `TABLES` from the first on, so they never move.
    tables: SpinLock<Vec<Table>>,
}

/// Areas, of which the first is for all keys, and buckets. Their numbers are fixed, their contents are not.
struct Table {
    areas: Vec<Area>,
    buckets: Vec<Bucket>,
}

/// Equal buckets over a range of keys, by their first words.
#[derive(Default)]
struct Area {
    /// The word where bucket 0 starts; it is also for all below.
    base: AtomicU64,
    /// Buckets for each word, as a fraction of 2^64.
    scale: AtomicU64,
    /// Its first bucket.
    first: AtomicU32,
    /// How many follow.
    last: AtomicU32,
}

/// A separator, and the nodes on either side of it.
#[derive(Default)]
struct Bucket {
    /// Words from here on are for the second node.
    at: AtomicU64,
    /// The two nodes' blocks, the first one in the lower half; or 0 and the number of an area. Whatever is
    /// found here was stored by `set`, so a block is one that the pool of inner nodes has issued.
    nodes: AtomicU64,
}

impl Hints {
    pub(super) fn new() -> Self {
        Self {
            current: AtomicPtr::new(ptr::null_mut()),
            changes: AtomicUsize::new(0),
            bearable: AtomicUsize::new(0),
            tables: SpinLock::new(Vec::new()),
        }
    }

    /// The level-1 node where a search for keys with this first word had better start, if there is a table.
    #[inline(always)]
    pub(super) fn find(&self, word: u64) -> Option<BlockId> {
        let (bucket, nodes, _) = self.bucket(word)?;
        // A shift, not a branch: the processor would guess it wrong every other time.
        let is_behind = word >= bucket.at.load(Ordering::Relaxed);
        NonZeroU32::new((nodes >> (32 * u32::from(is_behind))) as u32).map(BlockId)
    }

    /// The bucket for `word`, the two nodes that it names, and whether it is the last of its area.
    #[inline(always)]
    fn bucket(&self, word: u64) -> Option<(&Bucket, u64, bool)> {
        // Acquire pairs with the Release in `write`.
        let table = self.current.load(Ordering::Acquire);
        // SAFETY: null, or an element of `tables`, which never moves, nor goes before `self` does or while
        // there is a reader (`reset` has the map to itself).
        let table = unsafe { table.as_ref() }?;
        let mut area = table.areas.first()?;
        for _ in 0..=DEPTH {
            let (number, is_last) = area.bucket(word);
            let bucket = table.buckets.get(number)?;
            // Acquire pairs with the Release in `set`: what a block's issue made visible to whoever stored
            // this word is visible to us.
            let nodes = bucket.nodes.load(Ordering::Acquire);
            if nodes as u32 != 0 {
                return Some((bucket, nodes, is_last));
            }
            area = table.areas.get((nodes >> 32) as usize)?;
        }
        None
    }

    /// Tells the table of a new node of level 1, where there is room: in a bucket without a separator, and in
    /// the last one, where ascending keys go.
    fn learn(&self, word: u64, node: BlockId) {
        let Some((bucket, nodes, is_last)) = self.bucket(word) else { return };
        let (before, behind) = (nodes as u32, (nodes >> 32) as u32);
        if before == behind || (is_last && word > bucket.at.load(Ordering::Relaxed)) {
            bucket.set(word, u64::from(node.0.get()) << 32 | u64::from(behind));
        }
    }

    /// Notes a change to level 2; true if the table is now stale.
    fn note_change(&self) -> bool {
        // Counts only; a lost race makes a rebuild a little early or late.
        let changes = self.changes.fetch_add(1, Ordering::Relaxed) + 1;
        changes > self.bearable.load(Ordering::Relaxed)
    }

    /// Puts `plan` in place of what the table says now.
    fn write(&self, tables: &mut Vec<Table>, plan: &Plan) -> Option<()> {
        if plan.areas.is_empty() {
            self.current.store(ptr::null_mut(), Ordering::Relaxed);
            return Some(());
        }
        let fits = |table: &Table| {
            table.areas.len() >= plan.areas.len() && table.buckets.len() >= plan.buckets.len()
        };
        if !tables.last().is_some_and(fits) {
            tables.try_reserve_exact(TABLES - tables.len()).ok()?;
            if tables.len() == TABLES {
                return None;
            }
            tables.push(Table {
                areas: room_for(2 * plan.areas.len())?,
                buckets: room_for(2 * plan.buckets.len())?,
            });
        }
        let table = tables.last()?;
        for (bucket, &(at, nodes)) in table.buckets.iter().zip(&plan.buckets) {
            bucket.set(at, nodes);
        }
        for (area, planned) in table.areas.iter().zip(&plan.areas) {
            area.base.store(planned.base, Ordering::Relaxed);
            area.scale.store(planned.scale, Ordering::Relaxed);
            area.first.store(planned.first, Ordering::Relaxed);
            area.last.store(planned.last, Ordering::Relaxed);
        }
        // Release pairs with the Acquire in `bucket`.
        self.current.store(ptr::from_ref(table).cast_mut(), Ordering::Release);
        Some(())
    }

    /// Forgets everything.
    pub(super) fn reset(&mut self) {
        *self = Self::new();
    }

    /// Bytes that the tables take.
    pub(super) fn bytes(&self) -> usize {
        self.tables.with(|tables| {
            let table = |table: &Table| size_of_val(&*table.areas) + size_of_val(&*table.buckets);
            tables.capacity() * size_of::<Table>() + tables.iter().map(table).sum::<usize>()
        })
    }
}

impl Area {
    /// The number of the bucket for `word`, and whether it is the last. The four may be of different states of
    /// the table: then it is any number.
    #[inline(always)]
    fn bucket(&self, word: u64) -> (usize, bool) {
        let offset = word.saturating_sub(self.base.load(Ordering::Relaxed));
        let bucket = scaled(offset, self.scale.load(Ordering::Relaxed));
        let last = u64::from(self.last.load(Ordering::Relaxed));
        (self.first.load(Ordering::Relaxed) as usize + bucket.min(last) as usize, bucket >= last)
    }
}

impl Bucket {
    /// Two words, not as one: a reader may see a mixture, which is a worse hint.
    fn set(&self, at: u64, nodes: u64) {
        self.at.store(at, Ordering::Relaxed);
        // Release pairs with the Acquire in `bucket`.
        self.nodes.store(nodes, Ordering::Release);
    }
}

#[inline(always)]
fn scaled(offset: u64, scale: u64) -> u64 {
    ((u128::from(offset) * u128::from(scale)) >> 64) as u64
}

/// `n` defaults, if there is memory.
fn room_for<T: Default>(n: usize) -> Option<Vec<T>> {
    let mut room = Vec::new();
    room.try_reserve_exact(n).ok()?;
    room.resize_with(n, T::default);
    Some(room)
}

/// What a table is to say.
#[derive(Default)]
struct Plan {
    areas: Vec<PlannedArea>,
    buckets: Vec<(u64, u64)>,
}

struct PlannedArea {
    base: u64,
    scale: u64,
    first: u32,
    last: u32,
}

/// The first word of a node's low fence, and its block.
type Separator = (u64, u32);

impl Plan {
    /// A plan for the nodes `separators`, in order, of which the first covers everything below the second.
    /// `None` if there is no memory, or nothing to tell them apart by.
    fn new(separators: &[Separator]) -> Option<Self> {
        let (&(_, first), rest) = separators.split_first()?;
        let distinct = 1 + rest.windows(2).filter(|pair| pair[0].0 != pair[1].0).count();
        if rest.is_empty() || distinct * 2 < rest.len() {
            return None;
        }
        let mut plan = Self::default();
        plan.add_area(first, rest, 0)?;
        Some(plan)
    }

    /// Adds an area for `separators` and the node `before` them. Gives its number.
    fn add_area(&mut self, before: u32, separators: &[Separator], depth: usize) -> Option<u32> {
        let (base, end) = (separators.first()?.0, separators.last()?.0);
        let count = separators.len() * SPREAD;
        let scale = u64::try_from(((count as u128) << 64) / (u128::from(end - base) + 1)).unwrap_or(u64::MAX);
        let first = self.buckets.len();
        let number = u32::try_from(self.areas.len()).ok()?;
        self.areas.try_reserve(1).ok()?;
        self.areas.push(PlannedArea {
            base,
            scale,
            first: u32::try_from(first).ok()?,
            last: u32::try_from(count - 1).ok()?,
        });
        self.buckets.try_reserve(count).ok()?;
        self.buckets.resize(first + count, (0, 0));
        let (mut before, mut left) = (before, separators);
        for bucket in 0..count {
            let here =
                left.iter().take_while(|(word, _)| scaled(word - base, scale) as usize <= bucket).count();
            let (here, behind) = left.split_at(here);
            left = behind;
            self.buckets[first + bucket] = self.bucket(before, here, depth)?;
            before = here.last().map_or(before, |&(_, node)| node);
        }
        Some(number)
    }

    /// A bucket with the separators `here`.
    fn bucket(&mut self, before: u32, here: &[Separator], depth: usize) -> Option<(u64, u64)> {
        let same = here.first().map(|first| first.0) == here.last().map(|last| last.0);
        if here.len() >= CROWD && !same && depth < DEPTH {
            return Some((0, u64::from(self.add_area(before, here, depth + 1)?) << 32));
        }
        let (at, behind) = here.get(here.len() / 2).copied().unwrap_or((u64::MAX, before));
        Some((at, u64::from(behind) << 32 | u64::from(before)))
    }
}

impl<K: Key, V, P: NodePool> Index<K, V, P> {
    /// To be called, without a lock, after the node of level 1 that starts at `low` has got its entry.
    pub(super) fn note_entry_of_level_2(&self, low: K, node: BlockId) {
        self.hints.learn(low.word(0).saturating_add(u64::from(K::WORDS > 1)), node);
        self.note_change_of_level_2();
    }

    /// To be called, without a lock, after level 2 has got or lost an entry. What the table says of a node that
    /// has ended leads to a search from the root.
    pub(super) fn note_change_of_level_2(&self) {
        if self.hints.note_change() {
            self.hints.tables.try_with(|tables| self.rebuild_hints(tables));
        }
    }

    /// Writes the table anew. Without memory, or if other threads are changing level 2, it stays as it is.
    #[cold]
    fn rebuild_hints(&self, tables: &mut Vec<Table>) -> Option<()> {
        let separators = self.separators()?;
        // Also if it fails from here on: not every change is to try again.
        self.hints.changes.store(0, Ordering::Relaxed);
        self.hints.bearable.store(separators.len() / STALE, Ordering::Relaxed);
        match Plan::new(&separators) {
            Some(plan) => self.hints.write(tables, &plan),
            None => self.hints.write(tables, &Plan::default()),
        }
    }

    /// The entries of level 2, each node's as they were in one state of it.
    fn separators(&self) -> Option<Vec<Separator>> {
        let mut separators = Vec::new();
        let mut at = (self.root().0 >= 2).then(|| self.head(2));
        while let Some(id) = at {
            let node = self.inner(id);
            let version = node.try_read_begin()?;
            let count = node.count();
            separators.try_reserve(count).ok()?;
            for slot in 0..count {
                // Equal first words do not tell which node a key is in: such keys are for the node before.
                let word = node.first_word(slot).saturating_add(u64::from(K::WORDS > 1));
                separators.push((word, node.child(slot).map_or(0, |child| child.0.get())));
            }
            let is_linked = node.level() == LevelMark::of(2);
            at = node.next();
            if !node.validate(version) || !is_linked {
                return None;
            }
        }
        Some(separators)
    }
}

#[cfg(test)]
mod tests {
    use super::super::descend::At;
    use super::*;
    use crate::arena::GlobalArena;
    use crate::config::Config;
    use crate::index::Existing;
    use crate::{NodeArena, Promotion};

    type U64Index = Index<u64, u64, <GlobalArena as NodeArena>::Pool>;

    fn mix(i: u64) -> u64 {
        crate::height::mix(i.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// Keys as users have them: `n` of each shape, in the order of insertion.
    fn shapes(n: u64) -> Vec<(&'static str, Vec<u64>)> {
        let all = |f: &dyn Fn(u64) -> u64| (0..n).map(f).collect::<Vec<_>>();
        alloc::vec![
            ("random", all(&mix)),
            ("dense", all(&|i| mix(i) % n)),
            ("ascending", all(&|i| i)),
            ("descending", all(&|i| u64::MAX - i)),
            ("high and ascending", all(&|i| (1 << 60) + 1000 * i)),
            // Exponents are uniform: half of the keys are below 2^32.
            ("skewed", all(&|i| mix(i) >> (mix(!i) % 48))),
            ("clustered", all(&|i| (mix(i % 64) & !0xff_ffff) + (mix(i) & 0xf_ffff))),
        ]
    }

    #[test]
    fn a_plan_names_the_right_node_or_one_close_to_its_left() {
        for (shape, mut keys) in shapes(3000) {
            keys.sort_unstable();
            keys.dedup();
            let separators: Vec<Separator> = keys.iter().copied().zip(1..).collect();
            let hints = Hints::new();
            hints.tables.with(|tables| hints.write(tables, &Plan::new(&separators)?)).expect("memory");
            let probes = keys.iter().flat_map(|&k| [k.saturating_sub(1), k, k.saturating_add(1)]);
            let (mut exact, mut all) = (0, 0);
            for word in probes.chain([0, u64::MAX]).chain((0..1000).map(mix)) {
                let right = keys.partition_point(|&k| k <= word).max(1) as u32;
                let found = hints.find(word).expect("a table").0.get();
                assert!(found <= right && right - found <= 3, "{shape}, {word}: {found}, not {right}");
                exact += usize::from(found == right);
                all += 1;
            }
            assert!(exact * 10 > all * 7, "{shape}: {exact} of {all}");
        }
    }

    #[test]
    fn nothing_to_tell_nodes_apart_by_is_no_plan() {
        assert!(Plan::new(&[]).is_none());
        assert!(Plan::new(&[(0, 1)]).is_none());
        assert!(Plan::new(&[(0, 1), (7, 2), (7, 3), (7, 4), (7, 5), (8, 6)]).is_none());
        assert!(Plan::new(&[(0, 1), (7, 2)]).is_some());
    }

    fn index(promotion: Promotion) -> U64Index {
        Index::new(&GlobalArena, &Config { promotion, seed: 1 }).expect("memory")
    }

    fn hinted(index: &U64Index, keys: &[u64]) -> usize {
        keys.iter().filter(|&&key| index.hinted(At(key)).is_some()).count()
    }

    #[test]
    fn searches_take_the_hint_whatever_the_keys() {
        for (shape, keys) in shapes(150_000) {
            let index = index(Promotion::default());
            for (i, &key) in keys.iter().enumerate() {
                assert!(index.insert(key, key, Existing::Replace).is_ok());
                if i % 30_000 == 29_999 {
                    let recent = &keys[i - 1000..=i];
                    let hinted = hinted(&index, recent);
                    assert!(hinted * 10 > recent.len() * 9, "{shape}, {i}: {hinted} of {}", recent.len());
                }
            }
            let hinted = hinted(&index, &keys);
            assert!(hinted * 100 > keys.len() * 95, "{shape}: {hinted} of {}", keys.len());
        }
    }

    #[test]
    fn a_window_that_moves_keeps_its_hints_and_little_memory() {
        const WINDOW: u64 = 100_000;
        let index = index(Promotion::Overflow);
        let mut most = 0;
        for key in 0..12 * WINDOW {
            assert!(index.insert(key, key, Existing::Replace).is_ok());
            if key >= WINDOW {
                assert_eq!(index.remove(key - WINDOW), Some(key - WINDOW));
            }
            if key == 2 * WINDOW {
                most = index.hints.bytes();
            }
        }
        assert!(index.hints.bytes() <= 2 * most, "{most} bytes grew to {}", index.hints.bytes());
        let window: Vec<u64> = (11 * WINDOW..12 * WINDOW).collect();
        let hinted = hinted(&index, &window);
        assert!(hinted * 10 > window.len() * 8, "{hinted} of {}", window.len());
    }

    #[test]
    fn clearing_forgets_the_table() {
        let mut index = index(Promotion::Overflow);
        (0..50_000).for_each(|i| assert!(index.insert(mix(i), i, Existing::Replace).is_ok()));
        assert!(index.hints.find(7).is_some());
        index.clear();
        assert!(index.hints.find(7).is_none());
        assert_eq!(index.hints.bytes(), 0);
        assert_eq!(index.get(mix(1)), None);
    }
}
