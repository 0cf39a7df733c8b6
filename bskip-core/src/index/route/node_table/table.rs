//! The table of nodes: from a key straight to the level-1 node that most likely covers it, in place of the
//! search through the levels above.
//!
//! About one node in two thousand lies above level 1. But without the table, a lookup would spend most of its
//! instructions there, and all but two of its dependent steps. The table holds the entries of level 2 once
//! more, spread out over the range of keys. An *area* is a base and a scale that map a key to one of its
//! buckets. A bucket names the node before and the node after one separator. If keys crowd, a bucket leads to
//! an area of its own. So skewed keys cost a second step, but do not make the table useless.
//!
//! Nothing depends on the table being right. The search checks the node that the table names as it checks any
//! other. It takes a few steps to the right if it must, or descends from the root. So readers need no lock,
//! and the table need not learn of every split. It is rewritten in place when an eighth of level 2 has
//! changed.
//!
//! A map with replicas has one table for each. A search reads the table of its own NUMA node, and threads of
//! that NUMA node rewrite it.
//!
//! The table takes 100 to 200 bytes for a node of level 1, or about 1/1000 of the map's memory, from the
//! global allocator.

use alloc::vec::Vec;
use core::num::NonZeroU32;
use core::ptr;

use crate::arena::BlockId;
use crate::index::route::node_table::nodes::Nodes;
use crate::index::route::node_table::plan::{CROWD, DEPTH, Plan, SPREAD, scaled};
use crate::index::route::room::room_for;
use crate::index::route::stem::Stem;
use crate::spin::SpinLock;
use crate::sync::{AtomicPtr, AtomicU32, AtomicUsize, DataWord, Ordering};

/// The most steps to the right from a node that the table names. If more are needed, the way from the root is
/// shorter.
pub(in crate::index) const MOST_STEPS: usize = 3;
/// The most tables of a map. Each is twice as large as the one before.
const TABLES: usize = 32;
/// Stands in place of a block, for words for which no node is worth visiting.
pub(in crate::index) const NO_HINT: u32 = u32::MAX;

/// See the module.
pub(in crate::index) struct NodeTable {
    /// The table in use, null before the first.
    current: AtomicPtr<Table>,
    /// Changes to level 2 since the table was built, and how many make it stale.
    pub(in crate::index) changes: AtomicUsize,
    pub(in crate::index) bearable: AtomicUsize,
    /// Bytes of all tables.
    bytes: AtomicUsize,
    /// What the words of the table follow.
    pub(in crate::index) stem: Stem,
    /// All tables; the last one is in use. The capacity is `TABLES` from the start, so tables never move.
    pub(in crate::index) tables: SpinLock<Vec<Table>>,
}

/// Areas and buckets. The first area covers all keys. The number of areas and buckets is fixed; their
/// contents change.
pub(in crate::index) struct Table {
    areas: Vec<Area>,
    buckets: Vec<Bucket>,
}

/// Equal buckets over a range of keys, by their words behind the stem.
#[derive(Default)]
struct Area {
    /// The word where bucket 0 starts. Bucket 0 also covers all words below.
    base: DataWord,
    /// Buckets for each word, as a fraction of 2^64.
    scale: DataWord,
    /// Its first bucket.
    first: AtomicU32,
    /// How many follow.
    last: AtomicU32,
}

/// A separator, and the nodes on either side of it.
#[derive(Default)]
struct Bucket {
    /// Words from here on are for the second node.
    at: DataWord,
    /// Every block here was issued by the pool of inner nodes.
    nodes: Nodes,
}

impl NodeTable {
    pub(in crate::index) const fn new() -> Self {
        Self {
            current: AtomicPtr::new(ptr::null_mut()),
            changes: AtomicUsize::new(0),
            bearable: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            stem: Stem::new(),
            tables: SpinLock::new(Vec::new()),
        }
    }

    /// The level-1 node where a search for keys with this word behind the stem should start, if there is a table.
    #[inline(always)]
    pub(in crate::index) fn find(&self, word: u64) -> Option<BlockId> {
        let (bucket, nodes, _) = self.bucket(word)?;
        // A shift, not a branch: the processor would mispredict a branch every other time.
        let is_behind = word >= bucket.at.load(Ordering::Relaxed);
        let node = (nodes >> (32 * u32::from(is_behind))) as u32;
        NonZeroU32::new(node).filter(|_| node != NO_HINT).map(BlockId)
    }

