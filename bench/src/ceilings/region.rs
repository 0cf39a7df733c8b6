//! Memory of known contents on one node.

use super::cycle::{Cycle, PIECE};
use bskip_core::arena::{BlockArena, BlockKind, BlockPool, NumaNodeId, Placement};
use numa_alloc::{Fallback, NumaArena, NumaPool, PageSize, Policy};
use std::alloc::Layout;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A line. Its words are atomics, because threads write some of them while others read.
#[repr(C, align(64))]
pub(super) struct Line {
    /// The next line of the cycle.
    pub(super) next: AtomicU64,
    /// The number of this line.
    pub(super) number: AtomicU64,
    /// How often it was written.
    pub(super) written: AtomicU64,
    rest: [AtomicU64; 5],
}

const _: () = assert!(size_of::<Line>() == 64);

impl Line {
    /// What a reader adds up: four of the words, from both ends of the line.
    #[inline(always)]
    pub(super) fn sum(&self) -> u64 {
        let [.., a, b] = &self.rest;
        self.next.load(Relaxed) + self.number.load(Relaxed) + a.load(Relaxed) + b.load(Relaxed)
    }
}

/// Memory on a node, filled with a cycle.
pub(super) struct Region {
    start: NonNull<Line>,
    lines: usize,
    arena: NumaArena,
    /// The pool of the memory.
    _pool: NumaPool,
    /// Writes that all threads together have done.
    pub(super) writes: AtomicU64,
}

// SAFETY: `start` points to atomics in a block of the region's pool, which the region owns.
unsafe impl Send for Region {}
// SAFETY: it points to atomics, which threads may share.
unsafe impl Sync for Region {}

impl Region {
    /// Memory on `node` with the lines of `cycle`.
    ///
    /// # Errors
    /// There is no such memory: the node has none left, or the kernel put it elsewhere, or there are no such pages.
    pub(super) fn new(node: u32, pages: &str, cycle: &Cycle) -> Result<Self, String> {
        let id = NumaNodeId(node);
        let pages: PageSize = pages.parse().map_err(|error| format!("pages {error}"))?;
        let builder = NumaArena::builder().nodes(&[id]).policy(Policy::Node(id)).page_size(pages);
        let arena = builder.build().map_err(|error| error.to_string())?;
        let layout = Layout::array::<Line>(cycle.lines()).map_err(|error| error.to_string())?;
        let pool = arena.pool(layout, BlockKind::Leaf).map_err(|error| error.to_string())?;
        let block = pool.acquire(Placement::Policy).map_err(|error| format!("node {node}: {error}"))?;
        if arena.fallbacks().iter().any(|fallback| matches!(fallback, Fallback::HugetlbRefused { .. })) {
            return Err(format!(
                "node {node} has too few free pages in its hugetlb pool: reserve some in \
                 /sys/devices/system/node/node{node}/hugepages/*/nr_hugepages"
            ));
        }
        // SAFETY: the pool has just issued the block.
        let start = unsafe { pool.address(block) }.cast();
        let region = Self { start, lines: cycle.lines(), arena, _pool: pool, writes: AtomicU64::new(0) };
        region.fill(cycle);
        region.placed(node).map(|()| region)
    }

    fn fill(&self, cycle: &Cycle) {
        for (number, line) in self.lines().iter().enumerate() {
            line.next.store(u64::from(cycle.next(number)), Relaxed);
            line.written.store(0, Relaxed);
            [&line.number].into_iter().chain(&line.rest).for_each(|word| word.store(number as u64, Relaxed));
        }
    }

    /// Checks that the pages are on `node`.
    fn placed(&self, node: u32) -> Result<(), String> {
        let report = self.arena.verify_placement();
        let elsewhere: usize =
            report.nodes.iter().flat_map(|node| &node.elsewhere).map(|other| other.1).sum();
        match elsewhere {
            0 => Ok(()),
            _ => Err(format!("the kernel did not place all memory on node {node}: {report}")),
        }
    }

    /// What the arena could not do as asked.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self.arena.fallbacks().iter().map(ToString::to_string).collect();
        if let Some(errno) = self.arena.verify_placement().refused {
            let error = std::io::Error::from_raw_os_error(errno);
            notes.push(format!("the system does not say where pages are: {error}"));
        }
        notes
    }

    /// The part that is on huge pages.
    pub(super) fn huge_share(&self) -> Option<f64> {
        let bytes = (self.lines * size_of::<Line>()) as f64;
        self.arena.huge_page_bytes().map(|huge| (huge as f64 / bytes).min(1.0))
    }

    /// All lines.
    #[inline(always)]
    pub(super) fn lines(&self) -> &[Line] {
        // SAFETY: the block has that many lines, is aligned, lives as long as the region, and its memory is
        // initialised, because the pool gives zeroed pages and all accesses are atomic.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.lines) }
    }

    /// The lines of a piece.
    #[inline(always)]
    pub(super) fn piece(&self, piece: usize) -> &[Line] {
        &self.lines()[piece * PIECE..][..PIECE]
    }

    /// Checks, while no thread writes, that every write is there.
    ///
    /// # Errors
    /// A write is missing, or there is one too many.
    pub(super) fn check_writes(&self) -> Result<(), String> {
        let found: u64 = self.lines().iter().map(|line| line.written.load(Relaxed)).sum();
        match self.writes.load(Relaxed) {
            done if done == found => Ok(()),
            done => Err(format!("memory is broken: {done} writes were done, and {found} are there")),
        }
    }
}

/// A note if less than 95 % of the memory is on the pages that were asked for. `None` if the share on huge pages is not
/// known.
pub(super) fn share_note(pages: &str, huge: Option<f64>) -> Option<String> {
    let percent = 100.0 * huge?;
    match pages {
        "thp" if percent < 95.0 => Some(format!("only {percent:.0} % of the memory is on huge pages")),
        "4k" if percent > 5.0 => Some(format!("{percent:.0} % of the memory is on huge pages")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_that_are_not_as_asked_are_said() {
        let note = |pages, huge| share_note(pages, huge);
        assert_eq!(note("thp", Some(0.2)).as_deref(), Some("only 20 % of the memory is on huge pages"));
        assert_eq!(note("4k", Some(0.2)).as_deref(), Some("20 % of the memory is on huge pages"));
        for (pages, huge) in
            [("thp", Some(0.97)), ("thp", None), ("4k", Some(0.0)), ("4k", None), ("hugetlb-2m", Some(0.0))]
        {
            assert_eq!(note(pages, huge), None, "{pages}, {huge:?}");
        }
    }

    #[test]
    fn a_region_holds_the_cycle_and_lies_on_its_node() {
        let cycle = Cycle::new(3, 1);
        for node in NumaArena::new().unwrap().nodes() {
            for pages in ["thp", "4k"] {
                let region = Region::new(node.0, pages, &cycle).unwrap();
                assert_eq!(region.lines().len(), cycle.lines());
                for piece in 0..cycle.pieces() {
                    let sum: u64 = region.piece(piece).iter().map(Line::sum).sum();
                    assert_eq!(sum, cycle.sum(piece));
                }
                region.check_writes().unwrap();
                region.lines()[5].written.store(1, Relaxed);
                assert!(region.check_writes().unwrap_err().contains("0 writes were done, and 1"));
            }
        }
    }

    #[test]
    fn a_node_that_is_not_there_is_an_error() {
        assert!(Region::new(60_000, "thp", &Cycle::new(1, 1)).is_err());
    }
}
