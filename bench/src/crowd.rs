//! Far more threads than processors on one hot key: how long the worst operation takes, and what waiting for a
//! holder that does not run costs.
//!
//! A round gives each map the same operations, half of them increments, half of them reads, one map after the
//! other, starting with another map each round. Then one thread holds the key asleep while the others
//! want it: what the process computes meanwhile is what the waiters burn. Every count is checked.
//!
//! The worst operation of a round is the scheduler's more than the map's: a thread whose time slice ends waits
//! for all others, wherever it was. So it is compared with that of the same program over a `Mutex<BTreeMap>`.

use crate::rusage::cpu_time;
use bskip_core::BSkipMap;
use hdrhistogram::Histogram;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crowd {
    /// Threads.
    pub threads: usize,
    /// Operations of all threads together in a round.
    pub ops: u64,
    /// Rounds.
    pub rounds: usize,
    /// How long the holder sleeps.
    pub hold: Duration,
}

/// The key of all threads, and how many keys there are beside it.
const HOT: u64 = 5_000;
const KEYS: u64 = 10_000;

/// A map with a key that everyone wants.
trait HotKey: Sync {
    /// Adds one to the value of the hot key.
    fn increment(&self);
    /// Its value.
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
    /// The longest operation.
    worst: Duration,
    /// 999 of 1000 operations were not longer.
    p999: Duration,
    /// Processor time that the process used while the holder slept, by the time that it slept; `None` where the
    /// system does not tell.
    burnt: Option<f64>,
}

/// A map's rounds.
#[derive(Clone, Debug)]
pub struct Score {
    map: &'static str,
    rounds: Vec<Round>,
}

impl Score {
    fn median(&self, of: impl Fn(&Round) -> f64) -> f64 {
        let mut all: Vec<f64> = self.rounds.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    }
}

/// What [`Crowd::run`] found.
#[derive(Clone, Debug)]
pub struct Report {
    crowd: Crowd,
    scores: Vec<Score>,
}

