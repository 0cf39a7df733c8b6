//! Measures lookups many at a time against the speed of the memory: `get`, `get_many` and plain reading of random
//! lines, in turns.
//!
//! A lookup that overlaps with others can be as fast as the memory gives out the lines that it touches, each of
//! them anywhere: that is the limit. Of the lines that it counts, some are still in a cache when the next lookup
//! wants them (those of the hint table and of level 1, if these fit), so more than the whole of it is possible.

use crate::filled::{Filled, key};
use crate::keys::{Random, value_of};
use crate::team::Team;
use crate::turns::{median, timed};
use std::fmt;

/// Lines of 64 bytes that a lookup in a map of `u64` to `u64` touches where keys are spread evenly: one of the hint table
/// of leaves; header, samples, keys and values of a leaf.
pub const LINES: f64 = 1.0 + 4.0;

/// Keys in a call.
const BATCH: usize = 64;

/// What to measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookups {
    /// Workers.
    pub threads: usize,
    /// Random keys in the map.
    pub keys: u64,
    /// Rounds; the median of each ratio counts.
    pub rounds: usize,
    /// Lookups of each thread in a round.
    pub lookups: u64,
}

/// The ways, each measured once a round.
const WAYS: [&str; 3] = ["random lines", "get", "get_many"];

/// How fast each way was.
#[derive(Clone, Debug)]
pub struct Report {
    /// Millions a second of each way, medians: lines, lookups, lookups.
    pub speeds: [f64; WAYS.len()],
    /// `get_many` relative to `get`, median.
    pub gain: f64,
    /// `get_many` relative to lines divided by [`LINES`], median.
    pub share: f64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (way, speed) in WAYS.iter().zip(&self.speeds) {
            writeln!(f, "{way:<14} {speed:>8.2} M/s")?;
        }
        writeln!(f, "get_many is {:.2} times as fast as get", self.gain)?;
        writeln!(f, "and {:.2} of the limit: random lines, {LINES} of them a lookup", self.share)
    }
}

/// The sum of the values that `find` puts beside `count` random keys of the map, of which it gets [`BATCH`] at a time.
fn look(keys: u64, count: u64, stream: u64, find: impl Fn(&[u64; BATCH], &mut [Option<u64>; BATCH])) -> u64 {
    let mut random = Random::new(7, stream);
    let mut batch = [0; BATCH];
    let mut values = [None; BATCH];
    let mut sum = 0u64;
    for _ in 0..count / BATCH as u64 {
        batch.fill_with(|| key(random.below(keys)));
        find(&batch, &mut values);
        sum = values.iter().fold(sum, |sum, value| sum.wrapping_add(value.unwrap_or(1)));
    }
    sum
}

/// What each way must find.
fn expected(keys: u64, count: u64, stream: u64) -> u64 {
    look(keys, count, stream, |keys, values| *values = keys.map(|key| Some(value_of(key, 0))))
}

impl Lookups {
    /// Runs the measurement.
    ///
    /// # Errors
    /// No memory, or answers that are wrong, in words.
    pub fn run(&self) -> Result<Report, String> {
        let team = Team::new(self.threads, "none").map_err(|e| e.to_string())?;
        let Filled { map, plain, .. } = Filled::new(&team, self.keys)?;
        let threads = self.threads as u64;
        let count = self.lookups.div_ceil(BATCH as u64) * BATCH as u64;
        let right = (0..threads).fold(0u64, |sum, t| sum.wrapping_add(expected(self.keys, count, t)));
        let mut speeds: [Vec<f64>; WAYS.len()] = Default::default();
        for round in 0..self.rounds {
            for i in 0..WAYS.len() {
                let way = (i + round) % WAYS.len();
                let (sum, seconds) = timed(&team, |t| match way {
                    0 => plain.sum_lines(count, t as u64),
                    1 => look(self.keys, count, t as u64, |keys, values| {
                        keys.iter().zip(values).for_each(|(key, value)| *value = map.get(key));
                    }),
                    _ => look(self.keys, count, t as u64, |keys, values| map.get_many(keys, values)),
                })?;
                let right = if way == 0 { count * threads } else { right };
                if sum != right {
                    return Err(format!("{}: the sum is {sum:#x}, not {right:#x}", WAYS[way]));
                }
                speeds[way].push((count * threads) as f64 / seconds / 1e6);
            }
        }
        let [lines, gets, manys] = &speeds;
        let ratio = |of: &[f64]| median(manys.iter().zip(of).map(|(many, of)| many / of));
        Ok(Report {
            gain: ratio(gets),
            share: ratio(lines) * LINES,
            speeds: [lines, gets, manys].map(|way| median(way.iter().copied())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_checked_and_ratios_belong_to_speeds() {
        let lookups = Lookups { threads: 2, keys: 3000, rounds: 1, lookups: 1000 };
        let report = lookups.run().expect("all sums agree");
        let [lines, get, many] = report.speeds;
        assert!((report.gain - many / get).abs() < 1e-9);
        assert!((report.share - many * LINES / lines).abs() < 1e-9);
        assert!(report.to_string().contains("of the limit"));
        assert_ne!(expected(3000, 64, 0), expected(3000, 64, 1));
    }
}
