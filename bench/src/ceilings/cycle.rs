//! A random cycle through all lines of a region, how to know where a walk along it must end, and passes through its
//! lines.

use crate::random::random;
use rand::RngExt;
use std::ops::Range;

/// Lines that are read in one piece.
pub(super) const PIECE: usize = 1024;

/// A random order of lines. Each line leads to the next in this order, and the last one to the first.
pub(super) struct Cycle {
    order: Vec<u32>,
    next: Vec<u32>,
    /// What the words of each [`PIECE`] lines add up to: see [`Cycle::sum_of`].
    sums: Vec<u64>,
}

impl Cycle {
    /// A cycle through `pieces` times [`PIECE`] lines.
    pub(super) fn new(pieces: usize, seed: u64) -> Self {
        let lines = pieces * PIECE;
        let mut order: Vec<u32> = (0..lines as u32).collect();
        let mut random = random(seed, 0);
        for last in (1..lines).rev() {
            order.swap(last, random.random_range(0..=last));
        }
        let mut next = vec![0; lines];
        for (rank, &line) in order.iter().enumerate() {
            next[line as usize] = order[(rank + 1) % lines];
        }
        let sum = |(piece, next): (usize, &[u32])| {
            let lines = (piece * PIECE) as u64..;
            next.iter().zip(lines).map(|(&next, line)| Self::sum_of(u64::from(next), line)).sum()
        };
        let sums = next.chunks(PIECE).enumerate().map(sum).collect();
        Self { order, next, sums }
    }

    /// What the words of a line that a reader adds up have as their sum: the next line, and three times the number
    /// of the line itself.
    const fn sum_of(next: u64, line: u64) -> u64 {
        next + 3 * line
    }

    /// How many lines.
    pub(super) fn lines(&self) -> usize {
        self.order.len()
    }

    /// How many pieces.
    pub(super) fn pieces(&self) -> usize {
        self.sums.len()
    }

    /// The line that follows `line`.
    pub(super) fn next(&self, line: usize) -> u32 {
        self.next[line]
    }

    /// The line at which a walk is after `steps` steps, if it began at `rank` in the order.
    pub(super) fn at(&self, rank: usize, steps: u64) -> usize {
        let lines = self.lines() as u64;
        self.order[((rank as u64 + steps % lines) % lines) as usize] as usize
    }

    /// The sum that a reader of a piece must get.
    pub(super) fn sum(&self, piece: usize) -> u64 {
        self.sums[piece]
    }
}

/// Random lines, again and again. Each line comes once in a pass, so none is in a cache that is smaller than all of
/// them together. Their numbers are read one after the other from the cycle's order, so no line waits for another.
pub(super) struct Passes<'a> {
    order: &'a [u32],
    at: usize,
}

impl<'a> Passes<'a> {
    /// The lines at these ranks of the cycle's order, beginning with the one at rank `first`.
    pub(super) fn new(cycle: &'a Cycle, ranks: Range<usize>, first: usize) -> Self {
        Self { at: first - ranks.start, order: &cycle.order[ranks] }
    }

    /// The next lines, at most `most`. Empty only if the cycle has no lines.
    #[inline(always)]
    pub(super) fn next(&mut self, most: usize) -> &'a [u32] {
        if self.at == self.order.len() {
            self.at = 0;
        }
        let end = self.order.len().min(self.at + most);
        let lines = &self.order[self.at..end];
        self.at = end;
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_visits_every_line_exactly_once_and_ends_where_it_began() {
        let cycle = Cycle::new(7, 3);
        let mut seen = vec![false; cycle.lines()];
        let mut line = cycle.at(100, 0);
        for step in 0..cycle.lines() as u64 {
            assert_eq!(line, cycle.at(100, step));
            assert!(!std::mem::replace(&mut seen[line], true), "line {line} is visited twice");
            line = cycle.next(line) as usize;
        }
        assert!(seen.iter().all(|seen| *seen));
        assert_eq!(line, cycle.at(100, 0));
    }

    #[test]
    fn the_order_is_random() {
        let cycle = Cycle::new(7, 3);
        let near = (0..cycle.lines()).filter(|&line| line.abs_diff(cycle.next(line) as usize) <= 8).count();
        assert!(near < cycle.lines() / 100, "{near} of {} lines lead to a neighbour", cycle.lines());
    }

    #[test]
    fn each_line_comes_once_a_pass() {
        let cycle = Cycle::new(3, 9);
        // All lines, from a rank in the middle.
        let mut lines = Passes::new(&cycle, 0..cycle.lines(), 1500);
        let mut seen: Vec<u32> = Vec::new();
        while seen.len() < cycle.lines() {
            seen.extend(lines.next(1000.min(cycle.lines() - seen.len())));
        }
        assert_eq!(seen[0] as usize, cycle.at(1500, 0));
        seen.sort_unstable();
        assert!(seen.iter().copied().eq(0..cycle.lines() as u32));
        // More workers than lines: some have none.
        assert!(Passes::new(&cycle, 7..7, 7).next(9).is_empty());
    }
}
