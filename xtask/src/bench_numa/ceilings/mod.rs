//! What the memory of this machine can do, measured before the cells, and how near each cell comes to it.
//!
//! `model` computes the ceiling of a cell, `far` what a placement costs, and `section` is the part of the table about
//! it.

mod far;
mod model;
mod section;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bench::ceilings::Ceilings;
use bench::protocol::CellSpec;
use serde::Serialize;

use super::child::run_to_its_end;
use super::last_words::last_line;
use super::plan::Plan;
use super::summary::Numbers;
use crate::child::End;
use crate::table::shortened;
use model::{Limit, Model};
pub(super) use section::section;

/// `bench ceilings` takes half a minute, and much longer only on a machine that is very busy or very large.
const LONGEST: Duration = Duration::from_secs(300);

/// The ceilings of a sweep, or why there are none.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Measured {
    /// What `bench ceilings` found.
    pub(crate) ceilings: Option<Ceilings>,
    /// What a reader should know.
    pub(crate) note: Option<String>,
}

/// A cell and its ceiling.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Ceiling {
    #[serde(flatten)]
    pub(crate) limit: Limit,
    /// The cell's throughput, in per cent of the ceiling.
    pub(crate) percent: f64,
    /// What the median latency has beyond the prediction.
    pub(crate) beyond_ns: Option<f64>,
}

impl Ceiling {
    fn new(limit: Limit, numbers: &Numbers) -> Self {
        let timed = (numbers.latency.samples > 0).then_some(numbers.latency.p50 as f64);
        Self {
            percent: 100.0 * numbers.mops.median / limit.mops,
            beyond_ns: timed.zip(limit.predicted_ns).map(|(measured, predicted)| measured - predicted),
            limit,
        }
    }
}

impl Measured {
    /// The ceiling of a cell, and how near its numbers come to it. `Err` says why there is none.
    pub(crate) fn of(&self, spec: &CellSpec, numbers: &Numbers) -> Result<Ceiling, String> {
        let ceilings = self.ceilings.as_ref().ok_or("the ceilings were not measured")?;
        let limit = Model { ceilings, lines: bench::lines::accepted() }.of(spec, numbers.bytes_per_key)?;
        Ok(Ceiling::new(limit, numbers))
    }
}

/// Runs `bench ceilings` for the settings of a plan. If it fails, the sweep goes on without ceilings. If the user
/// interrupts it, the sweep notices that.
pub(super) fn measure(program: &Path, plan: &Plan, quick: bool) -> Measured {
    eprintln!("bench-numa: measuring the ceilings of this machine");
    let without = |why: String| Measured { ceilings: None, note: Some(format!("no ceilings: {why}")) };
    let ran = run_to_its_end(Command::new(program).args(flags(plan, quick)), LONGEST);
    match ran {
        Ok((End::Exited(status), [out, _])) if status.success() => match serde_json::from_str(out.trim()) {
            Ok(ceilings) => Measured { ceilings: Some(ceilings), note: None },
            Err(error) => without(format!("bench ceilings printed something else: {error}")),
        },
        Ok((end, [_, err])) => {
            let last = last_line(&err).map_or_else(String::new, |line| format!(": {}", shortened(line, 200)));
            without(format!("bench ceilings: {}{last}", end.words()))
        }
        Err(error) => without(format!("cannot run {}: {error}", program.display())),
    }
}

/// The flags of `bench ceilings` for what a plan runs.
fn flags(plan: &Plan, quick: bool) -> Vec<String> {
    let cells = || plan.groups.iter().flat_map(|group| &group.cells);
    let mut flags = vec!["ceilings".to_owned(), "--json".to_owned()];
    flags.extend(quick.then(|| "--quick".to_owned()));
    let list = |numbers: BTreeSet<String>| numbers.into_iter().collect::<Vec<_>>().join(",");
    let counts: BTreeSet<usize> = cells().map(|cell| cell.threads).chain([1]).collect();
    let counts: Vec<String> = counts.iter().map(usize::to_string).collect();
    flags.extend(["--threads".to_owned(), counts.join(",")]);
    // Maps without a placement have the pages that the system gives, as if transparent huge pages were asked for.
    let pages = cells().map(|cell| model::pages(cell).to_owned()).collect();
    flags.extend(["--pages".to_owned(), list(pages)]);
    for pin in cells().map(|cell| &cell.pin).collect::<BTreeSet<_>>() {
        flags.extend(["--pin".to_owned(), pin.clone()]);
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::super::machine::tests::sample;
    use super::super::plan::tests::plan;
    use super::*;

    #[test]
    fn what_the_cells_use_is_measured() {
        let line =
            "--maps bskip,bskip-numa --pages 4k,thp --threads 2,8 --pin compact,cpus:0,1 --workloads c";
        let flags = flags(&plan(line, &sample(8, 1)).unwrap(), true).join(" ");
        assert!(
            flags.starts_with("ceilings --json --quick --threads 1,2,8 --pages 4k,thp --pin c"),
            "{flags}"
        );
    }

    #[test]
    fn a_program_without_the_subcommand_costs_only_the_ceilings() {
        let plan = plan("--maps bskip --workloads c", &sample(2, 1)).unwrap();
        let none = measure(Path::new("/bin/false"), &plan, true);
        assert_eq!(none.ceilings, None);
        assert!(none.note.as_ref().unwrap().contains("exit code 1"), "{none:?}");
        let other = measure(Path::new("/bin/echo"), &plan, true);
        assert!(other.note.unwrap().contains("printed something else"));
    }
}
