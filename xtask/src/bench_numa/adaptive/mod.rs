//! `--adaptive`: finds the best setting of each map under each workload with a part of the runs that the whole
//! grid takes.
//!
//! `race` decides which settings go on. This file runs the races of a plan side by side, so that a drift of the
//! machine affects all of them alike. `told` says what came of them. `replay` searches among rates that are known.

pub(crate) mod budget;
mod lane;
mod race;
mod replay;
mod told;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use bench::protocol::{CellOutcome, CellSpec};

use super::plan::Plan;
use super::run::{CellRunner, Ended, Place, Run};
use super::summary::rate;
use crate::stop::Stop;
use lane::{lanes, next};
pub(crate) use race::AS_GOOD;
pub(crate) use replay::{Replayed, replay};
pub(crate) use told::Outcome;

/// Runs the races of a plan. Runs that are `done` already are not repeated. Returns all runs, what came of the
/// races, and whether the search was not interrupted.
///
/// # Errors
///
/// The very first cell was refused, or `after` failed.
pub(crate) fn search(
    plan: &Plan,
    budget: f64,
    runner: &mut dyn CellRunner,
    done: Vec<Run>,
    mut before: impl FnMut(usize, &CellSpec),
    mut after: impl FnMut(&Run) -> Result<(), Stop>,
) -> Result<(Vec<Run>, bool, Outcome), Stop> {
    let mut done: HashMap<(usize, Place), Run> =
        done.into_iter().map(|run| ((run.round, run.place), run)).collect();
    let mut lanes = lanes(plan, budget);
    let mut runs: Vec<Run> = Vec::new();
    while let Some(lane) = next(&mut lanes) {
        let Some((round, settings)) = lane.race.next_round() else { break };
        for setting in settings {
            let place = lane.places[setting];
            let spec = &plan.groups[place.group].cells[place.row];
            let known = done.remove(&(round, place));
            let is_new = known.is_none();
            let run = match known {
                Some(run) => run,
                None => {
                    before(round, spec);
                    let result = match runner.run(spec) {
                        Ended::With(outcome) => outcome,
                        Ended::Refused(why) if runs.is_empty() => return Err(Stop::usage(why)),
                        Ended::Refused(reason) => CellOutcome::Failed { reason },
                        Ended::Interrupted => return Ok((runs, false, Outcome::of(plan, budget, &lanes))),
                    };
                    Run { place, round, spec: spec.clone(), result }
                }
            };
            if is_new {
                after(&run)?;
            }
            let rate = match &run.result {
                CellOutcome::Measured(measurement) => Some(rate(measurement)),
                _ => None,
            };
            lane.race.record(setting, rate);
            runs.push(run);
        }
        let drops = lane.race.end_round();
        lane.drops.extend(drops);
    }
    let outcome = Outcome::of(plan, budget, &lanes);
    Ok((runs, true, outcome))
}

/// What came of the races of a plan, from its runs. `None` if the plan is not adaptive.
pub(crate) fn outcome(plan: &Plan, runs: &[Run]) -> Option<Outcome> {
    struct Ends;
    impl CellRunner for Ends {
        fn run(&mut self, _: &CellSpec) -> Ended {
            Ended::Interrupted
        }
    }
    let again = search(plan, plan.budget?, &mut Ends, runs.to_vec(), |_, _| (), |_| Ok(()));
    Some(again.expect("nothing runs").2)
}
