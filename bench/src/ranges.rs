//! Measures the calls for many pairs against the plain calls, in turns: a parallel iterator against an iterator, a
//! snapshot of a range against an iterator, the removal of a range against a removal of each key.

use crate::filled::{Filled, KEYS, Map};
use crate::interleaved::Speeds;
use crate::keys::value_of;
use crate::numbers;
use crate::random::random;
use crate::team::Team;
use bskip_core::BSkipMap;
use rand::RngExt;
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;
use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

/// What to measure.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Ranges {
    /// Threads of the parallel iterator, and threads that write beside the snapshots
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = numbers::threads)]
    pub threads: usize,
    /// Random keys in the map
    #[arg(long, value_name = "N", default_value = "10M", value_parser = numbers::keys)]
    pub keys: u64,
    /// Rounds; the median of each ratio is printed
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = numbers::rounds)]
    pub rounds: usize,
}

/// The pairs of a snapshot, about.
const PAIRS: u64 = 100;
/// Snapshots in a round.
const SNAPSHOTS: u64 = 20_000;
/// Writers write keys from here on; snapshots are of lesser ones.
const WRITTEN: u64 = u64::MAX / 2;

impl Ranges {
    /// Runs the measurement. Returns a report.
    ///
    /// # Errors
    /// There is no memory, or an answer is wrong.
    pub fn run(&self) -> Result<String, String> {
        if self.keys < 10 * PAIRS {
            return Err(format!("at least {} keys are needed", 10 * PAIRS));
        }
        let team = Team::new(self.threads, "none").map_err(|e| e.to_string())?;
        let Filled { map, .. } = Filled::new(&team, self.keys)?;
        let mut text =
            format!("{} random keys, {} threads, {} rounds\n", self.keys, self.threads, self.rounds);
        let mut line = |what: &str, [plain, many]: [f64; 2], ratio: f64| {
            let _ = writeln!(text, "{what:<34} {many:>10.2}, plain {plain:>10.2}: {ratio:.2} times as fast");
        };
        let sums = self.sums(&map)?;
        line("par_iter, M pairs/s", sums.medians(), sums.ratio(1, 0));
        let snapshots = self.snapshots(&map)?;
        line("range_snapshot, M pairs/s", snapshots.medians(), snapshots.ratio(1, 0));
        let removals = self.removals(&map)?;
        line("remove_range, M pairs/s", removals.medians(), removals.ratio(1, 0));
        Ok(text)
    }

    /// The sum of all values, by one thread and by all.
    fn sums(&self, map: &Map) -> Result<Speeds<2>, String> {
        let expected = (0..self.keys).fold(0_u64, |sum, i| sum.wrapping_add(value_of(KEYS.key(i), 0)));
        let pool = ThreadPoolBuilder::new().num_threads(self.threads).build().map_err(|e| e.to_string())?;
        Speeds::measure(self.rounds, |way| {
            let begun = Instant::now();
            let sum = match way {
                0 => map.values().fold(0, u64::wrapping_add),
                _ => pool.install(|| map.par_iter().map(|(_, value)| value).reduce(|| 0, u64::wrapping_add)),
            };
            let seconds = begun.elapsed().as_secs_f64();
            right("the parallel sum", sum, expected)?;
            Ok(self.keys as f64 / seconds / 1e6)
        })
    }

    /// Ranges of about [`PAIRS`] pairs, read by one thread while the others write elsewhere.
    fn snapshots(&self, map: &Map) -> Result<Speeds<2>, String> {
        let width = u64::MAX / self.keys * PAIRS;
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            for t in 0..self.threads as u64 {
                let stop = &stop;
                scope.spawn(move || {
                    let mut random = random(11, t);
                    while !stop.load(Ordering::Relaxed) {
                        let key = KEYS.key(random.random_range(0..self.keys));
                        if key >= WRITTEN {
                            map.insert(key, value_of(key, 0));
                        }
                    }
                });
            }
            let mut stream = 0;
            let _end = StopOnDrop(&stop);
            Speeds::measure(self.rounds, |way| {
                // Each turn has ranges of its own: those of the turn before are in the caches.
                stream += 1;
                let mut random = random(12, stream);
                let mut pairs = 0;
                let begun = Instant::now();
                for _ in 0..SNAPSHOTS {
                    let from = random.random_range(0..WRITTEN - width);
                    let found: Vec<(u64, u64)> = match way {
                        0 => map.range(from..from + width).collect(),
                        _ => map.range_snapshot(from..from + width),
                    };
                    let is_within = |key: u64| (from..from + width).contains(&key);
                    if found.iter().any(|&(key, value)| value != value_of(key, 0) || !is_within(key))
                        || !found.is_sorted_by(|a, b| a.0 < b.0)
                    {
                        return Err("a range has a wrong pair".into());
                    }
                    pairs += black_box(&found).len();
                }
                // Ranges of random keys have this many pairs on average, give or take a percent.
                if (pairs as u64).abs_diff(SNAPSHOTS * PAIRS) > SNAPSHOTS * PAIRS / 20 {
                    return Err(format!("{pairs} pairs in {SNAPSHOTS} ranges of about {PAIRS}"));
                }
                Ok(pairs as f64 / begun.elapsed().as_secs_f64() / 1e6)
            })
        })
    }

    /// The removal of the upper half of the keys from a copy.
    fn removals(&self, map: &Map) -> Result<Speeds<2>, String> {
        let half: Vec<u64> = map.range(WRITTEN..).map(|(key, _)| key).collect();
        Speeds::measure(self.rounds, |way| {
            let copy: BSkipMap<u64, u64> = map.clone();
            let begun = Instant::now();
            let removed = match way {
                0 => half.iter().filter(|&key| copy.remove(key).is_some()).count(),
                _ => copy.remove_range(WRITTEN..),
            };
            let seconds = begun.elapsed().as_secs_f64();
            right("the number of removed pairs", removed as u64, half.len() as u64)?;
            right("the number of pairs that are left", copy.len() as u64, self.keys - half.len() as u64)?;
            Ok(half.len() as f64 / seconds / 1e6)
        })
    }
}

/// Ends the writers, also if a map panics.
struct StopOnDrop<'s>(&'s AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn right(what: &str, found: u64, expected: u64) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what} is {found}, not {expected}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_checked() {
        let report = Ranges { threads: 2, keys: 5000, rounds: 1 }.run().expect("all answers are right");
        for what in ["par_iter", "range_snapshot", "remove_range"] {
            assert!(report.contains(what), "{report}");
        }
        assert!(right("the sum", 1, 2).is_err());
    }
}
