//! Measures scans against the speed of the memory. Every way to read a map in order takes turns with plain
//! reading of as many bytes as the map's leaves have.
//!
//! In a long scan each thread reads its part of the keys. A short scan reads up to a hundred pairs from a
//! random key on. All that is read is summed up, and the sums are compared.

use crate::filled::{Filled, KEYS, Map, add};
use crate::interleaved::{Speeds, timed};
use crate::memory_baseline::MemoryBaseline;
use crate::numbers;
use crate::random::random;
use crate::team::Team;
use crate::workload::LONGEST_SCAN;
use core::ops::{Bound, ControlFlow, RangeBounds};
use rand::RngExt;

/// What to measure.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Scans {
    /// Workers; each reads a part of the keys
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = numbers::threads)]
    pub threads: usize,
    /// Random keys in the map
    #[arg(long, value_name = "N", default_value = "10M", value_parser = numbers::keys)]
    pub keys: u64,
    /// Rounds; the median of each ratio is printed
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = numbers::rounds)]
    pub rounds: usize,
    /// Long scans of each way in a round; small maps need more than one
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = numbers::rounds)]
    pub repeat: usize,
    /// Short scans of each thread in a round
    #[arg(long, value_name = "N", default_value = "100k", value_parser = numbers::operations)]
    pub shorts: u64,
}

/// The ways to read: long scans, then short ones. Each is compared with the first of its kind.
const WAYS: [&str; 8] = [
    "plain memory",
    "range",
    "range backward",
    "chunks",
    "chunks backward",
    "short range",
    "short range backward",
    "short chunks",
];
/// How many of them are long.
const LONG: usize = 5;

/// Sums up all chunks of a range.
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

/// Sums up the first `limit` pairs from `start` on, by chunks.
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

/// Runs a way of long scans over one part of the keys.
fn long(way: usize, map: &Map, memory: &MemoryBaseline, part: usize, parts: usize) -> u64 {
    let bound = |part| if part == parts { u64::MAX } else { u64::MAX / parts as u64 * part as u64 };
    let upper = if part + 1 == parts { Bound::Unbounded } else { Bound::Excluded(bound(part + 1)) };
    let range = (Bound::Included(bound(part)), upper);
    let mut sum = 0;
    match way {
        0 => return memory.sum(part, parts),
        1 => map.range(range).for_each(|(key, value)| add(&mut sum, key, value)),
        2 => map.range(range).rev().for_each(|(key, value)| add(&mut sum, key, value)),
        _ => sum = sum_chunks(map, range, way == 4),
    }
    sum
}

/// Runs a way of short scans, from random keys of the map.
fn short(way: usize, map: &Map, keys: u64, count: u64, stream: u64) -> u64 {
    let (mut random, mut sum) = (random(7, stream), 0);
    for _ in 0..count {
        let start = KEYS.key(random.random_range(0..keys));
        let limit = random.random_range(1..=LONGEST_SCAN) as usize;
        match way {
            5 => map.range(start..).take(limit).for_each(|(key, value)| add(&mut sum, key, value)),
            6 => map.range(..=start).rev().take(limit).for_each(|(key, value)| add(&mut sum, key, value)),
            _ => sum = sum.wrapping_add(sum_few(map, start, limit)),
        }
    }
    sum
}

impl Scans {
    /// Runs the measurement. Returns a report.
    ///
    /// # Errors
    /// There is no memory, or two ways read different pairs.
    pub fn run(&self) -> Result<String, String> {
        let team = Team::new(self.threads, "none").map_err(|e| e.to_string())?;
        let Filled { map, sum, leaf_bytes, memory } = Filled::new(&team, self.keys)?;
        let all = sum.wrapping_mul(self.repeat as u64);
        // What short scans must read: forward, where two ways must agree, and backward.
        let mut shorts = [None; 2];
        let speeds = Speeds::<{ WAYS.len() }>::measure(self.rounds, |way| {
            let (sum, seconds) = timed(&team, |t| match way {
                ..LONG => (0..self.repeat).fold(0, |sum: u64, _| {
                    sum.wrapping_add(std::hint::black_box(long(way, &map, &memory, t, self.threads)))
                }),
                _ => short(way, &map, self.keys, self.shorts, t as u64),
            })?;
            let expected = match way {
                0 => sum,
                1..LONG => all,
                _ => *shorts[usize::from(way == 6)].get_or_insert(sum),
            };
            if sum != expected {
                return Err(format!("{}: the sum of all pairs is {sum:#x}, not {expected:#x}", WAYS[way]));
            }
            let done = match way {
                ..LONG => self.keys as f64 * self.repeat as f64,
                _ => self.shorts as f64 * self.threads as f64,
            };
            Ok(done / seconds / 1e6)
        })?;
        let leaf_bytes = leaf_bytes as f64 / self.keys as f64;
        let line = |(way, speed): (usize, f64)| {
            let name = WAYS[way];
            if way < LONG {
                let (ratio, bytes) = (speeds.ratio(way, 0), speed * leaf_bytes / 1e3);
                format!("{name:<22} {speed:>8.2} M pairs/s  ratio {ratio:.3}  {bytes:.2} GB/s of leaves\n")
            } else {
                format!("{name:<22} {speed:>8.2} M scans/s  ratio {:.3}\n", speeds.ratio(way, LONG))
            }
        };
        Ok(speeds.medians().into_iter().enumerate().map(line).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_read_the_same() {
        let scans = Scans { threads: 2, keys: 3000, rounds: 2, repeat: 2, shorts: 100 };
        let report = scans.run().expect("all sums agree");
        assert!(report.lines().zip(WAYS).all(|(line, way)| line.starts_with(way)), "{report}");
    }
}
