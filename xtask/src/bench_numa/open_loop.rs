//! Operations that arrive by a schedule: the part of the table about them, and `open-loop.csv`.

use bench::protocol::{CellOutcome, Latency, Measurement, OpenLoop};
use bench::units::{nanoseconds, three_digits};
use serde::Serialize;

use super::cell_columns::{self, CellColumns};
use super::cell_rounds::{self, CellRounds};
use super::plan::Plan;
use super::run::Run;
use super::schema::SCHEMA;
use super::stats::median_beside;
use super::tails::p9999;

/// Headings of the columns.
const COLUMNS: [&str; 10] =
    ["setting", "map", "of peak", "arrive", "done", "p50", "p99", "p99.9", "p99.99", "max"];

/// A line for each cell and each part of its peak: medians over the rounds with their 95 % intervals, and the slowest
/// operation of all rounds.
pub(crate) fn lines(plan: &Plan, runs: &[Run]) -> Vec<String> {
    cell_rounds::lines(&COLUMNS, cell_rounds::cells(plan, runs).flat_map(rows))
}

/// A row for each part of the peak.
fn rows(cell: CellRounds<'_>) -> Vec<Vec<String>> {
    let CellRounds { setting, map, rounds } = cell;
    let levels = rounds.first().map_or(&[][..], |first| &first.open_loop);
    let row = |level: &OpenLoop| {
        let place = [setting.clone(), map.clone(), format!("{} %", level.percent)];
        place.into_iter().chain(numbers(&at(&rounds, level.percent))).collect()
    };
    levels.iter().map(row).collect()
}

/// A line of `open-loop.csv`: one round of a cell at one part of its peak. It begins with the round, then the cell.
#[derive(Serialize)]
struct Head {
    schema: u32,
    round: usize,
}

#[derive(Serialize)]
struct Level {
    percent: u32,
    offered_mops: f64,
    achieved_mops: f64,
    samples: u64,
    p50_ns: u64,
    p99_ns: u64,
    p999_ns: u64,
    /// Empty if too few operations were timed.
    p9999_ns: Option<u64>,
    max_ns: u64,
}

/// `open-loop.csv`; `None` if no run has such latencies.
pub(crate) fn csv(runs: &[Run]) -> Option<String> {
    let line = |run: &Run, of: &OpenLoop| {
        let OpenLoop { percent, offered_mops, achieved_mops, latency } = *of;
        let Latency { samples, p50: p50_ns, p99: p99_ns, p999: p999_ns, max: max_ns, .. } = latency;
        let level = Level {
            percent,
            offered_mops,
            achieved_mops,
            samples,
            p50_ns,
            p99_ns,
            p999_ns,
            p9999_ns: p9999(&latency),
            max_ns,
        };
        (Head { schema: SCHEMA, round: run.round }, CellColumns::of(&run.spec), level)
    };
    let levels = |run: &Run| match &run.result {
        CellOutcome::Measured(measurement) => measurement.open_loop.clone(),
        _ => Vec::new(),
    };
    let lines: Vec<_> =
        runs.iter().flat_map(|run| levels(run).iter().map(|of| line(run, of)).collect::<Vec<_>>()).collect();
    if lines.is_empty() { None } else { Some(cell_columns::csv(lines)) }
}

/// The rounds at one part of the peak.
fn at<'a>(measured: &[&'a Measurement], percent: u32) -> Vec<&'a OpenLoop> {
    measured.iter().filter_map(|m| m.open_loop.iter().find(|level| level.percent == percent)).collect()
}

fn numbers(rounds: &[&OpenLoop]) -> Vec<String> {
    let rate = |of: fn(&OpenLoop) -> f64| {
        let rates: Vec<f64> = rounds.iter().map(|level| of(level)).collect();
        median_beside(&rates, |rate| format!("{} M/s", three_digits(rate)))
    };
    let latency = |of: fn(&Latency) -> Option<u64>| {
        let known = rounds.iter().filter_map(|level| of(&level.latency));
        // An operation that took less than the clock's step counts as one nanosecond.
        let latencies: Vec<f64> = known.map(|ns| ns.max(1) as f64).collect();
        median_beside(&latencies, |ns| nanoseconds(ns.round() as u64))
    };
    let max = rounds.iter().map(|level| level.latency.max).max().unwrap_or(0);
    vec![
        rate(|level| level.offered_mops),
        rate(|level| level.achieved_mops),
        latency(|latency| Some(latency.p50)),
        latency(|latency| Some(latency.p99)),
        latency(|latency| Some(latency.p999)),
        latency(p9999),
        nanoseconds(max),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::machine::tests::sample;
    use super::super::plan::tests::plan;
    use super::super::run::tests::measured;
    use super::super::summary::tests::run;
    use super::*;

    #[test]
    fn each_part_of_the_peak_has_a_line_of_medians() {
        let plan = plan("--maps bskip --workloads c --repeat 2 --open-loop", &sample(2, 1)).unwrap();
        assert!(plan.groups[0].cells[0].open_loop);
        let round = |samples, p9999| {
            let CellOutcome::Measured(mut measurement) = measured(8.0) else { panic!() };
            let latency = Latency { samples, p50: 300, p99: 900, p999: 5_000, p9999, max: 2 * p9999 };
            let level = |percent| OpenLoop { percent, offered_mops: 4.0, achieved_mops: 3.9, latency };
            measurement.open_loop = [50, 70].map(level).into();
            CellOutcome::Measured(measurement)
        };
        let runs = [run(&plan, 0, 1, round(10_000, 40_000)), run(&plan, 0, 2, round(10_000, 60_000))];
        let lines = lines(&plan, &runs);
        assert_eq!(lines.len(), 3);
        let words = lines[2].split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            words.ends_with(
                "bskip 70 % 4.00 M/s ±0.0 % 3.90 M/s ±0.0 % 300 ns ±0.0 % 900 ns ±0.0 % 5.00 us ±0.0 % \
                 50.0 us 3.73 us..644 us 120 us"
            ),
            "{words}"
        );
        let csv = csv(&runs).unwrap();
        let csv: Vec<&str> = csv.lines().collect();
        assert_eq!(csv.len(), 1 + 4);
        assert!(csv[0].starts_with("schema,round,map,workload,"), "{}", csv[0]);
        assert!(
            csv[0].ends_with(
                ",percent,offered_mops,achieved_mops,samples,p50_ns,p99_ns,p999_ns,p9999_ns,max_ns"
            )
        );
        assert!(csv[4].starts_with("2,2,bskip,c,uniform,"), "{}", csv[4]);
        assert!(csv[4].ends_with(",70,4.0,3.9,10000,300,900,5000,60000,120000"), "{}", csv[4]);
        // Too few operations, and an older program.
        for round in [round(9_999, 40_000), round(10_000, 0)] {
            let runs = [run(&plan, 0, 1, round)];
            let words: Vec<String> =
                super::lines(&plan, &runs)[2].split_whitespace().map(str::to_owned).collect();
            assert_eq!(words[words.len() - 5..words.len() - 2], ["5.00", "us", "-"]);
            let csv = super::csv(&runs).unwrap();
            assert!(csv.lines().nth(2).unwrap().contains(",300,900,5000,,"), "{csv}");
        }
        let without = [run(&plan, 0, 1, measured(8.0))];
        assert!(super::lines(&plan, &without).is_empty() && super::csv(&without).is_none());
    }
}