impl Crowd {
    /// Runs all rounds.
    ///
    /// # Errors
    /// A lost or invented increment, in words; a crowd of no threads, operations or rounds.
    pub fn run(self) -> Result<Report, String> {
        if self.threads < 2 || self.rounds == 0 || self.ops < self.threads as u64 {
            return Err("a crowd is two threads or more, each with an operation, and a round or more".into());
        }
        let ours = BSkipMap::new();
        (0..KEYS).for_each(|key| assert_eq!(ours.insert(key, 0), None));
        let locked = Mutex::new((0..KEYS).map(|key| (key, 0)).collect::<BTreeMap<u64, u64>>());
        let maps: [(&'static str, &dyn HotKey); 2] = [("bskip", &ours), ("mutex-btreemap", &locked)];
        let mut scores = maps.map(|(map, _)| Score { map, rounds: Vec::new() });
        for round in 0..self.rounds {
            for turn in 0..maps.len() {
                let which = (round + turn) % maps.len();
                let (name, map) = maps[which];
                let scored = self.round(map).map_err(|why| format!("{name}: {why}"))?;
                scores[which].rounds.push(scored);
            }
        }
        Ok(Report { crowd: self, scores: scores.into() })
    }

    fn round(self, map: &dyn HotKey) -> Result<Round, String> {
        let (before, each) = (map.read(), self.ops / self.threads as u64);
        let (elapsed, times) = self.together(|_| work(map, each));
        let times = times.into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut all = histogram();
        times.iter().for_each(|part| all.add(part).expect("all are made alike"));
        let right = before + self.threads as u64 * each.div_ceil(2);
        if map.read() != right {
            return Err(format!(
                "{} increments were made, {} are there",
                right - before,
                map.read() - before
            ));
        }
        let burnt = self.burnt(map);
        if map.read() != right + self.threads as u64 - 1 {
            return Err("an increment was lost by a thread that waited for a sleeping holder".into());
        }
        Ok(Round {
            mops: (self.threads as u64 * each) as f64 / elapsed.as_secs_f64() / 1e6,
            worst: Duration::from_nanos(all.max()),
            p999: Duration::from_nanos(all.value_at_quantile(0.999)),
            burnt,
        })
    }

    /// One thread sleeps with the key, the others want it.
    fn burnt(self, map: &dyn HotKey) -> Option<f64> {
        let is_held = AtomicBool::new(false);
        let (_, burnt) = self.together(|thread| {
            if thread > 0 {
                while !is_held.load(Ordering::Relaxed) {
                    thread::sleep(Duration::from_millis(1));
                }
                map.increment();
                return None;
            }
            let mut burnt = None;
            map.hold(&mut || {
                is_held.store(true, Ordering::Relaxed);
                // The others come to the key, and are past whatever they do at first.
                thread::sleep(self.hold);
                let before = cpu_time();
                let asleep = Instant::now();
                thread::sleep(self.hold);
                burnt = before.zip(cpu_time()).map(|(before, after)| {
                    after.saturating_sub(before).as_secs_f64() / asleep.elapsed().as_secs_f64()
                });
            });
            burnt
        });
        burnt.into_iter().flatten().next()
    }

    /// Runs `work(t)` on all threads at once. Gives the time from the last one's readiness to the last one's end.
    fn together<R: Send>(self, work: impl Fn(usize) -> R + Sync) -> (Duration, Vec<R>) {
        let start = Barrier::new(self.threads);
        thread::scope(|scope| {
            let spawn = |number| {
                let (start, work) = (&start, &work);
                let body = move || {
                    start.wait();
                    let begun = Instant::now();
                    let result = work(number);
                    (begun, Instant::now(), result)
                };
                let builder = thread::Builder::new().stack_size(256 << 10);
                builder.spawn_scoped(scope, body).expect("the system has room for so many threads")
            };
            let threads: Vec<_> = (0..self.threads).map(spawn).collect();
            let ended: Vec<_> =
                threads.into_iter().map(|thread| thread.join().expect("no operation panics")).collect();
            let first = ended.iter().map(|(begun, ..)| *begun).min().expect("there are threads");
            let last = ended.iter().map(|(_, end, _)| *end).max().expect("there are threads");
            (last - first, ended.into_iter().map(|(.., result)| result).collect())
        })
    }
}

fn histogram() -> Histogram<u64> {
    // Up to ten minutes, to three digits.
    Histogram::new_with_bounds(1, 600_000_000_000, 3).expect("the bounds are constants in order")
}

/// A thread's operations, each one timed. The count that it sees must never go back.
fn work(map: &dyn HotKey, ops: u64) -> Result<Histogram<u64>, String> {
    let (mut times, mut seen) = (histogram(), 0);
    for op in 0..ops {
        let before = Instant::now();
        if op % 2 == 0 {
            map.increment();
        } else {
            let now = map.read();
            if now <= seen {
                return Err(format!(
                    "after {seen} increments, {now} were seen, though this thread made another"
                ));
            }
            seen = now;
        }
        times.saturating_record((before.elapsed().as_nanos() as u64).max(1));
    }
    Ok(times)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Crowd { threads, ops, rounds, .. } = self.crowd;
        writeln!(
            f,
            "{threads} threads on one key, {ops} operations a round, half of them increments; medians of {rounds} rounds"
        )?;
        writeln!(
            f,
            "{:<16} {:>8} {:>12} {:>12} {:>12} {:>8}",
            "map", "Mops/s", "p99.9 us", "worst ms", "of all ms", "burnt"
        )?;
        for score in &self.scores {
            let worst_ms = |round: &Round| round.worst.as_secs_f64() * 1e3;
            let of_all = score.rounds.iter().map(worst_ms).fold(0.0, f64::max);
            let burnt = match score.rounds.iter().all(|round| round.burnt.is_some()) {
                true => format!("{:.2}", score.median(|round| round.burnt.unwrap_or(0.0))),
                false => "unknown".into(),
            };
            let (mops, p999) =
                (score.median(|round| round.mops), score.median(|round| round.p999.as_secs_f64() * 1e6));
            let worst = score.median(worst_ms);
            writeln!(
                f,
                "{:<16} {mops:>8.2} {p999:>12.1} {worst:>12.1} {of_all:>12.1} {burnt:>8}",
                score.map
            )?;
        }
        writeln!(f, "worst: the longest operation of a round; of all: of all rounds")?;
        write!(f, "burnt: processors kept busy by those who wait for a thread that sleeps with the key")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_crowd_loses_nothing_and_is_told_about() {
        let crowd = Crowd { threads: 8, ops: 8_000, rounds: 2, hold: Duration::from_millis(30) };
        let text = crowd.run().unwrap().to_string();
        assert!(text.contains("\nbskip ") && text.contains("\nmutex-btreemap "), "{text}");
        assert!(crowd.run().is_ok_and(|report| report.scores.iter().all(|score| score.rounds.len() == 2)));
        assert!(Crowd { threads: 1, ..crowd }.run().is_err());
    }

    /// A map that forgets every tenth increment is found out.
    #[test]
    fn lost_increments_are_found() {
        #[derive(Default)]
        struct Forgets(Mutex<(u64, u64)>);
        impl HotKey for Forgets {
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
        let crowd = Crowd { threads: 4, ops: 4_000, rounds: 1, hold: Duration::from_millis(1) };
        assert!(crowd.round(&Forgets::default()).is_err());
    }
}
