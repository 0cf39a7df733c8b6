//! `--baseline DIR`: is this version slower than an earlier one?
//!
//! The rates of an earlier day cannot tell, because the machine itself drifts by more than a change of the code
//! costs. But the folder of an earlier `--out` has the program that measured. So `rounds` runs the old and the
//! new program in the same rounds, cell by cell, and `judge` looks at the ratios within each round. `old` reads
//! the folder, and `report` says what was found.

mod judge;
mod old;
mod report;
mod rounds;

use std::path::Path;

use bench::protocol::TraceFiles;

use super::args::{Args, Format};
use super::cell_binary::Build;
use super::child::ChildRunner;
use super::machine::Machine;
use super::plan::{Group, Plan};
use super::progress::Progress;
use super::{feasible, presets};
use crate::child::listen;
use crate::stop::{Stop, print};
use report::Report;
use rounds::Side;

/// Rounds before the first look, if `--repeat` is not given.
const REPEAT: usize = 5;
/// The part of its rate that a cell may lose, if `--fail-above` is not given.
const FAIL_ABOVE: f64 = 0.05;

/// Measures the cells of the sweep in `dir` with its program and with the new one, which `build` makes, and
/// compares them.
///
/// # Errors
///
/// A regression, a cell that failed, or what `old` finds wrong with the folder.
pub(super) fn command(
    (dir, args, trace): (&Path, &Args, Option<&TraceFiles>),
    command: String,
    machine: Machine,
    build: impl FnOnce(&Args) -> Result<Build, Stop>,
) -> Result<(), Stop> {
    let old = old::open(dir, args, trace, &machine)?;
    let repeat = args.repeat.unwrap_or(REPEAT);
    let timeout = args.timeout.unwrap_or(presets::TIMEOUT);
    let groups = old.cells.iter().map(|cell| Group { cells: vec![cell.spec.clone()] }).collect();
    let plan = Plan { groups, skipped: Vec::new(), repeat: 2 * repeat, timeout, preset: None, budget: None };
    feasible::memory(&plan, &machine).map_err(Stop::environment)?;
    let fail_above = args.fail_above.unwrap_or(FAIL_ABOVE);
    let mut report = Report::new(command, machine, fail_above);
    if args.dry_run {
        report.old = old.description;
        report.new = "not built yet".into();
        return print(&report.planned(&old.cells, repeat));
    }
    listen()?;
    let build = build(args)?;
    report.old = old.description;
    report.new = match build.commit {
        Some(commit) => format!("{}, commit {commit}", build.description),
        None => build.description,
    };
    let [old_runner, mut new_runner] =
        [old.program, build.path].map(|program| ChildRunner { program, timeout });
    let progress = Progress::new(&plan, 0);
    let comparison = rounds::compare(&old.cells, repeat, fail_above, |side, round, cell| {
        progress.start(round, &cell.spec);
        let ended = match side {
            Side::Old => old_runner.run_text(&cell.json),
            Side::New => super::run::CellRunner::run(&mut new_runner, &cell.spec),
        };
        progress.advance();
        ended
    });
    progress.finish();
    report.fill(&old.cells, &comparison?);
    print(&match args.formats[..] {
        [Format::Csv] => report.csv(),
        [Format::Json] => report.json(),
        _ => report.table(),
    })?;
    report.end()
}
