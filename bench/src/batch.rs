//! Measures batched lookups against the speed of the memory: `get`, `get_many` and plain reading of random
//! lines, in turns.
//!
//! The memory limits how many lines overlapping lookups can load. So the limit of `get_many` is the rate of
//! lines divided by [`LINES`]. Some of these lines are still in a cache when the next lookup wants them
//! (those of the hint table, if it fits), so `get_many` can exceed the limit.

use crate::filled::{Filled, KEYS};
use crate::interleaved::{Speeds, timed};
use crate::keys::value_of;
use crate::numbers;
use crate::random::random;
use crate::team::Team;
use crate::workload::BATCH;
use rand::RngExt;

/// The lines of 64 bytes that a lookup touches in a map of evenly spread `u64` keys. One is in the hint table
/// of leaves. The others are a leaf's header, samples, keys and values.
pub const LINES: f64 = 1.0 + 4.0;

/// What to measure.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Lookups {
    /// Workers
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = numbers::threads)]
    pub threads: usize,
    /// Random keys in the map
    #[arg(long, value_name = "N", default_value = "10M", value_parser = numbers::keys)]
    pub keys: u64,
    /// Rounds; the median of each ratio is printed
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = numbers::rounds)]
    pub rounds: usize,
    /// Lookups of each thread in a round, at least one batch of 64
    #[arg(long, value_name = "N", default_value = "4M", value_parser = at_least_a_batch)]
    pub lookups: u64,
}

fn at_least_a_batch(text: &str) -> Result<u64, String> {
    numbers::within(text, BATCH as u64..=numbers::MOST_OPERATIONS)
}

/// The ways, each measured once a round.
const WAYS: [&str; 3] = ["random lines", "get", "get_many"];

/// The sum of the values that `find` gives for `count` random keys of the map, a [`BATCH`] at a time.
fn look(keys: u64, count: u64, stream: u64, find: impl Fn(&[u64; BATCH], &mut [Option<u64>; BATCH])) -> u64 {
    let mut random = random(7, stream);
    let (mut batch, mut values, mut sum) = ([0; BATCH], [None; BATCH], 0_u64);
    for _ in 0..count / BATCH as u64 {
        batch.fill_with(|| KEYS.key(random.random_range(0..keys)));
        find(&batch, &mut values);
        sum = values.iter().fold(sum, |sum, value| sum.wrapping_add(value.unwrap_or(1)));
    }
    sum
}

/// The sum that each way must find.
fn expected(keys: u64, count: u64, stream: u64) -> u64 {
    look(keys, count, stream, |keys, values| *values = keys.map(|key| Some(value_of(key, 0))))
}

impl Lookups {
    /// Runs the measurement. Returns a report.
    ///
    /// # Errors
    /// There is no memory, or an answer is wrong.
    pub fn run(&self) -> Result<String, String> {
        let team = Team::new(self.threads, "none").map_err(|e| e.to_string())?;
        let Filled { map, memory, .. } = Filled::new(&team, self.keys)?;
        let threads = self.threads as u64;
        let count = self.lookups.div_ceil(BATCH as u64) * BATCH as u64;
        let lookups = (0..threads).fold(0_u64, |sum, t| sum.wrapping_add(expected(self.keys, count, t)));
        let speeds = Speeds::<{ WAYS.len() }>::measure(self.rounds, |way| {
            let (sum, seconds) = timed(&team, |t| match way {
                0 => memory.sum_lines(count, t as u64),
                1 => look(self.keys, count, t as u64, |keys, values| {
                    keys.iter().zip(values).for_each(|(key, value)| *value = map.get(key));
                }),
                _ => look(self.keys, count, t as u64, |keys, values| map.get_many(keys, values)),
            })?;
            let right = if way == 0 { count * threads } else { lookups };
            if sum != right {
                return Err(format!("{}: the sum is {sum:#x}, not {right:#x}", WAYS[way]));
            }
            Ok((count * threads) as f64 / seconds / 1e6)
        })?;
        let ways =
            WAYS.iter().zip(speeds.medians()).map(|(way, speed)| format!("{way:<14} {speed:>8.2} M/s\n"));
        let (gain, share) = (speeds.ratio(2, 1), speeds.ratio(2, 0) * LINES);
        Ok(ways.collect::<String>()
            + &format!("get_many is {gain:.2} times as fast as get\n")
            + &format!("and {share:.2} of the limit: random lines, {LINES} of them a lookup\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_checked() {
        let lookups = Lookups { threads: 2, keys: 3000, rounds: 1, lookups: 1000 };
        let report = lookups.run().expect("all sums agree");
        assert!(report.starts_with("random lines") && report.contains("of the limit"), "{report}");
        assert_ne!(expected(3000, 64, 0), expected(3000, 64, 1));
    }
}
