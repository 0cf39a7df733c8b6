//! Turns runs into rows: medians over the rounds, spread, and the ratio to the first row of a setting.

use std::collections::BTreeMap;

use bench::locks::Locks;
use bench::perf::Counters;
use bench::protocol::{CellOutcome, Latency, Measurement};
use serde::Serialize;

use super::counters;
use super::locks;
use super::plan::Plan;
use super::run::{Place, Run};
use super::stats::{self, Interval, Spread};

/// What is known of one cell after the sweep.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "status")]
pub(crate) enum Row {
    /// All its rounds gave right answers.
    Measured(Box<Numbers>),
    /// A round failed; no number is given.
    Failed {
        /// Why, with the round.
        reason: String,
    },
    /// The cell cannot be run.
    Skipped {
        /// Why not.
        reason: String,
    },
    /// The sweep was interrupted before it.
    NotRun,
}

/// The numbers of a cell over its rounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Numbers {
    /// Rounds that are in these numbers.
    pub(crate) rounds: usize,
    /// Million operations a second: median, smallest, largest.
    pub(crate) mops: Spread,
    /// Where the typical rate is with 95 % confidence. `None` with one round.
    pub(crate) interval: Option<Interval>,
    /// Ratio of the medians to the first row's.
    pub(crate) ratio: Option<f64>,
    /// Median over the rounds of the ratio to the first row in the same round.
    pub(crate) ratio_by_round: Option<f64>,
    /// Where the typical ratio by round is with 95 % confidence. `None` with one round, and for the first row.
    pub(crate) ratio_interval: Option<Interval>,
    /// Median of each percentile, in nanoseconds.
    pub(crate) latency: Latency,
    /// Median of the bytes per key.
    pub(crate) bytes_per_key: Option<f64>,
    /// What of them is neither key nor value.
    pub(crate) bytes_beyond: Option<f64>,
    /// Where these bytes come from.
    pub(crate) bytes_source: String,
    /// Blocks on the node of their thread, and on other nodes, in the last round.
    pub(crate) blocks: Option<(u64, u64)>,
    /// What perf events counted: the medians.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) counters: Option<Counters>,
    /// What our maps locked and wrote: the medians.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) locks: Option<Locks>,
    /// Answers checked in all rounds.
    pub(crate) checked: u64,
}

/// The rows of a plan, group by group, in the plan's order.
pub(crate) fn rows(plan: &Plan, runs: &[Run]) -> Vec<Vec<Row>> {
    let mut by_place: BTreeMap<(usize, usize), Vec<&Run>> = BTreeMap::new();
    for run in runs {
        let Place { group, row } = run.place;
        by_place.entry((group, row)).or_default().push(run);
    }
    let runs_at = |group, row| by_place.get(&(group, row)).map_or(&[][..], Vec::as_slice);
    (0..plan.groups.len())
        .map(|group| {
            let cells = plan.groups[group].cells.len();
            (0..cells).map(|row| summarise(runs_at(group, row), runs_at(group, 0))).collect()
        })
        .collect()
}

/// One row, compared with the runs of the first one.
fn summarise(runs: &[&Run], first: &[&Run]) -> Row {
    for run in runs {
        match &run.result {
            CellOutcome::Measured(_) => {}
            CellOutcome::Failed { reason } => {
                return Row::Failed { reason: format!("round {}: {reason}", run.round) };
            }
            CellOutcome::Skipped { reason } => return Row::Skipped { reason: reason.clone() },
        }
    }
    let measured = by_round(runs);
    let Some(last) = measured.values().last() else { return Row::NotRun };
    let mops = Spread::of(measured.values().map(|m| rate(m))).expect("there is a measurement");
    let is_first = std::ptr::eq(runs, first);
    // If the first row failed, there is nothing to compare with.
    let first = if first.iter().all(|run| is_measured(run)) { by_round(first) } else { BTreeMap::new() };
    let first_mops = Spread::of(first.values().map(|m| rate(m)));
    let pairs = measured.iter().filter_map(|(round, m)| first.get(round).map(|first| rate(m) / rate(first)));
    let pairs: Vec<f64> = pairs.collect();
    let ratio_by_round = Spread::of(pairs.iter().copied()).map(|spread| spread.median);
    Row::Measured(Box::new(Numbers {
        rounds: measured.len(),
        mops,
        interval: stats::around(mops.median, measured.values().map(|m| rate(m))),
        ratio: first_mops.map(|first| mops.median / first.median),
        ratio_by_round,
        ratio_interval: match is_first {
            true => None,
            false => ratio_by_round.and_then(|median| stats::around(median, pairs)),
        },
        latency: Latency {
            samples: measured.values().map(|m| m.latency.samples).sum(),
            p50: median_of(&measured, |latency| latency.p50),
            p99: median_of(&measured, |latency| latency.p99),
            p999: median_of(&measured, |latency| latency.p999),
            p9999: median_of(&measured, |latency| latency.p9999),
            max: measured.values().map(|m| m.latency.max).max().unwrap_or(0),
        },
        bytes_per_key: Spread::of(measured.values().filter_map(|m| m.bytes_per_key)).map(|s| s.median),
        bytes_beyond: Spread::of(measured.values().filter_map(|m| beyond(m))).map(|s| s.median),
        bytes_source: last.bytes_source.clone(),
        blocks: last.local_blocks.zip(last.remote_blocks),
        counters: counters::over_rounds(measured.values().copied()),
        locks: locks::over_rounds(measured.values().copied()),
        checked: measured.values().map(|m| m.checked).sum(),
    }))
}

