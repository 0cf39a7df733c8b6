//! What our maps locked and wrote: medians over the rounds, and the part of the table about it.

use bench::locks::Locks;
use bench::protocol::Measurement;

use super::cell_rounds::{self, CellRounds};
use super::plan::Plan;
use super::run::Run;
use super::stats::Spread;

/// The heading of the section of the table.
pub(crate) const HEADING: &str = "Locks and shared writes, an operation (counting makes our maps slower)";
/// Headings of the columns.
const COLUMNS: [&str; 6] = ["setting", "map", "locks", "failed locks", "shared writes", "pool calls"];

/// The medians of a cell's rounds. `None` if the map did not count.
pub(crate) fn over_rounds<'m>(rounds: impl IntoIterator<Item = &'m Measurement>) -> Option<Locks> {
    let rounds: Vec<Locks> = rounds.into_iter().filter_map(|round| round.locks).collect();
    let median = |of: fn(&Locks) -> f64| Spread::of(rounds.iter().map(of)).map(|spread| spread.median);
    Some(Locks {
        locks: median(|locks| locks.locks)?,
        failed_locks: median(|locks| locks.failed_locks)?,
        shared_writes: median(|locks| locks.shared_writes)?,
        pool_calls: median(|locks| locks.pool_calls)?,
    })
}

/// A line for each cell that counted.
pub(crate) fn lines(plan: &Plan, runs: &[Run]) -> Vec<String> {
    cell_rounds::lines(&COLUMNS, cell_rounds::cells(plan, runs).filter_map(row))
}

/// `None` if the map did not count.
fn row(cell: CellRounds<'_>) -> Option<Vec<String>> {
    let locks = over_rounds(cell.rounds)?;
    let numbers = [locks.locks, locks.failed_locks, locks.shared_writes, locks.pool_calls];
    // Rounding must not turn a small count into a zero.
    let shown = numbers.map(|n| if n == 0.0 { "0".into() } else { format!("{n:.6}") });
    Some([cell.setting, cell.map].into_iter().chain(shown).collect())
}

#[cfg(test)]
mod tests {
    use super::super::machine::tests::sample;
    use super::super::plan::tests::plan;
    use super::super::run::tests::measured as measured_at;
    use super::super::summary::tests::run;
    use super::*;
    use bench::protocol::CellOutcome;

    #[test]
    fn cells_that_counted_have_a_line_of_medians() {
        let plan = plan("--maps bskip,congee --workloads c --repeat 2", &sample(2, 1)).unwrap();
        let round = |locks| {
            let CellOutcome::Measured(mut measurement) = measured_at(8.0) else { panic!() };
            measurement.locks = Some(Locks { locks, failed_locks: 1e-5, ..Locks::default() });
            CellOutcome::Measured(measurement)
        };
        let runs =
            [run(&plan, 0, 1, round(1.0)), run(&plan, 1, 1, measured_at(8.0)), run(&plan, 0, 2, round(2.0))];
        let lines = lines(&plan, &runs);
        assert_eq!(lines.len(), 2, "congee counts nothing");
        let words: Vec<&str> = lines[1].split_whitespace().collect();
        assert_eq!(words[words.len() - 5..].join(" "), "bskip 1.500000 0.000010 0 0");
    }
}
