//! Times work on several threads in several windows.

use super::report::Range;
use super::work::Work;
use bskip_topology::WorkerPool;
use std::sync::Barrier;
use std::time::{Duration, Instant};

/// Windows of a measurement.
pub(super) const WINDOWS: u32 = 5;

/// The best of some windows, and the least and the greatest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Best {
    pub(super) value: f64,
    pub(super) range: Range,
}

impl Best {
    /// Of rates: the greatest is the best.
    pub(super) fn rate(rates: &[f64]) -> Self {
        let range = range(rates);
        Self { value: range[1], range }
    }

    /// Of times: the least is the best.
    pub(super) fn time(times: &[f64]) -> Self {
        let range = range(times);
        Self { value: range[0], range }
    }
}

fn range(numbers: &[f64]) -> Range {
    let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    [least, numbers.iter().copied().fold(0.0, f64::max)]
}

/// Runs the work that `make` gives each worker, in windows that begin together. Returns what all workers together did
/// in a second, in each window.
///
/// # Errors
/// What the work's check says.
pub(super) fn rates<W: Work>(
    pool: &WorkerPool,
    window: Duration,
    make: impl Fn(usize) -> W + Sync,
) -> Result<Vec<f64>, String> {
    let barrier = Barrier::new(pool.len());
    let done = pool.run(|worker| {
        let mut work = make(worker.index());
        let mut rates = Vec::with_capacity(WINDOWS as usize);
        for _ in 0..WINDOWS {
            barrier.wait();
            let (begun, mut done) = (Instant::now(), 0);
            let seconds = loop {
                done += work.step();
                let elapsed = begun.elapsed();
                if elapsed >= window {
                    break elapsed.as_secs_f64();
                }
            };
            rates.push(done as f64 / seconds);
        }
        work.check().map(|()| rates)
    });
    let mut sums = vec![0.0; WINDOWS as usize];
    for rates in done {
        sums.iter_mut().zip(rates?).for_each(|(sum, rate)| *sum += rate);
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bskip_topology::{Machine, PinPolicy};

    #[test]
    fn the_best_rate_is_the_greatest_and_the_best_time_the_least() {
        assert_eq!(Best::rate(&[2.0, 3.0, 1.0]), Best { value: 3.0, range: [1.0, 3.0] });
        assert_eq!(Best::time(&[2.0, 3.0, 1.0]), Best { value: 1.0, range: [1.0, 3.0] });
    }

    struct Counting(Result<(), String>);

    impl Work for Counting {
        fn step(&mut self) -> u64 {
            7
        }

        fn check(self) -> Result<(), String> {
            self.0
        }
    }

    #[test]
    fn every_window_has_a_rate_and_a_failed_check_is_told() {
        let pool = WorkerPool::new(PinPolicy::None.plan(&Machine::discover(), 3).unwrap());
        let rates = |bad: Option<usize>| {
            let check = move |worker| if bad == Some(worker) { Err("broken".to_owned()) } else { Ok(()) };
            super::rates(&pool, Duration::from_micros(10), move |worker| Counting(check(worker)))
        };
        let all = rates(None).unwrap();
        assert!(all.len() == WINDOWS as usize && all.iter().all(|rate| *rate > 0.0), "{all:?}");
        assert_eq!(rates(Some(1)), Err("broken".into()));
    }
}
