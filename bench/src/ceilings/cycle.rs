//! A random cycle through all lines of a region, and how to know where a walk along it must end.

use crate::random::random;
use rand::RngExt;

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
}
