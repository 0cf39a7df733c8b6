//! The cells of a sweep with their numbers, gathered as the report shows them: by setting, then by workload and
//! number of threads.

use std::collections::BTreeMap;

use bench::protocol::CellOutcome;
use bench::units;

use super::file::{Ceiling, File, Id, Planned, Run};
use super::interval::Estimate;
use super::numbers::Numbers;
use crate::cli::distinct;

/// One sweep of a report.
pub(super) struct Sweep {
    /// The folder, as the user named it.
    pub(super) name: String,
    pub(super) file: File,
    /// The text of `tuned.toml`, if the folder has one.
    pub(super) tuned: Option<String>,
    pub(super) settings: Vec<Setting>,
}

/// Cells that differ in workload, threads and row only.
pub(super) struct Setting {
    /// What they have in common.
    pub(super) title: String,
    pub(super) panels: Vec<Panel>,
}

/// Cells that are compared with each other; the first is what the others are compared with.
pub(super) struct Panel {
    pub(super) workload: String,
    pub(super) threads: usize,
    pub(super) cells: Vec<Cell>,
}

/// One cell over all its rounds.
pub(super) struct Cell {
    pub(super) id: Id,
    /// The map, and where its memory is if the sweep has several placements or page sizes of it.
    pub(super) name: String,
    pub(super) outcome: Outcome,
    pub(super) ceiling: Option<Ceiling>,
}

/// What came of a cell.
pub(super) enum Outcome {
    Measured(Box<Numbers>),
    /// No numbers: the status, and why.
    Without {
        status: String,
        reason: String,
    },
}

impl Sweep {
    /// Gathers the cells of a file.
    pub(super) fn new(name: String, file: File) -> Self {
        let skipped = file.skipped.iter().map(|cell| Planned { status: "skipped".into(), ..cell.clone() });
        let planned: Vec<Planned> = file.cells.iter().cloned().chain(skipped).collect();
        let rows = distinct(planned.iter().map(|cell| row(&cell.id)));
        let is_spelt_out = |id: &Id| rows.iter().filter(|(map, ..)| *map == id.map).count() > 1;
        let settings = distinct(planned.iter().map(|cell| title(&cell.id))).into_iter().map(|title_here| {
            let here: Vec<&Planned> = planned.iter().filter(|cell| title(&cell.id) == title_here).collect();
            let panels = distinct(here.iter().map(|cell| (cell.id.workload.clone(), cell.id.threads)));
            let panels = panels.into_iter().map(|(workload, threads)| {
                let here =
                    here.iter().filter(|cell| (&cell.id.workload, cell.id.threads) == (&workload, threads));
                let cells = here.map(|cell| Cell {
                    name: name_of(&cell.id, is_spelt_out(&cell.id)),
                    outcome: outcome(cell, &file.runs),
                    id: cell.id.clone(),
                    ceiling: cell.ceiling.clone(),
                });
                Panel { cells: compared(cells.collect()), workload, threads }
            });
            Setting { panels: panels.collect(), title: title_here }
        });
        Self { settings: settings.collect(), name, file, tuned: None }
    }

    /// All cells in the order of the plan's settings.
    pub(super) fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.settings.iter().flat_map(|setting| &setting.panels).flat_map(|panel| &panel.cells)
    }
}

impl Setting {
    /// What the cells have in common: that of the first.
    pub(super) fn id(&self) -> Option<&Id> {
        self.panels.iter().flat_map(|panel| &panel.cells).map(|cell| &cell.id).next()
    }

    /// How keys are chosen, and their shape if they are byte strings.
    pub(super) fn keys(&self) -> String {
        self.id().map_or_else(String::new, keys)
    }

    /// The thread counts, ascending.
    pub(super) fn threads(&self) -> Vec<usize> {
        let mut threads = distinct(self.panels.iter().map(|panel| panel.threads));
        threads.sort_unstable();
        threads
    }

    /// The panels of one thread count.
    pub(super) fn with_threads(&self, threads: usize) -> Vec<&Panel> {
        self.panels.iter().filter(|panel| panel.threads == threads).collect()
    }

    /// Every row's map and name, once, in their order.
    pub(super) fn names(&self) -> Vec<(&str, &str)> {
        let cells = self.panels.iter().flat_map(|panel| &panel.cells);
        distinct(cells.map(|cell| (cell.id.map.as_str(), cell.name.as_str())))
    }

