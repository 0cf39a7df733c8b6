//! The loops that are timed. Each one checks what it reads.

use super::cycle::{Cycle, PIECE};
use super::region::{Line, Region};
use crate::keys::mix64;
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

/// Random lines, without end.
struct Lines {
    range: Range<usize>,
    count: u64,
}

impl Lines {
    /// Lines in `range`. Each stream has lines of its own.
    fn new(range: Range<usize>, stream: u64) -> Self {
        Self { range, count: stream << 40 }
    }

    #[inline(always)]
    fn next(&mut self) -> usize {
        self.count += 1;
        let chosen = (u128::from(mix64(self.count)) * self.range.len() as u128) >> 64;
        self.range.start + chosen as usize
    }
}

/// Loads of random lines that do not wait for each other. Counts loads.
pub(super) struct Independent<'a> {
    region: &'a Region,
    random: Lines,
    /// Not 0 if a line did not have its number.
    wrong: u64,
}

impl<'a> Independent<'a> {
    /// Loads from anywhere in the region.
    pub(super) fn new(region: &'a Region, stream: u64) -> Self {
        Self { region, random: Lines::new(0..region.lines().len(), stream), wrong: 0 }
    }
}

impl Work for Independent<'_> {
    fn step(&mut self) -> u64 {
        let lines = self.region.lines();
        let mut wrong = self.wrong;
        for _ in 0..BATCH {
            let line = self.random.next();
            wrong |= lines[line].number.load(Relaxed) ^ line as u64;
        }
        self.wrong = black_box(wrong);
        BATCH
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
    random: Lines,
    done: u64,
}

impl<'a> Written<'a> {
    /// Writes to the lines of `range`, which no other thread writes.
    pub(super) fn new(region: &'a Region, range: Range<usize>, stream: u64) -> Self {
        Self { region, random: Lines::new(range, stream), done: 0 }
    }
}

impl Work for Written<'_> {
    fn step(&mut self) -> u64 {
        let lines = self.region.lines();
        for _ in 0..BATCH {
            let word = &lines[self.random.next()].written;
            word.store(word.load(Relaxed) + 1, Relaxed);
        }
        self.done += BATCH;
        BATCH
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
        let mut loads = Independent::new(&region, 1);
        loads.step();
        loads.check().unwrap();
        for worker in 0..3 {
            let mut writes = Written::new(&region, part(cycle.lines(), worker, 3), worker as u64);
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
        let mut loads = Independent::new(&region, 1);
        loads.step();
        assert!(loads.check().is_err());
        let mut read = Read::new(&region, &cycle, 0..1);
        read.step();
        assert!(read.check().is_err());
    }

    #[test]
    fn parts_are_the_whole() {
        let parts: Vec<usize> = (0..3).flat_map(|worker| part(10, worker, 3)).collect();
        assert_eq!(parts, (0..10).collect::<Vec<_>>());
    }
}
