//! Models the caches of all processors and the directory of lines: what one access costs, and which caches
//! lose the line.
//!
//! A line is unmodified in any number of caches, or modified in one. This is MESI without the difference
//! between exclusive and shared. If one cache has modified a line and another reads it, the line comes from
//! the first cache and is unmodified in both afterwards. If a line is unmodified in other caches, a read gets
//! it from memory. A write takes the line from all other caches.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use bench::marks::Counts;

use crate::cache::{Cache, Size};

/// Whether two processors, or a processor and memory, are on the same node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Distance {
    Near,
    Far,
}

/// Where a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fetch {
    /// The processor's own cache had it.
    Hit,
    /// It came from memory.
    Memory(Distance),
    /// It came from a cache that had modified it.
    Cache(Distance),
}

/// What one access to one line did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) fetch: Fetch,
    /// Set if the access took the line from other caches. `Far` if one of them is on another node.
    pub(crate) invalidated: Option<Distance>,
}

impl Outcome {
    /// Adds this outcome to the counts.
    pub(crate) fn add_to(self, counts: &mut Counts) {
        counts.accesses += 1;
        match self.fetch {
            Fetch::Hit => {}
            Fetch::Memory(Distance::Near) => counts.local_misses += 1,
            Fetch::Memory(Distance::Far) => counts.remote_misses += 1,
            Fetch::Cache(Distance::Near) => counts.near_transfers += 1,
            Fetch::Cache(Distance::Far) => counts.far_transfers += 1,
        }
        let upgrade = u64::from(self.fetch == Fetch::Hit);
        match self.invalidated {
            None => {}
            Some(Distance::Near) => {
                counts.near_invalidations += 1;
                counts.near_upgrades += upgrade;
            }
            Some(Distance::Far) => {
                counts.far_invalidations += 1;
                counts.far_upgrades += upgrade;
            }
        }
    }
}

/// A line that is in a cache.
struct Line {
    /// One bit for each processor whose cache has the line.
    holders: u64,
    /// Whether the line is modified. Then only one cache has it.
    modified: bool,
    /// The node of its memory.
    home: u8,
    /// How often the line moved from one cache to another, or was taken from one, since counting began.
    moves: u64,
}

/// Keys are line numbers, so this hash only spreads them.
#[derive(Default)]
struct LineHasher(u64);

impl Hasher for LineHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("lines are hashed as u64");
    }

    fn write_u64(&mut self, line: u64) {
        let product = line.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = product ^ (product >> 32);
    }
}

/// See the module.
pub(crate) struct Model {
    /// The node of each processor.
    nodes: Vec<u8>,
    caches: Vec<Cache>,
    /// Every line that is in a cache.
    lines: HashMap<u64, Line, BuildHasherDefault<LineHasher>>,
}

impl Model {
    /// Empty caches of `size`, one for each processor. `nodes` gives the processors' nodes.
    ///
    /// # Errors
    /// A message, if there are more than 64 processors, or if no cache can have the size.
    pub(crate) fn new(nodes: Vec<u8>, size: Size) -> Result<Self, String> {
        if nodes.is_empty() || nodes.len() > 64 {
            return Err(format!("{} processors: 1 to 64 can be modelled", nodes.len()));
        }
        let caches = nodes.iter().map(|_| Cache::new(size)).collect::<Result<_, _>>()?;
        Ok(Self { nodes, caches, lines: HashMap::default() })
    }

    /// How many processors there are.
    pub(crate) fn processors(&self) -> usize {
        self.nodes.len()
    }

    /// Empties all caches.
    pub(crate) fn clear(&mut self) {
        self.lines.clear();
        self.caches.iter_mut().for_each(Cache::clear);
    }

    /// Starts to count moves from 0 again.
    pub(crate) fn forget_moves(&mut self) {
        self.lines.values_mut().for_each(|line| line.moves = 0);
    }

    /// The most moves that any line made, among the lines for which `counts` is true.
    pub(crate) fn most_moves(&self, counts: impl Fn(u64) -> bool) -> u64 {
        self.lines.iter().filter(|(line, _)| counts(**line)).map(|(_, line)| line.moves).max().unwrap_or(0)
    }

