//! The part of the table about the slowest: threads, and the last percentiles; and about cells that were disturbed.

use bench::interference::Interference;
use bench::protocol::{Latency, Measurement};
use bench::units::{nanoseconds, three_digits};

use super::cell_rounds::{self, CellRounds};
use super::plan::Plan;
use super::run::Run;
use super::stats::median_beside;

/// Headings of the columns.
const COLUMNS: [&str; 6] = ["setting", "map", "slowest thread", "fastest thread", "p99.99", "max"];
/// With fewer timed operations, there is no 99.99th percentile.
pub(crate) const SAMPLES: u64 = 10_000;

/// The 99.99th percentile, if enough operations were timed. An older program does not say it.
pub(crate) fn p9999(latency: &Latency) -> Option<u64> {
    (latency.samples >= SAMPLES && latency.p9999 > 0).then_some(latency.p9999)
}

/// A line for each cell: the medians over the rounds with their 95 % intervals, and the slowest operation of all
/// rounds.
pub(crate) fn lines(plan: &Plan, runs: &[Run]) -> Vec<String> {
    let measured = cell_rounds::cells(plan, runs).filter(|cell| !cell.rounds.is_empty());
    cell_rounds::lines(&COLUMNS, measured.map(row))
}

fn row(cell: CellRounds<'_>) -> Vec<String> {
    let CellRounds { setting, map, rounds } = cell;
    let rate = |of: fn(&Measurement) -> Option<f64>| {
        let rates: Vec<f64> = rounds.iter().filter_map(|m| of(m)).collect();
        median_beside(&rates, |rate| format!("{} M/s", three_digits(rate)))
    };
    let p9999: Vec<f64> = rounds.iter().filter_map(|m| p9999(&m.latency)).map(|ns| ns as f64).collect();
    let max = rounds.iter().filter(|m| m.latency.samples > 0).map(|m| m.latency.max).max();
    vec![
        setting,
        map,
        rate(|m| m.slowest_mops),
        rate(|m| m.fastest_mops),
        median_beside(&p9999, |ns| nanoseconds(ns.round() as u64)),
        max.map_or_else(|| "-".into(), nanoseconds),
    ]
}

/// A line for each cell with a disturbed run: how many runs, and the worst of them.
pub(crate) fn disturbed(plan: &Plan, runs: &[Run]) -> Vec<String> {
    cell_rounds::cells(plan, runs).filter_map(worst).collect()
}

/// `None` if no run was disturbed.
fn worst(cell: CellRounds<'_>) -> Option<String> {
    let CellRounds { setting, map, rounds } = cell;
    let seen = || rounds.iter().filter_map(|m| m.interference.as_ref());
    let disturbed = || seen().filter(|seen| seen.disturbed().is_some());
    let worst = disturbed().max_by(|a, b| a.lost().total_cmp(&b.lost()));
    let words = worst.and_then(Interference::disturbed)?;
    let repeated = if disturbed().any(|seen| seen.repeated) { ", repeated" } else { "" };
    let (bad, all) = (disturbed().count(), rounds.len());
    Some(format!("{setting}: {map}: disturbed in {bad} of {all} rounds{repeated}: {words}"))
}

#[cfg(test)]
mod tests {
    use super::super::machine::tests::sample;
    use super::super::plan::tests::plan;
    use super::super::run::tests::measured;
    use super::super::summary::tests::run;
    use super::*;
    use bench::protocol::CellOutcome;

    fn with(change: impl FnOnce(&mut Measurement)) -> CellOutcome {
        let CellOutcome::Measured(mut measurement) = measured(8.0) else { panic!() };
        change(&mut measurement);
        CellOutcome::Measured(measurement)
    }

    #[test]
    fn threads_and_tails_have_their_columns() {
        let plan = plan("--maps bskip,congee --workloads c --repeat 2", &sample(2, 1)).unwrap();
        let round = |slowest, p9999| {
            with(|m| {
                (m.slowest_mops, m.fastest_mops) = (Some(slowest), Some(5.0));
                (m.latency.samples, m.latency.p9999) = (SAMPLES, p9999);
            })
        };
        let runs = [run(&plan, 0, 1, round(3.0, 40_000)), run(&plan, 0, 2, round(4.0, 50_000))];
        let lines = lines(&plan, &runs);
        let words: Vec<&str> = lines[1].split_whitespace().collect();
        assert_eq!(
            words[words.len() - 16..].join(" "),
            "3.50 M/s 0.56 M/s..21.5 M/s 5.00 M/s ±0.0 % 45.0 us 10.8 us..185 us 2.00 ms"
        );
        assert_eq!(lines.len(), 2, "congee has not run");
        let few = super::lines(&plan, &[run(&plan, 0, 1, measured(8.0))]);
        let words: Vec<&str> = few[1].split_whitespace().collect();
        assert_eq!(words[words.len() - 5..].join(" "), "- - - 2.00 ms", "10 operations have no p99.99");
    }

    #[test]
    fn disturbed_cells_are_listed_with_the_worst_round() {
        let plan = plan("--maps bskip --workloads c --repeat 3", &sample(2, 1)).unwrap();
        let round = |others| {
            with(|m| {
                m.interference = Some(Interference { others, cpu_seconds: 1.0, ..Interference::default() })
            })
        };
        let runs = [0.07, 0.0, 0.2].map(round);
        let runs: Vec<Run> = (1..).zip(runs).map(|(number, result)| run(&plan, 0, number, result)).collect();
        let lines = disturbed(&plan, &runs);
        assert_eq!(lines.len(), 1);
        assert!(
            lines[0].ends_with("bskip: disturbed in 2 of 3 rounds: 20 % of the CPU time went to others"),
            "{lines:?}"
        );
    }
}
