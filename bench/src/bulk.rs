//! Measures building a map from sorted pairs against the speed at which fresh memory can be filled. The ways
//! are plain filling, and `BulkLoad` by one thread and by several. They take turns.
//!
//! All of them work in memory that the system has just given, in the pages that the arena gets. So each way
//! includes the time that the kernel takes to hand out pages.

use crate::interleaved::{Speeds, timed};
use crate::memory_baseline::MemoryBaseline;
use crate::numbers;
use crate::team::Team;
use bskip_core::BulkLoad;
use std::time::Instant;

/// What to measure.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Bulk {
    /// Workers that build together
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = numbers::threads)]
    pub threads: usize,
    /// Ascending keys
    #[arg(long, value_name = "N", default_value = "10M", value_parser = numbers::keys)]
    pub keys: u64,
    /// Rounds; the median of each ratio is printed
    #[arg(long, value_name = "N", default_value_t = 11, value_parser = numbers::rounds)]
    pub rounds: usize,
}

/// The ways, each measured once a round.
const WAYS: [&str; 3] = ["plain memory", "one thread", "all threads"];

impl Bulk {
    /// Runs the measurement. Returns a report.
    ///
    /// # Errors
    /// There is no memory, or an answer is wrong.
    pub fn run(&self) -> Result<String, String> {
        let team = |threads| Team::new(threads, "none").map_err(|e| e.to_string());
        let (one, all) = (team(1)?, team(self.threads)?);
        let (_, mut bytes) = self.build(&one)?;
        let speeds = Speeds::<{ WAYS.len() }>::measure(self.rounds, |way| {
            let seconds = match way {
                0 => fill(&one, bytes)?,
                1 => self.build(&one)?.0,
                _ => {
                    let (seconds, parts) = self.build(&all)?;
                    bytes = bytes.max(parts);
                    seconds
                }
            };
            Ok(self.keys as f64 / seconds / 1e6)
        })?;
        // For plain memory these are the pairs that would have filled it.
        let ways = WAYS.iter().zip(speeds.medians());
        let ways = ways.map(|(way, speed)| format!("{way:<14} {speed:>8.1} M pairs/s\n"));
        let (threads, gain) = (self.threads, speeds.ratio(2, 1));
        Ok(ways.collect::<String>()
            + &format!("one thread is at {:.3} of plain memory\n", speeds.ratio(1, 0))
            + &format!("{threads} threads are {gain:.3} times as fast as one\n")
            + &format!("{:.2} bytes a key\n", bytes as f64 / self.keys as f64))
    }

    /// The seconds that building takes, and the bytes of the map. Checking and dropping the map is not timed.
    fn build(&self, team: &Team) -> Result<(f64, usize), String> {
        let (keys, parts) = (self.keys, team.len() as u64);
        let load = BulkLoad::new();
        let pairs = |t: u64| (keys * t / parts..keys * (t + 1) / parts).map(|key| (key, !key));
        let (built, seconds) = timed(team, |t| u64::from(load.part(pairs(t as u64)).is_ok()))?;
        let before = Instant::now();
        let map = load.finish().map_err(|e| e.to_string())?;
        let seconds = seconds + before.elapsed().as_secs_f64();
        let seams = (0..=parts).flat_map(|t| [(keys * t / parts).saturating_sub(1), keys * t / parts]);
        let sample = (0..1000).map(|i| keys * i / 1000).chain(seams).filter(|&key| key < keys);
        let wrong = sample.filter(|key| map.get(key) != Some(!key)).count();
        if built != parts || wrong > 0 || map.len() as u64 != keys {
            return Err(format!("{wrong} wrong answers, {} keys of {keys}", map.len()));
        }
        Ok((seconds, map.usage().issued_bytes))
    }
}

/// The seconds that filling fresh memory takes.
fn fill(team: &Team, bytes: usize) -> Result<f64, String> {
    let (filled, seconds) = timed(team, |_| u64::from(MemoryBaseline::new(bytes).is_ok()))?;
    if filled == 1 { Ok(seconds) } else { Err("no memory to fill".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_complete_and_small() {
        let report = Bulk { threads: 2, keys: 10_000, rounds: 1 }.run().expect("all keys are there");
        let last = report.lines().last().and_then(|line| line.strip_suffix(" bytes a key"));
        let bytes: f64 = last.expect("the last line has the bytes").parse().unwrap();
        assert!((18.0..25.0).contains(&bytes) && report.contains("2 threads are"), "{report}");
    }
}
