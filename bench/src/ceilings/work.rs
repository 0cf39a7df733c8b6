//! The loops that are timed. Each one checks what it reads.

use super::cycle::{Cycle, PIECE, Passes};
use super::region::{Line, Region};
use std::hint::black_box;
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

/// Accesses between two looks at the clock.
const BATCH: u64 = 1024;

/// A loop of one thread.
pub(super) trait Work {
    /// Does a part of it. Returns how much was done, in units of the work's own.
    fn step(&mut self) -> u64;

    /// Checks what all steps have read and written.
    ///
    /// # Errors
    /// Memory did not hold what it must.
    fn check(self) -> Result<(), String>;
}

/// The part of worker `worker` of `workers`, of `whole` things.
pub(super) fn part(whole: usize, worker: usize, workers: usize) -> Range<usize> {
    whole * worker / workers..whole * (worker + 1) / workers
}

/// Loads that wait for each other: a walk along the cycle. Counts loads.
pub(super) struct Dependent<'a> {
    region: &'a Region,
    cycle: &'a Cycle,
    rank: usize,
    line: usize,
    steps: u64,
}

impl<'a> Dependent<'a> {
    /// A walk that begins at `rank`.
    pub(super) fn new(region: &'a Region, cycle: &'a Cycle, rank: usize) -> Self {
        Self { region, cycle, rank, line: cycle.at(rank, 0), steps: 0 }
    }
}

impl Work for Dependent<'_> {
    fn step(&mut self) -> u64 {
        let lines = self.region.lines();
        let mut line = self.line;
        for _ in 0..BATCH {
            line = lines[line].next.load(Relaxed) as usize;
        }
        self.line = black_box(line);
        self.steps += BATCH;
        BATCH
    }

    fn check(self) -> Result<(), String> {
        match self.cycle.at(self.rank, self.steps) {
            right if right == self.line => Ok(()),
            right => Err(format!("memory is broken: a walk ended at line {}, not at {right}", self.line)),
        }
    }
}

/// Loads of random lines that do not wait for each other. Counts loads.
pub(super) struct Independent<'a> {
    region: &'a Region,
    lines: Passes<'a>,
    /// Not 0 if a line did not have its number.
    wrong: u64,
}

impl<'a> Independent<'a> {
    /// Loads from all of the region, beginning at `rank`. Threads that begin at different ranks do not load a line
    /// soon after each other.
    pub(super) fn new(region: &'a Region, cycle: &'a Cycle, rank: usize) -> Self {
        Self { region, lines: Passes::new(cycle, 0..cycle.lines(), rank), wrong: 0 }
    }
}

impl Work for Independent<'_> {
    fn step(&mut self) -> u64 {
        let lines = self.region.lines();
        let (mut wrong, chosen) = (self.wrong, self.lines.next(BATCH as usize));
        for &line in chosen {
            wrong |= lines[line as usize].number.load(Relaxed) ^ u64::from(line);
        }
        self.wrong = black_box(wrong);
        chosen.len() as u64
    }

    fn check(self) -> Result<(), String> {
        right(self.wrong)
    }
}

fn right(wrong: u64) -> Result<(), String> {
    match wrong {
        0 => Ok(()),
        _ => Err("memory is broken: a line did not hold what was written to it".into()),
    }
}

/// Random lines of the worker's own part that are read and written. Counts lines.
pub(super) struct Written<'a> {
    region: &'a Region,
    lines: Passes<'a>,
    done: u64,
}

impl<'a> Written<'a> {
    /// Writes to the lines at these ranks of the cycle's order, to which no other thread writes.
    pub(super) fn new(region: &'a Region, cycle: &'a Cycle, ranks: Range<usize>) -> Self {
        let first = ranks.start;
        Self { region, lines: Passes::new(cycle, ranks, first), done: 0 }
    }
}

impl Work for Written<'_> {
    fn step(&mut self) -> u64 {
        let lines = self.region.lines();
        let chosen = self.lines.next(BATCH as usize);
        for &line in chosen {
            let word = &lines[line as usize].written;
            word.store(word.load(Relaxed) + 1, Relaxed);
        }
        self.done += chosen.len() as u64;
        chosen.len() as u64
    }

    fn check(self) -> Result<(), String> {
        // `Region::check_writes` compares, when all workers have ended.
        self.region.writes.fetch_add(self.done, Relaxed);
        Ok(())
    }
}