fn is_measured(run: &Run) -> bool {
    matches!(run.result, CellOutcome::Measured(_))
}

/// The measurements among `runs`, by round.
fn by_round<'a>(runs: &[&'a Run]) -> BTreeMap<usize, &'a Measurement> {
    runs.iter()
        .filter_map(|run| match &run.result {
            CellOutcome::Measured(measurement) => Some((run.round, &**measurement)),
            _ => None,
        })
        .collect()
}

fn median_of(measured: &BTreeMap<usize, &Measurement>, part: fn(&Latency) -> u64) -> u64 {
    let parts = measured.values().map(|m| part(&m.latency) as f64);
    Spread::of(parts).map_or(0, |spread| spread.median.round() as u64)
}

/// Bytes per key beyond the key and its value, which is a `u64`.
pub(crate) fn beyond(measurement: &Measurement) -> Option<f64> {
    let Measurement { bytes_per_key, key_bytes, .. } = measurement;
    Some((*bytes_per_key)? - (*key_bytes)? - size_of::<u64>() as f64)
}

/// Million operations a second.
pub(crate) fn rate(measurement: &Measurement) -> f64 {
    measurement.ops as f64 / measurement.seconds / 1e6
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::machine::tests::sample;
    use super::super::plan::tests::plan;
    use super::super::run::tests::measured;
    use super::*;

    /// A run in the first group.
    pub(crate) fn run(plan: &Plan, row: usize, round: usize, result: CellOutcome) -> Run {
        let spec = plan.groups[0].cells[row].clone();
        Run { place: Place { group: 0, row }, round, spec, result }
    }

    fn two_maps() -> Plan {
        plan("--maps bskip,congee --workloads c --repeat 3", &sample(2, 1)).unwrap()
    }

    fn numbers(row: &Row) -> &Numbers {
        match row {
            Row::Measured(numbers) => numbers,
            other => panic!("{other:?}"),
        }
    }

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn medians_spread_and_both_ratios() {
        let plan = two_maps();
        let rates = [[4.0, 2.0], [8.0, 3.0], [6.0, 3.0]];
        let mut runs = Vec::new();
        for (round, rates) in rates.iter().enumerate() {
            for (row, rate) in rates.iter().enumerate() {
                runs.push(run(&plan, row, round + 1, measured(*rate)));
            }
        }
        let rows = rows(&plan, &runs);
        let (ours, peer) = (numbers(&rows[0][0]), numbers(&rows[0][1]));
        assert!(near(ours.mops.median, 6.0) && near(ours.mops.min, 4.0) && near(ours.mops.max, 8.0));
        assert!(near(ours.ratio.unwrap(), 1.0));
        assert!(near(peer.ratio.unwrap(), 0.5));
        // Per round: 0.5, 0.375, 0.5.
        assert!(near(peer.ratio_by_round.unwrap(), 0.5));
        assert_eq!((peer.rounds, peer.checked), (3, 15));
    }

    #[test]
    fn one_failed_round_takes_all_numbers_away_and_the_comparison_with_it() {
        let plan = two_maps();
        let failed = CellOutcome::Failed { reason: "key 7 lost".into() };
        let runs = [
            run(&plan, 0, 1, measured(4.0)),
            run(&plan, 1, 1, measured(2.0)),
            run(&plan, 0, 2, failed),
            run(&plan, 1, 2, measured(2.0)),
        ];
        let rows = rows(&plan, &runs);
        assert_eq!(rows[0][0], Row::Failed { reason: "round 2: key 7 lost".into() });
        let peer = numbers(&rows[0][1]);
        assert_eq!((peer.ratio, peer.ratio_by_round), (None, None));
    }

    #[test]
    fn cells_that_were_skipped_or_not_reached_have_no_numbers() {
        let plan = two_maps();
        let skipped = CellOutcome::Skipped { reason: "no scans".into() };
        let rows = rows(&plan, &[run(&plan, 1, 1, skipped)]);
        assert_eq!(rows[0], [Row::NotRun, Row::Skipped { reason: "no scans".into() }]);
    }
}