    /// The bucket for `word`, the two nodes that it names, and whether it is the last of its area.
    #[inline(always)]
    fn bucket(&self, word: u64) -> Option<(&Bucket, u64, bool)> {
        // Acquire pairs with the Release in `write`.
        let table = self.current.load(Ordering::Acquire);
        // SAFETY: null, or an element of `tables`. An element never moves. It does not go before `self` does,
        // nor while there is a reader (`reset` has exclusive access).
        let table = unsafe { table.as_ref() }?;
        let mut area = table.areas.first()?;
        for _ in 0..=DEPTH {
            let (number, is_last) = area.bucket(word);
            let bucket = table.buckets.get(number)?;
            let nodes = bucket.nodes.load();
            if nodes as u32 != 0 {
                return Some((bucket, nodes, is_last));
            }
            area = table.areas.get((nodes >> 32) as usize)?;
        }
        None
    }

    /// Enters a new node of level 1 if there is room: in a bucket without a separator, or in the last one,
    /// where ascending keys go.
    pub(in crate::index) fn learn(&self, word: u64, node: BlockId) {
        let Some((bucket, nodes, is_last)) = self.bucket(word) else { return };
        let (before, behind) = (nodes as u32, (nodes >> 32) as u32);
        if before == behind || (is_last && word > bucket.at.load(Ordering::Relaxed)) {
            let with_node = u64::from(node.0.get()) << 32 | u64::from(behind);
            // A rebuild may meanwhile have put an area here; then this fails.
            if bucket.nodes.replace(nodes, with_node) {
                bucket.at.store(word, Ordering::Relaxed);
            }
        }
    }

    /// Notes changes to level 2. Returns true if the table is now stale.
    pub(in crate::index) fn note_changes(&self, new: usize) -> bool {
        // This is only a count: losing a race makes a rebuild a little early or late.
        let changes = self.changes.fetch_add(new, Ordering::Relaxed) + new;
        changes > self.bearable.load(Ordering::Relaxed)
    }

    /// Whether the table is stale.
    pub(in crate::index) fn is_stale(&self) -> bool {
        self.changes.load(Ordering::Relaxed) > self.bearable.load(Ordering::Relaxed)
    }

    /// Replaces the table's contents by `plan`. If that fails, there is no table: a stale one is worse than
    /// none.
    pub(in crate::index) fn write(&self, tables: &mut Vec<Table>, plan: Option<&Plan>) {
        let table = plan.and_then(|plan| {
            self.make_room(tables, plan.buckets.len())?;
            let table = tables.last()?;
            table.fill(plan);
            Some(ptr::from_ref(table))
        });
        // Release pairs with the Acquire in `bucket`.
        self.current.store(table.unwrap_or(ptr::null()).cast_mut(), Ordering::Release);
    }

    /// Makes sure that the last table has at least `buckets` buckets.
    pub(in crate::index) fn make_room(&self, tables: &mut Vec<Table>, buckets: usize) -> Option<()> {
        if tables.last().is_some_and(|table| table.buckets.len() >= buckets) {
            return Some(());
        }
        tables.try_reserve_exact(TABLES - tables.len()).ok()?;
        // The new table has more than twice the buckets of the last one, so there are never `TABLES` tables.
        // It has as many areas as its buckets could ever need.
        let buckets = 2 * buckets;
        let table = Table { areas: room_for(1 + buckets / (CROWD * SPREAD))?, buckets: room_for(buckets)? };
        let bytes = size_of_val(&*table.areas) + size_of_val(&*table.buckets);
        tables.push(table);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        Some(())
    }

    /// Forgets everything.
    pub(in crate::index) fn reset(&mut self) {
        *self = Self::new();
    }

    /// Bytes that the tables take.
    pub(in crate::index) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl Table {
    /// Writes the plan, which must fit. A reader may see any mixture of the plan and the former contents.
    fn fill(&self, plan: &Plan) {
        for (bucket, &(at, nodes)) in self.buckets.iter().zip(&plan.buckets) {
            bucket.at.store(at, Ordering::Relaxed);
            bucket.nodes.store(nodes);
        }
        for (area, planned) in self.areas.iter().zip(&plan.areas) {
            area.base.store(planned.base, Ordering::Relaxed);
            area.scale.store(planned.scale, Ordering::Relaxed);
            area.first.store(planned.first, Ordering::Relaxed);
            area.last.store(planned.last, Ordering::Relaxed);
        }
    }
}

impl Area {
    /// The number of the bucket for `word`, and whether it is the last. The four words may belong to
    /// different states of the table; then the number is arbitrary.
    #[inline(always)]
    fn bucket(&self, word: u64) -> (usize, bool) {
        let offset = word.saturating_sub(self.base.load(Ordering::Relaxed));
        let bucket = scaled(offset, self.scale.load(Ordering::Relaxed));
        let last = u64::from(self.last.load(Ordering::Relaxed));
        (self.first.load(Ordering::Relaxed) as usize + bucket.min(last) as usize, bucket >= last)
    }
}

#[cfg(test)]
pub(in crate::index) mod tests {
    use super::*;
    use crate::arena::GlobalArena;
    use crate::config::Config;
    use crate::index::route::node_table::plan::Separator;
    use crate::index::search::probe::At;
    use crate::index::{Existing, Index};
    use crate::{BlockArena, Promotion};

