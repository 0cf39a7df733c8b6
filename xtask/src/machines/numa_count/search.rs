//! `--adaptive`: whether the search of `bench-numa --adaptive` finds what the whole grid finds, in a guest.
//!
//! In a guest nothing can be timed. So the rate of a setting is the one that the model predicts from its counts. Each
//! round counts all settings with other keys, in a guest of its own. The whole grid has all rounds, and the search uses
//! only those that it asks for.

use bench::units::three_digits;
use serde::Serialize;

use super::args::Args;
use super::predicted::{WORKLOADS, nanoseconds, runs};
use super::results::Row;
use crate::bench_numa::adaptive::budget::BUDGET;
use crate::bench_numa::adaptive::{AS_GOOD, Replayed, replay};
use crate::table::aligned;

/// What the search found under a workload, beside what the whole grid has.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Found {
    workload: &'static str,
    settings: usize,
    rounds: usize,
    /// The setting that the search has found, and that of the whole grid.
    found: String,
    best: String,
    /// How much slower the found one is in the whole grid.
    loss: f64,
    /// Runs that the search used, and those of the whole grid.
    runs: usize,
    grid_runs: usize,
}

impl Found {
    /// Whether the search has found the best setting, or one that is as good, with its budget.
    fn is_well(&self) -> bool {
        self.loss <= AS_GOOD && self.runs as f64 <= BUDGET * self.grid_runs as f64
    }
}

/// Searches among the settings of each workload. `rows` has all rounds: the runs of each seed.
pub(super) fn search(args: &Args, rows: &[Row]) -> Vec<Found> {
    let rounds = args.rounds() as usize;
    let of = |workload: bench::workload::Workload| {
        let mut settings: Vec<(&str, Vec<f64>)> = Vec::new();
        for run in runs(rows) {
            let Some(ns) = nanoseconds(rows, run, workload, &args.costs) else { continue };
            let rate = 1e9 / ns;
            match settings.iter_mut().find(|(setting, _)| *setting == run.setting) {
                Some((_, rates)) => rates.push(rate),
                None => settings.push((&run.setting, vec![rate])),
            }
        }
        // A run that failed leaves a hole, which the caller reports.
        settings.retain(|(_, rates)| rates.len() == rounds);
        let rates: Vec<Vec<f64>> = settings.iter().map(|(_, rates)| rates.clone()).collect();
        let Replayed { found, best, loss, runs } = replay(&rates, BUDGET)?;
        Some(Found {
            workload: workload.name(),
            settings: settings.len(),
            rounds,
            found: settings[found].0.to_owned(),
            best: settings[best].0.to_owned(),
            loss,
            runs,
            grid_runs: settings.len() * rounds,
        })
    };
    WORKLOADS.into_iter().filter_map(of).collect()
}

/// The findings as a table, and an error if a search was not well.
pub(super) fn report(nodes: usize, all: &[Found]) -> (String, Option<String>) {
    let head = ["workload", "the search found", "the whole grid has", "loss", "runs", "of"];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    for one in all {
        let loss =
            if one.loss == 0.0 { "0 %".into() } else { format!("{} %", three_digits(100.0 * one.loss)) };
        lines.push(vec![
            one.workload.into(),
            one.found.clone(),
            one.best.clone(),
            loss,
            one.runs.to_string(),
            one.grid_runs.to_string(),
        ]);
    }
    let text = format!(
        "\nThe adaptive search in a guest of {nodes} nodes, by rates that are predicted from counted lines: {} settings, {} \
         rounds\n{}\n",
        all.iter().map(|one| one.settings).max().unwrap_or(0),
        all.iter().map(|one| one.rounds).max().unwrap_or(0),
        aligned(&lines, 3).join("\n"),
    );
    let missed: Vec<&str> = all.iter().filter(|one| !one.is_well()).map(|one| one.workload).collect();
    let why = match (all.is_empty(), missed.is_empty()) {
        (true, _) => Some("--adaptive: nothing was counted".to_owned()),
        (_, true) => None,
        _ => Some(format!(
            "--adaptive: the search lost more than {:.0} % or used too many runs under {}",
            100.0 * AS_GOOD,
            missed.join(", ")
        )),
    };
    (text, why)
}

#[cfg(test)]
mod tests {
    use super::super::predicted::tests::rows;
    use super::*;
    use crate::cli;

    #[test]
    fn a_search_finds_the_best_of_each_workload_with_a_third_of_the_runs() {
        let args: Args = cli::parse("--adaptive").unwrap();
        let mut all = Vec::new();
        for seed in 1..=args.rounds() {
            for setting in 0..12_u64 {
                // Setting 3 fetches least for gets, and setting 5 for insertions.
                let [get, insert] = [3, 5].map(|best| 40 + 5 * setting.abs_diff(best) + seed % 2);
                let counts = [get, get, insert, insert, get];
                all.extend(rows(&format!("node:{setting}"), 4, seed, counts));
            }
        }
        let found = search(&args, &all);
        assert_eq!(found.len(), WORKLOADS.len());
        let (text, why) = report(4, &found);
        assert_eq!(why, None, "{text}");
        let of = |workload: &str| found.iter().find(|one| one.workload == workload).unwrap();
        assert_eq!((of("c").found.as_str(), of("load").found.as_str()), ("node:3", "node:5"));
        assert!(found.iter().all(|one| one.grid_runs == 108 && 3 * one.runs <= 108), "{text}");
        assert!(text.contains("12 settings, 9 rounds") && text.contains("guest of 4 nodes"), "{text}");

        let bad = Found { loss: 0.031, ..found[0].clone() };
        assert!(report(4, &[bad]).1.unwrap().ends_with("under load"));
        let long = Found { runs: 37, ..found[0].clone() };
        assert!(report(4, &[long]).1.is_some() && report(4, &[]).1.is_some());
    }
}
