//! Many more threads than processors on one hot key. Measures how long the worst operation takes, and what it
//! costs to wait for a holder that does not run.
//!
//! A round gives each map the same operations, half of them increments and half of them reads, one map after
//! the other. Each round starts with another map. Then one thread sleeps while it holds the key, and the
//! others want it. The processor time that the process uses meanwhile is what the waiting threads burn. Every
//! count is checked.
//!
//! The worst operation of a round depends on the scheduler more than on the map: if a thread's time slice
//! ends, the thread waits for all others, wherever it was. So the report compares it with the same program
//! over a `Mutex<BTreeMap>`. Our map counts by `update` and by `compute`.

use crate::interleaved::{median, turns};
use crate::numbers;
use crate::rusage::cpu_time;
use crate::team::Team;
use bskip_core::{BSkipMap, Operation};
use hdrhistogram::Histogram;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::Args)]
pub struct Contention {
    /// Threads
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = numbers::threads)]
    pub threads: usize,
    /// Operations of all threads together in a round
    #[arg(long, value_name = "N", default_value = "2M", value_parser = numbers::operations)]
    pub ops: u64,
    /// Rounds
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = numbers::rounds)]
    pub rounds: usize,
    /// Milliseconds for which a thread sleeps with the key
    #[arg(long, value_name = "MS", default_value = "300", value_parser = milliseconds)]
    pub hold: Duration,
}

/// Up to ten minutes.
fn milliseconds(text: &str) -> Result<Duration, String> {
    numbers::within(text, 1..=600_000).map(Duration::from_millis)
}

/// The key of all threads, and how many keys the map has.
const HOT: u64 = 5_000;
const KEYS: u64 = 10_000;

/// A map with a key that every thread wants.
trait HotKey: Sync {
    /// Adds one to the value of the hot key.
    fn increment(&self);
    /// The value of the hot key.
    fn read(&self) -> u64;
    /// Runs `f` while no other thread can change the value.
    fn hold(&self, f: &mut dyn FnMut());
}

impl HotKey for BSkipMap<u64, u64> {
    fn increment(&self) {
        self.update(&HOT, |value| *value += 1);
    }

    fn read(&self) -> u64 {
        self.get(&HOT).unwrap_or(0)
    }

    fn hold(&self, f: &mut dyn FnMut()) {
        self.update(&HOT, |_| f());
    }
}

/// The same map, whose count grows by its entry API.
struct Computed(BSkipMap<u64, u64>);

impl HotKey for Computed {
    fn increment(&self) {
        self.0.compute(HOT, |count| Operation::<u64>::Insert(count.map_or(1, |count| count + 1)));
    }

    fn read(&self) -> u64 {
        self.0.read()
    }

    fn hold(&self, f: &mut dyn FnMut()) {
        self.0.compute(HOT, |_| {
            f();
            Operation::Abort(())
        });
    }
}

impl HotKey for Mutex<BTreeMap<u64, u64>> {
    fn increment(&self) {
        if let Some(value) = self.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&HOT) {
            *value += 1;
        }
    }

    fn read(&self) -> u64 {
        self.lock().unwrap_or_else(PoisonError::into_inner).get(&HOT).copied().unwrap_or(0)
    }

    fn hold(&self, f: &mut dyn FnMut()) {
        let _guard = self.lock();
        f();
    }
}

/// One map in one round.
#[derive(Clone, Copy, Debug)]
struct Round {
    /// Operations a second, in millions.
    mops: f64,
    /// The longest operation, in milliseconds.
    worst: f64,
    /// 999 of 1000 operations were not longer than these microseconds.
    p999: f64,
    /// Processor time that the process used while the holder slept, relative to the time that it slept.
    /// `None` if the system does not tell.
    burnt: Option<f64>,
}

impl Contention {
    /// Runs all rounds. Returns a report.
    ///
    /// # Errors
    /// A message: an increment was lost or invented, there are fewer than two threads, or there are fewer
    /// operations than threads.
    pub fn run(self) -> Result<String, String> {
        if self.threads < 2 || self.ops < self.threads as u64 {
            return Err("at least two threads are needed, and an operation for each".into());
        }
        let team = Team::new(self.threads, "none").map_err(|e| e.to_string())?;
        let ours = BSkipMap::new();
        (0..KEYS).for_each(|key| assert_eq!(ours.insert(key, 0), None));
        let locked = Mutex::new((0..KEYS).map(|key| (key, 0)).collect::<BTreeMap<u64, u64>>());
        let computed = Computed(BSkipMap::new());
        (0..KEYS).for_each(|key| assert_eq!(computed.0.insert(key, 0), None));
        let maps: [&dyn HotKey; 3] = [&ours, &computed, &locked];
        let mut rounds = [("bskip", vec![]), ("bskip-compute", vec![]), ("mutex-btreemap", vec![])];
        for round in 0..self.rounds {
            for turn in turns(round, maps.len()) {
                let (name, rounds) = &mut rounds[turn];
                rounds.push(self.round(&team, maps[turn]).map_err(|why| format!("{name}: {why}"))?);
            }
        }
        Ok(self.report(&rounds))
    }

