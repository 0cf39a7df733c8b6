//! What the model predicts for whole workloads: how long an operation takes under each setting.

use bench::workload::{Mix, Workload};
use serde::Serialize;

use super::model::{Costs, Layout, Profile, Times, is_exclusive};
use super::results::{Row, Run};

/// The settings that `--recommend` compares, if no flag says otherwise. The last four divide the keys among the workers.
pub(super) const RECOMMENDED: &str = "local,local+replicas,local+lazy,interleave,interleave+replicas,interleave+lazy,hash,\
                                   hash+replicas,hash+lazy,local+ranges,partition+ranges,partition+replicas+ranges,\
                                   partition+lazy+ranges";

/// The settings among which `--adaptive` searches, if no flag says otherwise. They do the same work.
pub(super) const GRID: &str = "local,local+replicas,local+lazy,interleave,interleave+replicas,interleave+lazy,hash,\
                                   hash+replicas,hash+lazy,node:0,node:0+replicas,node:0+lazy";

/// The workloads whose operations are counted.
pub(super) const WORKLOADS: [Workload; 7] =
    [Workload::Load, Workload::A, Workload::B, Workload::C, Workload::E, Workload::U, Workload::X];

/// The settings of a machine under a workload, fastest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Ranking {
    pub(super) nodes: usize,
    pub(super) workload: &'static str,
    /// Whether each worker has a range of keys to itself. Such settings do other work than the rest.
    pub(super) ranges: bool,
    pub(super) scores: Vec<Score>,
}

/// A setting, and what an operation takes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Score {
    pub(super) setting: String,
    /// Nanoseconds of an operation of one thread, with a thread on each core of all nodes.
    pub(super) predicted_ns: f64,
}

/// Ranks the settings of our map on each machine that was counted, under each workload.
pub(super) fn rankings(rows: &[Row], costs: &Costs) -> Vec<Ranking> {
    let mut rankings: Vec<Ranking> = Vec::new();
    for run in runs(rows) {
        let ranges = run.setting.split('+').any(|word| word == "ranges");
        for workload in WORKLOADS {
            let Some(predicted_ns) = nanoseconds(rows, run, workload, costs) else { continue };
            let score = Score { setting: run.setting.clone(), predicted_ns };
            let name = workload.name();
            let is_it = |ranking: &&mut Ranking| {
                (ranking.nodes, ranking.workload, ranking.ranges) == (run.nodes, name, ranges)
            };
            match rankings.iter_mut().find(is_it) {
                Some(ranking) => ranking.scores.push(score),
                None => {
                    rankings.push(Ranking { nodes: run.nodes, workload: name, ranges, scores: vec![score] });
                }
            }
        }
    }
    let by_time = |a: &Score, b: &Score| a.predicted_ns.total_cmp(&b.predicted_ns);
    rankings.iter_mut().for_each(|ranking| ranking.scores.sort_by(by_time));
    rankings.sort_by_key(|ranking| (ranking.nodes, ranking.ranges));
    rankings
}

/// The runs of our map, in their order.
pub(super) fn runs(rows: &[Row]) -> Vec<&Run> {
    let mut runs: Vec<&Run> = rows.iter().map(|row| &row.run).collect();
    runs.retain(|run| bench::maps::is_placed(&run.map));
    runs.dedup();
    runs
}

/// Nanoseconds of an operation of a workload, by the counts of `run`. `None` if an operation was not counted.
pub(super) fn nanoseconds(rows: &[Row], run: &Run, workload: Workload, costs: &Costs) -> Option<f64> {
    let counted_on = Layout { sockets: run.nodes, threads: run.nodes * run.cpus };
    let predicted_for = Layout { sockets: run.nodes, threads: run.nodes * costs.cores };
    let mut times = Times::default();
    for (operation, share) in shares(workload).into_iter().filter(|(_, share)| *share > 0.0) {
        let row = rows.iter().find(|row| row.run == *run && row.operation == operation)?;
        let profile = Profile::new(&row.counted, counted_on, is_exclusive(&run.map, operation));
        times.add(share, profile.times(costs, predicted_for));
    }
    Some(predicted_for.threads as f64 * 1e9 / times.throughput(predicted_for))
}