/// Reads the worker's own part from beginning to end, again and again. Counts bytes.
pub(super) struct Read<'a> {
    region: &'a Region,
    cycle: &'a Cycle,
    pieces: Range<usize>,
    at: usize,
    wrong: u64,
}

impl<'a> Read<'a> {
    /// Reads the pieces of `range`.
    pub(super) fn new(region: &'a Region, cycle: &'a Cycle, pieces: Range<usize>) -> Self {
        Self { region, cycle, at: pieces.start, pieces, wrong: 0 }
    }
}

impl Work for Read<'_> {
    fn step(&mut self) -> u64 {
        let sum: u64 = self.region.piece(self.at).iter().map(Line::sum).sum();
        self.wrong |= black_box(sum) ^ self.cycle.sum(self.at);
        self.at = if self.at + 1 < self.pieces.end { self.at + 1 } else { self.pieces.start };
        (PIECE * size_of::<Line>()) as u64
    }

    fn check(self) -> Result<(), String> {
        right(self.wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use numa_alloc::NumaArena;

    fn region(cycle: &Cycle) -> Region {
        let node = NumaArena::new().unwrap().nodes()[0];
        Region::new(node.0, "4k", cycle).unwrap()
    }

    #[test]
    fn every_loop_is_content_with_memory_that_is_right() {
        let cycle = Cycle::new(4, 9);
        let region = region(&cycle);
        let mut walk = Dependent::new(&region, &cycle, 77);
        assert_eq!((0..5).map(|_| walk.step()).sum::<u64>(), 5 * BATCH);
        walk.check().unwrap();
        let mut loads = Independent::new(&region, &cycle, 99);
        loads.step();
        loads.check().unwrap();
        for worker in 0..3 {
            let mut writes = Written::new(&region, &cycle, part(cycle.lines(), worker, 3));
            writes.step();
            writes.check().unwrap();
        }
        assert_eq!(region.writes.load(Relaxed), 3 * BATCH);
        region.check_writes().unwrap();
        let mut read = Read::new(&region, &cycle, part(cycle.pieces(), 1, 2));
        assert_eq!((0..5).map(|_| read.step()).sum::<u64>(), 5 * 64 * PIECE as u64);
        read.check().unwrap();
    }

    #[test]
    fn every_loop_notices_memory_that_is_wrong() {
        let cycle = Cycle::new(1, 9);
        let region = region(&cycle);
        let stray = &region.lines()[cycle.at(3, 0)];
        stray.next.store(cycle.at(901, 0) as u64, Relaxed);
        let mut walk = Dependent::new(&region, &cycle, 0);
        walk.step();
        assert!(walk.check().unwrap_err().contains("a walk ended"));
        region.lines().iter().for_each(|line| line.number.store(5, Relaxed));
        let mut loads = Independent::new(&region, &cycle, 0);
        loads.step();
        assert!(loads.check().is_err());
        let mut read = Read::new(&region, &cycle, 0..1);
        read.step();
        assert!(read.check().is_err());
    }

    #[test]
    fn each_line_is_written_once_a_pass_by_the_worker_that_has_it() {
        let cycle = Cycle::new(3, 9);
        let region = region(&cycle);
        let written = |times: u64| region.lines().iter().all(|line| line.written.load(Relaxed) == times);
        for pass in 1..=2 {
            for worker in 0..5 {
                let own = part(cycle.lines(), worker, 5);
                let mut writes = Written::new(&region, &cycle, own.clone());
                while writes.done < own.len() as u64 {
                    writes.step();
                }
            }
            assert!(written(pass), "pass {pass}");
        }
    }

    #[test]
    fn parts_are_the_whole() {
        let parts: Vec<usize> = (0..3).flat_map(|worker| part(10, worker, 3)).collect();
        assert_eq!(parts, (0..10).collect::<Vec<_>>());
    }
}
