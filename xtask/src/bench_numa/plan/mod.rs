//! Turns flags and machine into the list of cells: which run, in which order, and which this machine cannot
//! run.

mod axes;
mod cells;
#[cfg(test)]
pub(crate) mod tests;
mod unfit;

use std::time::Duration;

use bench::protocol::{CellSpec, TraceFiles};
use bench::strings;
use serde::{Deserialize, Serialize};

use super::adaptive::budget;
use super::args::Args;
use super::machine::Machine;
use super::presets;
use crate::stop::Stop;
use axes::Axes;
pub(crate) use cells::{Group, Skip, Trace, row_name};
pub(crate) use unfit::unfit;

/// Everything that a sweep will do. The head of `raw.jsonl` has it, so that a sweep can be resumed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plan {
    /// The settings. The cells of a setting are compared with each other.
    pub(crate) groups: Vec<Group>,
    /// Cells that this machine cannot run.
    pub(crate) skipped: Vec<Skip>,
    /// How often each cell runs.
    pub(crate) repeat: usize,
    /// Longest time for one cell.
    pub(crate) timeout: Duration,
    /// The preset, if there is one.
    #[serde(default)]
    pub(crate) preset: Option<String>,
    /// With `--adaptive`: the part of the runs that may be used.
    #[serde(default)]
    pub(crate) budget: Option<f64>,
}

impl Plan {
    /// Expands the flags for `machine`.
    ///
    /// # Errors
    ///
    /// One line that says why the plan is impossible, everywhere or on this machine, and what to change.
    pub(crate) fn new(args: &Args, trace: Option<Trace>, machine: &Machine) -> Result<Self, Stop> {
        let axes = Axes::new(args, trace, machine);
        let repeat = if args.adaptive { budget::REPEAT } else { axes.repeat };
        let mut plan = Self {
            groups: Vec::new(),
            skipped: Vec::new(),
            repeat: args.repeat.unwrap_or(repeat),
            timeout: args.timeout.unwrap_or(presets::TIMEOUT),
            preset: Some(args.preset().name.to_owned()).filter(|name| !name.is_empty()),
            budget: args.adaptive.then(|| args.budget.unwrap_or(budget::BUDGET)),
        };
        for workload in &axes.workloads {
            for (dist, keys_like) in axes.key_sets() {
                for &threads in &axes.threads {
                    for pin in &axes.pins {
                        let keys = (dist, keys_like);
                        let (cells, skipped) = axes.group(workload, keys, threads, pin, machine);
                        cells.iter().try_for_each(strings::names::check).map_err(Stop::usage)?;
                        plan.skipped.extend(skipped);
                        if !cells.is_empty() {
                            plan.groups.push(Group { cells });
                        }
                    }
                }
            }
        }
        match (plan.groups.is_empty(), plan.skipped.first()) {
            (true, Some(skip)) => {
                let CellSpec { placement, pages, .. } = &skip.spec;
                Err(Stop::environment(format!(
                    "nothing to run: --placement {placement} --pages {pages}: {}",
                    skip.reason
                )))
            }
            _ => budget::check(plan.budget, plan.repeat).map(|()| plan).map_err(Stop::usage),
        }
    }

    /// Whether the preset is `quick`, however it was asked for: by `--quick`, by `--preset`, by a plan file, or
    /// in the sweep that is resumed.
    pub(crate) fn is_quick(&self) -> bool {
        self.preset.as_deref() == Some(presets::QUICK)
    }

    /// How many cells there are.
    pub(crate) fn cells(&self) -> usize {
        self.groups.iter().map(|group| group.cells.len()).sum()
    }

    /// All cells, in the order of the table.
    pub(crate) fn specs(&self) -> impl Iterator<Item = &CellSpec> {
        self.groups.iter().flat_map(|group| &group.cells)
    }

    /// Lets every cell of a trace read these files.
    pub(crate) fn set_trace(&mut self, files: &TraceFiles) {
        let cells = self.groups.iter_mut().flat_map(|group| &mut group.cells);
        let skipped = self.skipped.iter_mut().map(|skip| &mut skip.spec);
        for trace in cells.chain(skipped).filter_map(|spec| spec.trace.as_mut()) {
            trace.clone_from(files);
        }
    }

    /// How many child processes will run, if none fails; with a budget, at most.
    pub(crate) fn runs(&self) -> usize {
        let all = self.cells() * self.repeat;
        self.budget.map_or(all, |budget| (all as f64 * budget).floor() as usize)
    }
}