    pub(in crate::index) const SMALL_NODES: bool = cfg!(any(loom, shuttle, small_nodes));

    type U64Index = Index<u64, u64, <GlobalArena as BlockArena>::Pool>;

    pub(in crate::index) fn mix(i: u64) -> u64 {
        crate::mix::mix(i.wrapping_mul(0x9e37_79b9_7f4a_7c15))
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
            let hints = NodeTable::new();
            hints.tables.with::<crate::DefaultPlatform, _>(|tables| {
                hints.write(tables, Plan::new(&separators).as_ref())
            });
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
    fn keys_of_two_words_take_the_hint_unless_their_first_words_are_equal() {
        let count = |tenants: u64| {
            let index: Index<(u64, u64), u64, <GlobalArena as BlockArena>::Pool> =
                Index::new(&GlobalArena::new(), &Config::new().seed(1)).expect("memory");
            let keys: Vec<(u64, u64)> = (0..200_000).map(|i| (mix(i) % tenants, mix(!i))).collect();
            keys.iter().for_each(|&key| assert!(index.insert(key, 0, Existing::Replace).is_ok()));
            keys.iter().filter(|&&key| index.hinted(At(key)).is_some()).count() * 100 / keys.len()
        };
        assert!(count(1_000_000) > 95);
        assert!(count(1000) > 95);
        // A hint would have to guess among dozens of nodes here, so there is none.
        assert!(count(4) < 5);
    }

    #[test]
    fn tables_double_however_keys_crowd() {
        let hints = NodeTable::new();
        let mut last = 0;
        for round in 0..40 {
            for (shape, mut keys) in shapes(100 << (round % 6)) {
                keys.sort_unstable();
                keys.dedup();
                let separators: Vec<Separator> = keys.iter().copied().zip(1..).collect();
                hints.tables.with::<crate::DefaultPlatform, _>(|tables| {
                    hints.write(tables, Plan::new(&separators).as_ref())
                });
                assert!(hints.find(keys[keys.len() / 2]).is_some(), "{shape}, round {round}");
            }
            if round == 6 {
                last = hints.bytes();
            }
        }
        assert_eq!(hints.bytes(), last, "the same tables serve again");
    }

    fn index(promotion: Promotion) -> U64Index {
        Index::new(&GlobalArena::new(), &Config::new().promotion(promotion).seed(1)).expect("memory")
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
                // Between two rebuilds, the table learns only of the latest node. A thousand keys fit into it
                // and the one before only if nodes are large.
                if i % 30_000 == 29_999 && !SMALL_NODES {
                    let recent = &keys[i - 1000..=i];
                    let hinted = hinted(&index, recent);
                    assert!(hinted * 10 > recent.len() * 9, "{shape}, {i}: {hinted} of {}", recent.len());
                }
            }
            let hinted = hinted(&index, &keys);
            // All but the nodes that came since the last rebuild. If nodes are small, that is up to an eighth
            // of them, also for keys that come above all others.
            let all_new = SMALL_NODES || shape.ends_with("ascending");
            let percent =
                if all_new { 100 - 100 / crate::index::route::node_table::fill::STALE - 1 } else { 95 };
            assert!(hinted * 100 > keys.len() * percent, "{shape}: {hinted} of {}", keys.len());
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
                most = index.router.shared_table().bytes();
            }
        }
        assert!(
            index.router.shared_table().bytes() <= 2 * most,
            "{most} bytes grew to {}",
            index.router.shared_table().bytes()
        );
        let window: Vec<u64> = (11 * WINDOW..12 * WINDOW).collect();
        let hinted = hinted(&index, &window);
        assert!(hinted * 10 > window.len() * 8, "{hinted} of {}", window.len());
    }

    #[test]
    fn clearing_forgets_the_table() {
        let mut index = index(Promotion::Overflow);
        (0..50_000).for_each(|i| assert!(index.insert(mix(i), i, Existing::Replace).is_ok()));
        assert!(index.router.node(7).is_some());
        index.clear();
        assert!(index.router.node(7).is_none());
        assert_eq!(index.router.shared_table().bytes(), 0);
        assert_eq!(index.get(mix(1)), None);
    }
}
