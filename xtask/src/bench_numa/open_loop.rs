//! The part of the table about operations that arrive by a schedule.

use bench::protocol::{Latency, Measurement, OpenLoop};
use bench::units::{nanoseconds, three_digits};

use super::plan::{Plan, row_name};
use super::run::{Place, Run};
use super::summary::Spread;
use super::tails::measured;
use crate::table::aligned;

/// Headings of the columns; the first two are left-aligned.
const COLUMNS: [&str; 10] =
    ["setting", "map", "of peak", "arrive", "done", "p50", "p99", "p99.9", "p99.99", "max"];

/// A line for each cell and each part of its peak: medians over the rounds, and the slowest operation of all rounds.
pub(crate) fn lines(plan: &Plan, runs: &[Run]) -> Vec<String> {
    let mut rows = vec![COLUMNS.map(str::to_owned).to_vec()];
    for (group, cells) in plan.groups.iter().enumerate() {
        for (row, spec) in cells.cells.iter().enumerate() {
            let measured = measured(runs, Place { group, row });
            let levels = measured.first().map_or(&[][..], |first| &first.open_loop);
            for level in levels {
                let same = at(&measured, level.percent);
                let mut cells = vec![cells.title(), row_name(spec), format!("{} %", level.percent)];
                cells.extend(numbers(&same));
                rows.push(cells);
            }
        }
    }
    if rows.len() == 1 { Vec::new() } else { aligned(&rows, 2) }
}

/// The rounds at one part of the peak.
fn at<'a>(measured: &[&'a Measurement], percent: u32) -> Vec<&'a OpenLoop> {
    measured.iter().filter_map(|m| m.open_loop.iter().find(|level| level.percent == percent)).collect()
}

fn numbers(rounds: &[&OpenLoop]) -> Vec<String> {
    let median =
        |of: fn(&OpenLoop) -> f64| Spread::of(rounds.iter().map(|level| of(level))).map_or(0.0, |s| s.median);
    let latency = |of: fn(&Latency) -> u64| {
        let spread = Spread::of(rounds.iter().map(|level| of(&level.latency) as f64));
        nanoseconds(spread.map_or(0.0, |spread| spread.median) as u64)
    };
    let max = rounds.iter().map(|level| level.latency.max).max().unwrap_or(0);
    vec![
        format!("{} M/s", three_digits(median(|level| level.offered_mops))),
        format!("{} M/s", three_digits(median(|level| level.achieved_mops))),
        latency(|latency| latency.p50),
        latency(|latency| latency.p99),
        latency(|latency| latency.p999),
        latency(|latency| latency.p9999),
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
    use bench::protocol::CellOutcome;

    #[test]
    fn each_part_of_the_peak_has_a_line_of_medians() {
        let plan = plan("--maps bskip --workloads c --repeat 2 --open-loop", &sample(2, 1)).unwrap();
        assert!(plan.groups[0].cells[0].open_loop);
        let round = |p9999| {
            let CellOutcome::Measured(mut measurement) = measured(8.0) else { panic!() };
            let latency = Latency { samples: 9, p50: 300, p99: 900, p999: 5_000, p9999, max: 2 * p9999 };
            let level = |percent| OpenLoop { percent, offered_mops: 4.0, achieved_mops: 3.9, latency };
            measurement.open_loop = [50, 70].map(level).into();
            CellOutcome::Measured(measurement)
        };
        let runs = [run(&plan, 0, 1, round(40_000)), run(&plan, 0, 2, round(60_000))];
        let lines = lines(&plan, &runs);
        assert_eq!(lines.len(), 3);
        let words = lines[2].split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            words.ends_with("bskip 70 % 4.00 M/s 3.90 M/s 300 ns 900 ns 5.00 us 50.0 us 120 us"),
            "{words}"
        );
        assert!(super::lines(&plan, &[run(&plan, 0, 1, measured(8.0))]).is_empty());
    }
}