    /// Processor `cpu` reads or writes `line`. `home` gives the node of the line's memory. It is called only
    /// if no cache holds the line.
    ///
    /// # Errors
    /// The error of `home`.
    #[inline]
    pub(crate) fn access<E>(
        &mut self,
        cpu: usize,
        line: u64,
        writes: bool,
        home: impl FnOnce() -> Result<u8, E>,
    ) -> Result<Outcome, E> {
        let have = self.caches[cpu].touch(line);
        if have && !writes {
            return Ok(Outcome { fetch: Fetch::Hit, invalidated: None });
        }
        let (me, bit) = (self.nodes[cpu], 1 << cpu);
        let entry = match self.lines.entry(line) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(Line { holders: 0, modified: false, home: home()?, moves: 0 })
            }
        };
        let others = entry.holders & !bit;
        let is_far = |&other: &usize| others >> other & 1 == 1 && self.nodes[other] != me;
        let distance = match (0..self.nodes.len()).find(is_far) {
            Some(_) => Distance::Far,
            None => Distance::Near,
        };
        let fetch = match (have, entry.modified) {
            (true, _) => Fetch::Hit,
            (false, true) => Fetch::Cache(distance),
            (false, false) if entry.home == me => Fetch::Memory(Distance::Near),
            (false, false) => Fetch::Memory(Distance::Far),
        };
        let invalidated = (writes && others != 0).then_some(distance);
        entry.moves += u64::from(invalidated.is_some() || matches!(fetch, Fetch::Cache(_)));
        entry.modified = writes;
        entry.holders |= bit;
        if writes {
            entry.holders = bit;
            for other in (0..self.nodes.len()).filter(|other| others >> other & 1 == 1) {
                self.caches[other].drop_line(line);
            }
        }
        if !have && let Some(gone) = self.caches[cpu].insert(line) {
            self.evict(cpu, gone);
        }
        Ok(Outcome { fetch, invalidated })
    }

    /// The cache of `cpu` has dropped `line`. If `line` was modified, it has gone back to memory.
    fn evict(&mut self, cpu: usize, line: u64) {
        let Some(entry) = self.lines.get_mut(&line) else { return };
        entry.holders &= !(1 << cpu);
        if entry.holders == 0 {
            self.lines.remove(&line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two nodes of two processors, with caches of 1024 lines.
    fn model() -> Model {
        Model::new(vec![0, 0, 1, 1], Size { bytes: 64 << 10, ways: 16 }).unwrap()
    }

    fn count(model: &mut Model, counts: &mut Counts, cpu: usize, line: u64, writes: bool, home: u8) {
        model.access(cpu, line, writes, || Ok::<_, ()>(home)).unwrap().add_to(counts);
    }

    #[test]
    fn lines_read_twice_from_the_other_node_miss_once() {
        let (mut model, mut counts) = (model(), Counts::default());
        for _ in 0..2 {
            for line in 0..1000 {
                count(&mut model, &mut counts, 0, line, false, 1);
            }
        }
        assert_eq!(counts, Counts { accesses: 2000, remote_misses: 1000, ..Counts::default() });
        // The same, from a processor of that node.
        let mut counts = Counts::default();
        for _ in 0..2 {
            for line in 0..1000 {
                count(&mut model, &mut counts, 2, line, false, 1);
            }
        }
        assert_eq!(counts, Counts { accesses: 2000, local_misses: 1000, ..Counts::default() });
    }

    #[test]
    fn more_lines_than_fit_miss_each_time() {
        let (mut model, mut counts) = (model(), Counts::default());
        for _ in 0..2 {
            for line in 0..2048 {
                count(&mut model, &mut counts, 1, line, false, 0);
            }
        }
        assert_eq!(counts, Counts { accesses: 4096, local_misses: 4096, ..Counts::default() });
        assert_eq!(model.lines.len(), 1024, "lines that no cache holds are forgotten");
    }

    #[test]
    fn a_line_handed_to_and_fro_moves_each_time() {
        for (other, near) in [(1, true), (2, false)] {
            let (mut model, mut counts) = (model(), Counts::default());
            for turn in 0..500 {
                // Each processor reads what the other wrote, and then writes.
                let cpu = if turn % 2 == 0 { 0 } else { other };
                count(&mut model, &mut counts, cpu, 7, false, 0);
                count(&mut model, &mut counts, cpu, 7, true, 0);
            }
            let [transfers, invalidations] = if near {
                [counts.near_transfers, counts.near_invalidations]
            } else {
                [counts.far_transfers, counts.far_invalidations]
            };
            assert_eq!((transfers, invalidations), (499, 499), "near: {near}");
            let all = counts.near_transfers + counts.far_transfers;
            assert_eq!((all, counts.near_upgrades + counts.far_upgrades), (499, 499));
            assert_eq!((counts.local_misses, counts.remote_misses), (1, 0));
            assert_eq!(model.most_moves(|_| true), 998);
            assert_eq!(model.most_moves(|line| line != 7), 0);
        }
    }

    #[test]
    fn a_write_that_misses_brings_the_line_and_takes_it_from_the_others() {
        let (mut model, mut counts) = (model(), Counts::default());
        count(&mut model, &mut counts, 2, 7, true, 0);
        count(&mut model, &mut counts, 0, 7, true, 0);
        let expected = Counts {
            accesses: 2,
            remote_misses: 1,
            far_transfers: 1,
            far_invalidations: 1,
            ..Counts::default()
        };
        assert_eq!(counts, expected);
        // The line belongs to the writer now.
        count(&mut model, &mut counts, 0, 7, true, 0);
        assert_eq!(counts, Counts { accesses: 3, ..expected });
    }

    #[test]
    fn readers_share_without_a_move() {
        let (mut model, mut counts) = (model(), Counts::default());
        for _ in 0..3 {
            for cpu in 0..4 {
                count(&mut model, &mut counts, cpu, 7, false, 0);
            }
        }
        let expected = Counts { accesses: 12, local_misses: 2, remote_misses: 2, ..Counts::default() };
        assert_eq!(counts, expected);
        // A writer takes it from one near and two far ones, in one go.
        count(&mut model, &mut counts, 1, 7, true, 0);
        let expected = Counts { accesses: 13, far_invalidations: 1, far_upgrades: 1, ..expected };
        assert_eq!(counts, expected);
    }

    #[test]
    fn an_error_about_the_home_is_handed_on() {
        assert_eq!(model().access(0, 7, false, || Err("nowhere")), Err("nowhere"));
    }

    #[test]
    fn processors_are_bounded() {
        let size = Size { bytes: 64 << 10, ways: 16 };
        assert!(Model::new(vec![0; 65], size).is_err());
        assert!(Model::new(vec![], size).is_err());
    }
}
