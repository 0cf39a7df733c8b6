//! Runs the cells of a plan in processes of their own, with their progress on the terminal.

use bench::protocol::CellSpec;

use super::adaptive;
use super::cell_binary::Build;
use super::child::ChildRunner;
use super::out_dir::Recorder;
use super::plan::Plan;
use super::progress::Progress;
use super::repeating::Repeating;
use super::run::{Run, sweep};
use crate::stop::Stop;

/// Runs all cells that are not `done`. Repeats at most `repeats` of those that were disturbed.
pub(crate) fn measure(
    plan: &Plan,
    build: &Build,
    repeats: usize,
    done: Vec<Run>,
    mut out: Option<&mut Recorder>,
) -> Result<(Vec<Run>, bool), Stop> {
    let runner = ChildRunner { program: build.path.clone(), timeout: plan.timeout };
    let mut runner = Repeating::new(runner, repeats);
    let progress = Progress::new(plan, done.len());
    let before = |round, spec: &CellSpec| progress.start(round, spec);
    let after = |run: &Run| {
        progress.advance();
        out.as_mut().map_or(Ok(()), |out| out.record(run))
    };
    let ended = match plan.budget {
        None => sweep(plan, &mut runner, done, before, after),
        Some(budget) => adaptive::search(plan, budget, &mut runner, done, before, after)
            .map(|(runs, complete, _)| (runs, complete)),
    };
    progress.finish();
    ended
}