    /// Bytes a key of the row called `name`, and whether the arena counted them: of the rounds of the first workload
    /// and thread count that has them. The others have the same load, but they are no further rounds of it.
    pub(super) fn bytes(&self, name: &str) -> Option<(Estimate, bool)> {
        let cells = self.panels.iter().flat_map(|panel| &panel.cells).filter(|cell| cell.name == name);
        cells.filter_map(Cell::numbers).find_map(|of| Some((of.bytes_per_key?, of.is_counted)))
    }
}

impl Cell {
    pub(super) fn numbers(&self) -> Option<&Numbers> {
        match &self.outcome {
            Outcome::Measured(numbers) => Some(numbers),
            Outcome::Without { .. } => None,
        }
    }
}

/// What a row of a panel is.
fn row(id: &Id) -> (String, String, String) {
    (id.map.clone(), id.placement.clone(), id.pages.clone())
}

fn name_of(id: &Id, is_spelt_out: bool) -> String {
    match is_spelt_out && id.placement != "default" {
        true => format!("{} {} {}", id.map, id.placement, id.pages),
        false => id.map.clone(),
    }
}

/// How keys are chosen, and their shape if they are byte strings.
fn keys(id: &Id) -> String {
    match &*id.keys_like {
        "" | "u64" => id.dist.clone(),
        like => format!("{} {like}", id.dist),
    }
}

/// The words of a setting: which keys, how many, how many operations, and how workers are pinned.
pub(super) fn title(id: &Id) -> String {
    let keys = keys(id);
    let (number, ops) = (units::count(id.keys), units::count(id.ops));
    match &*id.workload {
        // `results.csv` does not say how many were planned.
        "trace" if id.ops == 0 => format!("trace of {number} keys, pin {}", id.pin),
        "trace" => format!("trace of {number} keys and {ops} operations, pin {}", id.pin),
        _ if id.ops == 0 => format!("{number} {keys} keys, pin {}", id.pin),
        _ => format!("{number} {keys} keys, {ops} operations, pin {}", id.pin),
    }
}

/// All rounds of one cell. If a round failed, the cell has no numbers.
fn outcome(planned: &Planned, runs: &[Run]) -> Outcome {
    let mut measured = BTreeMap::new();
    for run in runs.iter().filter(|run| run.id == planned.id) {
        match &run.result {
            CellOutcome::Measured(measurement) => {
                measured.insert(run.round, &**measurement);
            }
            CellOutcome::Failed { reason } => {
                let reason = format!("round {}: {reason}", run.round);
                return Outcome::Without { status: "failed".into(), reason };
            }
            CellOutcome::Skipped { reason } => {
                return Outcome::Without { status: "skipped".into(), reason: reason.clone() };
            }
        }
    }
    let without = || Outcome::Without { status: planned.status.clone(), reason: planned.reason.clone() };
    Numbers::of(&measured).map_or_else(without, |numbers| Outcome::Measured(Box::new(numbers)))
}

/// The cells with their throughput relative to the first one's in the same rounds.
fn compared(mut cells: Vec<Cell>) -> Vec<Cell> {
    let Some(first) = cells.first().and_then(Cell::numbers).map(|first| first.by_round.clone()) else {
        return cells;
    };
    for cell in &mut cells {
        if let Outcome::Measured(numbers) = &mut cell.outcome {
            let pairs = numbers.by_round.iter().filter_map(|(round, rate)| Some(rate / first.get(round)?));
            numbers.ratio = Estimate::of(pairs);
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::super::csv_file::{parse, tests::csv};
    use super::*;

    #[test]
    fn other_workloads_are_no_further_rounds_of_the_memory() {
        let text = csv(&[
            (1, "bskip", "c", 1, Ok(4.0)),
            (1, "bskip", "e", 1, Ok(4.0)),
            (1, "bskip", "e", 2, Ok(4.0)),
        ]);
        let bytes = |text: &str| {
            let sweep = Sweep::new("x".into(), parse(text, "").unwrap());
            sweep.settings[0].bytes("bskip").unwrap().0
        };
        assert_eq!(bytes(&text), Estimate { middle: 26.5, interval: None });
        let second =
            text.lines().nth(1).unwrap().replace("measured,1,", "measured,2,").replace("26.5", "28.5");
        assert!(
            bytes(&format!("{text}{second}\n")).interval.is_some_and(|(low, high)| low < 26.5 && high > 28.5)
        );
    }

    #[test]
    fn titles_leave_out_operations_that_are_not_known() {
        let trace = Id { workload: "trace".into(), keys: 1000, pin: "none".into(), ..Id::default() };
        assert_eq!(title(&trace), "trace of 1k keys, pin none");
        assert_eq!(title(&Id { ops: 2000, ..trace }), "trace of 1k keys and 2k operations, pin none");
    }
}
