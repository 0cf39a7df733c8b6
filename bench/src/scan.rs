//! Measures scans against the speed of the memory: every way to read a map in order, in turns with plain reading of
//! as many bytes as its leaves have.
//!
//! Long scans: each thread reads its part of the keys. Short ones: up to a hundred pairs from a random key. What
//! is read is summed up, and the sums are compared.

use crate::filled::{Filled, Map, add, key};
use crate::keys::Random;
use crate::plain::Plain;
use crate::team::Team;
use crate::turns::{median, timed};
use crate::workload::LONGEST_SCAN;
use core::ops::{Bound, ControlFlow, RangeBounds};
use std::fmt;

/// What to measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scans {
    /// Workers.
    pub threads: usize,
    /// Random keys in the map.
    pub keys: u64,
    /// Rounds; the median of each ratio counts.
    pub rounds: usize,
    /// Long scans of each way in a round: small maps need more than one.
    pub repeat: usize,
    /// Short scans of each thread in a round.
    pub shorts: u64,
}

/// The ways to read. Each is compared with the first of its kind.
const LONG: [&str; 5] = ["plain memory", "range", "range backward", "chunks", "chunks backward"];
const SHORT: [&str; 3] = ["short range", "short range backward", "short chunks"];

/// How fast each way was.
#[derive(Clone, Debug)]
pub struct Report {
    /// Each way, its median speed in millions of pairs (short: of scans) a second, and the median of its ratios.
    pub ways: Vec<(&'static str, f64, f64)>,
    /// Bytes of leaves for each pair.
    pub leaf_bytes: f64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (way, speed, ratio) in &self.ways {
            let unit = if SHORT.contains(way) { "M scans/s" } else { "M pairs/s" };
            write!(f, "{way:<22} {speed:>8.2} {unit}  ratio {ratio:.3}")?;
            if LONG.contains(way) {
                write!(f, "  {:.2} GB/s of leaves", speed * self.leaf_bytes / 1e3)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// All chunks of a range, summed up.
#[inline]
fn sum_chunks(map: &Map, range: impl RangeBounds<u64>, back: bool) -> u64 {
    let mut sum = 0;
    let each = |keys: &[u64], values: &[u64]| {
        keys.iter().zip(values).for_each(|(&key, &value)| add(&mut sum, key, value));
    };
    if back {
        map.for_each_chunk_rev(range, each)
    } else {
        map.for_each_chunk(range, each)
    };
    sum
}

/// The first `limit` pairs from `start` on, summed up.
#[inline]
fn sum_few(map: &Map, start: u64, limit: usize) -> u64 {
    let (mut sum, mut left) = (0, limit);
    let _ = map.try_for_each_chunk(start.., |keys, values| {
        let n = left.min(keys.len());
        keys[..n].iter().zip(&values[..n]).for_each(|(&key, &value)| add(&mut sum, key, value));
        left -= n;
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    sum
}

/// Runs one way of long scans over one part of the keys.
fn long(way: usize, map: &Map, plain: &Plain, part: usize, parts: usize) -> u64 {
    let bound = |part| if part == parts { u64::MAX } else { u64::MAX / parts as u64 * part as u64 };
    let upper = if part + 1 == parts { Bound::Unbounded } else { Bound::Excluded(bound(part + 1)) };
    let range = (Bound::Included(bound(part)), upper);
    let mut sum = 0;
    match way {
        0 => return plain.sum(part, parts),
        1 => map.range(range).for_each(|(key, value)| add(&mut sum, key, value)),
        2 => map.range(range).rev().for_each(|(key, value)| add(&mut sum, key, value)),
        _ => sum = sum_chunks(map, range, way == 4),
    }
    sum
}

/// Runs one way of short scans, from keys of the map.
fn short(way: usize, map: &Map, keys: u64, count: u64, stream: u64) -> u64 {
    let mut random = Random::new(7, stream);
    let mut sum = 0;
    for _ in 0..count {
        let start = key(random.below(keys));
        let limit = 1 + random.below(u64::from(LONGEST_SCAN)) as usize;
        match way {
            0 => map.range(start..).take(limit).for_each(|(key, value)| add(&mut sum, key, value)),
            1 => map.range(..=start).rev().take(limit).for_each(|(key, value)| add(&mut sum, key, value)),
            _ => sum = sum.wrapping_add(sum_few(map, start, limit)),
        }
    }
    sum
}

impl Scans {
    /// Runs the measurement.
    ///
    /// # Errors
    /// No memory, or two ways that read something else, in words.
    pub fn run(&self) -> Result<Report, String> {
        let team = Team::new(self.threads, "none").map_err(|e| e.to_string())?;
        let Filled { map, sum: right, leaf_bytes, plain } = Filled::new(&team, self.keys)?;
        let ways = LONG.len() + SHORT.len();
        let mut speeds = vec![Vec::new(); ways];
        for round in 0..self.rounds {
            let mut sums = [0; SHORT.len()];
            for i in 0..ways {
                let way = (i + round) % ways;
                if way < LONG.len() {
                    let (sum, seconds) = timed(&team, |t| {
                        (0..self.repeat).fold(0u64, |sum, _| {
                            sum.wrapping_add(std::hint::black_box(long(way, &map, &plain, t, self.threads)))
                        })
                    })?;
                    if way > 0 && sum != right.wrapping_mul(self.repeat as u64) {
                        return Err(format!(
                            "{}: the sum of all pairs is {sum:#x}, not {right:#x}",
                            LONG[way]
                        ));
                    }
                    let pairs = self.keys as f64 * self.repeat as f64;
                    speeds[way].push(pairs / seconds / 1e6);
                } else {
                    let kind = way - LONG.len();
                    let (sum, seconds) =
                        timed(&team, |t| short(kind, &map, self.keys, self.shorts, t as u64))?;
                    sums[kind] = sum;
                    let scans = self.shorts as f64 * self.threads as f64;
                    speeds[way].push(scans / seconds / 1e6);
                }
            }
            if sums[0] != sums[2] {
                return Err(format!("short scans: {sums:x?}, of which the first and the last must be equal"));
            }
        }
        let report = |way: usize| {
            let first = if way < LONG.len() { 0 } else { LONG.len() };
            let ratios = speeds[way].iter().zip(&speeds[first]).map(|(mine, first)| mine / first);
            let name = if way < LONG.len() { LONG[way] } else { SHORT[way - LONG.len()] };
            (name, median(speeds[way].iter().copied()), median(ratios))
        };
        Ok(Report { ways: (0..ways).map(report).collect(), leaf_bytes: leaf_bytes as f64 / self.keys as f64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_read_the_same() {
        let scans = Scans { threads: 2, keys: 3000, rounds: 2, repeat: 2, shorts: 100 };
        let report = scans.run().expect("all sums agree");
        assert_eq!(report.ways.len(), LONG.len() + SHORT.len());
        assert!(report.to_string().contains("chunks backward"));
    }
}
