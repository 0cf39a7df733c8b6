//! Operations that arrive by a schedule, whether or not the map keeps up.
//!
//! In a closed loop, a thread begins an operation when the one before has ended. If the map stalls for 50 ms, one
//! operation is slow, and those that users would have sent meanwhile are not measured at all. Gil Tene calls this
//! *coordinated omission* (HdrHistogram, wrk2). Here each thread has a fixed schedule, and the latency of an operation
//! counts from the time at which it should have begun. So the stall shows in all operations that it delayed.
//!
//! A thread waits for its time by spinning. So each thread needs a CPU: if two share one, the latencies are those of
//! the scheduler. [`cell`](crate::cell) refuses that.

use hdrhistogram::Histogram;
use std::time::{Duration, Instant};

/// Per cent of the closed loop's throughput at which operations arrive.
pub const PERCENTS: [u32; 3] = [50, 70, 90];

/// When operations should begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// Nanoseconds from the start until the first one.
    pub first: f64,
    /// Nanoseconds from one to the next.
    pub interval: f64,
}

impl Schedule {
    /// The schedule of worker `worker` of `workers`, which together get `rate` operations a second. Their schedules
    /// are shifted against each other, so that the operations of all workers arrive evenly.
    #[must_use]
    pub fn new(rate: f64, worker: usize, workers: usize) -> Self {
        let interval = 1e9 * workers as f64 / rate;
        Self { first: interval * worker as f64 / workers as f64, interval }
    }

    /// Nanoseconds from the start until operation `index` should begin.
    #[must_use]
    pub fn at(&self, index: usize) -> u64 {
        (self.first + self.interval * index as f64) as u64
    }
}

/// A clock that counts nanoseconds from a start.
pub trait Clock {
    /// The time.
    fn now(&self) -> u64;

    /// Returns at `time`, or at once if it has passed.
    fn wait_until(&self, time: u64) {
        while self.now() < time {
            std::hint::spin_loop();
        }
    }
}

/// The real clock. It waits by looking at the time again and again, because sleeping is not exact.
#[derive(Clone, Copy, Debug)]
pub struct WallClock(Instant);

impl WallClock {
    /// A clock whose time is 0 now.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for WallClock {
    fn now(&self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }
}

/// What a thread did by its schedule.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// Latencies, each from the time at which the operation should have begun.
    pub latencies: Histogram<u64>,
    /// From the start until the last operation ended.
    pub elapsed: Duration,
}

/// Serves `count` operations by `schedule`.
///
/// # Errors
/// The first error of `serve`.
#[inline(always)]
pub fn run<E>(
    clock: &impl Clock,
    schedule: Schedule,
    count: usize,
    mut serve: impl FnMut(usize) -> Result<(), E>,
) -> Result<Arrived, E> {
    let mut latencies = Histogram::new(3).expect("three digits are allowed");
    let mut now = clock.now();
    for index in 0..count {
        let due = schedule.at(index);
        if now < due {
            clock.wait_until(due);
        }
        serve(index)?;
        now = clock.now();
        latencies.record(now.saturating_sub(due)).expect("the histogram resizes itself");
    }
    Ok(Arrived { latencies, elapsed: Duration::from_nanos(now) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// A clock that goes on only when it is told.
    struct Scripted(Cell<u64>);

    impl Clock for Scripted {
        fn now(&self) -> u64 {
            self.0.get()
        }

        fn wait_until(&self, time: u64) {
            self.0.set(self.0.get().max(time));
        }
    }

    const MS: u64 = 1_000_000;

    /// 100,000 operations a second for a second. Each takes 1 us, and operation 1000 takes `stall`.
    fn latencies(stall: u64) -> Arrived {
        let clock = Scripted(Cell::new(0));
        let serve = |index| {
            let took = if index == 1000 { stall } else { 1000 };
            clock.0.set(clock.0.get() + took);
            Ok::<_, ()>(())
        };
        run(&clock, Schedule::new(1e5, 0, 1), 100_000, serve).unwrap()
    }

    #[test]
    fn a_stall_shows_in_every_operation_that_should_have_begun_meanwhile() {
        let stalled = latencies(50 * MS);
        // 5,000 operations were due during the stall. The backlog shrinks by 9 us with each operation, so 5,555 were
        // late, from 50 ms down to nothing. (The histogram has three digits.)
        let late = stalled.latencies.len() - stalled.latencies.count_between(0, 1005);
        assert!((5_540..=5_560).contains(&late), "{late} operations are late");
        let above = |ms: u64| 100_000 - stalled.latencies.count_between(0, ms * MS);
        assert!((2_770..=2_790).contains(&above(25)), "{} took more than 25 ms", above(25));
        assert!(stalled.latencies.max() >= 50 * MS && stalled.latencies.max() < 51 * MS);
        // A closed loop would see one slow operation of 100,000: its p99.9 is 1 us.
        assert!(stalled.latencies.value_at_percentile(99.0) > 40 * MS);
        assert!(stalled.latencies.value_at_percentile(50.0) <= 1001);
    }

    #[test]
    fn without_a_stall_every_operation_takes_its_own_time() {
        let calm = latencies(1000);
        assert_eq!((calm.latencies.len(), calm.latencies.max()), (100_000, 1000));
        assert_eq!(calm.elapsed, Duration::from_nanos(999_990_000 + 1000));
    }

    #[test]
    fn a_map_that_is_too_slow_falls_behind_without_end() {
        let clock = Scripted(Cell::new(0));
        let serve = |_| {
            clock.0.set(clock.0.get() + 2000);
            Ok::<_, ()>(())
        };
        let behind = run(&clock, Schedule::new(1e6, 0, 1), 1000, serve).unwrap();
        // Each operation is a microsecond later than the one before.
        assert_eq!(behind.elapsed, Duration::from_millis(2));
        assert!(behind.latencies.max() > 999_000);
    }

    #[test]
    fn workers_share_the_rate_and_take_turns() {
        let [a, b] = [0, 1].map(|worker| Schedule::new(1e6, worker, 2));
        assert_eq!([a.at(0), b.at(0), a.at(1), b.at(1)], [0, 1000, 2000, 3000]);
    }

    #[test]
    fn an_error_ends_the_run() {
        let clock = Scripted(Cell::new(0));
        let serve = |index| if index == 3 { Err(index) } else { Ok(()) };
        assert_eq!(run(&clock, Schedule::new(1e6, 0, 1), 10, serve).unwrap_err(), 3);
    }
}
