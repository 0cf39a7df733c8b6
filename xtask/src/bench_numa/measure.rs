//! Runs the cells of a plan in processes of their own, with their progress on the terminal.

use super::cell_binary::Build;
use super::child::ChildRunner;
use super::out_dir::Recorder;
use super::plan::Plan;
use super::progress::Progress;
use super::run::{Run, sweep};
use crate::stop::Stop;

/// Runs all cells that are not `done`.
pub(crate) fn measure(
    plan: &Plan,
    build: &Build,
    done: Vec<Run>,
    mut out: Option<&mut Recorder>,
) -> Result<(Vec<Run>, bool), Stop> {
    let mut runner = ChildRunner { program: build.path.clone(), timeout: plan.timeout };
    let progress = Progress::new(plan, done.len());
    let ended = sweep(
        plan,
        &mut runner,
        done,
        |round, spec| progress.start(round, spec),
        |run| {
            progress.advance();
            out.as_mut().map_or(Ok(()), |out| out.record(run))
        },
    );
    progress.finish();
    ended
}
