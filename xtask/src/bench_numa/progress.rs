//! How far a sweep is: a bar on a terminal, plain lines in a log. Both appear only between cells, because nothing
//! else should run during a measurement.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use bench::protocol::CellSpec;
use bench::units;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use super::plan::{Plan, row_name};

/// A log gets at most one line in this time. A sweep that takes less has none.
const BETWEEN_LINES: Duration = Duration::from_secs(60);

/// A bar on standard error. If standard error is not a terminal, it gets a line now and then.
pub(crate) struct Progress {
    bar: ProgressBar,
    /// What runs now.
    message: RefCell<String>,
    /// When the last line was printed.
    last: Cell<Instant>,
    /// Runs that were done before.
    done: u64,
}

impl Progress {
    /// A bar over all runs of the plan, of which some may be done.
    pub(crate) fn new(plan: &Plan, done: usize) -> Self {
        let bar = ProgressBar::new(plan.runs() as u64).with_position(done as u64);
        // The pace is that of the runs to come.
        bar.reset_eta();
        // No colours, and a line that is cut to the terminal's width.
        let style = ProgressStyle::with_template("{bar:8} {pos}/{len}, {pace}, {eta} to go: {wide_msg}")
            .expect("the template is well-formed")
            .with_key("pace", |state: &ProgressState, text: &mut dyn std::fmt::Write| {
                text.write_str(&pace(state.per_sec())).expect("a String takes everything");
            });
        bar.set_style(style);
        Self { bar, message: RefCell::default(), last: Cell::new(Instant::now()), done: done as u64 }
    }

    /// Shows what starts now.
    pub(crate) fn start(&self, round: usize, spec: &CellSpec) {
        let message = format!("round {round}, {}, {}", spec.workload, row_name(spec));
        self.bar.set_message(message.clone());
        self.message.replace(message);
        // Without this, the bar would first be drawn when its position changes.
        self.bar.tick();
        if self.bar.is_hidden() && self.last.get().elapsed() >= BETWEEN_LINES {
            let (position, all) = (self.bar.position(), self.bar.length().unwrap_or(0));
            eprintln!("{}", line(self.done, position, all, self.bar.elapsed(), &self.message.borrow()));
            self.last.set(Instant::now());
        }
    }

    /// Moves on by one run. There may be more runs than the plan says, if some need more rounds.
    pub(crate) fn advance(&self) {
        if self.bar.length() == Some(self.bar.position()) {
            self.bar.inc_length(1);
        }
        self.bar.inc(1);
    }

    /// Removes the bar.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

/// `36 a minute`
fn pace(per_second: f64) -> String {
    format!("{:.0} a minute", per_second * 60.0)
}

/// A line of a log. `done` runs were done before; the others took `elapsed`.
fn line(done: u64, position: u64, all: u64, elapsed: Duration, message: &str) -> String {
    let per_second = position.saturating_sub(done) as f64 / elapsed.as_secs_f64().max(1e-3);
    let left = all.saturating_sub(position) as f64 / per_second.max(1e-9);
    let left = units::duration(Duration::try_from_secs_f64(left.round()).unwrap_or(Duration::MAX));
    format!("{position}/{all} runs, {}, {left} to go: {message}", pace(per_second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_says_pace_and_time_to_go_of_the_runs_of_this_sweep() {
        let minute = Duration::from_secs(60);
        assert_eq!(
            line(10, 40, 100, minute, "round 2, c, bskip"),
            "40/100 runs, 30 a minute, 2 min to go: round 2, c, bskip"
        );
        assert!(line(0, 0, 100, minute, "x").starts_with("0/100 runs, 0 a minute, "));
    }
}
