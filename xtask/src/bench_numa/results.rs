//! Gathers all that a sweep has to report, and writes it as CSV and JSON.

use std::collections::{BTreeMap, BTreeSet};

use bench::ceilings::Ceilings;
use bench::protocol::{CellOutcome, CellSpec};
use serde::Serialize;

use super::adaptive::{self, Outcome};
use super::caveats::caveats;
use super::ceilings::{self, Ceiling, Measured};
use super::cell_binary::Build;
use super::cell_columns;
use super::csv_line::CsvLine;
use super::machine::Machine;
use super::paper;
use super::plan::{Plan, Skip, row_name};
use super::run::Run;
use super::schema::SCHEMA;
use super::summary::{self, Row};

/// A sweep after its end.
pub(crate) struct Results<'a> {
    /// The command line.
    pub(crate) command: &'a str,
    /// Where it ran.
    pub(crate) machine: &'a Machine,
    /// What ran.
    pub(crate) build: &'a Build,
    /// What was to run.
    pub(crate) plan: &'a Plan,
    /// What did run.
    pub(crate) runs: &'a [Run],
    /// What the memory can do.
    pub(crate) ceilings: &'a Measured,
    /// Whether all of the plan ran.
    pub(crate) complete: bool,
}

/// A row of the table in the JSON.
#[derive(Serialize)]
struct JsonCell<'a> {
    #[serde(flatten)]
    spec: &'a CellSpec,
    #[serde(flatten)]
    row: &'a Row,
    #[serde(skip_serializing_if = "Option::is_none")]
    ceiling: Option<Ceiling>,
}

/// The JSON.
#[derive(Serialize)]
struct Json<'a> {
    schema: u32,
    command: &'a str,
    machine: &'a Machine,
    build: &'a Build,
    repeat: usize,
    seed: u64,
    interrupted: Option<String>,
    /// As `bench ceilings --json` prints it.
    ceilings: Option<&'a Ceilings>,
    cells: Vec<JsonCell<'a>>,
    skipped: &'a [Skip],
    notes: Vec<String>,
    /// With `--adaptive`.
    #[serde(skip_serializing_if = "Option::is_none")]
    adaptive: Option<Outcome>,
    runs: &'a [Run],
}

impl Results<'_> {
    /// The rows, group by group.
    pub(crate) fn rows(&self) -> Vec<Vec<Row>> {
        summary::rows(self.plan, self.runs)
    }

    /// How many cells gave a wrong answer, crashed, or hung.
    pub(crate) fn failed(&self) -> usize {
        self.rows().iter().flatten().filter(|row| matches!(row, Row::Failed { .. })).count()
    }

    /// `interrupted: 3 of 20 cells done`, if some cells did not run.
    pub(crate) fn interrupted(&self) -> Option<String> {
        let done = self.rows().iter().flatten().filter(|row| self.is_done(row)).count();
        let message = || {
            format!(
                "interrupted: {done} of {} cells done ({} of {} runs)",
                self.plan.cells(),
                self.runs.len(),
                self.plan.runs()
            )
        };
        (!self.complete).then(message)
    }

    /// Whether nothing is left to run for this row.
    fn is_done(&self, row: &Row) -> bool {
        match row {
            Row::Measured(numbers) => numbers.rounds == self.plan.repeat,
            Row::Failed { .. } | Row::Skipped { .. } => true,
            Row::NotRun => false,
        }
    }

    /// What cells fell back to. Each note stands once, with its rows.
    pub(crate) fn notes(&self) -> Vec<String> {
        notes(self.runs).chain(self.ceilings.note.clone()).collect()
    }

    /// How the cells compare with what the memory can do, for the table.
    pub(crate) fn ceilings(&self) -> Vec<String> {
        ceilings::section(self.ceilings, self.plan, &self.rows())
    }

    /// The ceiling of a row, if it has one.
    fn ceiling(&self, spec: &CellSpec, row: &Row) -> Option<Ceiling> {
        let Row::Measured(numbers) = row else { return None };
        self.ceilings.of(spec, numbers).ok()
    }

    /// What an adaptive sweep found.
    pub(crate) fn adaptive(&self) -> Option<Outcome> {
        adaptive::outcome(self.plan, self.runs)
    }

    /// What these numbers cannot show.
    pub(crate) fn caveats(&self) -> Vec<String> {
        caveats(self.plan, self.runs, self.machine)
    }

    /// A line for every run, and one for every cell that the plan left out.
    pub(crate) fn csv(&self) -> String {
        let rows = self.rows();
        let environment = environment(self.machine, self.build);
        let run = |run: &Run| CsvLine::of_run(run).over_rounds(&rows[run.place.group][run.place.row]);
        let lines = self.runs.iter().map(run).chain(self.plan.skipped.iter().map(CsvLine::skipped));
        cell_columns::csv(lines.map(|line| line.in_environment(&environment)))
    }

    /// Everything, with the raw runs.
    pub(crate) fn json(&self) -> String {
        let rows = self.rows();
        let cells = self.plan.groups.iter().zip(&rows).flat_map(|(group, rows)| {
            group.cells.iter().zip(rows).map(|(spec, row)| JsonCell {
                spec,
                row,
                ceiling: self.ceiling(spec, row),
            })
        });
        let mut notes = self.caveats();
        notes.extend(self.notes());
        let paper = paper::lines(self.plan, &rows);
        notes.extend(
            paper.into_iter().map(|line| format!("beside the paper, in brackets another machine: {line}")),
        );
        let json = Json {
            schema: SCHEMA,
            command: self.command,
            machine: self.machine,
            build: self.build,
            repeat: self.plan.repeat,
            seed: self.plan.groups[0].cells[0].seed,
            interrupted: self.interrupted(),
            ceilings: self.ceilings.ceilings.as_ref(),
            cells: cells.collect(),
            skipped: &self.plan.skipped,
            notes,
            adaptive: self.adaptive(),
            runs: self.runs,
        };
        let mut text = serde_json::to_string_pretty(&json).expect("results are plain data");
        text.push('\n');
        text
    }
}

/// All that a line of CSV says of where and with what it was measured.
fn environment(machine: &Machine, build: &Build) -> String {
    let main = [
        ("cpu", &machine.cpu),
        ("kernel", &machine.kernel),
        ("memory limit", &machine.memory_limit),
        ("build", &build.description),
    ];
    let main = main.into_iter().chain(build.commit.as_ref().map(|commit| ("commit", commit)));
    let settings = machine.settings.iter().map(|(name, value)| (name.as_str(), value));
    main.chain(settings).map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
}

/// What cells of these runs fell back to. Each note stands once, with its rows.
pub(crate) fn notes(runs: &[Run]) -> impl Iterator<Item = String> {
    let mut rows_of: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for run in runs {
        if let CellOutcome::Measured(measurement) = &run.result {
            for note in &measurement.notes {
                rows_of.entry(note).or_default().insert(row_name(&run.spec));
            }
        }
    }
    let line = |(note, rows): (&str, BTreeSet<String>)| {
        format!("{note} ({})", rows.into_iter().collect::<Vec<_>>().join(", "))
    };
    rows_of.into_iter().map(line)
}
