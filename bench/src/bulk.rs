//! Measures building a map from sorted pairs against the speed at which fresh memory can be filled: plain filling, and
//! `BulkLoad` by one thread and by several, in turns.
//!
//! All of it is in memory that the system has just given, in the pages that the arena gets, so what the kernel takes to
//! hand out pages counts on every side.

use crate::plain::Plain;
use crate::team::Team;
use crate::turns::{median, timed};
use bskip_core::BulkLoad;
use std::fmt;

/// What to measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bulk {
    /// The workers that build together.
    pub threads: usize,
    /// Ascending keys.
    pub keys: u64,
    /// Rounds; the median of each ratio counts.
    pub rounds: usize,
}

/// The ways, each measured once a round.
const WAYS: [&str; 3] = ["plain memory", "one thread", "all threads"];

/// How fast each way was.
#[derive(Clone, Debug)]
pub struct Report {
    threads: usize,
    /// Millions of pairs a second of each way, medians; of plain memory as many as would have filled it.
    pub speeds: [f64; WAYS.len()],
    /// One thread relative to plain memory, median.
    pub share: f64,
    /// All threads relative to one, median.
    pub gain: f64,
    /// Of the map, by its arena.
    pub bytes_per_key: f64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (way, speed) in WAYS.iter().zip(&self.speeds) {
            writeln!(f, "{way:<14} {speed:>8.1} M pairs/s")?;
        }
        writeln!(f, "one thread is at {:.3} of plain memory", self.share)?;
        writeln!(f, "{} threads are {:.3} times as fast as one", self.threads, self.gain)?;
        writeln!(f, "{:.2} bytes a key", self.bytes_per_key)
    }
}

impl Bulk {
    /// Runs the measurement.
    ///
    /// # Errors
    /// No memory, or answers that are wrong, in words.
    pub fn run(&self) -> Result<Report, String> {
        let team = |threads| Team::new(threads, "none").map_err(|e| e.to_string());
        let (one, all) = (team(1)?, team(self.threads)?);
        let (_, mut bytes) = self.build(&one)?;
        let mut speeds: [Vec<f64>; WAYS.len()] = Default::default();
        for round in 0..self.rounds {
            for i in 0..WAYS.len() {
                let way = (i + round) % WAYS.len();
                let seconds = match way {
                    0 => Self::fill(&one, bytes)?,
                    1 => self.build(&one)?.0,
                    _ => {
                        let (seconds, parts) = self.build(&all)?;
                        bytes = bytes.max(parts);
                        seconds
                    }
                };
                speeds[way].push(self.keys as f64 / seconds / 1e6);
            }
        }
        let [plain, single, together] = &speeds;
        let ratio = |of: &[f64], to: &[f64]| median(of.iter().zip(to).map(|(of, to)| of / to));
        Ok(Report {
            threads: self.threads,
            share: ratio(single, plain),
            gain: ratio(together, single),
            bytes_per_key: bytes as f64 / self.keys as f64,
            speeds: [plain, single, together].map(|way| median(way.iter().copied())),
        })
    }

    /// Seconds that filling fresh memory takes.
    fn fill(team: &Team, bytes: usize) -> Result<f64, String> {
        let (filled, seconds) = timed(team, |_| u64::from(Plain::new(bytes).is_ok()))?;
        if filled == 1 { Ok(seconds) } else { Err("no memory to fill".to_owned()) }
    }

    /// Seconds that building takes, and bytes of the map; which is looked at, and dropped, behind the clock.
    fn build(&self, team: &Team) -> Result<(f64, usize), String> {
        let (keys, parts) = (self.keys, team.len() as u64);
        let load = BulkLoad::new();
        let pairs = |t: u64| (keys * t / parts..keys * (t + 1) / parts).map(|key| (key, !key));
        let (built, seconds) = timed(team, |t| u64::from(load.part(pairs(t as u64)).is_ok()))?;
        let before = std::time::Instant::now();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_complete_and_ratios_belong_to_speeds() {
        let report = Bulk { threads: 2, keys: 10_000, rounds: 1 }.run().expect("all keys are there");
        let [plain, one, all] = report.speeds;
        assert!((report.share - one / plain).abs() < 1e-9);
        assert!((report.gain - all / one).abs() < 1e-9);
        assert!((18.0..25.0).contains(&report.bytes_per_key), "{}", report.bytes_per_key);
        assert!(report.to_string().contains("times as fast as one"));
    }
}
