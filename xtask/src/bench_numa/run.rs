//! The rounds of a sweep. Each round runs every cell once, in an order that lets no map profit from the time
//! of day.

use std::collections::HashSet;

use bench::protocol::{CellOutcome, CellSpec};
use serde::Serialize;

use super::plan::Plan;
use crate::stop::Stop;

/// Something that can run one cell.
pub(crate) trait CellRunner {
    /// Runs `spec` to its end.
    fn run(&mut self, spec: &CellSpec) -> Ended;
}

/// How the attempt to run a cell ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ended {
    /// The cell ran, well or badly.
    With(CellOutcome),
    /// The program that runs cells refuses this one, for example for a bad line in a trace.
    Refused(String),
    /// The user does not want to wait for it.
    Interrupted,
}

/// Where a cell stands in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// Index of the group.
    pub(crate) group: usize,
    /// Index of the cell in its group.
    pub(crate) row: usize,
}

/// One run of one cell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Run {
    /// Which cell; not written, the specification says it.
    #[serde(skip)]
    pub(crate) place: Place,
    /// The round, from 1.
    pub(crate) round: usize,
    /// What ran.
    pub(crate) spec: CellSpec,
    /// How it ended.
    pub(crate) result: CellOutcome,
}

/// The order of round `round`, from 1. Settings come in the plan's order. In each setting, the cells are
/// rotated by one more than in the round before. So each map takes each position, and a drift of the machine
/// affects all maps alike.
pub(crate) fn order(plan: &Plan, round: usize) -> Vec<Place> {
    let mut places = Vec::with_capacity(plan.cells());
    for (group, cells) in plan.groups.iter().map(|group| group.cells.len()).enumerate() {
        places.extend((0..cells).map(|position| Place { group, row: (position + round - 1) % cells }));
    }
    places
}

