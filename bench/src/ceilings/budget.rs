//! Divides the time among the measurements.

use super::windows::WINDOWS;
use std::time::{Duration, Instant};

/// The shortest and the longest window.
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_millis(200);

/// The time that is left, and what is still to come.
pub(super) struct Budget {
    until: Instant,
    /// Measurements.
    left: usize,
    /// Rounds in which memory is made, and how long the last one took.
    builds: usize,
    build: Duration,
}

impl Budget {
    /// Time until `until` for this many measurements, and for making the memory of all nodes this often.
    pub(super) fn new(until: Instant, measurements: usize, builds: usize) -> Self {
        Self { until, left: measurements, builds, build: Duration::ZERO }
    }

    /// The memory of all nodes was made, and that took so long.
    pub(super) fn built(&mut self, time: Duration) {
        self.build = time;
        self.builds = self.builds.saturating_sub(1);
    }

    /// The time of each window of the next measurement.
    pub(super) fn window(&mut self) -> Duration {
        self.window_at(Instant::now())
    }

    fn window_at(&mut self, now: Instant) -> Duration {
        let left = self.left.max(1);
        self.left = self.left.saturating_sub(1);
        let builds = self.build * self.builds as u32;
        let time = self.until.saturating_duration_since(now).saturating_sub(builds);
        (time / left as u32 / WINDOWS).clamp(SHORTEST, LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_is_left_is_divided_and_a_late_measurement_is_short() {
        let (now, seconds) = (Instant::now(), Duration::from_secs);
        let mut budget = Budget::new(now + seconds(10), 20, 3);
        budget.built(seconds(2));
        // Of 10 s, two more rounds of making memory take 4 s. The other 6 s are for 20 measurements.
        assert_eq!(budget.window_at(now), seconds(6) / 20 / WINDOWS);
        budget.built(seconds(2));
        budget.built(seconds(2));
        assert_eq!(budget.window_at(now + seconds(9)), seconds(1) / 19 / WINDOWS);
        assert_eq!(budget.window_at(now + seconds(11)), SHORTEST);
        let mut rich = Budget::new(now + seconds(10), 1, 0);
        assert_eq!([rich.window_at(now), rich.window_at(now)], [LONGEST; 2]);
    }
}
