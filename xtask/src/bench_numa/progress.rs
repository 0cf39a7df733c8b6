//! The bar on a terminal. It is drawn only between cells, because nothing else should run during a
//! measurement.

use std::time::Duration;

use bench::protocol::CellSpec;
use indicatif::{ProgressBar, ProgressStyle};

use super::plan::{Plan, row_name};

/// A bar on standard error, or none if standard error is not a terminal.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// A bar over all runs of the plan, of which some may be done.
    pub(crate) fn new(plan: &Plan, done: usize) -> Self {
        let bar = ProgressBar::new(plan.runs() as u64).with_position(done as u64);
        // The pace is that of the runs to come.
        bar.reset_eta();
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len}, {eta} to go: {msg}");
        bar.set_style(style.expect("the template is well-formed"));
        Self(bar)
    }

    /// Shows what starts now.
    pub(crate) fn start(&self, round: usize, spec: &CellSpec) {
        self.0.set_message(format!("round {round}, {}, {}", spec.workload, row_name(spec)));
        // Without this, the bar would first be drawn when its position changes.
        self.0.tick();
    }

    /// Moves on by one run.
    pub(crate) fn advance(&self) {
        self.0.inc(1);
    }

    /// Removes the bar; how long it was there.
    pub(crate) fn finish(self) -> Duration {
        self.0.finish_and_clear();
        self.0.elapsed()
    }
}