/// The share of each counted operation. Scans of 1 to 100 pairs, evenly drawn, count as gets and scans of 100 pairs in
/// equal parts.
fn shares(workload: Workload) -> [(&'static str, f64); 5] {
    let Mix { insert, update, remove, scans } = workload.mix();
    let [insert, update, remove] = [insert, update, remove].map(|share| share as f64 / 100.0);
    let rest = 1.0 - insert - update - remove;
    let scan = if scans { rest / 2.0 } else { 0.0 };
    [("get", rest - scan), ("scan 100", scan), ("insert", insert), ("remove", remove), ("update", update)]
}

#[cfg(test)]
pub(super) mod tests {
    use bench::marks::{Class, Counted, Counts};

    use super::super::results::tests::run;
    use super::*;

    /// A row for each operation, with as many lines from remote memory for each.
    pub(crate) fn rows(setting: &str, nodes: usize, seed: u64, remote: [u64; 5]) -> Vec<Row> {
        let operations = ["get", "scan 100", "insert", "remove", "update"];
        let row = |(operation, remote): (&str, u64)| {
            let mut counted = Counted { ops: 100, instructions: 100 * 300, ..Counted::default() };
            counted.classes[Class::Leaf as usize] =
                Counts { remote_misses: 100 * remote, ..Counts::default() };
            let run = Run { nodes, seed, ..run("bskip-numa", setting) };
            Row { run, operation: operation.into(), counted }
        };
        operations.into_iter().zip(remote).map(row).collect()
    }

    #[test]
    fn shares_are_those_of_the_workload() {
        for workload in WORKLOADS {
            let sum: f64 = shares(workload).iter().map(|(_, share)| share).sum();
            assert!((sum - 1.0).abs() < 1e-9, "{workload:?}");
        }
        let e = shares(Workload::E);
        assert!((e[0].1 - 0.475).abs() < 1e-9 && (e[1].1 - 0.475).abs() < 1e-9 && e[2].1 == 0.05, "{e:?}");
        assert_eq!(shares(Workload::X).map(|(_, share)| share), [0.5, 0.0, 0.25, 0.25, 0.0]);
    }

    #[test]
    fn a_mix_takes_what_its_operations_take() {
        let rows = rows("interleave", 2, 1, [2, 9, 6, 6, 4]);
        let costs = Costs::default();
        let took = |workload| nanoseconds(&rows, &rows[0].run, workload, &costs).unwrap();
        // 300 instructions, and lines of remote memory.
        let line = |lines: f64| 300.0 / 4.5 + lines * 198.0;
        assert!((took(Workload::C) - line(2.0)).abs() < 1e-6, "{}", took(Workload::C));
        assert!((took(Workload::A) - line(4.0)).abs() < 1e-6, "{}", took(Workload::A));
        assert!((took(Workload::U) - line(3.0)).abs() < 1e-6);
        assert_eq!(nanoseconds(&rows[..1], &rows[0].run, Workload::A, &costs), None);
    }

    #[test]
    fn settings_are_ranked_by_machine_and_by_kind_of_work() {
        let mut all = rows("interleave", 2, 1, [3; 5]);
        all.extend(rows("interleave+replicas", 2, 1, [2, 2, 5, 5, 2]));
        all.extend(rows("partition+ranges", 2, 1, [0; 5]));
        all.extend(rows("interleave", 4, 1, [3; 5]));
        let rankings = rankings(&all, &Costs::default());
        assert_eq!(rankings.len(), 3 * WORKLOADS.len());
        let best = |workload: &str| {
            let of = |r: &&Ranking| r.workload == workload && r.nodes == 2 && !r.ranges;
            let scores = &rankings.iter().find(of).unwrap().scores;
            assert_eq!(scores.len(), 2);
            scores[0].setting.clone()
        };
        assert_eq!((best("c").as_str(), best("load").as_str()), ("interleave+replicas", "interleave"));
    }
}