/// Runs all rounds, except the runs that are `done` already. Calls `before` for each cell that starts, and `after` for
/// each that has ended.
///
/// If a cell failed or was skipped, later rounds leave it out: it has no number to refine. Returns the runs
/// that ended, with those of `done`, and whether the sweep reached its end.
///
/// # Errors
///
/// The very first cell was refused, which means that the command line is wrong, not the map. Or `after`
/// failed.
pub(crate) fn sweep(
    plan: &Plan,
    runner: &mut dyn CellRunner,
    done: Vec<Run>,
    mut before: impl FnMut(usize, &CellSpec),
    mut after: impl FnMut(&Run) -> Result<(), Stop>,
) -> Result<(Vec<Run>, bool), Stop> {
    let known: HashSet<(usize, Place)> = done.iter().map(|run| (run.round, run.place)).collect();
    let without_number = |run: &&Run| !matches!(run.result, CellOutcome::Measured(_));
    let mut given_up: HashSet<Place> = done.iter().filter(without_number).map(|run| run.place).collect();
    let mut runs = done;
    for round in 1..=plan.repeat {
        for place in order(plan, round) {
            if given_up.contains(&place) || known.contains(&(round, place)) {
                continue;
            }
            let spec = &plan.groups[place.group].cells[place.row];
            before(round, spec);
            let result = match runner.run(spec) {
                Ended::With(outcome) => outcome,
                Ended::Refused(why) if runs.is_empty() => return Err(Stop::usage(why)),
                Ended::Refused(why) => CellOutcome::Failed { reason: why },
                Ended::Interrupted => return Ok((runs, false)),
            };
            if !matches!(result, CellOutcome::Measured(_)) {
                given_up.insert(place);
            }
            let run = Run { place, round, spec: spec.clone(), result };
            after(&run)?;
            runs.push(run);
        }
    }
    Ok((runs, true))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::machine::tests::sample;
    use super::super::plan::tests::plan;
    use super::*;

    /// A measurement of `mops` million operations a second.
    pub(crate) fn measured(mops: f64) -> CellOutcome {
        let line = serde_json::json!({
            "outcome": "measured",
            "ops": 1_000_000,
            "seconds": 1.0 / mops,
            "latency": { "samples": 10, "p50": 350, "p99": 1_200, "p999": 34_000, "max": 2_000_000 },
            "bytes_per_key": 26.8,
            "bytes_source": "arena",
            "key_bytes": 8.0,
            "local_blocks": 12,
            "remote_blocks": 0,
            "checked": 5,
            "notes": [],
        });
        serde_json::from_value(line).expect("this is the protocol")
    }

    /// Answers from a script, and remembers the questions.
    struct Scripted<F> {
        answer: F,
        asked: Vec<String>,
    }

    impl<F: FnMut(&CellSpec, usize) -> Ended> CellRunner for Scripted<F> {
        fn run(&mut self, spec: &CellSpec) -> Ended {
            self.asked.push(format!("{}/{}", spec.workload, spec.map));
            (self.answer)(spec, self.asked.len())
        }
    }

    fn run_all(plan: &Plan, answer: impl FnMut(&CellSpec, usize) -> Ended) -> (Vec<Run>, bool, Vec<String>) {
        let mut runner = Scripted { answer, asked: Vec::new() };
        let mut recorded = 0;
        let (runs, complete) = sweep(
            plan,
            &mut runner,
            Vec::new(),
            |_, _| (),
            |_| {
                recorded += 1;
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(recorded, runs.len());
        (runs, complete, runner.asked)
    }

    #[test]
    fn rounds_are_interleaved_and_rotated() {
        let plan = plan("--maps bskip,congee,masstree --workloads load,c --repeat 3", &sample(2, 1)).unwrap();
        let (runs, complete, asked) = run_all(&plan, |_, _| Ended::With(measured(1.0)));
        assert!(complete);
        assert_eq!(
            asked,
            [
                ["load/bskip", "load/congee", "load/masstree", "c/bskip", "c/congee", "c/masstree"],
                ["load/congee", "load/masstree", "load/bskip", "c/congee", "c/masstree", "c/bskip"],
                ["load/masstree", "load/bskip", "load/congee", "c/masstree", "c/bskip", "c/congee"],
            ]
            .concat()
        );
        assert_eq!(runs.iter().map(|run| run.round).max(), Some(3));
    }

    #[test]
    fn a_failed_cell_is_not_run_again_and_the_others_go_on() {
        let plan = plan("--maps bskip,congee --workloads c --repeat 3", &sample(2, 1)).unwrap();
        let (_, complete, asked) = run_all(&plan, |spec, _| {
            Ended::With(match spec.map.as_str() {
                "bskip" => CellOutcome::Failed { reason: "key 7 lost".into() },
                _ => measured(1.0),
            })
        });
        assert!(complete);
        assert_eq!(asked, ["c/bskip", "c/congee", "c/congee", "c/congee"]);
    }

    /// A sweep may stop after any of its runs. What is left then is what had not run.
    #[test]
    fn a_resumed_sweep_does_what_is_left() {
        let plan = plan("--maps bskip,congee --workloads load,c --repeat 2", &sample(2, 1)).unwrap();
        let answer = |spec: &CellSpec, _| {
            Ended::With(match (spec.map.as_str(), spec.workload.as_str()) {
                ("congee", "c") => CellOutcome::Failed { reason: "key 7 lost".into() },
                _ => measured(1.0),
            })
        };
        let (whole, _, asked) = run_all(&plan, answer);
        assert_eq!(whole.len(), 7, "the failed cell has one round");
        for stopped in 0..=whole.len() {
            let mut runner = Scripted { answer, asked: Vec::new() };
            let done = whole[..stopped].to_vec();
            let (runs, complete) = sweep(&plan, &mut runner, done, |_, _| (), |_| Ok(())).unwrap();
            assert!(complete);
            assert_eq!(runs, whole);
            assert_eq!(runner.asked, asked[stopped..]);
        }
    }

    #[test]
    fn a_refusal_stops_the_sweep_only_if_nothing_ran_before() {
        let plan = plan("--maps bskip,congee --workloads c --repeat 1", &sample(2, 1)).unwrap();
        let refuse_from = |first: usize| Scripted {
            answer: move |_: &CellSpec, call| match call < first {
                true => Ended::With(measured(1.0)),
                false => Ended::Refused("line 3: what?".into()),
            },
            asked: Vec::new(),
        };
        let at_once = sweep(&plan, &mut refuse_from(1), Vec::new(), |_, _| (), |_| Ok(()));
        assert_eq!(at_once, Err(Stop::usage("line 3: what?")));
        let (runs, _) = sweep(&plan, &mut refuse_from(2), Vec::new(), |_, _| (), |_| Ok(())).unwrap();
        assert_eq!(runs[1].result, CellOutcome::Failed { reason: "line 3: what?".into() });
    }
}