    fn report(self, maps: &[(&str, Vec<Round>)]) -> String {
        let Self { threads, ops, rounds, .. } = self;
        let mut text = format!(
            "{threads} threads on one key, {ops} operations a round, half of them increments; \
             medians of {rounds} rounds\n\
             map                Mops/s     p99.9 us     worst ms    of all ms    burnt\n"
        );
        for (map, rounds) in maps {
            let median = |of: fn(&Round) -> f64| median(rounds.iter().map(of));
            let (mops, p999, worst) = (median(|r| r.mops), median(|r| r.p999), median(|r| r.worst));
            let all = rounds.iter().map(|round| round.worst).fold(0.0, f64::max);
            let burnt = match rounds.iter().all(|round| round.burnt.is_some()) {
                true => format!("{:.2}", median(|r| r.burnt.unwrap_or(0.0))),
                false => "unknown".into(),
            };
            text += &format!("{map:<16} {mops:>8.2} {p999:>12.1} {worst:>12.1} {all:>12.1} {burnt:>8}\n");
        }
        text + "worst: the longest operation of a round; of all: of all rounds\n\
                burnt: processors kept busy by threads that wait for a thread that sleeps with the key\n"
    }

    fn round(self, team: &Team, map: &dyn HotKey) -> Result<Round, String> {
        let (before, each) = (map.read(), self.ops / self.threads as u64);
        let done = team.run(|_| work(map, each));
        let mut all = histogram();
        for times in done.results {
            all.add(times??).expect("all histograms have the same bounds");
        }
        let right = before + self.threads as u64 * each.div_ceil(2);
        if map.read() != right {
            let (made, there) = (right - before, map.read() - before);
            return Err(format!("{made} increments were made, {there} are there"));
        }
        let burnt = self.burnt(team, map)?;
        if map.read() != right + self.threads as u64 - 1 {
            return Err("an increment was lost by a thread that waited for a sleeping holder".into());
        }
        Ok(Round {
            mops: (self.threads as u64 * each) as f64 / done.elapsed.as_secs_f64() / 1e6,
            worst: all.max() as f64 / 1e6,
            p999: all.value_at_quantile(0.999) as f64 / 1e3,
            burnt,
        })
    }

    /// One thread sleeps with the key, the others want it.
    fn burnt(self, team: &Team, map: &dyn HotKey) -> Result<Option<f64>, String> {
        let is_held = AtomicBool::new(false);
        let done = team.run(|thread| {
            let mut burnt = None;
            if thread > 0 {
                while !is_held.load(Ordering::Relaxed) {
                    thread::sleep(Duration::from_millis(1));
                }
                map.increment();
                return burnt;
            }
            map.hold(&mut || {
                is_held.store(true, Ordering::Relaxed);
                // Meanwhile the others reach the key, and finish whatever they do at first.
                thread::sleep(self.hold);
                let before = cpu_time();
                let asleep = Instant::now();
                thread::sleep(self.hold);
                let used = before.zip(cpu_time()).map(|(before, after)| after.saturating_sub(before));
                burnt = used.map(|used| used.as_secs_f64() / asleep.elapsed().as_secs_f64());
            });
            burnt
        });
        done.results.into_iter().try_fold(None, |first, burnt| Ok(first.or(burnt?)))
    }
}

fn histogram() -> Histogram<u64> {
    // Nanoseconds up to ten minutes, to three digits.
    Histogram::new_with_bounds(1, 600_000_000_000, 3).expect("the bounds are constants in order")
}

/// A thread's operations, each one timed. The count that it reads must grow.
fn work(map: &dyn HotKey, ops: u64) -> Result<Histogram<u64>, String> {
    let (mut times, mut seen) = (histogram(), 0);
    for op in 0..ops {
        let before = Instant::now();
        if op % 2 == 0 {
            map.increment();
        } else {
            let now = map.read();
            if now <= seen {
                return Err(format!("read {now} after {seen}, although this thread added one in between"));
            }
            seen = now;
        }
        times.saturating_record((before.elapsed().as_nanos() as u64).max(1));
    }
    Ok(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Contention =
        Contention { threads: 8, ops: 8_000, rounds: 2, hold: Duration::from_millis(30) };

    #[test]
    fn no_increment_is_lost_and_the_report_has_all_maps() {
        let text = SMALL.run().unwrap();
        for map in ["bskip", "bskip-compute", "mutex-btreemap"] {
            assert!(text.contains(&format!("\n{map} ")), "{text}");
        }
        assert!(Contention { threads: 1, ..SMALL }.run().is_err());
    }

    /// A map that loses every tenth increment.
    #[test]
    fn lost_increments_are_found() {
        #[derive(Default)]
        struct Loses(Mutex<(u64, u64)>);
        impl HotKey for Loses {
            fn increment(&self) {
                let mut counts = self.0.lock().unwrap();
                counts.0 += 1;
                counts.1 += u64::from(!counts.0.is_multiple_of(10));
            }
            fn read(&self) -> u64 {
                self.0.lock().unwrap().1
            }
            fn hold(&self, f: &mut dyn FnMut()) {
                f();
            }
        }
        let team = Team::new(SMALL.threads, "none").unwrap();
        assert!(SMALL.round(&team, &Loses::default()).is_err());
    }
}
