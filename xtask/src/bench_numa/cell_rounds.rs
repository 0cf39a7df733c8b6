//! What was measured of each cell: the sections of the table go through this.

use bench::protocol::{CellOutcome, Measurement};

use super::plan::{Plan, row_name};
use super::run::{Place, Run};
use crate::table::aligned;

/// A cell of the plan.
pub(crate) struct CellRounds<'a> {
    /// Its workload, threads and pinning, in words.
    pub(crate) setting: String,
    /// Its map, with placement and pages.
    pub(crate) map: String,
    /// The rounds that have numbers.
    pub(crate) rounds: Vec<&'a Measurement>,
}

/// All cells, in the order of the table.
pub(crate) fn cells<'a>(plan: &'a Plan, runs: &'a [Run]) -> impl Iterator<Item = CellRounds<'a>> {
    plan.groups.iter().enumerate().flat_map(move |(group, cells)| {
        cells.cells.iter().enumerate().map(move |(row, spec)| CellRounds {
            setting: cells.title(),
            map: row_name(spec),
            rounds: rounds(runs, Place { group, row }),
        })
    })
}

fn rounds(runs: &[Run], place: Place) -> Vec<&Measurement> {
    let here = runs.iter().filter(|run| run.place == place);
    here.filter_map(|run| match &run.result {
        CellOutcome::Measured(measurement) => Some(&**measurement),
        _ => None,
    })
    .collect()
}

/// The lines of a section: rows below the headings of their columns, of which the first two are left-aligned. No lines
/// without rows.
pub(crate) fn lines(headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Vec<String> {
    let headings = headings.iter().map(|&heading| heading.to_owned()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(headings).chain(rows).collect();
    if rows.len() == 1 { Vec::new() } else { aligned(&rows, 2) }
}
